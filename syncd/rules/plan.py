"""Plan: what is to be written where, and what is held and why; a pure function of golden values and records.

A write is due exactly where `acked` differs from golden, what is shown does not already equal it, and direction,
ability and validation allow it. Everything else that is due is held, with a reason an admin can act on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from syncd.customer import (
    SLOTS,
    clean,
    fold,
    full_name,
    is_rendering_of_name,
    name_is_empty,
    phone_key,
    same,
    slot_of,
    split_name,
)
from syncd.values import Customer, Draft, FieldSpec, Golden, Held, Record, Shadow

Waits = Literal["look", "person", "golden", "settle", "link", "stamp"]


@dataclass(frozen=True, slots=True)
class Target:
    """One connection as the plan sees it.

    full_done  whether a complete full pass of it was ever made
    looked     when its last complete pass began
    stamps     the connection whose record ids are written into its external-id field, None for our customer id
    stamped    whether it has an external-id field
    only       field → clean values, one of which a customer must have to be created or updated there
    unique     fields that no two of its records may share
    demands    groups of fields of which a create needs at least one each
    """

    name: str
    push: frozenset[str]
    fields: Mapping[str, FieldSpec]
    region: str | None = None
    name_order: Literal["given_first", "family_first"] = "given_first"
    full_done: bool = False
    looked: datetime | None = None
    creates: bool = True
    updates: bool = True
    stamped: bool = False
    stamps: str | None = None
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unique: frozenset[str] = frozenset()
    demands: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What the plan of one customer may look at beside the customer.

    `taken` maps (connection, field, clean value) to the vendor ids that hold the value there. `open_creates` are
    the connections with a create whose outcome is not known. `overwrite` allows replacing records' own initial
    values.
    """

    targets: Sequence[Target]
    regions: Mapping[str, str | None]
    taken: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)
    open_creates: frozenset[str] = frozenset()
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
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
    drift: bool = False


def plan(customer: Customer, records: Sequence[Record], world: World) -> Plan:
    """Return what is to be written for one customer, what is held, and which records know golden already."""
    result = Plan()
    live = [record for record in records if record.role == "primary" and record.state != "gone"]
    for target in world.targets:
        there = [record for record in records if record.connection == target.name]
        primary = next((record for record in live if record.connection == target.name), None)
        if primary is not None:
            _update(customer, primary, target, world, result)
        elif not there and live:
            _create(customer, live, target, world, result)
    _wait_for_stamps(world, result)
    return result


# --- what a field should be ----------------------------------------------------------------------


def wanted(customer: Customer, name: str, target: Target, regions: Mapping[str, str | None]) -> str | None:
    """Return the value that a record at `target` should have in a field, None where golden does not say."""
    golden = customer.golden.get(slot_of(name))
    if golden is None:
        return None
    if name == "full_name":
        return None if name_is_empty(golden.value) else full_name(golden.value, target.name_order)
    if name not in golden.value:
        return None
    value = golden.value[name]
    return _phone_for(value, golden, target, regions) if name == "phone" else value


def _phone_for(value: str, golden: Golden, target: Target, regions: Mapping[str, str | None]) -> str:
    """Return a phone as E.164, or as it was written where source and target share a region."""
    source = regions.get(golden.holder.connection) if golden.holder else None
    if source == target.region:
        return value
    return phone_key(value, source) or value


def _delivered(name: str, value: str, desired: str, golden: Golden, region: str | None) -> bool:
    """Tell whether a value is the golden one, a full name in either order being the same name."""
    if same(name, value, desired, region):
        return True
    if name != "full_name" or not value:
        return False
    words = sorted(value.split())
    parts = f"{golden.value.get('first_name', '')} {golden.value.get('last_name', '')}".split()
    return is_rendering_of_name(value, golden.value) and words in (sorted(parts), sorted(desired.split()))


# --- updates -------------------------------------------------------------------------------------


def _update(customer: Customer, record: Record, target: Target, world: World, result: Plan) -> None:
    changes: dict[str, tuple[str, str]] = {}
    overwrites: set[str] = set()
    known: dict[str, dict[str, str]] = {}
    behind: set[str] = set()
    for name, spec in target.fields.items():
        golden = customer.golden.get(slot_of(name))
        desired = _wanted_at(customer, record, name, target, world)
        if golden is None or desired is None or spec.direction == "off":
            continue
        before = record.shadow.acked.get(name)
        if _has_it(record, name, desired, golden, target.region):
            known.setdefault(slot_of(name), {})[name] = desired
            continue
        behind.add(slot_of(name))
        if not desired and not _may_empty(golden):
            continue
        result.drift = True
        if _one_way(spec, target, before):
            known.setdefault(slot_of(name), {})
            continue
        reason = _why_held(customer, record, name, spec, desired, target, world)
        if reason:
            text, waits = reason
            result.held.append(Held(target.name, customer.id, name, text, record.vendor_id, waits))
            continue
        if _own_initial(record, name, golden):
            overwrites.add(slot_of(name))
        changes[name] = (before if before is not None else record.value(name), desired)
    _note_known(record, known, behind, customer, result)
    if changes:
        result.drafts.append(
            _draft(customer, target, changes, "update", record.vendor_id, tuple(sorted(overwrites)))
        )


