"""Records: what each connection shows, with shadows, links and keys.

The payload is read only where it is asked for. A record's keys stand in its own row and, one row each, in the table
`keys`; both are written here and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from syncd.store.parts.foundings import link_rows
from syncd.store.parts.newcomers import add_newcomers
from syncd.store.parts.record_rows import (
    COLUMNS,
    SKETCHED,
    read_keys,
    read_record,
    read_sketch,
    save_rows,
    shadow_row,
)
from syncd.store.parts.search import find_customers
from syncd.store.tables import IS_OPEN
from syncd.store.transaction import Row, Transaction, chunks
from syncd.values import Newcomer, Record, Sketch

Key = tuple[str, str]

_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM records"
_SELECT_WHOLE: Final = f"SELECT {', '.join(COLUMNS)}, payload FROM records"


class Unlinked(NamedTuple):
    """A record that wants a customer: its number, its connection, and what it may be recognised by."""

    id: int
    connection: str
    keys: frozenset[Key]


class Records:
    """The records of one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    # --- by vendor id -------------------------------------------------------------------------

    def digests(self, connection: str, vendor_ids: Iterable[str]) -> dict[str, bytes]:
        """Return the digest of each of these records that is known."""
        sql = f"SELECT vendor_id, digest FROM records WHERE connection = ? AND {self._tx.among('vendor_id')}"
        found: dict[str, bytes] = {}
        for chunk in chunks(vendor_ids):
            found.update(map(tuple, self._tx.rows(sql, connection, self._tx.listed(chunk))))
        return found

    def load(self, connection: str, vendor_ids: Iterable[str], payload: bool = False) -> dict[str, Record]:
        """Return these records by vendor id, with their payloads where asked for."""
        select = _SELECT_WHOLE if payload else _SELECT
        sql = f"{select} WHERE connection = ? AND {self._tx.among('vendor_id')}"
        return {
            record.vendor_id: record
            for chunk in chunks(vendor_ids)
            for record in map(read_record, self._tx.rows(sql, connection, self._tx.listed(chunk)))
        }

    def one(self, connection: str, vendor_id: str) -> Record | None:
        """Return one record with its payload, None where it is not known."""
        return self.load(connection, [vendor_id], payload=True).get(vendor_id)

    def payload(self, connection: str, vendor_id: str) -> dict[str, Any]:
        """Return what the vendor sent of a record, empty where it is not known."""
        row = self._tx.row(
            "SELECT payload FROM records WHERE connection = ? AND vendor_id = ?", connection, vendor_id
        )
        return orjson.loads(row[0]) if row and row[0] else {}

    def live_ids(self, connection: str) -> Iterator[tuple[str, str]]:
        """Yield vendor id and state of every record that is live or suspect, in the order of the states."""
        sql = "SELECT vendor_id, state FROM records WHERE connection = ? AND state IN ('live', 'suspect')"
        yield from map(tuple, self._tx.streamed(sql, connection))

    def count(self, connection: str, states: Collection[str] = ("live", "suspect")) -> int:
        """Return how many records a connection has in these states."""
        sql = f"SELECT count(*) FROM records WHERE connection = ? AND {self._tx.among('state')}"
        row = self._tx.row(sql, connection, self._tx.listed(states))
        return int(row[0]) if row else 0

    def newest_number(self, connection: str) -> str:
        """Return the highest vendor id of a connection whose ids are numbers, "0" where it has no record."""
        sql = "SELECT vendor_id FROM records WHERE connection = ? ORDER BY length(vendor_id) DESC, vendor_id DESC"
        row = self._tx.row(f"{sql} LIMIT 1", connection)
        return str(row[0]) if row else "0"

    # --- by other marks -----------------------------------------------------------------------

    def by_ids(self, ids: Iterable[int]) -> dict[int, Record]:
        """Return these records by their own numbers."""
        sql = f"{_SELECT} WHERE {self._tx.among('id')}"
        return {row[0]: read_record(row) for chunk in chunks(ids) for row in self._rows(sql, chunk)}

    def of_customers(self, customer_ids: Iterable[str]) -> dict[str, list[Record]]:
        """Return the records of each of these customers, by connection and vendor id."""
        sql = f"{_SELECT} WHERE customer IS NOT NULL AND {self._tx.among('customer')}"
        found: dict[str, list[Record]] = {}
        for chunk in chunks(customer_ids):
            found |= {customer: [] for customer in chunk}
            for record in map(read_record, self._rows(sql, chunk)):
                found[str(record.customer)].append(record)
        for records in found.values():
            records.sort(key=lambda record: record.key)
        return found

    def primary_of(self, customer: str, connection: str) -> str | None:
        """Return the vendor id of a customer's primary record at a connection, None where there is none that lives."""
        sql = (
            "SELECT vendor_id FROM records"
            " WHERE customer = ? AND connection = ? AND role = 'primary' AND state <> 'gone'"
        )
        row = self._tx.row(sql, customer, connection)
        return str(row[0]) if row else None

    def by_keys(self, keys: Collection[Key]) -> dict[Key, list[Record]]:
        """Return, for each key that any has, the records that have it and are not gone, linked or not."""
        holders = self.holders(keys)
        records = self.by_ids({number for numbers in holders.values() for number in numbers})
        found = {
            key: [records[number] for number in numbers if records[number].state != "gone"]
            for key, numbers in holders.items()
        }
        return {key: sorted(held, key=lambda record: record.key) for key, held in found.items() if held}

    def iterate_key_pairs(self, kinds: Collection[str]) -> Iterator[tuple[str, str, int]]:
        """Yield (kind, value, record's number) of every key of these kinds, equal keys together, gone records' too."""
        for kind in sorted(kinds):
            sql = "SELECT value, record FROM keys WHERE kind = ? ORDER BY value, record"
            for value, number in self._tx.streamed(sql, kind):
                yield kind, value, number

    def search(self, text: str, limit: int = 100, after: str = "") -> list[str]:
        """Return the ids of customers that fit what somebody typed, by id, past one."""
        return find_customers(self._tx, text, limit, after)

    # --- as identity looks at them --------------------------------------------------------------

    def unlinked(self, after_id: int = 0, limit: int = 1_000) -> list[Unlinked]:
        """Return fresh records that were understood and belong to no customer yet, by number."""
        sql = (
            "SELECT id, connection, keys FROM records WHERE fresh = 1 AND customer IS NULL AND id > ? "
            "AND state <> 'gone' AND observed IS NOT NULL ORDER BY id LIMIT ?"
        )
        return [
            Unlinked(number, connection, read_keys(keys))
            for number, connection, keys in self._tx.rows(sql, after_id, limit)
        ]

    def sketches(self, ids: Iterable[int]) -> list[Sketch]:
        """Return these records with what they show, by number; newcomers as such."""
        sql = (
            f"SELECT {', '.join(SKETCHED)} FROM records WHERE {self._tx.among('id')} "
            "AND (customer IS NOT NULL OR observed IS NOT NULL) ORDER BY id"
        )
        return [read_sketch(row) for chunk in chunks(ids) for row in self._rows(sql, chunk)]

    def holders(self, keys: Collection[Key]) -> Mapping[Key, list[int]]:
        """Return, for each key that any has, the numbers of the records that have it, gone ones too."""
        values: dict[str, list[str]] = defaultdict(list)
        for kind, value in keys:
            values[kind].append(value)
        sql = f"SELECT kind, value, record FROM keys WHERE kind = ? AND {self._tx.among('value')}"
        found: dict[Key, list[int]] = defaultdict(list)
        for kind, wanted in values.items():
            for chunk in chunks(wanted):
                for _, value, number in self._tx.rows(sql, kind, self._tx.listed(chunk)):
                    found[kind, value].append(number)
        return found

    def held_by(self, keys: Collection[Key]) -> dict[Key, list[tuple[str, str]]]:
        """Return, for each key that any has, connection and vendor id of the records that have it and are not gone."""
        holders = self.holders(keys)
        numbers = {number for held in holders.values() for number in held}
        sql = (
            f"SELECT id, connection, vendor_id FROM records WHERE {self._tx.among('id')} AND state <> 'gone'"
        )
        live = {row[0]: (row[1], row[2]) for chunk in chunks(numbers) for row in self._rows(sql, chunk)}
        return {key: [live[number] for number in held if number in live] for key, held in holders.items()}

    def customers_of(self, ids: Iterable[int]) -> list[tuple[int, str]]:
        """Return number and customer of those of these records that have one."""
        # asked for those with a customer only, PostgreSQL goes through all of them in a store that was just loaded: by
        # what it counted last there are none
        sql = f"SELECT id, customer FROM records WHERE {self._tx.among('id')} ORDER BY id"
        return [(row[0], row[1]) for chunk in chunks(ids) for row in self._rows(sql, chunk) if row[1]]

    def numbers(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Return the numbers of records by connection and vendor id."""
        sql = f"SELECT vendor_id, id FROM records WHERE connection = ? AND {self._tx.among('vendor_id')}"
        wanted: dict[str, list[str]] = defaultdict(list)
        for connection, vendor_id in keys:
            wanted[connection].append(vendor_id)
        return {
            (connection, row[0]): row[1]
            for connection, vendor_ids in wanted.items()
            for chunk in chunks(vendor_ids)
            for row in self._tx.rows(sql, connection, self._tx.listed(chunk))
        }

    def link(self, records: Iterable[Record]) -> None:
        """Write of unlinked records the customer, the role, and what reconciling moves."""
        rows = [(one.customer, one.role, one.linked_at, *shadow_row(one)) for one in records]
        link_rows(self._tx, rows)

    # --- by what is to be done ----------------------------------------------------------------

    def fresh_unlinked(self, after_id: int = 0, limit: int = 1_000) -> list[Record]:
        """Return fresh records that belong to no customer yet, by number."""
        sql = f"{_SELECT} WHERE fresh = 1 AND customer IS NULL AND id > ? ORDER BY id LIMIT ?"
        return [read_record(row) for row in self._tx.rows(sql, after_id, limit)]

    def fresh_customers(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Return the customers that have a fresh record, by id."""
        sql = (
            "SELECT DISTINCT customer FROM records WHERE fresh = 1 AND customer IS NOT NULL AND customer > ? "
            "ORDER BY customer LIMIT ?"
        )
        return [row[0] for row in self._tx.rows(sql, after, limit)]

    def problems(self, connection: str | None = None, limit: int = 1_000) -> list[Record]:
        """Return the records that are set aside, of one connection or of all."""
        chosen, values = ("AND connection = ?", (connection,)) if connection else ("", ())
        sql = f"{_SELECT} WHERE problem <> '' {chosen} ORDER BY connection, vendor_id LIMIT ?"
        return [read_record(row) for row in self._tx.rows(sql, *values, limit)]

    # --- writing ------------------------------------------------------------------------------

    def save(self, records: Iterable[Record]) -> None:
        """Write records whole, new ones and known ones; number the new ones.

        A record without a payload keeps the one that is stored.
        """
        for chunk in chunks(records):
            save_rows(self._tx, chunk)

    def add(self, newcomers: Iterable[Newcomer], most: int, number: int) -> tuple[int, int]:
        """Write records that are not there yet, at most so many; return how many, and the journal number after theirs.

        `number` is that of the first thing that they say.
        """
        return add_newcomers(self._tx, newcomers, most, number)

    def save_shadows(self, records: Iterable[Record]) -> None:
        """Write of stored records what reconciling moves: what they state and know, and that it was considered."""
        self._tx.each(
            "UPDATE records SET fresh = ?, considered = ?, shadow = ? WHERE id = ?",
            [*map(shadow_row, records)],
        )

    def rename(self, connection: str, old_id: str, new_id: str) -> None:
        """Let a record go by another vendor id, with its open operations.

        An unlinked record that was stored under the new id before the rename was recognised is dropped.
        """
        stray = self._tx.row(
            "SELECT id FROM records WHERE connection = ? AND vendor_id = ? AND customer IS NULL",
            connection,
            new_id,
        )
        if stray:
            self.delete([stray[0]])
        self._tx.change(
            "UPDATE records SET vendor_id = ? WHERE connection = ? AND vendor_id = ?",
            new_id,
            connection,
            old_id,
        )
        self._tx.change(
            f"UPDATE operations SET vendor_id = ? WHERE connection = ? AND vendor_id = ? AND {IS_OPEN}",
            new_id,
            connection,
            old_id,
        )

    def delete(self, ids: Iterable[int]) -> None:
        """Delete records and their keys for good (erasure)."""
        for number, record in self.by_ids(ids).items():
            self._tx.each(
                "DELETE FROM keys WHERE kind = ? AND value = ? AND record = ?",
                [(*key, number) for key in record.keys],
            )
            self._tx.change("DELETE FROM records WHERE id = ?", number)

    def _rows(self, sql: str, chunk: list[Any]) -> Iterable[Row]:
        return self._tx.rows(sql, self._tx.listed(chunk))
