"""Facts about the store itself, and its counters."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from syncd.store.tables import meta
from syncd.store.transaction import Transaction

# A counter's row is made by whoever counts first, and locked until the end of the transaction.
_COUNT: Final = (
    "INSERT INTO counters (name, last) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET last = counters.last + excluded.last RETURNING last"
)


def count_on(tx: Transaction, name: str, n: int) -> int:
    """Take the next `n` numbers of a counter and return the first; it starts at 1."""
    row = tx.row(_COUNT, name, n)
    assert row is not None
    return int(row[0]) - n + 1


class Meta:
    """The store's own facts, in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def get(self, key: str) -> str | None:
        """Return a fact, None where it was never set."""
        return self._tx.execute(select(meta.c.value).where(meta.c.key == key)).scalar()

    def set(self, key: str, value: str) -> None:
        """Set a fact."""
        self._tx.upsert(meta, {"key": key, "value": value})

    def numbers(self, n: int) -> int:
        """Take the next `n` journal numbers and return the first."""
        return count_on(self._tx, "journal", n)

    @property
    def last_number(self) -> int:
        """Return the last journal number taken, 0 before the first."""
        row = self._tx.row("SELECT last FROM counters WHERE name = 'journal'")
        return int(row[0]) if row else 0
