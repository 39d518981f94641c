"""The diff page: the same for a dry run's plan, operations that wait for approval, and what was executed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.customer import FIELDS
from syncd.values import Operation
from syncd.web.show.words import KIND_TONES, OPERATION_WORDS, Word, field_word, rule_word

SOME = 24  # how many records of a held group are named


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OperationShown:
    """One operation, or one row of a dry run's plan."""

    id: str
    connection: str
    kind: str
    tone: str
    customer: str
    label: str
    vendor_id: str
    reason: str
    fields: tuple[FieldShown, ...]
    run: str = ""
    state: str = ""
    state_tone: str = ""
    waiting: bool = False
    refused: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one connection on this page."""

    connection: str
    words: str
    operations: tuple[OperationShown, ...]
    waiting: bool


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Everything that is held for the same reason in one connection; `some` are the first of it."""

    connection: str
    reason: str
    count: int
    some: tuple[dict[str, str], ...]


def operation_shown(operation: Operation, labels: Mapping[str, str]) -> OperationShown:
    """Return a stored operation as it is shown."""
    draft = operation.draft
    word = OPERATION_WORDS.get(operation.state, Word(operation.state))
    return OperationShown(
        id=operation.id,
        connection=draft.connection,
        kind=draft.kind,
        tone=KIND_TONES.get(draft.kind, ""),
        customer=draft.customer,
        label=labels.get(draft.customer) or draft.customer,
        vendor_id=draft.vendor_id or "",
        reason=reason_words(draft.reason),
        fields=fields_shown(draft.fields),
        run=operation.run,
        state=word.word,
        state_tone=word.tone,
        waiting=operation.state == "waiting",
        refused=operation.state == "rejected",
        error=operation.error,
    )


def row_shown(row: Mapping[str, Any], labels: Mapping[str, str]) -> OperationShown:
    """Return a row of a report's plan as it is shown."""
    customer = str(row.get("customer") or "")
    return OperationShown(
        id=str(row.get("operation") or ""),
        connection=str(row["connection"]),
        kind=str(row["kind"]),
        tone=KIND_TONES.get(str(row["kind"]), ""),
        customer=customer,
        label=labels.get(customer) or customer,
        vendor_id=str(row.get("vendor_id") or ""),
        reason=reason_words(str(row.get("reason") or "")),
        fields=fields_shown(row.get("fields", {})),
    )


def fields_shown(fields: Mapping[str, Sequence[str | None]]) -> tuple[FieldShown, ...]:
    """Return a change's fields before and after, in the order that customers' pages have."""
    names = sorted(fields, key=lambda name: FIELDS.index(name) if name in FIELDS else len(FIELDS))
    return tuple(
        FieldShown(field_word(name), before or "", after or "")
        for name, (before, after) in ((name, fields[name]) for name in names)
    )


def reason_words(reason: str) -> str:
    """Return a plan's reason ("slot: rule; slot: rule") in words, the slots of one rule together."""
    slots: dict[str, list[str]] = defaultdict(list)
    for part in reason.split("; "):
        slot, colon, rule = part.partition(": ")
        if not colon or not rule.isidentifier():
            return reason
        slots[rule].append(field_word(slot).lower())
    return "; ".join(f"{', '.join(names)}: {rule_word(rule)}" for rule, names in slots.items())


def grouped(operations: Iterable[OperationShown]) -> tuple[Group, ...]:
    """Return operations by connection, in the order they came."""
    groups: dict[str, list[OperationShown]] = defaultdict(list)
    for operation in operations:
        groups[operation.connection].append(operation)
    return tuple(
        Group(name, _count_words(members), tuple(members), any(one.waiting for one in members))
        for name, members in groups.items()
    )


def _count_words(operations: Sequence[OperationShown]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for operation in operations:
        counts[operation.kind] += 1
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items())


def held_shown(held: Iterable[Mapping[str, Any]], labels: Mapping[str, str]) -> tuple[HeldGroup, ...]:
    """Return what is held, the reason first: the most frequent one on top."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in held:
        groups[str(one.get("connection", "")), str(one.get("reason", ""))].append(one)
    shown = [
        HeldGroup(connection, reason, len(members), tuple(_named(one, labels) for one in members[:SOME]))
        for (connection, reason), members in groups.items()
    ]
    return tuple(sorted(shown, key=lambda group: -group.count))


def _named(one: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, str]:
    customer, name = str(one.get("customer", "")), str(one.get("field", ""))
    return {
        "customer": customer,
        "label": labels.get(customer) or customer,
        "field": field_word(name) if name else "",
    }
