"""An undo leaves alone what somebody has edited since, also where that edit waits or says the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncd.rules.golden import Policy
from syncd.sync.people import split
from syncd.sync.undo import Undone, undo_run
from syncd.values import Golden
from tests.laws.accounts import Row, Traits
from tests.laws.world import Member, World

FIELDS = ("email", "full_name", "notes")
AN = {"email": "an@example.com", "full_name": "An Nguyễn", "notes": "first"}


@pytest.fixture
def world() -> Iterator[World]:
    """Two connections with one customer, whose notes were just edited in one of them."""
    made = World(
        [Member("crm", Traits(FIELDS)), Member("shop", Traits(FIELDS), priority=2)],
        {"notes": Policy(conflict="review")},
    )
    made.create("crm", AN, {})
    made.sync()
    made.clock.wait(60)
    yield made
    made.close()


@pytest.fixture
def empty_world() -> Iterator[World]:
    """A CRM that holds a name in two parts, which is asked first, and a shop that holds it whole; nobody in either."""
    address = ("city", "street1")
    crm = Traits(("email", "first_name", "last_name", *address))
    made = World([Member("crm", crm), Member("shop", Traits((*FIELDS, *address)), priority=2)])
    yield made
    made.close()


def edited(world: World) -> str:
    """Edit the notes and sync; return the run that made the edit golden."""
    world.write("crm", "1", "notes", "second")
    report = world.sync()
    assert report is not None
    world.clock.wait(60)
    return report.run


def undo(world: World, run: str) -> Undone:
    """Undo a run."""
    return world.store.do(lambda tx: undo_run(tx, run, "anna"))


def sync_and_undo(world: World) -> None:
    """Sync, take back what that run changed, and sync again."""
    report = world.sync()
    assert report is not None
    world.clock.wait(60)
    undo(world, report.run)
    world.sync()


def notes(world: World) -> Golden:
    """Return the golden notes of the one customer."""
    with world.store.look() as tx:
        (one,) = tx.customers.list(limit=10)
    return one.golden["notes"]


def test_a_conflict_that_waits_is_not_undone(world: World) -> None:
    run = edited(world)
    world.write("crm", "1", "notes", "from the crm")
    world.write("shop", "1", "notes", "from the shop")
    world.sync()
    assert len(notes(world).conflict) == 2
    done = undo(world, run)
    assert (done.returned, len(done.edited_since)) == (0, 1)
    assert len(notes(world).conflict) == 2


def test_what_somebody_else_said_too_since_is_not_undone(world: World) -> None:
    world.write("crm", "1", "notes", "second")
    report = world.sync("crm")
    assert report is not None
    world.connectors["shop"].down = True
    world.write("crm", "1", "notes", "third")
    report = world.sync("crm")
    assert report is not None
    world.connectors["shop"].down = False
    world.clock.wait(60)
    world.write("shop", "1", "notes", "third")
    world.sync("shop")
    done = undo(world, report.run)
    assert (done.returned, len(done.edited_since)) == (0, 1)
    assert notes(world).value == {"notes": "third"}


def test_what_nobody_has_touched_goes_back(world: World) -> None:
    done = undo(world, edited(world))
    assert (done.returned, done.edited_since) == (1, [])
    world.sync()
    rows = [row["notes"] for account in world.accounts.values() for row in account.live().values()]
    assert rows == ["first", "first"]


def meet_one_after_the_other(world: World, crm: dict[str, str], shop: dict[str, str]) -> str:
    """Have the CRM say its words in a run of its own, after the shop; return that run."""
    world.create("crm", {"email": "an@example.com", **crm}, {})
    world.create("shop", {"email": "an@example.com", **shop}, {})
    world.connectors["crm"].down = True
    world.sync()
    world.connectors["crm"].down = False
    world.clock.wait(60)
    report = world.sync()
    assert report is not None
    world.clock.wait(60)
    return report.run


def test_a_name_that_comes_back_as_a_whole_empties_no_part_of_it(empty_world: World) -> None:
    """Two parts that a later record brought are given up, and stay as they were where they were typed."""
    world = empty_world
    parts = {"first_name": "An", "last_name": "Nguyễn"}
    undo(world, meet_one_after_the_other(world, parts, {"full_name": "An Nguyễn"}))
    world.sync()
    (row,) = world.accounts["crm"].live().values()
    assert (row["first_name"], row["last_name"]) == ("An", "Nguyễn")


def test_what_a_record_added_at_first_sight_is_not_emptied_at_its_source(empty_world: World) -> None:
    world = empty_world
    added = {"first_name": "An", "last_name": "Nguyễn", "city": "Gent", "street1": "Kerkstraat 1"}
    undo(world, meet_one_after_the_other(world, added, {"full_name": "An Nguyễn", "city": "Gent"}))
    world.sync()
    (row,) = world.accounts["crm"].live().values()
    assert {name: row[name] for name in added} == added


def test_parts_that_we_derived_come_back_with_the_whole_name(empty_world: World) -> None:
    world = empty_world
    world.create("shop", {"email": "an@example.com", "full_name": "An Nguyễn"}, {})
    world.sync()
    world.clock.wait(60)
    (made,) = world.accounts["crm"].live()
    world.write("crm", made, "first_name", "Anh")
    sync_and_undo(world)
    shown = [(row.get("full_name"), row.get("first_name")) for row in _rows(world)]
    assert sorted(shown, key=str) == [("An Nguyễn", None), (None, "An")]


def _rows(world: World) -> list[Row]:
    return [row for account in world.accounts.values() for row in account.live().values()]


def test_what_a_customer_is_first_known_by_is_not_undone_though_somebody_edited_it(
    empty_world: World,
) -> None:
    """What is ours and was split off speaks for itself, and somebody edits it before it is decided."""
    world = empty_world
    world.create("shop", {"email": "an@example.com", "full_name": "An Nguyễn"}, {})
    world.sync()
    world.clock.wait(60)
    (made,) = world.accounts["crm"].live()
    with world.store.look() as tx:
        (one,) = tx.customers.list(limit=10)
    world.store.do(lambda tx: split(tx, one.id, [("crm", made)], "anna"))
    world.write("crm", made, "last_name", "Trần")
    world.write("crm", made, "city", "Gent")
    sync_and_undo(world)
    row = world.accounts["crm"].live()[made]
    assert (row["first_name"], row["last_name"], row["city"]) == ("An", "Trần", "Gent")
