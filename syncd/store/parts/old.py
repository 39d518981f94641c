"""What is old enough to go: finished runs and operations, withdrawn reviews, what people did, and what has run out.

The journal of values stays, because it says why each of them is there. A decided review keeps its digest, so that it
is not asked again, and loses its evidence. Each call deletes so much at most, so that no transaction takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from syncd.store.columns import microseconds
from syncd.store.parts.answers import Answers
from syncd.store.tables import IS_OPEN
from syncd.store.transaction import Transaction

# subject: when a row was made, and which rows may go. Numbers grow with time: a look ends at the first that is young.
_OLD: Final = {
    "operations": ("created_at", f"NOT ({IS_OPEN}) AND updated_at < ?"),
    "runs": ("asked_at", "state IN ('done', 'failed') AND ended_at < ?"),
    "reviews": ("opened_at", "state = 'closed' AND closed_at < ?"),
    "audit": ("at", "at < ?"),
    "login_failures": ("at", "at < ?"),
}
_ENDED: Final = ("sessions", "setup_links", "vendor_tokens")
_DECIDED: Final = "state = 'resolved' AND closed_at < ? AND evidence <> '{}'"
KEPT_ANSWERS: Final = timedelta(days=1)


class Old:
    """What is old, in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def steps(self) -> dict[str, Callable[[datetime, int], int]]:
        """Return what may be deleted by subject: call each with a time and a number until it has nothing left."""
        named: dict[str, Callable[[datetime, int], int]] = {
            subject: self._deleting(subject) for subject in _OLD
        }
        return named | {"evidence": self._forget_evidence, "ended": self._forget_ended}

    def _deleting(self, subject: str) -> Callable[[datetime, int], int]:
        def delete(before: datetime, limit: int) -> int:
            ids = self._found(subject, *_OLD[subject], before, limit)
            sql = f"DELETE FROM {subject} WHERE {self._tx.among('id')}"
            return self._tx.change(sql, self._tx.listed(ids))

        return delete

    def _found(self, table: str, made: str, which: str, before: datetime, limit: int) -> list[int]:
        young = f"SELECT id FROM {table} WHERE {made} >= ? ORDER BY id LIMIT 1"
        sql = f"SELECT id FROM {table} WHERE id < coalesce(({young}), ?) AND {which} ORDER BY id LIMIT ?"
        bound = microseconds(before)
        return [row[0] for row in self._tx.rows(sql, bound, 2**62, bound, limit)]

    def _forget_evidence(self, before: datetime, limit: int) -> int:
        ids = self._found("reviews", "opened_at", _DECIDED, before, limit)
        sql = f"UPDATE reviews SET evidence = '{{}}' WHERE {self._tx.among('id')}"
        return self._tx.change(sql, self._tx.listed(ids))

    def _forget_ended(self, before: datetime, _: int) -> int:
        now = microseconds(self._tx.now)
        ended = sum(self._tx.change(f"DELETE FROM {table} WHERE expires_at <= ?", now) for table in _ENDED)
        return ended + Answers(self._tx).forget(max(before, self._tx.now - KEPT_ANSWERS))
