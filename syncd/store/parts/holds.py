"""Holds: what is due and not written, and why; kept so that the report can say it and tell new ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from syncd.store.transaction import Row, Transaction, chunks
from syncd.values import Held

_INSERT: Final = "INSERT INTO holds (customer, connection, field, vendor_id, reason, waits, run) VALUES (?, ?, ?, ?, ?, ?, ?)"
_SELECT: Final = "SELECT connection, customer, field, reason, vendor_id, waits FROM holds"

# Named here, because inside the class `list` is its listing.
Listed = list[Held]


class Holds:
    """The holds of one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def replace(self, customers: Iterable[str], held: Sequence[Held], run: str) -> int:
        """Put these holds in the place of all that the customers had; return how many are new."""
        before: dict[tuple[str, str, str], tuple[str, str]] = {}
        for chunk in chunks(customers):
            listed = self._tx.listed(chunk)
            sql = f"SELECT customer, connection, field, reason, run FROM holds WHERE {self._tx.among('customer')}"
            before.update({(row[0], row[1], row[2]): (row[3], row[4]) for row in self._tx.rows(sql, listed)})
            self._tx.change(f"DELETE FROM holds WHERE {self._tx.among('customer')}", listed)
        now = {(one.customer, one.connection, one.field): one for one in held}
        kept = {
            place: before[place][1] for place, one in now.items() if before.get(place, ("",))[0] == one.reason
        }
        self._tx.each(
            _INSERT,
            [
                (*place, one.vendor_id, one.reason, one.waits, kept.get(place, run))
                for place, one in now.items()
            ],
        )
        return len(now) - len(kept)

    def counts(self) -> dict[str, int]:
        """Return how much is held in each connection."""
        return {
            row[0]: row[1]
            for row in self._tx.rows("SELECT connection, count(*) FROM holds GROUP BY connection")
        }

    def customers(self) -> int:
        """Return of how many customers something is held: they are not the same everywhere."""
        row = self._tx.row("SELECT count(DISTINCT customer) FROM holds")
        return int(row[0]) if row else 0

    def customers_waiting(self, waits: str, connections: Collection[str]) -> set[str]:
        """Return the customers of whom something is held in these connections that waits for this."""
        sql = f"SELECT DISTINCT customer FROM holds WHERE waits = ? AND {self._tx.among('connection')}"
        return {row[0] for row in self._tx.rows(sql, waits, self._tx.listed(connections))}

    def grouped(self) -> list[tuple[str, str, str, int]]:
        """Return connection, field, reason and how often, the most frequent first."""
        sql = "SELECT connection, field, reason, count(*) FROM holds GROUP BY connection, field, reason ORDER BY 4 DESC, 1, 2, 3"
        return [(row[0], row[1], row[2], row[3]) for row in self._tx.rows(sql)]

    def of(self, customers: Iterable[str]) -> Listed:
        """Return what is held of these customers."""
        sql = f"{_SELECT} WHERE {self._tx.among('customer')} ORDER BY customer, connection, field"
        return [
            _read(row) for chunk in chunks(customers) for row in self._tx.rows(sql, self._tx.listed(chunk))
        ]

    def list(self, connection: str | None = None, limit: int = 1_000) -> Listed:
        """Return what is held, in one connection or all."""
        if connection is None:
            rows = self._tx.rows(f"{_SELECT} ORDER BY customer, connection, field LIMIT ?", limit)
        else:
            sql = f"{_SELECT} WHERE connection = ? ORDER BY customer, field LIMIT ?"
            rows = self._tx.rows(sql, connection, limit)
        return [_read(row) for row in rows]


def _read(row: Row) -> Held:
    return Held(row[0], row[1], row[2], row[3], row[4], row[5])
