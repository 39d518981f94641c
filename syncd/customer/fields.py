"""The canonical customer: its fields, and the slots that change together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncd.customer.sets import SETS, asked_of

FIELDS = (
    "email", "phone", "first_name", "last_name", "full_name", "company", "vat_number", "website", "birth_date",
    "gender", "language", "time_zone", "notes", "street1", "street2", "city", "state", "postal_code", "country",
    "external_id", "customer_number", "groups", "points", "level", "card",
)  # fmt: skip

NAME = ("first_name", "last_name", "full_name")
ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")

# Read only unless the settings name one connection as their source.
OWNED = frozenset({"points", "level", "card", "customer_number", "external_id", "groups"})


SLOT_OF: Mapping[str, str] = (
    {name: name for name in FIELDS} | dict.fromkeys(NAME, "name") | dict.fromkeys(ADDRESS, "address")
)

SLOTS: Mapping[str, tuple[str, ...]] = {
    "name": NAME,
    "address": ADDRESS,
    **{name: (name,) for name, slot in SLOT_OF.items() if slot == name},
}


def parts_of(slot: str) -> tuple[str, ...]:
    """Return the fields of a slot; a slot that is no unit is its own only one, an element of a set too."""
    return SLOTS.get(slot) or (slot,)


def slots_of(name: str, slots: Iterable[str]) -> list[str]:
    """Return those of these slots that a field's value comes from: its own, or every element of a set."""
    if name in SETS:
        return asked_of(name, slots)
    return [slot for slot in slots if slot == slot_of(name)]


def slot_of(name: str) -> str:
    """Return the slot that a field belongs to: `name`, `address`, or the field itself."""
    return SLOT_OF.get(name, name)
