"""What is asked for a write: a record that stands in two parts is read where they were, not searched for."""

from __future__ import annotations

from collections import Counter

from tests.sync.world import World

PEOPLE = 3


def test_each_part_of_a_person_is_read_by_its_own_number(world: World) -> None:
    world.sandbox.perfex.switches.version = "3.1"
    for number in range(PEOPLE):
        contact = {"firstname": "Ann", "lastname": f"N{number}", "email": f"ann{number}@example.com"}
        world.sandbox.perfex.human_create(company="", contact=contact)
    world.quiet()
    for booked in world.vendor("booking").snapshot():
        world.vendor("booking").human_edit(booked, phoneNumber="+32470555666")
    ledger = world.vendor("crm").ledger
    known = len(ledger)
    world.sync("booking")
    # a list of all contacts, or a search by a company that a person does not have, would be there for every write
    spent = Counter(entry.kind for entry in list(ledger)[known:] if entry.by == "api")
    assert spent == {"get": PEOPLE, "contact_get": 2 * PEOPLE, "contact_update": PEOPLE}
