"""Erasure as a person means it: nothing of them is left, nobody meets them again, and nobody else is touched."""

from __future__ import annotations

import pytest

from syncd.errors import UsageError
from syncd.sync.hints import pull_ids
from syncd.values import Review, Tally
from tests.sync.test_cases import JAN
from tests.sync.world import World

JANS = ("jan@example.com", "Peeters")


def other(first: str, last: str) -> dict[str, object]:
    """Return somebody else as the CRM is told of them."""
    email = f"{first.lower()}@example.com"
    return {"company": "", "contact": {"firstname": first, "lastname": last, "email": email}}


def ids(world: World) -> dict[str, str]:
    """Return the customer of each record of the CRM."""
    return {
        record.vendor_id: customer.id
        for customer, records in world.customers()
        for record in records
        if record.connection == "crm"
    }


def left(world: World, *words: str) -> list[str]:
    """Return which of these words the store's files still hold."""
    world.app.close()
    kept = b"".join(path.read_bytes() for path in world.folder.glob("store.db*"))
    world.app = world.opened()
    return [word for word in words if word.encode() in kept]


def test_neither_a_webhook_nor_an_admin_brings_the_person_back(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    world.app.erase(ids(world)[userid], "anna")
    app = world.app
    pull_ids(
        app.store,
        app.scene,
        app.scene.sources["loyalty"],
        ["jan@example.com"],
        run="1",
        epoch=None,
        tally=Tally(),
    )
    with pytest.raises(UsageError, match="erased"):
        app.pull_one("loyalty", "jan@example.com")
    world.sync()
    assert world.customers() == []


def test_everybody_that_was_merged_goes_along(world: World) -> None:
    people = (JAN, other("Eva", "Maes"), other("Ola", "Nowak"))
    one, two, three = (world.vendor("crm").human_create(**person) for person in people)
    world.quiet()
    who = ids(world)
    world.app.merge(who[one], who[two], "anna")
    world.app.merge(who[three], who[one], "anna")
    world.quiet()
    world.app.erase(who[two], "anna")
    world.sync()
    assert world.customers() == []
    assert not left(world, *JANS, "eva@example.com", "Maes", "ola@example.com", "Nowak")


def test_what_people_did_is_told_without_the_person(world: World) -> None:
    """A loyalty programme's ids are e-mails, and they stand in the audit of moves, of splits and of hints."""
    _, two = (world.vendor("crm").human_create(**person) for person in (JAN, other("Eva", "Maes")))
    world.quiet()
    eva = ids(world)[two]
    world.app.move("loyalty", "jan@example.com", eva, "anna")
    world.app.split(eva, [("loyalty", "jan@example.com")], "anna")
    only = {"dry_run": False, "full": False, "yes": False, "only": ["jan@example.com"]}
    world.app.store.do(lambda tx: tx.runs.request(["loyalty"], only, "webhook"))
    world.app.store.do(lambda tx: tx.audit.add("anna", "exported customers", "jan@example.com"))
    world.quiet()
    for customer, _ in world.customers():
        if customer.id != eva:
            world.app.erase(customer.id, "anna")
    assert not left(world, "jan@example.com")


def test_what_is_asked_about_others_stays(world: World) -> None:
    """Another customer's record has the same number at another vendor."""
    first, second = (world.vendor("crm").human_create(**person) for person in (JAN, other("Eva", "Maes")))
    world.quiet()
    jan, eva = ids(world)[first], ids(world)[second]
    sides = [{"connection": "elsewhere", "vendor_id": first, "number": 3, "value": {"phone": "1"}}]
    evidence = {"slot": "phone", "golden": {}, "sides": sides}
    asked = Review("conflict", f"{eva}/phone", evidence, ("3",), customer=eva)
    about = Review("possible", f"crm/{second}", {"others": [["crm", first]]}, ("same", "different"))
    world.app.store.do(lambda tx: tx.reviews.open([asked, about], "1"))
    world.app.erase(jan, "anna")
    assert world.reviews() == {"conflict": 1}


def test_nobody_is_erased_while_a_record_of_theirs_is_being_made(world: World) -> None:
    """A shop's record without an address is nobody's that a hash could tell."""
    world.vendor("shop").faults.drop(processed=True, kind="create")
    userid = world.vendor("crm").human_create(**JAN)
    world.sync()
    jan = ids(world)[userid]
    with pytest.raises(UsageError, match="being created in shop"):
        world.app.erase(jan, "anna")
    world.clock.forward(minutes=5)
    world.sync()
    steps = world.app.erase(jan, "anna").steps
    assert any(step.startswith("shop: ") for step in steps)
    world.sync()
    assert world.customers() == []


def test_what_waits_for_a_customer_goes_along(world: World) -> None:
    """A record of the same person is met and not linked yet when the person is erased."""
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    jan = ids(world)[userid]
    second = world.vendor("crm").human_create(**JAN)
    world.app.pull_one("crm", second)
    erased = world.app.erase(jan, "anna")
    assert any(second in step for step in erased.steps)
    world.sync()
    assert world.customers() == []
    assert not left(world, *JANS)


def test_a_person_who_is_shown_still_stands_in_for_nobody_who_is_not(world: World) -> None:
    """A listing then shows as many as there are, and somebody else all the same is missing."""
    people = (JAN, other("Eva", "Maes"), other("Ola", "Nowak"))
    jan, eva, ola = (world.vendor("crm").human_create(**person) for person in people)
    world.quiet()
    world.app.erase(ids(world)[jan], "anna")
    world.vendor("crm").human_delete(eva)
    for _ in range(2):
        world.clock.forward(hours=2)
        world.sync("crm", full=True)
    with world.app.store.look() as tx:
        states = {one.vendor_id: one.state for one in tx.records.load("crm", [jan, eva, ola]).values()}
    assert states == {eva: "gone", ola: "live"}
