"""First sight: a record that nobody has seen before says everything for the first time, and nothing is compared.

It gives what absorbing gives (`syncd.rules.absorb`) in a fraction of the time: a first load is little else.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.customer import (
    SETS,
    SLOT_OF,
    VANISHING,
    YES,
    base_of,
    element,
    elements,
    is_element,
    parts_of,
    says_nothing,
    tidy,
)
from syncd.rules.ground import Ground
from syncd.values import Record, Shadow, Shown, Statement
from syncd.values.lean import lean


@lean(frozen=True, slots=True)
class FirstLook:
    """What one look shows of a record of which nothing is known, each element of a set as a field of its own.

    seen    field → what is shown
    tidied  field → its tidy form, where that is another text
    said    slots of which something is said, in the order in which they are shown
    """

    seen: dict[str, str | None]
    tidied: dict[str, str]
    said: list[str]

    @property
    def acked(self) -> dict[str, str]:
        """Return the tidy form of all that is shown."""
        return {name: raw or "" for name, raw in self.seen.items()} | self.tidied

    def spoken(self, slot: str, stating: frozenset[str]) -> dict[str, str]:
        """Return what a statement says of a slot."""
        if is_element(slot):
            return {slot: YES} if base_of(slot) in stating else {}
        seen, tidied = self.seen, self.tidied
        return {
            name: tidied.get(name, seen[name] or "")
            for name in parts_of(slot)
            if name in seen and name in stating
        }

    def stated(self, stating: frozenset[str], *, all_state: bool) -> Mapping[str, Mapping[str, str] | None]:
        """Return what is said by slot, None for what is shown there; `all_state` where every field that is read states."""
        if all_state and not self.tidied:
            return dict.fromkeys(self.said)
        return {slot: value for slot in self.said if (value := self.spoken(slot, stating))}


def is_unseen(shadow: Shadow) -> bool:
    """Tell whether nothing is known of a record, so that all that it says is initial."""
    known = shadow.seen or shadow.acked or shadow.stated or shadow.knew or shadow.doubtful
    return not (known or shadow.given or shadow.ours or shadow.repeated)


def first_look(fields: Mapping[str, str | None], readable: frozenset[str]) -> FirstLook:
    """Take in what is shown in the fields that are read."""
    seen = {name: raw for name, raw in fields.items() if name in readable}
    tidied: dict[str, str] = {}
    tells: dict[str, bool] = {}  # by slot, in the order in which they are shown
    answered: list[str] = []
    for name, raw in seen.items():
        text = tidy(raw) if raw else ""
        if raw and text != raw:
            tidied[name] = text
        if name in SETS:
            answered += [element(name, word) for word in elements(raw)]
        elif text and not (name in VANISHING and says_nothing(name, text)):
            tells[SLOT_OF[name]] = True
        else:
            tells.setdefault(SLOT_OF[name], False)
    said = [slot for slot, tell in tells.items() if tell]
    if answered:
        seen |= dict.fromkeys(answered, YES)
        said += answered
    return FirstLook(seen, tidied, said)


def first_words(record: Record, shown: Shown, ground: Ground) -> list[Statement]:
    """Take everything that is shown into an empty shadow and return what the record states by it."""
    look = first_look(shown.fields, ground.readable)
    shadow = record.shadow
    shadow.seen, shadow.acked = look.seen, look.acked
    modified = None if record.written is not None else shown.modified
    for slot in look.said:
        if value := look.spoken(slot, ground.stating):
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
