"""Customers by what is the matter with them, page by page: how the customers' page and the export find them.

Each tab is one condition over an index; a page is the next customers past one. Figures stop counting at `MANY`.
"""

from __future__ import annotations

from typing import Final

from syncd.store.parts.record_rows import COLUMNS, read_record
from syncd.store.tables import IS_OPEN, IS_PARKED
from syncd.store.transaction import Row, Transaction
from syncd.values import Record

MANY: Final = 1_000

_HELD: Final = "SELECT DISTINCT customer FROM holds WHERE customer > ?"
_PENDING: Final = f"SELECT DISTINCT customer FROM operations WHERE {IS_OPEN} AND customer > ?"

# tab: which customers are in it, past one
TABS: Final = {
    "synced": (
        "SELECT id AS customer FROM customers WHERE alias_of IS NULL AND id > ? "
        "AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.customer = customers.id) "
        f"AND NOT EXISTS (SELECT 1 FROM operations WHERE operations.customer = customers.id AND {IS_OPEN})"
    ),
    "pending": _PENDING,
    "conflict": (
        "SELECT DISTINCT customer FROM reviews WHERE state = 'open' AND customer IS NOT NULL AND customer > ?"
    ),
    "held": f"{_HELD} AND NOT ({IS_PARKED})",
    "excluded": f"{_HELD} AND {IS_PARKED}",
    "aside": (
        # as an expression, so that SQLite goes by the few that have a problem, and not by all that have a customer
        "SELECT DISTINCT coalesce(customer, '') AS customer FROM records "
        "WHERE problem <> '' AND coalesce(customer, '') > ?"
    ),
}
_COUNTED: Final = ("pending", "conflict", "held", "excluded", "aside")


class Tabs:
    """The tabs in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def page(self, tab: str, after: str, limit: int) -> list[str]:
        """Return the ids of a tab's next customers."""
        rows = self._tx.rows(f"{TABS[tab]} ORDER BY customer LIMIT ?", after, limit)
        return [row[0] for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many customers are in each tab, at most `MANY` of each; the whole and the synced are not counted."""
        return {tab: self._count(f"{TABS[tab]} LIMIT ?", "", MANY) for tab in _COUNTED} | {
            "unlinked": self._count(
                "SELECT id FROM records WHERE fresh = 1 AND customer IS NULL LIMIT ?", MANY
            )
        }

    def unlinked(self, after: int, limit: int) -> list[Record]:
        """Return records that belong to no customer, by number, past one."""
        which = "fresh = 1 AND customer IS NULL AND id > ?"
        sql = f"SELECT {', '.join(COLUMNS)} FROM records WHERE {which} ORDER BY id LIMIT ?"
        return [read_record(row) for row in self._tx.rows(sql, after, limit)]

    def some(self, connection: str, limit: int) -> list[Record]:
        """Return some records of a connection, the first by their vendor ids."""
        sql = f"SELECT {', '.join(COLUMNS)} FROM records WHERE connection = ? ORDER BY vendor_id LIMIT ?"
        return [read_record(row) for row in self._tx.rows(sql, connection, limit)]

    def _count(self, sql: str, *values: object) -> int:
        row: Row | None = self._tx.row(f"SELECT count(*) FROM ({sql}) AS counted", *values)
        return int(row[0]) if row else 0
