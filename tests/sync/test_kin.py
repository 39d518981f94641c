"""What follows a person's word on who is who: words go with their records, and nothing is left of what was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import UsageError
from syncd.failpoints import armed
from syncd.sync.kinship import make_primary
from syncd.values import Review
from tests.sync.test_cases import JAN
from tests.sync.world import World

EVA = {"company": "", "contact": {"firstname": "Eva", "lastname": "Maes", "email": "eva@example.com"}}
MINH = {"name": "Trần Minh", "email": "jan@example.com", "contactNumber": "0912345678"}


def entered(world: World, *people: dict[str, Any]) -> list[str]:
    """Enter people at the CRM and sync; return their customers' ids."""
    numbers = [world.vendor("crm").human_create(**person) for person in people]
    world.quiet()
    found = {
        record.vendor_id: customer.id
        for customer, records in world.customers()
        for record in records
        if record.connection == "crm"
    }
    return [found[number] for number in numbers]


def review(world: World, kind: str) -> Review:
    """Return the only open review of a kind."""
    with world.app.store.look() as tx:
        (found,) = tx.reviews.list(kind=kind)
    return found


def later(world: World, runs: int = 3) -> None:
    """Sync past every settle time, until nothing is written any more."""
    for _ in range(runs):
        world.clock.forward(minutes=5)
        world.sync()
    world.quiet(most=2)


def test_a_duplicate_that_is_somebody_else_takes_its_words_along(world: World) -> None:
    entered(world, EVA)
    second = world.vendor("shop").human_create(
        name="Eva Maes", email="eva@example.com", contactNumber="0912345678"
    )
    later(world)
    _, records = world.only()
    assert {record.value("phone") for record in records if record.connection == "booking"} == {"+84912345678"}
    number = review(world, "duplicate").id
    assert number is not None
    world.app.resolve(number, "different", "anna")
    later(world)
    phones = {
        tuple(
            sorted(record.vendor_id for record in records if record.connection == "shop")
        ): one.values().get("phone", "")
        for one, records in world.customers()
    }
    assert phones[(str(second),)] == "0912345678"
    assert sorted(phones.values()) == ["", "0912345678"]
    (contact,) = next(iter(world.vendor("crm").snapshot().values()))["contacts"]
    assert not contact["phonenumber"]


def test_what_was_held_of_a_customer_that_was_merged_is_held_no_more(world: World) -> None:
    jan, eva = entered(world, JAN, EVA)
    world.vendor("booking").faults.drop(processed=False, kind="update", count=1)
    (number,) = [key for key, row in world.vendor("crm").snapshot().items() if "eva" in str(row["contacts"])]
    world.vendor("crm").human_edit(number, contact={"phonenumber": "0470 99 99 99"})
    world.sync()
    world.app.merge(jan, eva, "anna")
    with world.app.store.look() as tx:
        assert not [one for one in tx.holds.list() if one.customer == eva]


def test_a_record_that_moved_while_its_write_was_unknown_gets_what_is_due(world: World) -> None:
    (eva,) = entered(world, EVA)
    ((booked, _),) = world.vendor("booking").snapshot().items()
    ((number, _),) = world.vendor("crm").snapshot().items()
    world.vendor("booking").faults.drop(processed=False, kind="update", count=1)
    world.vendor("crm").human_edit(number, contact={"phonenumber": "0470 99 99 99"})
    world.sync()
    world.app.split(eva, [("crm", number), ("booking", booked)], "anna")
    world.sync()
    later(world)
    assert world.vendor("booking").snapshot()[booked]["phoneNumber"] == "0470 99 99 99"


def test_people_that_are_one_after_all_bring_everything_along(world: World) -> None:
    """Two names behind one address were two customers, each with records of our making at the others."""
    entered(world, JAN)
    world.vendor("shop").human_create(**MINH)
    world.sync()
    later(world)
    assert len(world.customers()) == 2
    number = review(world, "shared_email").id
    assert number is not None
    world.app.resolve(number, "same", "anna")
    later(world)
    _, records = world.only()
    assert {record.state for record in records} == {"live"}


def test_what_was_decided_by_hand_is_no_run(world: World) -> None:
    (jan,) = entered(world, JAN)
    world.app.pin(jan, "notes", "a pin", "anna")
    with pytest.raises(UsageError, match="no run"):
        world.app.undo("by hand", "anna")


def test_an_undo_reaches_those_that_were_merged_since(world: World) -> None:
    jan, eva = entered(world, JAN, EVA)
    for number, row in world.vendor("crm").snapshot().items():
        place = {"city": "Brugge"} if "jan@" in str(row["contacts"]) else {"website": "https://eva.example"}
        world.vendor("crm").human_edit(number, **place)
    report = world.sync()
    world.quiet()
    world.app.merge(jan, eva, "anna")
    world.quiet()
    undone = world.app.undo(report.run, "anna")
    world.quiet()
    customer, _ = world.only()
    assert undone.returned == 1
    assert customer.values()["city"] == "Gent"


