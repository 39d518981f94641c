"""Founding: whom records make that were never linked and have said nothing but what they showed first.

Most customers of a first load are made by such records that say the same, or by one alone. Then there is nothing to
weigh: what they say is golden by the rule of initial values, and where each record has all of it already, nothing is
to be written. That is told here at sight; it is what `golden.decide` and `plan.plan` say of them, at a tenth of the
cost, and where it cannot be told at sight they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.customer import SETS, SLOTS, full_name, name_is_empty, slot_of
from syncd.rules.golden import EVERYBODY, Policy, initial_priority
from syncd.rules.target import Target
from syncd.rules.units import is_empty
from syncd.values import Founded, Said, Sketch

Due = tuple[str, str, bool]  # field, its slot, and whether nothing can be delivered there


@dataclass(frozen=True, slots=True)
class Founding:
    """Which slots have a golden value and whose words they hear, and what is looked at in each connection's records.

    `creating` are the connections in which a customer that has no record there may be created.
    """

    slots: Sequence[tuple[str, tuple[str, ...], str | None]]
    fields: Mapping[str, Sequence[Due]]
    regions: Mapping[str, str | None]
    creating: frozenset[str]
    places: Mapping[str, int] = field(default_factory=dict)  # connection → its place in the order of trust

    @classmethod
    def of(
        cls,
        slots: Sequence[str],
        policy: Callable[[str], Policy],
        targets: Sequence[Target],
        regions: Mapping[str, str | None],
    ) -> Founding | None:
        """Return how customers are founded, by targets in the order of trust; None where sets are golden."""
        if SETS & {*slots}:
            return None
        owners = {slot: policy(slot).owner for slot in slots}
        return cls(
            slots=[
                (slot, SLOTS[slot], None if owners[slot] == EVERYBODY else owners[slot]) for slot in slots
            ],
            fields={target.name: _looked_at(target) for target in targets},
            regions=regions,
            creating=frozenset(
                target.name for target in targets if target.creates and "create" in target.push
            ),
            places={target.name: place for place, target in enumerate(targets)},
        )

    def founded(self, customer: str, newcomers: Sequence[Sketch]) -> Founded | None:
        """Return the customer that records make, None where something is to be weighed, written or held."""
        here = {one.connection for one in newcomers}
        if len(here) < len(newcomers) or not here <= self.fields.keys() or not self.creating <= here:
            return None
        golden = self._golden(newcomers)
        if golden is None:
            return None
        wanted = _wanted(golden)
        members = []
        for one in newcomers:
            known = self._known(one, wanted)
            if known is None:
                return None
            members.append((one, known))
        return Founded(customer, initial_priority.__name__, golden, members)

    def _golden(self, newcomers: Sequence[Sketch]) -> dict[str, Said] | None:
        """Return what records say of each slot, with the most trusted one that says it; None where two differ."""
        ranked = newcomers
        if len(newcomers) > 1:
            ranked = sorted(newcomers, key=lambda one: self.places[one.connection])
            if len({self.regions.get(one.connection) for one in ranked}) > 1:
                return None
        golden: dict[str, Said] = {}
        for slot, parts, owner in self.slots:
            for one in ranked:
                if slot not in one.words or owner not in (None, one.connection):
                    continue
                value = _said(parts, one.seen)
                if slot not in golden:
                    golden[slot] = (value, one, not is_empty(value))
                if not value or value != golden[slot][0]:
                    return None
        return golden

    def _known(self, one: Sketch, wanted: Mapping[str, str]) -> dict[str, None] | None:
        """Return the slots whose golden value a record has or can never be given, None where it may lack something."""
        known: dict[str, None] = {}
        seen = one.seen
        for name, slot, one_way in self.fields[one.connection]:
            text = wanted.get(name)
            if text is None:
                continue
            if name in seen:
                if (seen[name] or "") != text:
                    return None
            elif not text:
                continue
            elif not one_way:
                return None
            known[slot] = None
        return known


def _said(parts: tuple[str, ...], seen: Mapping[str, str | None]) -> dict[str, str]:
    """Return what is shown of a slot."""
    if len(parts) > 1:
        return {part: seen[part] or "" for part in parts if part in seen}
    (name,) = parts
    return {name: seen[name] or ""} if name in seen else {}


def _wanted(golden: Mapping[str, Said]) -> dict[str, str]:
    """Return field → what a record should have of golden; a full name that nobody stated is what its parts make."""
    wanted: dict[str, str] = {}
    for value, _, _ in golden.values():
        wanted.update(value)
    if "name" in golden:
        value = golden["name"][0]
        if name_is_empty(value):
            wanted.pop("full_name", None)
        elif not value.get("full_name"):
            wanted["full_name"] = full_name(value)
    return wanted


def _looked_at(target: Target) -> list[Due]:
    updated = "update" in target.push and target.updates
    return [
        (name, slot_of(name), not updated or spec.direction == "in" or spec.writable in ("never", "create"))
        for name, spec in target.fields.items()
        if spec.direction != "off"
    ]
