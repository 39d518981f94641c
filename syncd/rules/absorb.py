"""Absorb: what a vendor shows, compared field by field with what it last showed; a difference is a statement.

Two shadows make this safe against vendors that trim, upper-case, cut or reformat: `seen` is what was shown,
`acked` the golden value that the record was given. Only a change of what is shown is somebody's edit; what we
wrote, derived or caused a vendor to fill in never is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from syncd.customer import (
    NAME,
    base_of,
    clean,
    elements,
    is_element,
    is_rendering_of_name,
    parts_of,
    renders,
    same,
    slot_of,
    tidy,
)
from syncd.rules.first import first_words, is_unseen
from syncd.rules.ground import Absorbed, Ground
from syncd.rules.sets import answers_of
from syncd.values import Record, Shadow, Shown, Statement, StatementKind, Unconfirmed


def absorb(record: Record, shown: Shown, ground: Ground) -> Absorbed:
    """Take an observation into a record's shadow and return what the record states by it.

    An observation that began before the last absorbed one, or before our last write, is dropped.
    """
    if is_late(record, shown):
        return Absorbed([], [], dropped=True)
    if is_unseen(record.shadow) and not ground.busy:
        return _take_first(record, shown, ground)
    return take_in(record, *as_read(record.shadow, shown, ground))


def take_in(record: Record, shown: Shown, ground: Ground) -> Absorbed:
    """Take an observation that is not late, in which each element of a set is a field of its own."""
    result = Absorbed([], [])
    first, moved = _compare(record.shadow, shown, ground, result)
    for slot, names in by_slot(first).items():
        _state_first(record, shown, ground, slot, names, result)
    for slot, names in by_slot(moved).items():
        state_change(record, shown, ground, slot, names, result)
    keep_look(record, shown)
    record.fresh = record.fresh or bool(result.statements)
    return result


def _take_first(record: Record, shown: Shown, ground: Ground) -> Absorbed:
    """Take the first look at a record of which nothing is known: what `as_read` and `take_in` make of it, the short way."""
    result = Absorbed(first_words(record, shown, ground), [])
    keep_look(record, shown)
    record.fresh = record.fresh or bool(result.statements)
    return result


def as_read(shadow: Shadow, shown: Shown, ground: Ground, asked: Iterable[str] = ()) -> tuple[Shown, Ground]:
    """Return an observation as it is compared with the shadow, and the ground that knows its fields.

    `asked` are the fields that were written.
    """
    asked = frozenset(asked)
    for name in ground.repeating - asked:
        shown = _without_former_name(shadow, shown, name)
    return _by_element(shadow, shown, ground, asked)


def _without_former_name(shadow: Shadow, shown: Shown, name: str) -> Shown:
    """Leave a field out that repeats the name which the record showed before: it did not follow, and says nothing."""
    text = shown.fields.get(name)
    if not text:
        return shown
    former = {part: shadow.seen.get(part) or "" for part in NAME}
    if text != shadow.repeated and not (any(former.values()) and is_rendering_of_name(text, former)):
        shadow.repeated = ""
        return shown
    shadow.repeated = text
    return replace(shown, fields={other: raw for other, raw in shown.fields.items() if other != name})


def _by_element(
    shadow: Shadow, shown: Shown, ground: Ground, asked: Iterable[str] = ()
) -> tuple[Shown, Ground]:
    """Return an observation in which each element of a set is a field of its own, and the ground that knows them.

    `asked` are elements that were written: what is not shown of them is answered by no.
    """
    answers = answers_of(shadow, shown.fields, ground.readable, asked)
    if not answers:
        return shown, ground
    read = frozenset(answers)
    states = frozenset(name for name in answers if base_of(name) in ground.stating)
    ground = replace(ground, readable=ground.readable | read, stating=ground.stating | states)
    return replace(shown, fields={**shown.fields, **answers}), ground


def is_late(record: Record, shown: Shown) -> bool:
    """Tell whether an observation began before the last absorbed one, or before our last write."""
    return any(at is not None and shown.started < at for at in (record.observed, record.written))


def _compare(shadow: Shadow, shown: Shown, ground: Ground, result: Absorbed) -> tuple[list[str], list[str]]:
    """Return the fields seen for the first time and those that show something else than before."""
    first: list[str] = []
    moved: list[str] = []
    for name, raw in shown.fields.items():
        if name not in ground.readable or name in ground.busy:
            continue
        doubt = shadow.doubtful.get(name)
        if doubt is not None and _settle(shadow, name, raw, doubt, shown.started, ground, result):
            continue
        if name not in shadow.seen:
            (moved if _was_rewritten(shadow, name, raw, ground) else first).append(name)
        elif not same(name, shadow.seen[name], raw, ground.region):
            moved.append(name)
    return first, moved


def _was_rewritten(shadow: Shadow, name: str, raw: str | None, ground: Ground) -> bool:
    """Tell whether a field that our create gave, seen for the first time, shows what somebody wrote since."""
    if not shadow.ours or name not in shadow.given or not clean(name, raw, ground.region):
        return False
    return not renders(name, shadow.acked.get(name, ""), raw, ground.region)


def _settle(
    shadow: Shadow,
    name: str,
    raw: str | None,
    doubt: Unconfirmed,
    started: datetime,
    ground: Ground,
    result: Absorbed,
) -> bool:
    """Decide a write that was not confirmed; True where nothing is left to compare.

    Before the settle time nothing is decided. After it a rendering of what was sent is ours, the old value is
    written again (once more, if that was answered with success), and anything else is a statement.
    """
    if doubt.settle is None:
        return False
    if started < doubt.settle:
        return True
    result.settled = True
    is_old = name in shadow.seen and same(name, shadow.seen[name], raw, ground.region)
    # the old value may be a prefix of the new one ("Bob", "Bobby"): old is what it is taken for then
    if same(name, doubt.sent, raw, ground.region) or (
        not is_old and renders(name, doubt.sent, raw, ground.region)
    ):
        take_as_ours(shadow, name, raw, doubt.sent, doubt.number)
        return True
    if is_old:
        if doubt.tries >= 2:
            del shadow.doubtful[name]
            shadow.not_kept[name] = doubt.number
        else:
            shadow.doubtful[name] = replace(doubt, settle=None)
        return True
    del shadow.doubtful[name]
    return False


def take_as_ours(shadow: Shadow, name: str, raw: str | None, sent: str, number: int) -> None:
    """Take what is shown for the vendor's rendering of what was sent: the record has been given that."""
    shadow.seen[name] = raw
    shadow.acked[name] = sent
    shadow.knew[slot_of(name)] = max(number, shadow.knew.get(slot_of(name), 0))
    shadow.given.add(name)
    shadow.doubtful.pop(name, None)
    shadow.not_kept.pop(name, None)


