"""Decisions by people: same, different, merge, split, move, pin … They outrank every rule until they are undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, delete, select, update

from syncd.errors import StaleChoice, UsageError
from syncd.store.office import decision_subjects, decisions
from syncd.store.transaction import Transaction, chunks
from syncd.values import RecordKey

Pair = tuple[RecordKey, RecordKey]

# A customer stands among the subjects without a connection.
_NO_CONNECTION: Final = ""
_c: Final = decisions.c
_s: Final = decision_subjects.c


@dataclass(frozen=True, slots=True)
class HumanDecision:
    """What a person decided.

    `subject` says about what: `records` as [[connection, vendor id] …], `customers` as [id …], and whatever else the
    kind needs. `before` is what undoing it goes back to.
    """

    kind: str
    subject: Mapping[str, Any]
    by: str
    before: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str = ""

    @property
    def records(self) -> tuple[RecordKey, ...]:
        return tuple((connection, vendor_id) for connection, vendor_id in self.subject.get("records", ()))

    @property
    def customers(self) -> tuple[str, ...]:
        return tuple(self.subject.get("customers", ()))


# Named here, because inside the class `list` is its listing.
Listed = list[HumanDecision]


class Decisions:
    """People's decisions in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add(self, decision: HumanDecision) -> int:
        """Write a decision down and return its number."""
        row = {
            "kind": decision.kind,
            "subject": dict(decision.subject),
            "before": dict(decision.before),
            "by": decision.by,
            "at": self._tx.now,
            "undone_by": "",
        }
        number = self._tx.execute(decisions.insert().values(row).returning(_c.id)).scalar_one()
        subjects = {*decision.records, *((_NO_CONNECTION, customer) for customer in decision.customers)}
        for connection, subject in sorted(subjects):
            self._tx.execute(
                decision_subjects.insert().values(connection=connection, subject=subject, decision=number)
            )
        return int(number)

    def undo(self, number: int, by: str) -> HumanDecision:
        """Take a decision back; raise StaleChoice where that was done already."""
        undone = self._tx.execute(
            update(decisions)
            .where(_c.id == number, _c.undone_at.is_(None))
            .values(undone_at=self._tx.now, undone_by=by)
        )
        decision = self.get(number)
        if decision is None:
            raise UsageError(f"There is no decision {number}.", "Look at the customer's decisions again.")
        if undone.rowcount != 1:
            raise StaleChoice(f"Decision {number} is undone already.", "Look at the customer again.")
        return decision

    def forget(self, customers: Iterable[str], records: Iterable[RecordKey]) -> None:
        """Delete every decision about these customers or records for good (erasure)."""
        numbers = [decision.id for decision in self.all_of(records, customers)]
        for chunk in chunks(numbers):
            self._tx.execute(delete(decision_subjects).where(_s.decision.in_(chunk)))
            self._tx.execute(delete(decisions).where(_c.id.in_(chunk)))

    def get(self, number: int) -> HumanDecision | None:
        """Return a decision by its number, None where there is none."""
        return next(iter(self._where(_c.id == number)), None)

    def all_of(self, records: Iterable[RecordKey] = (), customers: Iterable[str] = ()) -> Listed:
        """Return the decisions in force that are about any of these, oldest first."""
        subjects = [*records, *((_NO_CONNECTION, customer) for customer in customers)]
        asked: dict[str, list[str]] = defaultdict(list)
        for connection, subject in subjects:
            asked[connection].append(subject)
        sql = f"SELECT decision FROM decision_subjects WHERE connection = ? AND {self._tx.among('subject')}"
        numbers = {
            row[0]
            for connection, named in asked.items()
            for chunk in chunks(named)
            for row in self._tx.rows(sql, connection, self._tx.listed(chunk))
        }
        found = [
            decision
            for chunk in chunks(sorted(numbers), 200)
            for decision in self._where(_c.undone_at.is_(None), _c.id.in_(chunk))
        ]
        return sorted(found, key=lambda decision: decision.id)

    def pairs(self, kind: str, records: Iterable[RecordKey]) -> set[Pair]:
        """Return the pairs in force of a kind (same, different) that any of these records stands in.

        A decision about more than two records speaks for every two of them.
        """
        return _pairs(decision for decision in self.all_of(records) if decision.kind == kind)

    def pairs_of(self, kind: str) -> set[Pair]:
        """Return all pairs in force of a kind."""
        return _pairs(self._where(_c.undone_at.is_(None), _c.kind == kind))

    def list(self, after: int = 0, limit: int = 100) -> Listed:
        """Return decisions, newest first, after one, undone ones too."""
        conditions = [_c.id < after] if after else []
        statement = select(decisions).where(*conditions).order_by(_c.id.desc()).limit(limit)
        return [_read(row) for row in self._tx.execute(statement)]

    def _where(self, *conditions: ColumnElement[bool]) -> Listed:
        statement = select(decisions).where(*conditions).order_by(_c.id)
        return [_read(row) for row in self._tx.execute(statement)]


def _pairs(decisions_made: Iterable[HumanDecision]) -> set[Pair]:
    return {
        (one, other)
        for decision in decisions_made
        for one in sorted(decision.records)
        for other in sorted(decision.records)
        if one < other
    }


def _read(row: Row[Any]) -> HumanDecision:
    return HumanDecision(
        row.kind, row.subject, row.by, row.before, row.id, row.at, row.undone_at, row.undone_by
    )
