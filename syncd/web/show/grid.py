"""The grid of one customer: the golden value of every field beside what each record shows, and why it is golden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from syncd.customer import FIELDS, OWNED, base_of, same, slot_of, slots_of
from syncd.store import JournalRow
from syncd.values import Customer, Golden, Held, Record
from syncd.web.show.times import exact
from syncd.web.show.words import beaten_words, field_word, rule_word


@dataclass(frozen=True, slots=True)
class Cell:
    """What one record shows in one field: None where its connection does not show it."""

    shown: str | None
    differs: bool
    note: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the grid."""

    name: str
    label: str
    golden: str
    rule: str
    because: str
    beaten: tuple[str, ...]
    pinned: bool
    pinnable: bool
    frozen: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the grid is made of; `regions` says by which country's plan a connection writes phone numbers."""

    customer: Customer
    records: Sequence[Record]
    holds: Mapping[tuple[str, str | None, str], str]
    changes: Mapping[str, JournalRow]
    regions: Mapping[str, str | None]
    zone: ZoneInfo


def grid(
    customer: Customer,
    records: Sequence[Record],
    held: Sequence[Held],
    history: Sequence[JournalRow],
    regions: Mapping[str, str | None],
    zone: ZoneInfo,
) -> list[FieldRow]:
    """Return the fields that somebody holds or shows, golden beside each record's value."""
    holds = {(one.connection, one.vendor_id, one.field): one.reason for one in held}
    known = Known(customer, records, holds, {row.slot: row for row in history}, regions, zone)
    values = customer.values()
    names = [name for name in FIELDS if values.get(name) or any(record.value(name) for record in records)]
    return [_row(known, name, values.get(name, "")) for name in names]


def _row(known: Known, name: str, value: str) -> FieldRow:
    customer, slot = known.customer, slot_of(name)
    last = max(slots_of(name, customer.golden), key=lambda each: customer.golden[each].number, default=slot)
    golden, change = customer.golden.get(last), known.changes.get(last)
    return FieldRow(
        name=name,
        label=field_word(name),
        golden=value,
        rule=golden.rule if golden else "",
        because=because(golden, change, known.zone) if golden else "",
        beaten=tuple(beaten_words(one, known.zone) for one in change.beaten) if change else (),
        pinned=name in customer.pins.get(slot, {}),
        pinnable=name not in OWNED,
        frozen=customer.frozen.get(slot, ""),
        cells=tuple(_cell(known, name, value, record) for record in known.records),
    )


def because(golden: Golden, change: JournalRow | None, zone: ZoneInfo) -> str:
    """Return why a slot has its value: the rule, who said it and when."""
    said = rule_word(golden.rule).capitalize()
    if golden.holder:
        said += f", from {golden.holder.connection}"
        when = golden.holder.modified or golden.holder.new_seen
        said += f", {exact(when, zone)}" if when else ""
    return f"{said}. {change.note}" if change and change.note else f"{said}."


def _cell(known: Known, name: str, golden: str, record: Record) -> Cell:
    """Return what a record shows; it differs where its vendor was not given golden and shows something else."""
    if name not in record.shadow.seen:
        return Cell(None, False, _note(known, name, record))
    shown = record.value(name)
    equal = _equal(known, name, golden, shown, record)
    given = _equal(known, name, golden, record.shadow.acked.get(name, ""), record)
    rendered = "" if equal or not given or not golden else "as this vendor keeps it"
    differs = bool(golden) and record.state != "gone" and not equal and not given
    return Cell(shown, differs, _note(known, name, record) or rendered)


def _equal(known: Known, name: str, golden: str, other: str, record: Record) -> bool:
    """Tell whether two values are the same; a phone number may be written by either side's plan."""
    held = known.customer.golden.get(slot_of(name))
    regions = {known.regions.get(record.connection)}
    regions |= {known.regions.get(held.holder.connection)} if held and held.holder else set()
    return any(same(name, golden, other, region) for region in regions)


def _note(known: Known, name: str, record: Record) -> str:
    told = [why for (*key, each), why in known.holds.items() if (*key, base_of(each)) == (*record.key, name)]
    held = "; ".join(dict.fromkeys(told))
    return held or ("written, not confirmed yet" if name in record.shadow.doubtful else "")
