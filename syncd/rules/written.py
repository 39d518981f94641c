"""Written: what is learned by looking at a record after we wrote it, or after our create made it.

What a vendor shows of a value that we sent is ours, the old value, or somebody else's word. It is judged by what was
sent and whether that was answered; whatever else is shown is absorbed like any pull.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncd.customer import clean, renders, same, slot_of, tidy
from syncd.rules.absorb import (
    as_read,
    by_slot,
    is_late,
    keep_look,
    state_change,
    take_as_ours,
    take_in,
)
from syncd.rules.ground import Absorbed, Ground
from syncd.values import Record, Shadow, Shown, Unconfirmed


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that was sent: its values and journal numbers by slot, when it began, and whether it was answered.

    `carried` are the fields that went along unchanged because the vendor replaces the whole, with what was sent.
    """

    fields: Mapping[str, str]
    numbers: Mapping[str, int]
    began: datetime
    answered: bool
    settle: datetime
    carried: Mapping[str, str]


@dataclass(slots=True)
class ReadBack:
    """What the look after a write showed: fields confirmed, fields still in doubt, and edits that it revealed.

    `moved` are the fields that show something else than before.
    """

    confirmed: list[str]
    doubtful: list[str]
    absorbed: Absorbed
    moved: set[str] = field(default_factory=set)


def read_back(record: Record, shown: Shown | None, sent: Sent, ground: Ground) -> ReadBack:
    """Take what a vendor shows after our write; without a look, everything sent is in doubt.

    A field that still shows the old value is in doubt. After a write that was answered with success anything else
    is what the vendor made of it, unless this field has shown recognisable renderings before; then, and after an
    unknown outcome, only a rendering of what was sent is ours.
    """
    record.written = sent.began
    result = ReadBack([], [], Absorbed([], []))
    if shown is None:
        for name in sent.fields:
            _doubt(record.shadow, name, sent)
        result.doubtful.extend(sent.fields)
        return result
    before = dict(record.shadow.seen)
    shown, ground = as_read(record.shadow, shown, ground, sent.fields)
    judged = {name for name in sent.fields if name in shown.fields}
    for name in sent.fields:
        if name not in shown.fields and sent.answered:
            _unshown(record.shadow, name, sent)
            result.confirmed.append(name)
        elif name not in shown.fields:
            _doubt(record.shadow, name, sent)
            result.doubtful.append(name)
    for name in judged:
        verdict = _judge(record.shadow, name, shown.fields[name], sent, ground)
        if verdict == "ours":
            _learn(record.shadow, name, sent.fields[name], shown.fields[name], ground.region)
            take_as_ours(
                record.shadow, name, shown.fields[name], sent.fields[name], sent.numbers[slot_of(name)]
            )
            result.confirmed.append(name)
        elif verdict == "old":
            _doubt(record.shadow, name, sent)
            result.doubtful.append(name)
    for name in _carried_renderings(shown, sent, ground, judged):
        record.shadow.seen[name] = shown.fields[name]
    late = is_late(record, shown)
    result.absorbed = Absorbed([], [], dropped=True) if late else take_in(record, shown, ground)
    result.moved = _moved(before, record.shadow.seen)
    return result


def _moved(before: Mapping[str, str | None], seen: Mapping[str, str | None]) -> set[str]:
    """Return the fields that show something else than before, or are shown for the first time."""
    return {name for name, raw in seen.items() if name not in before or before[name] != raw}


def _judge(shadow: Shadow, name: str, raw: str | None, sent: Sent, ground: Ground) -> str:
    value = sent.fields[name]
    if same(name, value, raw, ground.region):
        return "ours"
    if name in shadow.seen and same(name, shadow.seen[name], raw, ground.region):
        return "old"
    if sent.answered and name not in shadow.renders:
        return "ours"
    return "ours" if renders(name, value, raw, ground.region) else "theirs"


def _learn(shadow: Shadow, name: str, sent: str, raw: str | None, region: str | None) -> None:
    """Remember that this field shows recognisable renderings of what it is sent."""
    if not same(name, sent, raw, region) and renders(name, sent, raw, region):
        shadow.renders.add(name)


def _unshown(shadow: Shadow, name: str, sent: Sent) -> None:
    """Take a field that was written with success but that the vendor does not show."""
    shadow.acked[name] = sent.fields[name]
    shadow.knew[slot_of(name)] = max(sent.numbers[slot_of(name)], shadow.knew.get(slot_of(name), 0))
    shadow.given.add(name)


def _doubt(shadow: Shadow, name: str, sent: Sent) -> None:
    before = shadow.doubtful.get(name)
    same_try = before is not None and before.sent == sent.fields[name]
    tries = (before.tries if before and same_try else 0) + (1 if sent.answered else 0)
    shadow.doubtful[name] = Unconfirmed(sent.fields[name], sent.numbers[slot_of(name)], sent.settle, tries)


def write_again(shadow: Shadow, sent: Sent) -> None:
    """Have what arrived of a write be due once more, because of another part of which nobody knows."""
    for name, value in sent.fields.items():
        if name not in shadow.doubtful and shadow.acked.get(name) == value:
            shadow.doubtful[name] = Unconfirmed(value, sent.numbers[slot_of(name)], None, tries=0)


def _carried_renderings(shown: Shown, sent: Sent, ground: Ground, judged: set[str]) -> list[str]:
    """Return carried fields whose showing is a rendering of what went along: nothing is stated by them."""
    return [
        name
        for name, value in sent.carried.items()
        if name in shown.fields
        and name not in judged
        and renders(name, value, shown.fields[name], ground.region)
    ]


def adopt(record: Record, shown: Shown, sent: Sent, ground: Ground) -> Absorbed:
    """Take a record that our own create made and return what it states, which is next to nothing.

    What the vendor filled in itself is its own doing. Fields we sent were given, but for one that is shown empty:
    that write is in doubt. Where the answer was lost and the record was found later, a person may have been there
    first: a sent field that shows no rendering of what was sent is that person's edit.
    """
    shadow, result = record.shadow, Absorbed([], [])
    shown, ground = as_read(shadow, shown, ground, sent.fields)
    shadow.ours = True
    shadow.knew.update(sent.numbers)
    edited: list[str] = []
    for name in [name for name in shown.fields if name in ground.readable]:
        raw = shown.fields[name]
        if name not in sent.fields:
            shadow.seen[name], shadow.acked[name] = raw, tidy(raw)
        elif _is_missing(name, sent.fields[name], raw, ground.region):
            shadow.seen[name], shadow.acked[name] = raw, ""
            _doubt(shadow, name, sent)
            if shown.started >= sent.settle:  # this look is late enough to decide: it is written once more
                shadow.doubtful[name] = replace(shadow.doubtful[name], settle=None)
        elif sent.answered or renders(name, sent.fields[name], raw, ground.region):
            _learn(shadow, name, sent.fields[name], raw, ground.region)
            take_as_ours(shadow, name, raw, sent.fields[name], sent.numbers.get(slot_of(name), 0))
        else:
            edited.append(name)
    for name in [name for name in sent.fields if name not in shown.fields]:
        _unshown(shadow, name, sent)
    for slot, names in by_slot(edited).items():
        state_change(record, shown, ground, slot, names, result)
    record.written = sent.began
    keep_look(record, shown)
    return result


def _is_missing(name: str, sent: str, raw: str | None, region: str | None) -> bool:
    """Tell whether a vendor shows nothing of a value that was sent."""
    return bool(clean(name, sent, region)) and not clean(name, raw, region)
