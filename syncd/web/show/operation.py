"""One operation whole: what its requests carried, under the vendor's own names, how far they came, and the answer.

Kept of an answer is what decides: the vendor's status and words, or what it was seen to show. Credentials are in
neither, because the fields are all that is kept of a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syncd.customer import FIELDS
from syncd.store import Reading
from syncd.values import NOTED, FieldSpec, Operation
from syncd.web.show.plan import OperationShown, operation_shown
from syncd.web.show.words import field_word

_MEANS = {
    "planned": "It is written by the next run.",
    "waiting": "It is written when a person approves it.",
    "claimed": "It is about to be sent; nothing was sent yet.",
    "sent": "It was sent, and the answer is awaited.",
    "unknown": "Nobody knows whether the vendor did it. A look after the settle time decides; it is not sent again before.",
    "confirmed": "The vendor did it, and was seen to show it.",
    "rejected": "The vendor refused it. It is tried again when the value changes, or when you ask.",
    "dropped": "It was given up before it was sent, and its customer planned anew.",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """One field that the requests carry: ours and the vendor's name, and its values."""

    label: str
    wire: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StepShown:
    """One request: its name, and how far it came."""

    name: str
    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class OperationWhole:
    """One operation for its own page."""

    shown: OperationShown
    means: str
    carried: tuple[Carried, ...]
    steps: tuple[StepShown, ...]
    attempts: int
    intent_at: datetime | None
    settle_at: datetime | None
    not_before: datetime | None
    approved_by: str
    returned: tuple[tuple[str, str], ...]


def operation_whole(
    tx: Reading, operation: Operation, table: Mapping[str, FieldSpec] | None
) -> OperationWhole:
    """Return an operation as its page shows it; `table` has the vendor's names, where the connection is on."""
    labels = tx.customers.labels([operation.draft.customer])
    return OperationWhole(
        shown=operation_shown(operation, labels),
        means=_MEANS.get(operation.state, ""),
        carried=_carried(operation, table or {}),
        steps=tuple(_step(operation, place, name) for place, name in enumerate(operation.steps)),
        attempts=operation.attempts,
        intent_at=operation.intent_at,
        settle_at=operation.settle_at,
        not_before=operation.not_before,
        approved_by=operation.approved_by,
        returned=tuple((name, str(value)) for name, value in operation.progress.items() if name != NOTED),
    )


def _carried(operation: Operation, table: Mapping[str, FieldSpec]) -> tuple[Carried, ...]:
    fields = operation.draft.fields
    names = [name for name in FIELDS if name in fields] + [name for name in fields if name not in FIELDS]
    return tuple(
        Carried(field_word(name), table[name].wire if name in table else "", *fields[name]) for name in names
    )


def _step(operation: Operation, place: int, name: str) -> StepShown:
    if operation.state == "confirmed" or place < operation.step:
        return StepShown(name, "Done", "good")
    if place > operation.step or operation.state in {"planned", "waiting", "claimed", "dropped"}:
        return StepShown(name, "Not sent", "off")
    words = {"sent": ("Sent", "busy"), "unknown": ("Outcome unknown", "warn"), "rejected": ("Refused", "bad")}
    return StepShown(name, *words.get(operation.state, ("", "")))
