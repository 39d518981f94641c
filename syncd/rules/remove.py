"""Remove: what follows elsewhere when a person deleted a record, as its connection's `on_delete` says.

`unlink` (the default) does nothing elsewhere and does not create the record again; `restore` creates it again;
`archive` and `delete` do the same to the customer's other records, always with a person's approval. Where somebody
edited the customer after the deletion, the edit lives on and a person decides. Whoever says "restore" makes the
deleted record a duplicate of the one that is to be created: a duplicate that is gone stands in nobody's way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from syncd.customer import slot_of
from syncd.rules.sets import spelled
from syncd.rules.target import Target, delivered, wanted
from syncd.values import Customer, Draft, FieldSpec, Held, Record

Removal = Literal["archive", "delete"]


def removal_of(records: Sequence[Record], targets: Mapping[str, Target]) -> tuple[Record, Removal] | None:
    """Return the deleted record whose connection asks for the removal of the others, and how."""
    for record in records:
        target = targets.get(record.connection)
        if record.state != "gone" or record.role != "primary" or target is None:
            continue
        if target.on_delete in ("archive", "delete") and not _lives_there(record, records):
            return record, "archive" if target.on_delete == "archive" else "delete"
    return None


def in_the_way(record: Record) -> bool:
    """Tell whether a record stands for its customer in its connection, be it gone."""
    return record.role == "primary" or record.state != "gone"


def edited_and_deleted(
    customer: Customer,
    records: Sequence[Record],
    targets: Mapping[str, Target],
    regions: Mapping[str, str | None],
) -> list[tuple[Record, list[str]]]:
    """Return deleted records that lack what somebody edited elsewhere, with those slots: a person must decide."""
    found: list[tuple[Record, list[str]]] = []
    for record in records:
        target = targets.get(record.connection)
        if record.state != "gone" or record.role != "primary" or target is None or not target.asks:
            continue
        slots = sorted(
            {
                slot_of(name)
                for name, spec in spelled(target, customer)
                if _lacks(customer, record, name, spec, target, regions)
            }
        )
        if slots and not _lives_there(record, records):
            found.append((record, slots))
    return found


def _lacks(
    customer: Customer,
    record: Record,
    name: str,
    spec: FieldSpec,
    target: Target,
    regions: Mapping[str, str | None],
) -> bool:
    golden = customer.golden.get(slot_of(name))
    if golden is None or golden.holder is None or golden.holder.kind == "initial":
        return False
    if spec.direction in ("in", "off") or spec.writable in ("never", "create"):
        return False
    desired = wanted(customer, name, target, regions)
    has = record.shadow.has(name)
    return desired is not None and (has is None or not delivered(name, has, desired, golden, target.region))


def _lives_there(gone: Record, records: Sequence[Record]) -> bool:
    return any(record.connection == gone.connection and record.state != "gone" for record in records)


def remove(customer: Customer, record: Record, target: Target, gone: Record, how: Removal) -> Draft | Held:
    """Return the removal of one record, or why it is held."""
    able = target.deletes if how == "delete" else target.archives
    if not able:
        return _held(
            customer, record, f"deleted in {gone.connection}, and {target.name} cannot {how} a customer"
        )
    if _edited_since(customer, gone):
        return _held(customer, record, f"deleted in {gone.connection} and edited elsewhere since")
    reason = f"on_delete: a person deleted it in {gone.connection}"
    return Draft(target.name, how, customer.id, {}, {}, reason, record.vendor_id)


def _held(customer: Customer, record: Record, reason: str) -> Held:
    return Held(record.connection, customer.id, "", reason, record.vendor_id, "person")


def _edited_since(customer: Customer, gone: Record) -> bool:
    when = gone.absent_since or gone.observed
    holders = [golden.holder for golden in customer.golden.values() if golden.holder is not None]
    return any(
        holder.kind != "initial"
        and holder.record != gone.key
        and holder.new_seen is not None
        and when is not None
        and holder.new_seen > when
        for holder in holders
    )