def _wanted_at(customer: Customer, record: Record, name: str, target: Target, world: World) -> str | None:
    """Return the value that a record should have; a half-made one still wants the name that its create derived."""
    desired = wanted(customer, name, target, world.regions)
    if desired is not None or not record.shadow.ours or name not in _names_to_derive(customer, target):
        return desired
    if record.value("first_name") or record.value("last_name"):
        return None
    return split_name(customer.golden["name"].value["full_name"], target.name_order).get(name)


def _has_it(record: Record, name: str, desired: str, golden: Golden, region: str | None) -> bool:
    shadow = record.shadow
    if name in shadow.doubtful:
        return False
    given, shown = shadow.acked.get(name), shadow.seen.get(name)
    if given is not None and _delivered(name, given, desired, golden, region):
        return True
    return bool(shown) and _delivered(name, shown or "", desired, golden, region)


def _may_empty(golden: Golden) -> bool:
    """Tell whether an empty golden value is one that somebody made empty, not one that nobody filled."""
    return golden.rule in ("pinned", "decided_by_a_person", "undone") or (
        golden.holder is not None and golden.holder.kind != "initial"
    )


def _one_way(spec: FieldSpec, target: Target, before: str | None) -> bool:
    """Tell whether nothing can be delivered here by the settings or by what the vendor can do."""
    if spec.direction == "in" or spec.writable in ("never", "create"):
        return True
    if "update" not in target.push or not target.updates:
        return True
    return spec.direction == "fill" and bool(before)


