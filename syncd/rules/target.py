"""A connection as the plan sees it, and the value that a record there should have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from syncd.customer import (
    NO,
    clean,
    full_name,
    is_element,
    is_rendering_of_name,
    name_is_empty,
    phone_key,
    same,
    slot_of,
    split_name,
)
from syncd.values import Customer, FieldSpec, Golden, Record


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
    on_delete  what follows elsewhere when a person deletes a record there
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
    deletes: bool = False
    archives: bool = False
    on_delete: str = "unlink"

    @property
    def asks(self) -> bool:
        """Tell whether a person may want a record created here again that was deleted."""
        return self.creates and "create" in self.push and self.on_delete != "restore"


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
    if is_element(name):
        return clean(name, value) or NO
    return _phone_for(value, golden, target, regions) if name == "phone" else value


def _phone_for(value: str, golden: Golden, target: Target, regions: Mapping[str, str | None]) -> str:
    """Return a phone as E.164, or as it was written where source and target share a region."""
    source = regions.get(golden.holder.connection) if golden.holder else None
    if source == target.region:
        return value
    return phone_key(value, source) or value


def wanted_at(customer: Customer, record: Record, name: str, target: Target, world: World) -> str | None:
    """Return the value that a record should have; a half-made one still wants the name that its create derived."""
    desired = wanted(customer, name, target, world.regions)
    if desired is not None or not record.shadow.ours or name not in names_to_derive(customer, target):
        return desired
    if record.value("first_name") or record.value("last_name"):
        return None
    return split_name(customer.golden["name"].value["full_name"], target.name_order).get(name)


def names_to_derive(customer: Customer, target: Target) -> tuple[str, ...]:
    golden = customer.golden.get("name")
    if golden is None or not golden.value.get("full_name"):
        return ()
    parts = ("first_name", "last_name")
    return tuple(name for name in parts if name in target.fields and not golden.value.get(name))


def delivered(name: str, value: str, desired: str, golden: Golden, region: str | None) -> bool:
    """Tell whether a value is the golden one, a full name in either order being the same name."""
    if same(name, value, desired, region):
        return True
    if name != "full_name" or not value:
        return False
    words = sorted(value.split())
    told = [sorted(desired.split())]
    # otherwise the parts are held, and are those of another name
    if is_rendering_of_name(desired, {**golden.value, "full_name": ""}):
        parts = f"{golden.value.get('first_name', '')} {golden.value.get('last_name', '')}"
        told.append(sorted(parts.split()))
    return words in told and is_rendering_of_name(value, golden.value)


def matches(customer: Customer, target: Target) -> bool:
    values = customer.values()
    return all(clean(name, values.get(name, "")) in allowed for name, allowed in target.only.items())
