"""What was answered to writes that named themselves by a key: asking again gives the same answer and does nothing.

A write is begun by an insert that only one of two equal ones survives. One that was begun and never answered, because
its process died, may be taken up again after a while: every write of syncd's may be done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update

from syncd.store.office import answers
from syncd.store.transaction import Transaction

_c: Final = answers.c

# An unanswered write is taken for dead after this long; none of them takes as long.
DEAD: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; `status` is None while the write is under way."""

    request: bytes
    status: int | None
    headers: Mapping[str, str]
    body: str


class Answers:
    """The answers in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def begin(self, key: bytes, request: bytes) -> Answer | None:
        """Begin a write under a key; return what is known of an earlier one, None where this is the first."""
        values: dict[str, Any] = {"request": request, "status": None, "headers": {}, "body": ""}
        row = {"key": key, **values, "at": self._tx.now}
        if self._tx.execute(self._tx.insert(answers).values(row).on_conflict_do_nothing()).rowcount == 1:
            return None
        taken_up = (
            update(answers)
            .where(_c.key == key, _c.status.is_(None), _c.at < self._tx.now - DEAD)
            .values(request=request, at=self._tx.now)
        )
        if self._tx.execute(taken_up).rowcount == 1:
            return None
        known = self._tx.execute(select(answers).where(_c.key == key)).one()
        return Answer(known.request, known.status, known.headers, known.body)

    def finish(self, key: bytes, status: int, headers: Mapping[str, str], body: str) -> None:
        """Keep what was answered."""
        values = {"status": status, "headers": dict(headers), "body": body, "at": self._tx.now}
        self._tx.execute(update(answers).where(_c.key == key).values(values))

    def drop(self, key: bytes) -> None:
        """Forget a write that came to nothing, so that its key may be used again."""
        self._tx.execute(delete(answers).where(_c.key == key))

    def forget(self, before: datetime) -> int:
        """Delete what was answered before a time; return how many."""
        return self._tx.execute(delete(answers).where(_c.at < before)).rowcount

    def delete_of(self, customers: Iterable[str]) -> None:
        """Delete every answer that names one of these customers (erasure)."""
        ids = list(customers)
        for row in self._tx.execute(select(_c.key, _c.body)).all():
            if any(one in row.body for one in ids):
                self.drop(row.key)