def _why_held(
    customer: Customer, record: Record, name: str, spec: FieldSpec, desired: str, target: Target, world: World
) -> tuple[str, Waits] | None:
    shadow, slot = record.shadow, slot_of(name)
    golden = customer.golden[slot]
    if not _matches(customer, target):
        return f"parked: the customer is not among those that {target.name} is limited to", "golden"
    if spec.hold:
        return spec.hold, "person"
    return (
        _held_by_golden(customer, record, name, golden)
        or _held_by_shadow(shadow, name, golden, desired)
        or _held_by_initial(record, name, golden, world)
        or _held_by_limits(customer, record, name, spec, desired, target, world)
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
    if name not in shadow.acked and name not in shadow.seen:
        return "the vendor does not show what it holds here", "golden"
    return None


def _held_by_initial(record: Record, name: str, golden: Golden, world: World) -> tuple[str, Waits] | None:
    if not _own_initial(record, name, golden) or world.overwrite:
        return None
    if record.shadow.allowed.get(slot_of(name), -1) >= golden.number:
        return None
    return "it differed before linking", "link"


def _own_initial(record: Record, name: str, golden: Golden) -> bool:
    """Tell whether golden would replace the record's own, non-empty word from before it was linked.

    An edit newer than the link that became golden speaks for everybody; what we gave once is not its own word.
    """
    stated = record.shadow.stated.get(slot_of(name))
    if stated is None or name in record.shadow.given or not record.shadow.acked.get(name):
        return False
    if golden.rule in ("pinned", "decided_by_a_person", "undone"):
        return False
    holder = golden.holder
    newer = holder is not None and holder.kind != "initial" and holder.number > record.linked_at
    return not newer and (stated.kind == "initial" or stated.number <= record.linked_at)


def _held_by_limits(
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
    needs = spec.needs + (spec.update_needs if record is not None else ())
    missing = [need for need in needs if not _known_there(customer, record, need, target, world)]
    if missing:
        return f"it can only be written together with {_listed(missing)}", "golden"
    return _held_by_uniqueness(record, name, desired, target, world)


def _known_there(customer: Customer, record: Record | None, name: str, target: Target, world: World) -> bool:
    if record is None:
        return bool(wanted(customer, name, target, world.regions))
    return bool(_wanted_at(customer, record, name, target, world) or record.value(name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


def _held_by_uniqueness(
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


def _matches(customer: Customer, target: Target) -> bool:
    values = customer.values()
    return all(clean(name, values.get(name, "")) in allowed for name, allowed in target.only.items())


def _note_known(
    record: Record, known: Mapping[str, Mapping[str, str]], behind: set[str], customer: Customer, result: Plan
) -> None:
    """Note slots whose golden value the record has, or can never be given: whoever edits it next knew of it."""
    for slot, fields in known.items():
        golden = customer.golden[slot]
        one_way = not fields
        if slot in behind and not one_way:
            continue
        stale = {name: text for name, text in fields.items() if record.shadow.acked.get(name) != text}
        moved = any(not same(name, record.shadow.acked.get(name), text) for name, text in stale.items())
        if record.shadow.knew.get(slot, 0) < golden.number or moved:
            result.acks.append(Ack(*record.key, slot, stale if moved else {}, golden.number))


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


# --- creates -------------------------------------------------------------------------------------


def _create(customer: Customer, live: Sequence[Record], target: Target, world: World, result: Plan) -> None:
    if "create" not in target.push or not target.creates or not _matches(customer, target):
        return
    result.drift = True
    fields, derived, held = _create_fields(customer, target, world)
    reason = _why_not_created(customer, target, world, fields)
    if reason:
        text, waits = reason
        result.held.append(Held(target.name, customer.id, "", text, None, waits))
        return
    for name, (text, waits) in held.items():
        result.held.append(Held(target.name, customer.id, name, text, None, waits))
    changes = {name: ("", value) for name, value in fields.items()}
    stamp = _stamp(customer, live, target)
    result.drafts.append(_draft(customer, target, changes, "create", None, stamp=stamp, derived=derived))


def _create_fields(
    customer: Customer, target: Target, world: World
) -> tuple[dict[str, str], tuple[str, ...], dict[str, tuple[str, Waits]]]:
    """Return what a create would send, which of it is derived, and what of golden cannot go along."""
    fields: dict[str, str] = {}
    held: dict[str, tuple[str, Waits]] = {}
    for name, spec in target.fields.items():
        if spec.direction in ("in", "off") or spec.writable in ("never", "update"):
            continue
        desired = wanted(customer, name, target, world.regions)
        if not desired:
            continue
        reason = _held_by_limits(customer, None, name, spec, desired, target, world)
        if reason is None:
            fields[name] = desired
        elif name not in _names_to_derive(customer, target):
            held[name] = reason
    derived = _derive_names(customer, target, fields, held)
    return fields, derived, held


def _names_to_derive(customer: Customer, target: Target) -> tuple[str, ...]:
    golden = customer.golden.get("name")
    if golden is None or not golden.value.get("full_name"):
        return ()
    parts = ("first_name", "last_name")
    return tuple(name for name in parts if name in target.fields and not golden.value.get(name))


def _derive_names(
    customer: Customer, target: Target, fields: dict[str, str], held: dict[str, tuple[str, Waits]]
) -> tuple[str, ...]:
    """Split a full name nobody stated the parts of, where this vendor takes only parts; it stays marked as derived."""
    if "full_name" in target.fields or len(_names_to_derive(customer, target)) != len(SLOTS["name"]) - 1:
        return ()
    parts = split_name(customer.golden["name"].value["full_name"], target.name_order)
    given = {name: text for name, text in parts.items() if text and name in target.fields}
    fields.update(given)
    for name in [name for name in held if _satisfied(target.fields[name], fields)]:
        fields[name] = wanted(customer, name, target, {}) or ""
        del held[name]
    return tuple(sorted(given))


def _satisfied(spec: FieldSpec, fields: Mapping[str, str]) -> bool:
    return bool(spec.needs) and all(fields.get(need) for need in spec.needs)


def _why_not_created(
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
        shared = name in fields and _held_by_uniqueness(None, name, fields[name], target, world)
        if shared:
            return shared
    if not target.full_done:
        return f"{target.name} was never read as a whole", "look"
    return None if _looked(customer, target) else ("not looked yet whether it is there already", "look")


def _missing(target: Target, fields: Mapping[str, str]) -> str:
    required = [name for name, spec in target.fields.items() if spec.required and not fields.get(name)]
    if required:
        return _listed(required)
    for group in target.demands:
        if not any(fields.get(name) for name in group):
            return " or ".join(name.replace("_", " ") for name in group)
    return ""


def _looked(customer: Customer, target: Target) -> bool:
    """Tell whether a pass of the target, or a search in it, began after the customer was first seen."""
    since = customer.first_seen
    looks = [at for at in (target.looked, customer.looked.get(target.name)) if at is not None]
    return since is None or any(at > since for at in looks)


def _stamp(customer: Customer, live: Sequence[Record], target: Target) -> str | None:
    if not target.stamped:
        return None
    source = next((record for record in live if record.connection == target.stamps), None)
    return source.vendor_id if source is not None else customer.id


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


def label(customer: Customer) -> str:
    """Return what a list shows of a customer: its name, else its company, e-mail or phone."""
    values = customer.values()
    name = full_name(values)
    return name or next(
        (values[key] for key in ("company", "email", "phone") if values.get(key)), customer.id
    )


def folded_label(customer: Customer) -> str:
    """Return the label as it is searched for."""
    return fold(label(customer))
