"""Apart: what becomes of records that a person has separated from those that they were made or matched with.

What we wrote is nobody's statement. But a record of our making that is said to be a person of its own has nobody else
left to speak for it: what it shows where its side knows nothing is taken as its initial word, or the customer would
be one without a name. What was only filled into a person's own record came from the other side: it goes back to empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncd.customer import SETS, SLOTS, clean, is_element, tidy
from syncd.values import Golden, Record, Statement


def speak_for_themselves(side: Sequence[Record], number: int) -> list[Record]:
    """Give records of our making their own words in the slots that no record of their side speaks of.

    Beside a person's own record that is only the name: what else they have came from the other side.
    """
    spoken = _spoken(side)
    if any(not record.shadow.ours and record.state != "gone" for record in side):
        spoken |= {slot for record in side for slot, _ in _asked(record.shadow.seen)} - {"name"}
    speaking = [record for record in side if record.shadow.ours and record.state != "gone"]
    for record in speaking:
        known = spoken | record.shadow.stated.keys()  # an edit that waits for a person stays one
        words = _initial(record, number)
        record.shadow.stated.update({slot: one for slot, one in words.items() if slot not in known})
        record.considered, record.fresh = 0, True
    return speaking


def _spoken(side: Sequence[Record]) -> set[str]:
    """Return the slots of which a record speaks; what was edited in a duplicate waits for a person and says nothing."""
    return {
        slot
        for record in side
        for slot, one in record.shadow.stated.items()
        if record.role == "primary" or one.kind == "initial"
    }


def _initial(record: Record, number: int) -> dict[str, Statement]:
    # as it was given, not as its vendor renders it
    shown = {
        name: record.shadow.acked.get(name, "")
        for name, text in record.shadow.seen.items()
        if tidy(text) and name not in SETS and clean(name, text)
    }
    return {
        slot: Statement(
            connection=record.connection,
            vendor_id=record.vendor_id,
            slot=slot,
            value={name: shown[name] for name in names if shown.get(name)},
            kind="initial",
            number=number,
            new_seen=record.observed,
        )
        for slot, names in _asked(shown)
        if any(shown.get(name) for name in names)
    }


def _asked(names: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return every slot with its fields, and the elements of sets among these names."""
    return [*SLOTS.items(), *((name, (name,)) for name in names if is_element(name))]


def only_filled(
    side: Sequence[Record], golden: Mapping[str, Golden], beside: Sequence[Record] = ()
) -> dict[str, dict[str, str]]:
    """Return slot → empty parts for what these records were only given, and of which nobody on their side speaks.

    `beside` are records that speak too, but of which nothing is taken back.

    A name is never taken back: a record without one would be nobody's.
    """
    spoken = {slot for record in (*side, *beside) for slot in record.shadow.stated} | golden.keys() | {"name"}
    found: dict[str, dict[str, str]] = {}
    every = {name for record in side for name in record.shadow.given}
    for slot, names in [each for each in _asked(every) if each[0] not in spoken]:
        given = {
            name
            for record in side
            for name in names
            if name in record.shadow.given and clean(name, record.shadow.acked.get(name))
        }
        if given:
            found[slot] = dict.fromkeys(sorted(given), "")
    return found
