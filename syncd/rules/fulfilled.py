"""Fulfilled: whether a write has done all that its customer was planned for, so that nobody need be planned anew.

What is due at one record does not depend on what another one has, and within a record each slot is planned by itself.
So after a write only the slots that it has moved can be planned otherwise than before, and where nothing is due in
them, or held, or to be noted, the plan is what it was without this write. Of a slot in which something was held that
may be over, and the hold has to go. One field may wait for another of another slot to be there (`needs`): what was
written was there, or about to be, when the plan was made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from syncd.customer import base_of, parts_of, slot_of
from syncd.rules.plan import plan
from syncd.rules.target import Target, World
from syncd.values import Customer, Draft, Record


def is_fulfilled(
    customer: Customer,
    record: Record,
    draft: Draft,
    moved: Collection[str],
    held: Collection[str],
    target: Target,
    regions: Mapping[str, str | None],
) -> bool:
    """Tell whether an update that was confirmed leaves nothing to plan.

    `moved` are the fields that show something new, `held` those of which a hold is stored here ("": of all).
    """
    names = draft.fields.keys() | moved
    if record.customer != customer.id or record.role != "primary" or record.state != "live":
        return False
    touched = _parts(names)
    if "" in held or not touched.isdisjoint(_parts(held)):
        return False
    fields = {name: target.fields[name] for name in touched if name in target.fields}
    if any(
        need in touched and (need not in draft.fields or not record.value(need))
        for name, spec in target.fields.items()
        if spec.needs and name not in fields
        for need in spec.needs
    ):
        return False
    left = plan(customer, [record], World([replace(target, fields=fields)], regions))
    return not (left.drafts or left.held or left.acks)


def _parts(names: Collection[str]) -> set[str]:
    """Return every field of the slots of these fields; in the place of an element its set."""
    return {base_of(part) for name in names for part in parts_of(slot_of(name))}
