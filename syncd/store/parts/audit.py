"""What people did, in their order: who, what, to what, and the details."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from syncd.store.office import audit
from syncd.store.parts.naming import ERASED, Named
from syncd.store.transaction import Transaction
from syncd.values import RecordKey


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


# Named here, because inside the class `list` is its listing.
Listed = list[Deed]


class Audit:
    """The audit in one transaction: written in the transaction of what it tells of."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add(self, who: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write down what somebody does."""
        self._tx.execute(
            audit.insert().values(
                at=self._tx.now, who=who, action=action, subject=subject, detail=dict(detail or {})
            )
        )

    def forget(self, records: Iterable[RecordKey], words: Collection[str]) -> None:
        """Take these records out of every deed, and deeds' subjects that hold one of these words (erasure)."""
        named = Named(records)
        for row in self._tx.execute(audit.select()).all():
            subject = named.without(row.subject)
            if any(word in subject.casefold() for word in words):
                subject = ERASED
            detail = named.without(row.detail)
            if (subject, detail) != (row.subject, row.detail):
                where = audit.c.id == row.id
                self._tx.execute(audit.update().where(where).values(subject=subject, detail=detail))

    def list(self, after: int = 0, limit: int = 100) -> Listed:
        """Return deeds, newest first, after one."""
        statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if after:
            statement = statement.where(audit.c.id < after)
        return [
            Deed(row.id, row.at, row.who, row.action, row.subject, row.detail)
            for row in self._tx.execute(statement)
        ]
