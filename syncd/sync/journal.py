"""What the journal says of a decision: who brought a value, by which rule, and what it beat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from syncd.rules.golden import Answer
from syncd.store import JournalRow
from syncd.values import Golden, Statement


def brought(statement: Statement) -> tuple[str, str, datetime | None]:
    """Return who made a statement, and when: by the vendor's own time, else when it was first seen."""
    return (statement.connection, statement.vendor_id, statement.modified or statement.new_seen)


def loser(statement: Statement) -> dict[str, Any]:
    """Return a beaten statement as the journal keeps it."""
    connection, vendor_id, at = brought(statement)
    return {
        "connection": connection,
        "vendor_id": vendor_id,
        "at": at.isoformat() if at else None,
        "kind": statement.kind,
        "value": dict(statement.value),
    }


def decided_row(
    customer: str, slot: str, before: Golden | None, answer: Answer, number: int, run: str, now: datetime
) -> JournalRow:
    """Return the journal's row of a decision on one slot."""
    after = answer.golden
    return JournalRow(
        number=number,
        customer=customer,
        run=run,
        at=now,
        slot=slot,
        before=dict(before.value) if before else {},
        after=dict(after.value) if after else {},
        rule=answer.rule,
        by=brought(after.holder) if after and after.holder else None,
        beaten=[loser(statement) for statement in answer.beaten],
        note=answer.note,
    )


def waiting_row(
    customer: str, statement: Statement, golden: Golden | None, number: int, run: str, now: datetime
) -> JournalRow:
    """Return the journal's row of an edit of a duplicate, which a person has to decide about.

    The review keeps only the last edit of a record; that there were others is to be seen here. `number` is the
    decision's: the statement is looked at again whenever a person says anew who is who.
    """
    value = dict(golden.value) if golden else {}
    note = "edited in a duplicate; a person decides"
    return _unmoved_row(customer, statement, value, number, run, now, "duplicate_edited", note)


def ignored_row(
    customer: str, statement: Statement, value: dict[str, str], run: str, now: datetime
) -> JournalRow:
    """Return the journal's row of a clear that goes no further."""
    note = "emptied there; it goes no further"
    return _unmoved_row(customer, statement, value, statement.number, run, now, "clear_ignored", note)


def _unmoved_row(
    customer: str,
    statement: Statement,
    value: dict[str, str],
    number: int,
    run: str,
    now: datetime,
    rule: str,
    note: str,
) -> JournalRow:
    """Return the journal's row of a statement beside which the golden value stayed as it was."""
    return JournalRow(
        number=number,
        customer=customer,
        run=run,
        at=now,
        slot=statement.slot,
        before=value,
        after=value,
        rule=rule,
        beaten=[loser(statement)],
        note=note,
    )