def by_slot(names: list[str]) -> dict[str, list[str]]:
    """Return fields by what changes together."""
    grouped: dict[str, list[str]] = {}
    for name in names:
        grouped.setdefault(slot_of(name), []).append(name)
    return grouped


def _state_first(
    record: Record, shown: Shown, ground: Ground, slot: str, names: list[str], result: Absorbed
) -> None:
    """Take fields seen for the first time: initial, unless we gave them or the record is of our making."""
    shadow = record.shadow
    unstated = names
    if shadow.given:
        unstated = [name for name in names if not _given_first(shadow, name, shown.fields[name], ground)]
    for name in unstated:
        raw = shadow.seen[name] = shown.fields[name]
        shadow.acked[name] = tidy(raw)
        result.settled = result.settled or name in shadow.given  # given, and not there: it is due again
    if not unstated or shadow.ours or not ground.stating.intersection(unstated):
        return
    if not any(shadow.acked[name] and clean(name, shadow.acked[name], ground.region) for name in unstated):
        return  # an empty initial value says nothing that could ever win
    known = shadow.stated.get(slot)
    if known is not None and known.kind != "initial":
        shadow.stated[slot] = replace(known, value={**known.value, **_parts(unstated, shown)})
        return
    result.statements.append(_statement(record, shown, ground, slot, "initial"))
    shadow.stated[slot] = result.statements[-1]


