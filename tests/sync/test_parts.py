"""An update that takes two requests, of which only the first one goes well: what it wrote is ours, and nobody's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncd.failpoints import armed
from tests.crash.dying import Crash
from tests.sync.world import World

LAN = {"firstname": "Lan", "lastname": "Nguyen", "email": "lan@example.com"}
NAME = {"lastName": "Tran"}
ADDRESS = {"lastName": "Tran", "email": "lan.tran@example.com"}
UPDATES = ("update", "contact_update")
SECOND = "update"  # the customer's own part

Ends = Callable[[Any], object]
ENDS: dict[str, Ends] = {
    "refused": lambda crm: crm.faults.answer(400, {"status": False, "message": "No."}, kind=SECOND),
    "too busy": lambda crm: crm.faults.answer(429, {"status": False, "message": "Later."}, kind=SECOND),
    "not processed": lambda crm: crm.faults.drop(processed=False, kind=SECOND),
    "answer lost": lambda crm: crm.faults.drop(processed=True, kind=SECOND),
    "first answer lost": lambda crm: crm.faults.drop(processed=True, kind="contact_update"),
}


@pytest.fixture
def person(world: World) -> World:
    """A person whom all four know, without a company of her own."""
    world.vendor("crm").human_create(company="Lan Nguyen", contact=LAN)
    world.quiet()
    return world


def edit(world: World, **fields: Any) -> None:
    """Change the person in the appointment book."""
    (one,) = world.vendor("booking").snapshot()
    world.vendor("booking").human_edit(one, **fields)


def rest(world: World) -> None:
    """Sync past every settle time, until nothing is written any more."""
    for _ in range(4):
        world.clock.forward(minutes=3)
        world.sync()
    world.quiet(most=1)


def agreed(world: World, name: str) -> None:
    """Fail unless the person has this name everywhere and nobody has a company."""
    (at_booking,) = world.vendor("booking").snapshot().values()
    (at_crm,) = world.vendor("crm").snapshot().values()
    (contact,) = at_crm["contacts"]
    assert (at_booking["lastName"], at_booking["company"]) == (name, None)
    assert (contact["lastname"], at_crm["company"]) == (name, f"Lan {name}")


def sent(world: World) -> int:
    """Return how many updates the CRM has got."""
    return sum(entry.kind in UPDATES for entry in world.vendor("crm").ledger.entries)


@pytest.mark.parametrize("fields", [NAME, ADDRESS, {**NAME, "phoneNumber": "+32470555666"}])
def test_killed_between_the_two_a_company_still_follows_its_name(
    world: World, fields: dict[str, str]
) -> None:
    world.vendor("crm").human_create(company="Lan Nguyen", contact=LAN)
    world.quiet()
    edit(world, **fields)
    before = sent(world)

    def die(name: str) -> None:
        if name == "push.answered" and sent(world) > before:
            raise Crash(name)

    with armed(die), pytest.raises(Crash):
        world.sync()
    world.restart()
    rest(world)
    agreed(world, "Tran")


@pytest.mark.parametrize("end", ENDS)
def test_what_the_first_part_wrote_is_nobodys_word(person: World, end: str) -> None:
    edit(person, **ADDRESS, phoneNumber="+32470555666")
    ENDS[end](person.vendor("crm"))
    person.sync()
    rest(person)
    _, records = person.only()
    assert not [
        statement.value
        for record in records
        if record.connection == "crm"
        for statement in record.shadow.stated.values()
        if statement.kind != "initial"
    ]
    if end != "refused":
        agreed(person, "Tran")


def test_a_company_that_stayed_behind_follows_with_the_next_name(person: World) -> None:
    (userid,) = person.vendor("crm").snapshot()
    person.vendor("crm").human_edit(userid, contact={"lastname": "Le"})
    rest(person)
    (at_booking,) = person.vendor("booking").snapshot().values()
    assert (at_booking["lastName"], at_booking["company"]) == ("Le", None)
    edit(person, notes="calls first", phoneNumber="+32470555666")
    rest(person)
    assert person.vendor("crm").snapshot()[userid]["company"] == "Lan Nguyen"
    edit(person, **NAME)
    rest(person)
    agreed(person, "Tran")


def test_a_company_in_the_place_of_a_former_name_is_one(person: World) -> None:
    (userid,) = person.vendor("crm").snapshot()
    person.vendor("crm").human_edit(userid, contact={"lastname": "Le"})
    rest(person)
    person.vendor("crm").human_edit(userid, company="Le & Co")
    rest(person)
    (at_booking,) = person.vendor("booking").snapshot().values()
    assert at_booking["company"] == "Le & Co"
