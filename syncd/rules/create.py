"""Create: what a record that is missing somewhere would be made of, and why it is not made yet.

A create needs what the vendor requires, and every place where the customer could already be must have been looked at
since we first saw them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.customer import SLOTS, says_something, split_name
from syncd.rules.hold import TOGETHER, Waits, held_by_limits, held_by_uniqueness, listed
from syncd.rules.sets import spelled
from syncd.rules.target import Target, World, names_to_derive, wanted
from syncd.values import Customer, FieldSpec, Record


def create_fields(
    customer: Customer, target: Target, world: World
) -> tuple[dict[str, str], tuple[str, ...], dict[str, tuple[str, Waits]]]:
    """Return what a create would send, which of it is derived, and what of golden cannot go along."""
    fields: dict[str, str] = {}
    held: dict[str, tuple[str, Waits]] = {}
    for name, spec in spelled(target, customer):
        if not _is_given(spec):
            continue
        desired = wanted(customer, name, target, world.regions)
        if desired is None or not says_something(name, desired):
            continue
        reason = held_by_limits(customer, None, name, spec, desired, target, world)
        if reason is None:
            fields[name] = desired
        elif name not in names_to_derive(customer, target):
            held[name] = reason
    derived = _derive_names(customer, target, fields, held)
    if "first_name" in fields and "full_name" in fields:
        del fields["full_name"]  # it only stands in for parts that cannot be written
    return fields, derived, held


def _is_given(spec: FieldSpec) -> bool:
    """Tell whether a create may carry a field, by the settings and by what the vendor can do."""
    return spec.direction not in ("in", "off") and spec.writable not in ("never", "update")


def _takes(spec: FieldSpec | None, text: str) -> bool:
    return spec is not None and _is_given(spec) and (spec.maximum is None or len(text) <= spec.maximum)


def _derive_names(
    customer: Customer, target: Target, fields: dict[str, str], held: dict[str, tuple[str, Waits]]
) -> tuple[str, ...]:
    """Split a full name nobody stated the parts of, where this vendor keeps only parts; it stays marked as derived.

    What was held because it needs the parts goes along; parts that still lack what they need do not.
    """
    keeps_whole = "full_name" in target.fields and target.fields["full_name"].writable == "always"
    if keeps_whole or len(names_to_derive(customer, target)) != len(SLOTS["name"]) - 1:
        return ()
    parts = split_name(customer.golden["name"].value["full_name"], target.name_order)
    possible = {name: text for name, text in parts.items() if text and _takes(target.fields.get(name), text)}
    derived = set(possible)
    waiting = [name for name, (why, _) in held.items() if why.startswith(TOGETHER)]
    possible |= {name: wanted(customer, name, target, {}) or "" for name in waiting}
    while lacking := [
        name for name in possible if not _satisfied(target.fields[name], {**fields, **possible})
    ]:
        for name in lacking:
            del possible[name]
    fields.update(possible)
    for name in possible:
        held.pop(name, None)
    return tuple(sorted(derived & possible.keys()))


def _satisfied(spec: FieldSpec, fields: Mapping[str, str]) -> bool:
    return all(fields.get(need) for need in spec.needs)


def why_not_created(
    customer: Customer, target: Target, world: World, fields: Mapping[str, str]
) -> tuple[str, Waits] | None:
    if customer.doubts:
        return f"{min(customer.doubts.values())}; a review waits", "person"
    if target.name in customer.refused:
        return f"{target.name} refused it: {customer.refused[target.name]}", "golden"
    if target.name in world.open_creates:
        return "a create is under way there and its outcome is not known yet", "settle"
    missing = _missing(target, fields)
    if missing:
        return f"{target.name} needs {missing}", "golden"
    for name in sorted(target.unique):
        shared = name in fields and held_by_uniqueness(None, name, fields[name], target, world)
        if shared:
            return shared
    if not target.full_done:
        return f"{target.name} was never read as a whole", "look"
    return None if _looked(customer, target) else ("not looked yet whether it is there already", "look")


def _missing(target: Target, fields: Mapping[str, str]) -> str:
    required = [name for name, spec in target.fields.items() if spec.required and not fields.get(name)]
    if required:
        return listed(required)
    for group in target.demands:
        if not any(fields.get(name) for name in group):
            return " or ".join(name.replace("_", " ") for name in group)
    return ""


def _looked(customer: Customer, target: Target) -> bool:
    """Tell whether a pass of the target, or a search in it, began after the customer was first seen."""
    since = customer.first_seen
    looks = [at for at in (target.looked, customer.looked.get(target.name)) if at is not None]
    return since is None or any(at > since for at in looks)


def stamp_of(customer: Customer, live: Sequence[Record], target: Target) -> str | None:
    if not target.stamped:
        return None
    source = next((record for record in live if record.connection == target.stamps), None)
    return source.vendor_id if source is not None else customer.id
