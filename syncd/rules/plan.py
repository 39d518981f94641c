"""Plan: what is to be written where, and what is held and why; a pure function of golden values and records.

A write is due exactly where `acked` differs from golden, what is shown does not already equal it, and direction,
ability and validation allow it. Everything else that is due is held, with a reason an admin can act on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from syncd.customer import same, says_something, slot_of
from syncd.rules.create import create_fields, stamp_of, why_not_created
from syncd.rules.hold import DIFFERED, given_back, own_initial, why_held
from syncd.rules.remove import Removal, in_the_way, removal_of, remove
from syncd.rules.sets import spelled
from syncd.rules.target import Target, World, delivered, matches, wanted_at
from syncd.values import Customer, Draft, FieldSpec, Golden, Held, Record
from syncd.values.lean import lean

_NOTHING: Mapping[str, str] = MappingProxyType({})


@lean(frozen=True, slots=True)
class Ack:
    """A record that has golden already, or can be given nothing: only its journal number moves."""

    connection: str
    vendor_id: str
    slot: str
    fields: Mapping[str, str]
    number: int


@dataclass(slots=True)
class Plan:
    """What one customer needs: drafts to write, fields held, and numbers to note."""

    drafts: list[Draft] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)


def plan(customer: Customer, records: Sequence[Record], world: World) -> Plan:
    """Return what is to be written for one customer, what is held, and which records know golden already."""
    result = Plan()
    live = [record for record in records if record.role == "primary" and record.state != "gone"]
    removal = removal_of(records, {target.name: target for target in world.targets})
    for target in world.targets:
        there = [record for record in records if record.connection == target.name and in_the_way(record)]
        primary = next((record for record in live if record.connection == target.name), None)
        if primary is not None and removal is not None:
            _remove(customer, primary, target, removal, result)
        elif primary is not None:
            _update(customer, primary, target, world, result)
        elif live and removal is None and (not there or target.on_delete == "restore"):
            _create(customer, live, target, world, result)
    _wait_for_stamps(world, result)
    return result


def _remove(
    customer: Customer, record: Record, target: Target, removal: tuple[Record, Removal], result: Plan
) -> None:
    outcome = remove(customer, record, target, *removal)
    if isinstance(outcome, Draft):
        result.drafts.append(outcome)
    else:
        result.held.append(outcome)


def _update(customer: Customer, record: Record, target: Target, world: World, result: Plan) -> None:
    changes: dict[str, tuple[str, str]] = {}
    overwrites: set[str] = set()
    known: dict[str, dict[str, str]] = {}
    behind: set[str] = set()
    for name, spec in spelled(target, customer):
        golden = customer.golden.get(slot_of(name))
        desired = wanted_at(customer, record, name, target, world)
        if golden is None or desired is None or spec.direction == "off":
            continue
        before = record.shadow.has(name)
        own = given_back(record, name, golden)
        if own is not None and same(name, before, own, target.region):
            behind.add(slot_of(name))
            result.held.append(Held(target.name, customer.id, name, DIFFERED, record.vendor_id, "link"))
            continue
        desired = desired if own is None else own
        if _has_it(record, name, desired, golden, target.region):
            known.setdefault(slot_of(name), {}).update(_respelled(name, before, desired))
            continue
        if not desired and not _may_empty(golden):
            continue
        if _one_way(name, spec, target, before):
            known.setdefault(slot_of(name), {})
            continue
        behind.add(slot_of(name))
        reason = why_held(customer, record, name, spec, desired, target, world)
        if reason:
            text, waits = reason
            result.held.append(Held(target.name, customer.id, name, text, record.vendor_id, waits))
            continue
        if own_initial(record, name, golden):
            overwrites.add(slot_of(name))
        changes[name] = (before if before is not None else record.value(name), desired)
    _note_known(record, known, behind, customer, result)
    if changes:
        result.drafts.append(
            _draft(customer, target, changes, "update", record.vendor_id, tuple(sorted(overwrites)))
        )


def _respelled(name: str, before: str | None, desired: str) -> Mapping[str, str]:
    """Return the field with its value where a record was given another spelling of it, nothing where it has just that."""
    return {name: desired} if before != desired else _NOTHING


def _has_it(record: Record, name: str, desired: str, golden: Golden, region: str | None) -> bool:
    shadow = record.shadow
    if name in shadow.doubtful:
        return False
    given = shadow.has(name)
    if given == desired:
        return True  # nearly always: told without a clean form
    shown = shadow.shows(name)
    if given is not None and delivered(name, given, desired, golden, region):
        return True
    return bool(shown) and delivered(name, shown or "", desired, golden, region)


def _may_empty(golden: Golden) -> bool:
    """Tell whether an empty golden value is one that somebody made empty, not one that nobody filled."""
    return golden.rule in ("pinned", "decided_by_a_person", "undone") or (
        golden.holder is not None and golden.holder.kind != "initial"
    )


def _one_way(name: str, spec: FieldSpec, target: Target, before: str | None) -> bool:
    """Tell whether nothing can be delivered here by the settings or by what the vendor can do."""
    if spec.direction == "in" or spec.writable in ("never", "create"):
        return True
    if "update" not in target.push or not target.updates:
        return True
    return spec.direction == "fill" and says_something(name, before)


def _note_known(
    record: Record, known: Mapping[str, Mapping[str, str]], behind: set[str], customer: Customer, result: Plan
) -> None:
    """Note slots whose golden value the record has, or can never be given: whoever edits it next knew of it.

    `known` has of each slot the fields whose value the record has in another spelling than it was given.
    """
    for slot, fields in known.items():
        golden = customer.golden[slot]
        if slot in behind:
            continue
        moved = any(not same(name, record.shadow.has(name), text) for name, text in fields.items())
        if record.shadow.knew.get(slot, 0) < golden.number or moved:
            result.acks.append(Ack(*record.key, slot, fields if moved else {}, golden.number))


def _draft(
    customer: Customer,
    target: Target,
    changes: Mapping[str, tuple[str, str]],
    kind: Literal["create", "update"],
    vendor_id: str | None,
    overwrites: tuple[str, ...] = (),
    stamp: str | None = None,
    derived: tuple[str, ...] = (),
) -> Draft:
    slots = sorted({slot_of(name) for name in changes})
    reasons = [f"{slot}: {customer.golden[slot].rule}" for slot in slots if slot in customer.golden]
    return Draft(
        connection=target.name,
        kind=kind,
        customer=customer.id,
        fields=dict(sorted(changes.items())),
        numbers={slot: customer.golden[slot].number for slot in slots if slot in customer.golden},
        reason="; ".join(reasons),
        vendor_id=vendor_id,
        stamp=stamp,
        overwrites=overwrites,
        derived=derived,
    )


def _create(customer: Customer, live: Sequence[Record], target: Target, world: World, result: Plan) -> None:
    if "create" not in target.push or not target.creates or not matches(customer, target):
        return
    fields, derived, held = create_fields(customer, target, world)
    reason = why_not_created(customer, target, world, fields)
    if reason:
        text, waits = reason
        result.held.append(Held(target.name, customer.id, "", text, None, waits))
        return
    for name, (text, waits) in held.items():
        result.held.append(Held(target.name, customer.id, name, text, None, waits))
    changes = {name: ("", value) for name, value in fields.items()}
    stamp = stamp_of(customer, live, target)
    result.drafts.append(_draft(customer, target, changes, "create", None, stamp=stamp, derived=derived))


def _wait_for_stamps(world: World, result: Plan) -> None:
    """Let a create wait for the one whose id it is stamped with, where that one is about to happen."""
    coming = {draft.connection for draft in result.drafts if draft.kind == "create"}
    coming |= {
        one.connection for one in result.held if not one.field and one.waits in ("look", "settle", "stamp")
    }
    sources = {
        target.name: target.stamps for target in world.targets if target.stamped and target.stamps in coming
    }
    for draft in [draft for draft in result.drafts if draft.kind == "create" and draft.connection in sources]:
        result.drafts.remove(draft)
        reason = f"it is stamped with the id of {sources[draft.connection]}, which is created first"
        result.held.append(Held(draft.connection, draft.customer, "", reason, None, "stamp"))
