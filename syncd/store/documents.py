"""The compact documents of a record's shadow and of a customer.

One document holds what a row per field would hold, at a fraction of the space and time:

- what is empty is left out;
- what a record was given and equals what it shows is not repeated, and neither is a statement's value that equals
  what is shown in its slot;
- of a record that was seen once, which says what it shows, only the slots are listed of which it says something, behind
  the number of the first one;
- statements name their kind, record and times once per document, in a list of *origins*: the statements of one
  look have them in common.

Reading gives back exactly what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final

import orjson

from syncd.customer import SLOTS
from syncd.errors import StoreError
from syncd.store.columns import encoded, microseconds, microseconds_or_none, moment, moment_or_none, written
from syncd.store.origins import NOBODY, Origins, Own, read_origins, statement_of
from syncd.values import Customer, Golden, Newcomer, Shadow, Statement, Unconfirmed

_UNITS: Final = frozenset(slot for slot, parts in SLOTS.items() if parts != (slot,))
# What stands in the document of a record that has said nothing but what it showed first.
_FIRST: Final = {"seen", "from", "said"}


# --- a record's shadow ---------------------------------------------------------------------------


def write_shadow(shadow: Shadow, own: Own) -> str:
    """Return the shadow of the record `own` as a document."""
    origins = Origins(own)
    stated = {
        slot: origins.packed(statement, _shown(slot, shadow.seen))
        for slot, statement in shadow.stated.items()
    }
    document = {
        "seen": shadow.seen,
        **_acked(shadow),
        "knew": shadow.knew,
        "from": origins.listed(),
        "stated": stated,
        "cleared": shadow.cleared,
        "doubt": {name: _packed_doubt(doubt) for name, doubt in shadow.doubtful.items()},
        "lost": shadow.not_kept,
        "given": sorted(shadow.given),
        "renders": sorted(shadow.renders),
        "allowed": shadow.allowed,
        "refused": shadow.refused,
        "ours": shadow.ours,
        "repeated": shadow.repeated,
        "withheld": shadow.withheld,
        "back": shadow.back,
    }
    return written({key: part for key, part in document.items() if part})


def write_first(new: Newcomer, number: int, times: Sequence[int | None]) -> bytes:
    """Return the shadow of a record that nobody has seen before as a document's bytes; its statements count from
    `number`.

    It is what `write_shadow` makes of these statements, without making them. `times` are when they were first seen, when
    they came in, and the vendor's own time.
    """
    document: dict[str, Any] = {"seen": new.seen}
    if new.tidied:
        document["acked"] = new.tidied
    if new.stated:
        document["from"] = [["i", None, *times]]
        if any(new.stated.values()):
            document["stated"] = {
                slot: [0, each, 0] if value is None else [0, each, 0, value]
                for each, (slot, value) in enumerate(new.stated.items(), number)
            }
        else:
            document["said"] = [number, *new.stated]
    return encoded(document)


def read_shadow(text: str, own: Own) -> Shadow:
    """Return the shadow of the record `own` from its document."""
    document = orjson.loads(text)
    get = document.get
    seen: dict[str, str | None] = get("seen") or {}
    origins = read_origins(get("from", ()), own)
    stated = {
        slot: statement_of(
            slot,
            packed[3] if len(packed) > 3 else _shown(slot, seen),
            packed[1],
            packed[2],
            origins[packed[0]],
        )
        for slot, packed in get("stated", {}).items()
    }
    for slot, number in said_first(document).items():
        stated[slot] = statement_of(slot, _shown(slot, seen), number, 0, origins[0])
    return Shadow(
        seen=seen,
        acked=_read_acked(seen, get("acked"), get("unacked", ())),
        knew=get("knew") or {},
        stated=stated,
        cleared=get("cleared") or {},
        doubtful={name: _read_doubt(*packed) for name, packed in get("doubt", {}).items()},
        not_kept=get("lost") or {},
        given=set(get("given", ())),
        renders=set(get("renders", ())),
        allowed=get("allowed") or {},
        refused={name: (value, words) for name, (value, words) in get("refused", {}).items()},
        ours=get("ours", False),
        repeated=get("repeated", ""),
        withheld=get("withheld") or {},
        back={name: (value, number) for name, (value, number) in get("back", {}).items()},
    )


def is_first(document: Mapping[str, Any]) -> bool:
    """Tell of a shadow's document whether it is that of a record that was seen once, as `write_first` makes it."""
    return document.keys() == _FIRST


def said_first(document: Mapping[str, Any]) -> dict[str, int]:
    """Return the slots of which a record that was seen once says what it shows, each with its number."""
    number, *slots = document.get("said") or (0,)
    return dict(zip(slots, count(number), strict=False))


def knowing(document: str, knew: Mapping[str, int]) -> str:
    """Return the document of a shadow that knew nothing of golden as it is once it knows these numbers."""
    return f'{document[:-1]},"knew":{written(knew)}}}' if knew else document