def _given_first(shadow: Shadow, name: str, raw: str | None, ground: Ground) -> bool:
    """Take a field that we gave before it was ever shown; True where what is shown is a rendering of that."""
    if name not in shadow.given or not renders(name, shadow.acked.get(name, ""), raw, ground.region):
        return False
    shadow.seen[name] = raw
    return True


def state_change(
    record: Record, shown: Shown, ground: Ground, slot: str, names: list[str], result: Absorbed
) -> None:
    """Take a difference: an edit, or a clear where everything that moved is empty now."""
    shadow = record.shadow
    kind: StatementKind = "clear" if _is_emptied(shown, slot, names, ground) else "edit"
    stated = _statement(record, shown, ground, slot, kind, _silent(shown, ground, slot, names, kind))
    for name in names:
        shadow.seen[name] = shown.fields[name]
        shadow.acked[name] = tidy(shown.fields[name])
        shadow.doubtful.pop(name, None)
        shadow.not_kept.pop(name, None)
    if not ground.stating.intersection(names):
        return
    if kind == "clear" and ground.ignores_clear(slot):
        shadow.cleared[slot] = stated.number
        result.ignored.append(stated)
        return
    shadow.cleared.pop(slot, None)
    shadow.stated[slot] = stated
    result.statements.append(stated)


def _is_emptied(shown: Shown, slot: str, names: list[str], ground: Ground) -> bool:
    """Tell whether a difference is a clear; an element taken out of a set is one where nothing is left in the set."""
    if is_element(slot):
        return not elements(shown.fields.get(base_of(slot)))
    return all(not clean(name, shown.fields[name], ground.region) for name in names)


def _silent(shown: Shown, ground: Ground, slot: str, moved: list[str], kind: StatementKind) -> frozenset[str]:
    """Return the empty parts of a unit of which a statement says nothing.

    Those are the parts that the record never had, and in an edit, where a clear goes no further, also those emptied
    with it: an edit of the street must not blank the postal code that only another record knows.
    """
    if is_element(slot):
        return frozenset()
    kept = kind == "edit" and ground.ignores_clear(slot)
    empty = [name for name in parts_of(slot) if not clean(name, shown.fields.get(name), ground.region)]
    return frozenset(name for name in empty if kept or name not in moved)


def _statement(
    record: Record,
    shown: Shown,
    ground: Ground,
    slot: str,
    kind: StatementKind,
    silent: frozenset[str] = frozenset(),
) -> Statement:
    spoken = [name for name in parts_of(slot) if name in shown.fields and name in ground.stating]
    names = [name for name in spoken if name not in silent] if silent else spoken
    old_seen = _latest(record.observed, ground.unchanged_since) if kind != "initial" else None
    return Statement(
        connection=record.connection,
        vendor_id=record.vendor_id,
        slot=slot,
        value=_parts(names, shown),
        kind=kind,
        number=ground.number(),
        knew=record.shadow.knew.get(slot, 0),
        old_seen=old_seen,
        new_seen=shown.started,
        pull_ended=ground.now,
        modified=None if _we_touched(record, old_seen) else shown.modified,
    )


def _we_touched(record: Record, old_seen: datetime | None) -> bool:
    """Tell whether a write of ours may have moved the vendor's own time since the old value was seen."""
    return record.written is not None and (old_seen is None or record.written >= old_seen)


def _latest(*times: datetime | None) -> datetime | None:
    return max((at for at in times if at is not None), default=None)


def _parts(names: list[str], shown: Shown) -> Mapping[str, str]:
    return {name: tidy(shown.fields[name]) for name in names}


def keep_look(record: Record, shown: Shown) -> None:
    """Keep the payload and the times of an observation."""
    record.payload = shown.payload
    record.observed = shown.started
    record.created = shown.created or record.created
    record.modified = shown.modified or record.modified
