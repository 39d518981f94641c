"""Pins: an admin says what a field is to be, whatever anybody states."""

from __future__ import annotations

from syncd.customer import FIELDS, NO, SETS, YES, asked_of, base_of, element, elements, is_element, slot_of
from syncd.errors import UsageError
from syncd.store import HumanDecision, Writing
from syncd.sync.decide import BY_HAND, decide_again
from syncd.sync.golden import ask_anew
from syncd.sync.scene import Scene
from syncd.values import Customer

WHY = "a pin says who is right"


def pin(tx: Writing, scene: Scene, customer_id: str, name: str, value: str | None, by: str) -> None:
    """Pin a field to a value, or let it go (None): a pin wins over every statement."""
    if base_of(name) not in (SETS if is_element(name) else FIELDS):
        raise UsageError(f"There is no field {name!r}.", f"There are {', '.join(FIELDS)}.")
    customer = tx.customers.load([customer_id]).get(customer_id)
    if customer is None:
        raise UsageError(f"There is no customer {customer_id}.", "`syncd customers list` shows them.")
    wishes = _wishes(customer, name, value)
    before = {each: text for pins in customer.pins.values() for each, text in pins.items() if each in wishes}
    for each, wish in wishes.items():
        _pin_one(customer, each, wish)
    kind = "pin" if value is not None else "unpin"
    tx.decisions.add(HumanDecision(kind, {"customers": [customer.id], "field": name}, by, {"pins": before}))
    tx.audit.add(by, kind, customer.id, {"field": name})
    decide_again(tx, scene, customer, {})
    tx.reviews.close("bounce", [f"{customer.id}/{slot_of(each)}" for each in wishes], WHY)
    ask_anew(tx, [customer], {customer.id}, BY_HAND)


def _wishes(customer: Customer, name: str, value: str | None) -> dict[str, str | None]:
    """Return what is to be pinned or let go; a set is pinned as a whole, what is not named being out of it."""
    if name not in SETS:
        return {name: value}
    known = asked_of(name, customer.golden.keys() | customer.pins.keys())
    if value is None:
        return dict.fromkeys(known)
    there = [element(name, word) for word in elements(value)]
    return {**dict.fromkeys(known, NO), **dict.fromkeys(there, YES)}


def _pin_one(customer: Customer, name: str, value: str | None) -> None:
    slot = slot_of(name)
    pins = {field: text for field, text in customer.pins.get(slot, {}).items() if field != name}
    if value is not None:
        pins[name] = value
    customer.pins[slot] = pins
    if not pins:
        del customer.pins[slot]
    customer.frozen.pop(slot, None)  # a pin says who is right
