"""Hold: why something that is due is not written, in words an admin can act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from syncd.customer import clean, same, slot_of
from syncd.rules.target import Target, World, matches, wanted, wanted_at
from syncd.values import Customer, FieldSpec, Golden, Record, Shadow

DIFFERED = "it differed before linking"
TOGETHER = "it can only be written together with"
Waits = Literal["look", "person", "golden", "settle", "link", "stamp"]


def why_held(
    customer: Customer, record: Record, name: str, spec: FieldSpec, desired: str, target: Target, world: World
) -> tuple[str, Waits] | None:
    shadow, slot = record.shadow, slot_of(name)
    golden = customer.golden[slot]
    if not matches(customer, target):
        return f"parked: the customer is not among those that {target.name} is limited to", "golden"
    if spec.hold:
        return spec.hold, "person"
    return (
        _held_by_golden(customer, record, name, golden)
        or _held_by_shadow(shadow, name, golden, desired)
        or _held_by_initial(record, name, golden, world)
        or held_by_limits(customer, record, name, spec, desired, target, world)
    )


def _held_by_golden(
    customer: Customer, record: Record, name: str, golden: Golden
) -> tuple[str, Waits] | None:
    slot = slot_of(name)
    if slot in customer.frozen:
        return f"frozen: {customer.frozen[slot]}", "person"
    if name in golden.held_parts:
        return "the rest of it changed somewhere that does not hold this part", "golden"
    if any(statement.record == record.key for statement in golden.conflict):
        return "a conflict waits for a decision", "person"
    if record.state == "suspect":
        return "the record is missing there and may have been deleted", "golden"
    return None


def _held_by_shadow(shadow: Shadow, name: str, golden: Golden, desired: str) -> tuple[str, Waits] | None:
    slot = slot_of(name)
    if slot in shadow.withheld:
        return "an edit there waits for a decision", "person"
    if shadow.cleared.get(slot, 0) > golden.number:
        return "it was emptied there, which goes no further", "golden"
    if shadow.not_kept.get(name, -1) >= golden.number:
        return "the vendor does not keep what is written here", "golden"
    doubt = shadow.doubtful.get(name)
    if doubt is not None and doubt.settle is not None:
        return "a write is not confirmed yet", "settle"
    refused = shadow.refused.get(name)
    if refused is not None and same(name, refused[0], desired):
        return f"the vendor refused it: {refused[1]}", "golden"
    if shadow.has(name) is None and name not in shadow.seen:
        return "the vendor does not show what it holds here", "golden"
    return None


def _held_by_initial(record: Record, name: str, golden: Golden, world: World) -> tuple[str, Waits] | None:
    if not own_initial(record, name, golden) or world.overwrite:
        return None
    if record.shadow.allowed.get(slot_of(name), -1) >= golden.number:
        return None
    return DIFFERED, "link"


def given_back(record: Record, name: str, golden: Golden) -> str | None:
    """Return the record's own value that an undo gives back beside this golden value, None where there is none."""
    own, number = record.shadow.back.get(name, ("", -1))
    return own if number == golden.number else None


def own_initial(record: Record, name: str, golden: Golden) -> bool:
    """Tell whether golden would replace the record's own, non-empty word from before it was linked.

    An edit newer than the link that became golden speaks for everybody; what we gave once is not its own word.
    """
    stated = record.shadow.stated.get(slot_of(name))
    if stated is None or name in record.shadow.given or not clean(name, record.shadow.acked.get(name)):
        return False
    if golden.rule in ("pinned", "decided_by_a_person", "undone"):
        return False
    holder = golden.holder
    newer = holder is not None and holder.kind != "initial" and holder.number > record.linked_at
    return not newer and (stated.kind == "initial" or stated.number <= record.linked_at)


def held_by_limits(
    customer: Customer,
    record: Record | None,
    name: str,
    spec: FieldSpec,
    desired: str,
    target: Target,
    world: World,
) -> tuple[str, Waits] | None:
    if not desired:
        return ("it cannot be emptied there", "golden") if spec.required or not spec.clearable else None
    if spec.maximum is not None and len(desired) > spec.maximum:
        return f"it is longer than the {spec.maximum} characters that fit there", "golden"
    if spec.choices is not None and clean(name, desired) not in spec.choices:
        return "the vendor does not know this value", "golden"
    missing = [need for need in spec.needs if not _known_there(customer, record, need, target, world)]
    if missing:
        return f"{TOGETHER} {listed(missing)}", "golden"
    # a create that may not have its e-mail is held as a whole, not made without it
    return held_by_uniqueness(record, name, desired, target, world) if record is not None else None


def _known_there(customer: Customer, record: Record | None, name: str, target: Target, world: World) -> bool:
    """Tell whether a record has a field, or can be given it now."""
    if record is None:
        return bool(wanted(customer, name, target, world.regions))
    if record.value(name):
        return True
    desired = wanted_at(customer, record, name, target, world)
    refused = record.shadow.refused.get(name)
    return bool(
        desired
        and not (refused and same(name, refused[0], desired))
        and held_by_uniqueness(record, name, desired, target, world) is None
    )


def listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def held_by_uniqueness(
    record: Record | None, name: str, desired: str, target: Target, world: World
) -> tuple[str, Waits] | None:
    if name not in target.unique:
        return None
    holders = world.taken.get((target.name, name, clean(name, desired, target.region)), frozenset())
    others = sorted(holders - {record.vendor_id} if record else holders)
    if not others:
        return None
    return (
        f"{target.name} allows each {name.replace('_', ' ')} once, and another record there has it",
        "person",
    )