def test_an_undo_goes_back_to_before_a_run_that_decided_twice(world: World) -> None:
    """A person edits the record that the run is about to write: the run takes that in and decides again."""
    entered(world, JAN)
    ((number, _),) = world.vendor("crm").snapshot().items()
    (booked,) = world.vendor("booking").snapshot()
    world.vendor("crm").human_edit(number, contact={"phonenumber": "0470 99 99 99"})
    edits = iter(["0470 77 77 77"])

    def meanwhile(event: str) -> None:
        if event == "guard.judged" and (phone := next(edits, "")):
            world.vendor("booking").human_edit(booked, phoneNumber=phone)

    with armed(meanwhile):
        report = world.sync()
    assert world.only()[0].values()["phone"] == "0470 77 77 77"
    assert world.app.undo(report.run, "anna").edited_since == []
    world.quiet()
    assert world.only()[0].values()["phone"] == "0470 12 34 56"


@pytest.fixture
def disputed(tmp_path: Path) -> Iterator[World]:
    """Jan, and Eva whose phone was edited in two places: a review asks which is right."""
    folder = tmp_path / "disputed"
    folder.mkdir()
    world = World(folder, f"sqlite:///{folder}/store.db", more='[fields.phone]\nconflict = "review"\n')
    entered(world, JAN, EVA)
    world.vendor("crm").human_edit(of_eva(world, "crm"), contact={"phonenumber": "0470 99 99 99"})
    world.vendor("booking").human_edit(of_eva(world, "booking"), phoneNumber="0470 77 77 77")
    world.sync()
    yield world
    world.app.close()


def of_eva(world: World, name: str) -> str:
    """Return the number of Eva's record at a vendor."""
    (number,) = [key for key, row in world.vendor(name).snapshot().items() if "eva@" in str(row)]
    return str(number)


def people(world: World) -> dict[str, str]:
    """Return the customers by the e-mail that they have."""
    return {customer.values()["email"]: customer.id for customer, _ in world.customers()}


@pytest.mark.parametrize("choice", [0, 1])
def test_a_dispute_is_not_lost_in_a_merge(disputed: World, choice: int) -> None:
    who = people(disputed)
    disputed.app.merge(who["jan@example.com"], who["eva@example.com"], "anna")
    later(disputed)
    asked = review(disputed, "conflict")
    assert asked.customer == who["jan@example.com"]
    values = [side["value"]["phone"] for side in asked.evidence["sides"]]
    assert sorted(values) == ["0470 77 77 77", "0470 99 99 99"]
    assert asked.id is not None
    disputed.app.resolve(asked.id, asked.choices[choice], "anna")
    later(disputed)
    assert disputed.only()[0].values()["phone"] == values[choice]


def test_a_dispute_comes_back_with_the_split_of_a_merge(disputed: World) -> None:
    who = people(disputed)
    jan, eva = who["jan@example.com"], who["eva@example.com"]
    before = review(disputed, "conflict").evidence
    with disputed.app.store.look() as tx:
        theirs = [record.key for record in tx.records.of_customers([eva])[eva]]
    disputed.app.merge(jan, eva, "anna")
    disputed.app.split(jan, theirs, "anna")
    asked = review(disputed, "conflict")
    assert (asked.customer, asked.evidence) == (eva, before)


def test_who_leaves_disputes_nothing_any_more(disputed: World) -> None:
    eva = people(disputed)["eva@example.com"]
    disputed.app.split(eva, [("booking", of_eva(disputed, "booking"))], "anna")
    later(disputed)
    assert not disputed.reviews()["conflict"]
    phones = {customer.id: customer.values().get("phone") for customer, _ in disputed.customers()}
    assert phones[eva] == "0470 99 99 99"
    assert "0470 77 77 77" in phones.values()


def test_a_duplicate_that_is_deleted_takes_nobodys_place(world: World) -> None:
    (eva,) = entered(world, EVA)
    second = world.vendor("shop").human_create(name="Eva Maes", email="eva@example.com")
    later(world)
    asked = review(world, "duplicate")
    assert asked.id is not None
    world.vendor("shop").human_delete(second)
    for _ in range(3):
        world.clock.forward(hours=2)
        world.sync(full=True)
    assert not world.reviews()
    with world.app.store.look() as tx:
        record = tx.records.one("shop", str(second))
    assert record is not None
    with pytest.raises(UsageError, match="deleted there"):
        world.app.store.do(lambda tx: make_primary(tx, record, "anna"))
    assert world.only()[0].id == eva


@pytest.fixture
def fought_over(world: World) -> World:
    """Jan, and Eva whose phone two systems write over in turn: it is frozen, and a review asks."""
    entered(world, JAN, EVA)
    for _ in range(3):
        world.vendor("crm").human_edit(of_eva(world, "crm"), contact={"phonenumber": "0470 99 99 99"})
        world.sync()
        world.clock.forward(minutes=10)
        world.vendor("booking").human_edit(of_eva(world, "booking"), phoneNumber="0470 77 77 77")
        world.sync()
        world.clock.forward(minutes=10)
    assert world.reviews() == {"bounce": 1}
    return world


def test_a_pin_ends_a_fight_and_a_dispute(fought_over: World, disputed: World) -> None:
    for each in (fought_over, disputed):
        each.app.pin(people(each)["eva@example.com"], "phone", "0470 55 55 55", "anna")
        assert not each.reviews()
        later(each)
        assert each.vendor("booking").snapshot()[of_eva(each, "booking")]["phoneNumber"] == "0470 55 55 55"


def test_a_fight_is_over_with_a_merge(fought_over: World) -> None:
    who = people(fought_over)
    fought_over.app.merge(who["jan@example.com"], who["eva@example.com"], "anna")
    later(fought_over)
    assert not fought_over.reviews()["bounce"]
    assert not fought_over.only()[0].frozen
