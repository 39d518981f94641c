"""How an operation becomes a row and a row an operation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from syncd.errors import UsageError
from syncd.store.columns import microseconds_or_none, written
from syncd.values import Draft, Operation


def operation_id(number: int) -> str:
    """Return the id of an operation's number."""
    return f"op-{number}"


def number_of(operation: str) -> int:
    """Return the number of an operation's id; raise UsageError where it is none."""
    digits = operation.removeprefix("op-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise UsageError(f"{operation!r} is not an operation.", "Operations are called op-1, op-2 …")
    return int(digits)


def row_of(operation: Operation, *, created_at: datetime, updated_at: datetime) -> dict[str, Any]:
    """Return a whole operation as a row."""
    draft = operation.draft
    return {
        "id": number_of(operation.id),
        "connection": draft.connection,
        "customer": draft.customer,
        "kind": draft.kind,
        "content": operation.content,
        "run": operation.run,
        "draft": _packed_draft(draft),
        "created_at": created_at,
        "updated_at": updated_at,
        "epoch": None,
        "vendor_id": operation.draft.vendor_id,
        "state": operation.state,
        "steps": operation.steps,
        "step": operation.step,
        "attempts": operation.attempts,
        "intent_at": operation.intent_at,
        "settle_at": operation.settle_at,
        "not_before": operation.not_before,
        "approved_by": operation.approved_by,
        "error": operation.error,
        "progress": operation.progress,
    }


# What changes in the life of an operation, in the order of `moving_row`.
MOVING: Final = (
    "vendor_id", "state", "steps", "step", "attempts", "intent_at", "settle_at", "not_before", "approved_by", "error",
    "progress", "updated_at",
)  # fmt: skip


def moving_row(operation: Operation, updated_at: int) -> tuple[Any, ...]:
    """Return what changes in the life of an operation as the driver takes it, and its number."""
    return (
        operation.draft.vendor_id,
        operation.state,
        written(operation.steps),
        operation.step,
        operation.attempts,
        microseconds_or_none(operation.intent_at),
        microseconds_or_none(operation.settle_at),
        microseconds_or_none(operation.not_before),
        operation.approved_by,
        operation.error,
        written(operation.progress),
        updated_at,
        number_of(operation.id),
    )


def _packed_draft(draft: Draft) -> dict[str, Any]:
    return {
        "fields": {name: list(change) for name, change in draft.fields.items()},
        "numbers": dict(draft.numbers),
        "reason": draft.reason,
        "stamp": draft.stamp,
        "overwrites": draft.overwrites,
        "derived": draft.derived,
    }


def read_operation(row: Sequence[Any]) -> Operation:
    """Return the operation of a whole row."""
    # unpacked at once: to ask a row for each column by its name costs as much as to fetch it
    (
        number, connection, customer, vendor_id, kind, state, content, run, packed, steps, step, attempts, intent_at,
        settle_at, not_before, approved_by, error, progress, *_,
    ) = row  # fmt: skip
    draft = Draft(
        connection=connection,
        kind=kind,
        customer=customer,
        fields={name: (before, after) for name, (before, after) in packed["fields"].items()},
        numbers=packed["numbers"],
        reason=packed["reason"],
        vendor_id=vendor_id,
        stamp=packed["stamp"],
        overwrites=tuple(packed["overwrites"]),
        derived=tuple(packed["derived"]),
    )
    return Operation(
        id=operation_id(number),
        draft=draft,
        state=state,
        content=content,
        run=run,
        steps=tuple(steps),
        step=step,
        attempts=attempts,
        intent_at=intent_at,
        settle_at=settle_at,
        not_before=not_before,
        approved_by=approved_by,
        error=error,
        progress=progress,
    )
