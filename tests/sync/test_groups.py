"""Groups as an admin meets them: pinned as a whole, explained as one field, and taken back with the run that changed them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.customer import clean, slots_of
from syncd.rules.golden import EVERYBODY, Policy
from syncd.sync.pins import pin
from syncd.sync.undo import undo_run
from syncd.values import Customer
from syncd.web.show.customers import why
from tests.laws.accounts import Traits
from tests.laws.world import Member, World

AN = {"email": "an@example.com", "full_name": "An Nguyễn"}
SHOP = ("email", "full_name", "groups")


@pytest.fixture
def world() -> Iterator[World]:
    """Two shops with one customer of different groups."""
    made = World(
        [Member("shop", Traits(SHOP)), Member("branch", Traits(SHOP), priority=2)],
        {"groups": Policy(owner=EVERYBODY)},
    )
    made.create("shop", {**AN, "groups": "VIP"}, {})
    made.create("branch", {**AN, "groups": "Local"}, {})
    made.sync()
    yield made
    made.close()


def customer(world: World) -> Customer:
    """Return the one customer."""
    with world.store.look() as tx:
        (one,) = tx.customers.list(limit=10)
    return one


def shown(world: World) -> set[str]:
    """Return what the two shops show of the groups."""
    rows = [row for account in world.accounts.values() for row in account.live().values()]
    return {clean("groups", row["groups"]) for row in rows}


def test_a_pin_says_what_is_in_the_set_and_what_is_not(world: World) -> None:
    assert shown(world) == {"Local|VIP"}
    world.store.do(lambda tx: pin(tx, world.scene, customer(world).id, "groups", "VIP|Gold", "anna"))
    world.sync()
    assert shown(world) == {"Gold|VIP"}
    world.write("shop", "1", "groups", "Local")
    world.sync()
    world.clock.wait(4000)
    world.sync()
    assert shown(world) == {"Gold|VIP"}
    world.store.do(lambda tx: pin(tx, world.scene, customer(world).id, "groups", None, "anna"))
    assert not customer(world).pins


def test_why_tells_of_every_group(world: World) -> None:
    world.write("branch", "1", "groups", "VIP|Local|Gold")
    world.sync()
    world.write("shop", "1", "groups", "VIP|Gold")
    world.sync()
    one = customer(world)
    with world.store.look() as tx:
        told = why(tx, one, "groups")
    assert told["value"] == "Gold|VIP"
    assert [(each["before"], each["after"]) for each in told["changes"][-2:]] == [("", "Gold"), ("Local", "")]
    assert told["changes"][-1]["connection"] == "shop"
    assert slots_of("groups", one.golden) == ["groups:Gold", "groups:Local", "groups:VIP"]


def test_an_undo_takes_back_what_a_run_did_to_each_group(world: World) -> None:
    world.write("shop", "1", "groups", "VIP|Gold")
    report = world.sync()
    assert report is not None
    assert shown(world) == {"Gold|VIP"}
    world.store.do(lambda tx: undo_run(tx, report.run, "anna"))
    world.sync()
    world.clock.wait(4000)
    before = world.writes()
    world.sync()
    assert shown(world) == {"Local|VIP"}
    assert world.writes() == before
