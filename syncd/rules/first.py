"""First sight: a record that nobody has seen before says everything for the first time, and nothing is compared.

It gives what absorbing gives (`syncd.rules.absorb`) in a quarter of the time: a first load is little else.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.customer import parts_of, says_nothing, slot_of, tidy
from syncd.rules.ground import Ground
from syncd.values import Record, Shadow, Shown, Statement


def is_unseen(shadow: Shadow) -> bool:
    """Tell whether nothing is known of a record, so that all that it says is initial."""
    known = shadow.seen or shadow.acked or shadow.stated or shadow.knew or shadow.doubtful
    return not (known or shadow.given or shadow.ours)


def first_words(record: Record, shown: Shown, ground: Ground) -> list[Statement]:
    """Take everything that is shown into an empty shadow and return what the record states by it."""
    shadow = record.shadow
    seen, acked = shadow.seen, shadow.acked
    slots: dict[str, bool] = {}  # in the order in which they are shown, and whether one says anything
    for name, raw in shown.fields.items():
        if name in ground.readable and name not in seen:
            seen[name] = raw
            text = acked[name] = tidy(raw)
            slot = slot_of(name)
            slots[slot] = slots.get(slot, False) or not says_nothing(name, text)
    modified = None if record.written is not None else shown.modified
    for slot, tells in slots.items():
        value = _spoken(slot, acked, ground.stating) if tells else None
        if value:
            shadow.stated[slot] = Statement(
                record.connection,
                record.vendor_id,
                slot,
                value,
                "initial",
                ground.number(),
                new_seen=shown.started,
                pull_ended=ground.now,
                modified=modified,
            )
    return list(shadow.stated.values())


def _spoken(slot: str, tidied: Mapping[str, str], stating: frozenset[str]) -> dict[str, str]:
    return {name: tidied[name] for name in parts_of(slot) if name in tidied and name in stating}
