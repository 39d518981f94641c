"""Tasks: operations on their way, and how one unit of work sees them.

A unit may be done twice: its first COMMIT went unanswered, or met a deadlock. So each try works on copies, with the
state and the record as its own transaction finds them, and leaves out what an earlier try, or a person, has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from syncd.store import Writing
from syncd.sync.attempt import Attempt, is_doubt, is_refusal
from syncd.values import Operation, Record, Shown, Tally


@dataclass(slots=True)
class Task:
    """One operation on its way, with its record and what was learnt of it."""

    operation: Operation
    record: Record | None
    current: Shown | None = None
    problem: BaseException | None = None
    attempt: Attempt = field(default_factory=Attempt)

    @property
    def stopped(self) -> bool:
        return self.problem is not None

    @property
    def is_unanswered(self) -> bool:
        """Tell whether nobody knows if its last request was processed."""
        return self.problem is not None and is_doubt(self.problem)

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether something of it may have been done of which no answer told what is shown now."""
        refused = self.problem is not None and is_refusal(self.problem)
        return self.is_unanswered or (refused and self.operation.step > 0)

    @property
    def has_more(self) -> bool:
        """Tell whether its next step is to be sent."""
        return self.problem is None and self.operation.step < len(self.operation.steps)


def as_stored(tx: Writing, tasks: Sequence[Task], states: Collection[str]) -> list[Task]:
    """Return copies of those tasks whose operation is stored in one of these states, with their records as stored."""
    current = still_in(tx, tasks, states)
    records = _records(tx, current)
    for task in current:
        task.record = records.get(_target(task.operation))
    return current


def still_in(tx: Writing, tasks: Sequence[Task], states: Collection[str]) -> list[Task]:
    """Return copies of those tasks whose operation is stored in one of these states."""
    stored = tx.operations.states(task.operation.id for task in tasks)
    return [
        replace(task, operation=replace(task.operation), attempt=replace(task.attempt))
        for task in tasks
        if stored.get(task.operation.id) in states
    ]


def _records(tx: Writing, tasks: Sequence[Task]) -> dict[tuple[str, str], Record]:
    wanted: dict[str, list[str]] = {}
    for connection, vendor_id in (_target(task.operation) for task in tasks):
        if vendor_id:
            wanted.setdefault(connection, []).append(vendor_id)
    return {
        record.key: record
        for connection, vendor_ids in wanted.items()
        for record in tx.records.load(connection, vendor_ids, payload=True).values()
    }


def _target(operation: Operation) -> tuple[str, str]:
    return operation.draft.connection, operation.draft.vendor_id or ""


@dataclass(slots=True)
class Count:
    """What a group adds to the report, counted anew for each operation by every try of its unit."""

    of: dict[str, Tally] = field(default_factory=dict)

    def anew(self, task: Task) -> Tally:
        """Return an empty tally for a task, in the place of what an earlier try had counted."""
        self.of[task.operation.id] = Tally()
        return self.of[task.operation.id]

    def add_to(self, tally: Tally) -> None:
        """Add everything to a connection's tally, once the unit is committed."""
        _add(tally, self.of.values())


def _add(tally: Tally, counted: Iterable[Tally]) -> None:
    for one in counted:
        for name in ("created", "updated", "archived", "deleted", "failed"):
            setattr(tally, name, getattr(tally, name) + getattr(one, name))
        tally.error = one.error or tally.error