def _shown(slot: str, seen: Mapping[str, str | None]) -> dict[str, str]:
    """Return what is shown in a slot, as a statement would say it."""
    if slot in _UNITS:
        return {part: seen[part] or "" for part in SLOTS[slot] if part in seen}
    return {slot: seen[slot] or ""} if slot in seen else {}


def _acked(shadow: Shadow) -> dict[str, Any]:
    seen, acked = shadow.seen, shadow.acked
    return {
        "acked": {
            name: text for name, text in acked.items() if name not in seen or text != (seen[name] or "")
        },
        "unacked": [name for name in seen if name not in acked],
    }


def _read_acked(
    seen: Mapping[str, str | None], differing: Mapping[str, str] | None, unacked: list[str]
) -> dict[str, str]:
    acked = {name: text or "" for name, text in seen.items()}
    for name in unacked:
        del acked[name]
    if differing:
        acked.update(differing)
    return acked


def _packed_doubt(doubt: Unconfirmed) -> list[Any]:
    return [doubt.sent, doubt.number, microseconds_or_none(doubt.settle), doubt.tries]


def _read_doubt(sent: str, number: int, settle: int | None, tries: int) -> Unconfirmed:
    return Unconfirmed(sent, number, moment_or_none(settle), tries)


# --- a customer ----------------------------------------------------------------------------------


def write_customer(customer: Customer) -> str:
    """Return what a customer's own columns do not hold as a document."""
    origins = Origins(NOBODY)
    golden = {slot: _packed_golden(slot, value, origins) for slot, value in customer.golden.items()}
    document = {
        "from": origins.listed(),
        "golden": golden,
        "pins": customer.pins,
        "looked": {name: microseconds(when) for name, when in customer.looked.items()},
        "stamps": customer.stamps,
        "frozen": customer.frozen,
        "doubts": customer.doubts,
        "refused": customer.refused,
    }
    return written({key: part for key, part in document.items() if part})


def read_customer(
    text: str, customer_id: str, alias_of: str | None, first_seen: datetime | None, due: bool, version: int
) -> Customer:
    """Return a customer from its document and its columns."""
    document = orjson.loads(text)
    get = document.get
    origins = read_origins(get("from", ()), NOBODY)
    return Customer(
        id=customer_id,
        golden={slot: _read_golden(slot, packed, origins) for slot, packed in get("golden", {}).items()},
        pins=get("pins") or {},
        alias_of=alias_of,
        first_seen=first_seen,
        looked={name: moment(number) for name, number in get("looked", {}).items()},
        stamps=get("stamps") or {},
        frozen=get("frozen") or {},
        doubts=get("doubts") or {},
        refused=get("refused") or {},
        due=due,
        version=version,
    )


def _packed_golden(slot: str, golden: Golden, origins: Origins) -> list[Any]:
    holder = golden.holder and _packed_of(slot, golden.holder, golden.value, origins)
    packed = [golden.number, golden.rule, dict(golden.value), holder]
    if golden.conflict or golden.held_parts:
        conflict = [_packed_of(slot, statement, None, origins) for statement in golden.conflict]
        packed += [conflict, golden.held_parts]
    return packed


def _packed_of(
    slot: str, statement: Statement, shown: Mapping[str, str] | None, origins: Origins
) -> list[Any]:
    if statement.slot != slot:
        raise StoreError(
            f"A statement of {statement.slot} stands in {slot}.", "This is a fault of syncd: report it."
        )
    return origins.packed(statement, shown)


def _read_golden(slot: str, packed: list[Any], origins: list[tuple[Any, ...]]) -> Golden:
    number, rule, value, holder, *rest = packed
    conflict, held_parts, *_ = rest or ((), ())
    return Golden(
        value,
        number,
        rule,
        _read_packed(slot, holder, value, origins) if holder else None,
        tuple([_read_packed(slot, statement, {}, origins) for statement in conflict]),
        tuple(held_parts),
    )


def _read_packed(
    slot: str, packed: list[Any], shown: Mapping[str, str], origins: list[tuple[Any, ...]]
) -> Statement:
    value = packed[3] if len(packed) > 3 else shown
    return statement_of(slot, value, packed[1], packed[2], origins[packed[0]])


# --- statements in the journal and in reviews ----------------------------------------------------


def plain_statement(statement: Statement) -> dict[str, Any]:
    """Return a statement as a readable document, for the journal and for the evidence of a review."""
    return {
        "connection": statement.connection,
        "vendor_id": statement.vendor_id,
        "value": dict(statement.value),
        "kind": statement.kind,
        "number": statement.number,
        "knew": statement.knew,
        "new_seen": statement.new_seen and statement.new_seen.isoformat(),
        "modified": statement.modified and statement.modified.isoformat(),
    }
