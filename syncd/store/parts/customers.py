"""Customers: the golden records, their aliases, and the words by which they are found.

A merged customer's row stays as an alias of the survivor; asking for it gives the survivor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from syncd.customer import full_name, tokens
from syncd.errors import StoreError
from syncd.store.columns import microseconds_or_none, moment_or_none
from syncd.store.copying import copy_rows
from syncd.store.documents import read_customer, write_customer
from syncd.store.parts.meta import count_on
from syncd.store.transaction import Row, Transaction, chunks
from syncd.values import Customer

_SELECT: Final = "SELECT id, alias_of, first_seen, due, version, document FROM customers"
_SAVED: Final = ("id", "alias_of", "first_seen", "due", "version", "label", "words", "document")
_INSERT: Final = f"INSERT INTO customers ({', '.join(_SAVED)}) VALUES ({', '.join('?' * len(_SAVED))})"
_UPSERT: Final = f"{_INSERT} ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _SAVED[1:])}"

_INSERT_WORD: Final = "INSERT INTO words (word, customer) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ID: Final = _SAVED.index("id")
_WORDS: Final = _SAVED.index("words")

# Named here, because inside the class `list` is its listing.
Ids = list[str]
Listed = list[Customer]

# A chain of merges is followed this far; the store never writes one that leads back to itself.
_MERGES: Final = 50


class Customers:
    """The customers of one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    # --- reading ------------------------------------------------------------------------------

    def load(self, ids: Iterable[str], *, follow: bool = True) -> dict[str, Customer]:
        """Return the customers by the ids asked for; for an alias, unless `follow` is off, the survivor."""
        found = self._exactly(ids)
        for _ in range(_MERGES if follow else 0):
            aliases = {asked: customer.alias_of for asked, customer in found.items() if customer.alias_of}
            if not aliases:
                break
            survivors = self._exactly(set(aliases.values()))
            for asked, survivor in aliases.items():
                found[asked] = survivors[survivor]
        return found

    def resolve(self, customer_id: str) -> str:
        """Return the id under which a customer lives now: its own, or the survivor's it was merged into."""
        found = self.load([customer_id]).get(customer_id)
        return found.id if found else customer_id

    def aliases(self, customer_id: str) -> Ids:
        """Return the ids that were merged into a customer, by id, also those that came by way of another."""
        sql = (
            "WITH RECURSIVE merged(id) AS ("
            "SELECT id FROM customers WHERE alias_of IS NOT NULL AND alias_of = ? UNION "
            "SELECT customers.id FROM customers JOIN merged ON customers.alias_of = merged.id"
            " WHERE customers.alias_of IS NOT NULL"
            ") SELECT id FROM merged ORDER BY id"
        )
        return [row[0] for row in self._tx.rows(sql, customer_id)]

    def list(
        self, after: str = "", limit: int = 100, *, connection: str | None = None, due: bool | None = None
    ) -> Listed:
        """Return customers by id, after one: all, those with a record in a connection, or those (not) due."""
        conditions, values = ["alias_of IS NULL", "id > ?"], [after]
        if connection is not None:
            conditions.append(
                "EXISTS (SELECT 1 FROM records WHERE records.customer IS NOT NULL "
                "AND records.customer = customers.id AND records.connection = ?)"
            )
            values.append(connection)
        if due is not None:
            conditions.append(f"due = {int(due)}")
        sql = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?"
        return [_read(row) for row in self._tx.rows(sql, *values, limit)]

    def labels(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names under which customers are listed."""
        sql = f"SELECT id, label FROM customers WHERE {self._tx.among('id')}"
        return {row[0]: row[1] for chunk in chunks(ids) for row in self._tx.rows(sql, self._tx.listed(chunk))}

    def due(self, after: str = "", limit: int = 1_000) -> Ids:
        """Return the ids of customers that are to be looked at again, by id."""
        # SQLite takes the index of all customers for as good as that of the few which are due
        table = self._tx.through("customers", "ix_customers_due")
        sql = f"SELECT id FROM {table} WHERE due = 1 AND alias_of IS NULL AND id > ? ORDER BY id LIMIT ?"
        return [row[0] for row in self._tx.rows(sql, after, limit)]

    def count(self) -> int:
        """Return how many customers there are, without aliases."""
        # with a bound on the id SQLite reads the narrow index of its own and not the table with its documents
        row = self._tx.row("SELECT count(*) FROM customers WHERE alias_of IS NULL AND id > ''")
        return int(row[0]) if row else 0

    def _exactly(self, ids: Iterable[str]) -> dict[str, Customer]:
        sql = f"{_SELECT} WHERE {self._tx.among('id')}"
        return {
            row[0]: _read(row) for chunk in chunks(ids) for row in self._tx.rows(sql, self._tx.listed(chunk))
        }

    # --- writing ------------------------------------------------------------------------------

    def new_ids(self, n: int) -> Ids:
        """Return `n` ids that no customer has had: this store's instance and a number."""
        row = self._tx.row("SELECT value FROM meta WHERE key = 'instance'")
        assert row is not None
        first = count_on(self._tx, "customers", n)
        return [f"{row[0]}-{number}" for number in range(first, first + n)]

    def add(self, customers: Iterable[Customer]) -> None:
        """Write customers that are not stored yet, and the words by which they are found."""
        for chunk in chunks(customers):
            insert_rows(self._tx, [_row(customer) for customer in chunk])

    def save(self, customers: Iterable[Customer]) -> None:
        """Write customers whole, new ones and known ones, and the words by which they are found."""
        for chunk in chunks(customers):
            before = self._words([customer.id for customer in chunk])
            rows = [_row(customer) for customer in {customer.id: customer for customer in chunk}.values()]
            self._tx.each(_UPSERT, rows)
            self._save_words(before, {row[0]: row[6] for row in rows})

    def mark_due(self, ids: Iterable[str] | None = None) -> None:
        """Have these customers, or all, looked at by the next run."""
        if ids is None:
            self._tx.change("UPDATE customers SET due = 1 WHERE due = 0 AND alias_of IS NULL")
            return
        self._set_due(ids, due=True)

    def mark_done(self, ids: Iterable[str]) -> None:
        """Note that these customers need not be looked at by the next run."""
        self._set_due(ids, due=False)

    def _set_due(self, ids: Iterable[str], *, due: bool) -> None:
        sql = f"UPDATE customers SET due = {int(due)} WHERE due = {int(not due)} AND {self._tx.among('id')}"
        for chunk in chunks(ids):
            self._tx.change(sql, self._tx.listed(chunk))

    def delete(self, ids: Iterable[str]) -> None:
        """Delete customers for good, with their words and journal (erasure)."""
        for chunk in chunks(ids):
            self._save_words(self._words(chunk), {})
            listed = self._tx.listed(chunk)
            self._tx.change(f"DELETE FROM journal WHERE {self._tx.among('customer')}", listed)
            self._tx.change(f"DELETE FROM customers WHERE {self._tx.among('id')}", listed)

    def _words(self, ids: Ids) -> dict[str, str]:
        sql = f"SELECT id, words FROM customers WHERE {self._tx.among('id')}"
        return {row[0]: row[1] for row in self._tx.rows(sql, self._tx.listed(ids))}

    def _save_words(self, before: dict[str, str], after: dict[str, str]) -> None:
        gone = _pairs(before) - _pairs(after)
        come = _pairs(after) - _pairs(before)
        self._tx.each("DELETE FROM words WHERE word = ? AND customer = ?", sorted(gone))
        self._tx.each(_INSERT_WORD, sorted(come))


def insert_rows(tx: Transaction, rows: Sequence[Row]) -> None:
    """Insert customers that are not stored yet, with their words."""
    # sorted: neighbours in the index are written together
    words = sorted(_pairs({row[_ID]: row[_WORDS] for row in rows}))
    if tx.is_postgres:
        copy_rows(tx, "customers", _SAVED, rows)
        copy_rows(tx, "words", ("word", "customer"), words)
        return
    tx.each(_INSERT, rows)
    tx.each(_INSERT_WORD, words)


def _pairs(words: dict[str, str]) -> set[tuple[str, str]]:
    return {(word, customer) for customer, text in words.items() for word in text.split()}


def _read(row: Row) -> Customer:
    return read_customer(row[5], row[0], row[1], moment_or_none(row[2]), row[3] == 1, row[4])


def _row(customer: Customer) -> tuple[Any, ...]:
    if customer.alias_of == customer.id:
        raise StoreError(
            f"Customer {customer.id} would be an alias of itself.", "This is a fault of syncd: report it."
        )
    golden = {slot: golden.value for slot, golden in customer.golden.items()}
    label, words = named(customer.id, golden)
    if customer.alias_of:
        words = ""
    return (
        customer.id,
        customer.alias_of,
        microseconds_or_none(customer.first_seen),
        1 if customer.due else 0,
        customer.version,
        label,
        words,
        write_customer(customer),
    )


def named(customer_id: str, golden: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    """Return what a customer is called in lists, and the folded words of its name and its company."""
    name = full_name(golden["name"]) if "name" in golden else ""
    company = golden["company"].get("company", "") if "company" in golden else ""
    email = golden["email"].get("email", "") if "email" in golden else ""
    words = {*tokens(name), *tokens(company)}
    return name or company or email or customer_id, " ".join(sorted(words))
