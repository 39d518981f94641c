"""Rivals: two people with one e-mail, where a vendor takes each e-mail once. One is its owner, the other waits."""

from __future__ import annotations

from pathlib import Path

from tests.sync.test_cases import JAN
from tests.sync.world import World

MARIE = {"firstName": "Marie", "lastName": "Dubois", "email": "jan@example.com"}


def creates(world: World) -> dict[str, str]:
    """Return the state of the last create at the loyalty programme of each customer that has one."""
    with world.app.store.look() as tx:
        found = tx.operations.list(connection="loyalty", limit=1_000)
    return {op.draft.customer: op.state for op in reversed(found) if op.draft.kind == "create"}


def loyalty_holds(world: World) -> list[str]:
    """Return why something is held at the loyalty programme."""
    with world.app.store.look() as tx:
        return [one.reason for one in tx.holds.list() if one.connection == "loyalty"]


def two_of_one_email(world: World) -> None:
    """Have a person in the CRM and another one, with the same e-mail, in the appointment book."""
    world.vendor("crm").human_create(**JAN)
    world.vendor("booking").human_create(**MARIE)


def test_one_of_two_rivals_is_created_and_the_other_is_never_sent(world: World) -> None:
    two_of_one_email(world)
    world.sync()
    world.quiet()
    assert list(creates(world).values()) == ["confirmed"]
    assert loyalty_holds(world) == ["loyalty allows each email once, and another record there has it"]


def test_a_rival_waits_while_the_other_ones_create_waits_for_a_person(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", approve="first")
    two_of_one_email(world)
    for _ in range(3):
        world.sync()
        assert list(creates(world).values()) == ["waiting"]
        assert loyalty_holds(world) == ["loyalty allows it once, and another customer goes first"]
    spent = world.sync().connections["loyalty"].requests
    assert spent == 1  # the listing: nobody is looked for again and again
    world.sync(yes=True)
    world.quiet()
    assert list(creates(world).values()) == ["confirmed"]
    world.app.close()


def test_a_rival_waits_while_the_outcome_of_the_other_ones_create_is_unknown(world: World) -> None:
    two_of_one_email(world)
    world.vendor("loyalty").faults.add("drop_before", kind="create", count=1)
    world.sync()
    world.sync()
    assert list(creates(world).values()) == ["unknown"]
    world.clock.forward(minutes=5)
    world.sync()
    world.quiet()
    assert sorted(creates(world).values()).count("confirmed") == 1
    assert len(world.vendor("loyalty").snapshot()) == 1
