"""What a tester from outside found: each once broke a promise, through the whole of syncd."""

from __future__ import annotations

import pytest

from syncd.errors import UsageError
from syncd.sandbox.faults import Fault
from tests.sync.world import World

JAN = {
    "company": "",
    "contact": {
        "firstname": "Jan",
        "lastname": "Peeters",
        "email": "jan@example.com",
        "phonenumber": "0470 12 34 56",
    },
}
EVA = {"firstName": "Eva", "lastName": "Maes", "email": "eva@example.com"}


def states(world: World) -> set[tuple[str, str]]:
    """Return the states of all operations with their connections."""
    with world.app.store.look() as tx:
        return {(operation.draft.connection, operation.state) for operation in tx.operations.list(limit=1000)}


@pytest.mark.parametrize("what", ["drop_after", "drop_before"])
@pytest.mark.parametrize("email", ["jan@example.com", ""])
def test_a_lost_create_is_settled_where_the_vendor_takes_no_filter_by_external_id(
    world: World, what: str, email: str
) -> None:
    """Which filters Pexip Engage has is not published: one that is refused leaves the others and the listing."""
    booking = world.vendor("booking")
    booking.switches.external_id_filter = "reference[]"
    contact = {**JAN["contact"], "email": email} if email else None  # type: ignore[dict-item]
    world.vendor("crm").human_create(company="Peeters NV", phonenumber="09 123 45 67", contact=contact)
    booking.faults.add(what, kind="create", count=1)
    world.sync()
    world.clock.forward(minutes=5)
    world.sync()
    world.quiet()
    assert len(booking.snapshot()) == 1
    assert ("booking", "unknown") not in states(world)


def refuse_searches(world: World) -> Fault:
    """Have the CRM refuse the look that follows a create, as a token does that is revoked in that moment."""
    words = {"status": False, "message": "Token is not found"}
    fault: Fault = world.vendor("crm").faults.answer(
        404, words, method="GET", path="customers/search", count=None
    )
    return fault


def test_a_create_is_not_sent_again_where_only_the_look_after_it_was_refused(world: World) -> None:
    crm = world.vendor("crm")
    crm.switches.version = "2.0"  # its answer names no id, so the new record is looked for
    world.vendor("booking").human_create(**EVA)
    refuse_searches(world)
    world.sync()
    crm.faults.clear()
    world.clock.forward(minutes=5)
    world.sync()
    world.quiet()
    (made,) = crm.snapshot().values()
    assert [each["email"] for each in made["contacts"]] == ["eva@example.com"]


@pytest.mark.parametrize("status", ["409", "422"])
def test_a_record_that_is_already_there_keeps_to_be_a_persons_where_the_look_fails(
    world: World, status: str
) -> None:
    loyalty = world.vendor("loyalty")
    loyalty.switches.duplicate = int(status)
    world.sync()
    loyalty.human_create(name="Jan", last_name="Peeters", email="jan@example.com", phone="+34600111222")
    world.vendor("crm").human_create(**JAN)
    world.vendor("booking").human_create(**EVA)
    loyalty.faults.add("empty_list", kind="list", count=None, consistent=True)
    loyalty.faults.answer(500, {"message": "oops"}, method="GET", path="jan", count=None)
    world.sync()
    assert ("loyalty", "confirmed") in states(world), "what became of the others is kept"
    loyalty.faults.clear()
    world.clock.forward(minutes=5)
    world.quiet()
    phones = {email: row["phone"] for email, row in loyalty.snapshot().items()}
    assert set(phones) == {"jan@example.com", "eva@example.com"}
    (userid,) = [
        key for key, row in world.vendor("crm").snapshot().items() if row["contacts"][0]["firstname"] == "Jan"
    ]
    assert world.vendor("crm").snapshot()[userid]["contacts"][0]["phonenumber"] == "0470 12 34 56"


@pytest.mark.parametrize("connection", ["crm", "loyalty", "booking"])
def test_a_small_listing_that_is_suddenly_empty_is_flagged_and_nobody_is_created_into_it(
    world: World, connection: str
) -> None:
    for number in range(3):
        world.vendor("crm").human_create(company=f"Firm {number}", contact=person(number))
    world.quiet()
    world.vendor("shop").human_create(name="Eva Maes", email="eva@example.com")
    world.vendor(connection).faults.add("empty_list", kind="list", count=None, consistent=True)
    report = world.sync()
    assert not report.connections[connection].complete
    assert report.exit_status == 1
    assert len(world.vendor(connection).snapshot()) == 3
    world.vendor(connection).faults.clear()
    world.sync()
    world.quiet()
    assert len(world.vendor(connection).snapshot()) == 4
    assert not world.reviews(), "a question about a listing that is whole again is no question"


def person(number: int) -> dict[str, str]:
    """Return a contact."""
    return {
        "firstname": "Jan",
        "lastname": f"Peeters{number}",
        "email": f"jan{number}@example.com",
        "phonenumber": f"0470 12 34 5{number}",
    }


def test_half_of_a_few_that_are_missing_at_once_are_asked_about(world: World) -> None:
    for number in range(4):
        world.vendor("crm").human_create(company=f"Firm {number}", contact=person(number))
    world.quiet()
    world.vendor("crm").faults.add("half_list", kind="list", count=None, consistent=True)
    report = world.sync()
    assert not report.connections["crm"].complete
    assert world.reviews()["deletion"] == 1


def test_undo_takes_back_what_a_run_added_where_nothing_was(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.quiet()
    booking = world.vendor("booking")
    (vendor_id,) = booking.snapshot()
    booking.human_edit(vendor_id, notes="rings twice")
    run = world.sync().run
    (shopper,) = world.vendor("shop").snapshot().values()
    assert shopper["comments"] == "rings twice"
    assert world.app.undo(run, "test").returned == 1
    world.quiet()
    (shopper,) = world.vendor("shop").snapshot().values()
    assert not shopper["comments"]
    assert not booking.snapshot()[vendor_id]["notes"]


def test_undo_leaves_the_first_words_of_a_record(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    run = world.sync().run
    before = {name: world.vendor(name).snapshot() for name in ("crm", "shop", "booking")}
    undone = world.app.undo(run, "test")
    assert undone.nothing
    assert undone.created >= 1
    world.sync()
    assert {name: world.vendor(name).snapshot() for name in before} == before
    with pytest.raises(UsageError, match="There is no run run-99"):
        world.app.undo("run-99", "test")


@pytest.mark.parametrize("choice", ["restore", "leave"])
def test_deleted_in_one_place_and_edited_in_another_is_a_persons_to_decide(world: World, choice: str) -> None:
    crm, shop = world.vendor("crm"), world.vendor("shop")
    userid = crm.human_create(**JAN)
    world.quiet()
    (vendor_id,) = shop.snapshot()
    shop.human_delete(vendor_id)
    world.quiet()
    assert not world.reviews(), "a deletion alone is no question"
    crm.human_edit(userid, contact={"phonenumber": "0499 11 22 33"})
    world.quiet()
    assert not shop.snapshot(), "nobody is created again unasked"
    assert world.reviews() == {"deleted_and_edited": 1}
    with world.app.store.look() as tx:
        (review,) = tx.reviews.list()
    world.app.resolve(review.id or 0, choice, "test")
    world.sync()
    world.quiet()
    numbers = [row["contactNumber"] for row in shop.snapshot().values()]
    assert numbers == (["+32499112233"] if choice == "restore" else [])
    assert not world.reviews()


def phones(world: World) -> set[str]:
    """Return the phone numbers that the vendors but the shop show, as digits from the end."""
    (booked,) = world.vendor("booking").snapshot().values()
    (loyal,) = world.vendor("loyalty").snapshot().values()
    return {"".join(filter(str.isdigit, text or ""))[-8:] for text in (booked["phoneNumber"], loyal["phone"])}


def test_a_conflict_that_people_settled_themselves_is_asked_no_more(world: World) -> None:
    world.configure(more='[fields.phone]\nconflict = "review"\n')
    world.restart()
    crm, loyalty = world.vendor("crm"), world.vendor("loyalty")
    userid = crm.human_create(**JAN)
    world.quiet()
    crm.human_edit(userid, contact={"phonenumber": "0499 11 22 33"})
    loyalty.human_edit("jan@example.com", phone="+32499112244")
    world.sync()
    assert world.reviews() == {"conflict": 1}
    crm.human_edit(userid, contact={"phonenumber": "0499 11 22 44"})
    world.sync()
    world.quiet()
    assert phones(world) == {"99112244"}
    assert not world.reviews()


def test_a_field_that_was_emptied_and_filled_again_is_asked_about_no_more(world: World) -> None:
    world.configure(more='[fields.phone]\non_clear = "review"\n')
    world.restart()
    crm = world.vendor("crm")
    userid = crm.human_create(**JAN)
    world.quiet()
    crm.human_edit(userid, contact={"phonenumber": ""})
    world.sync()
    assert world.reviews() == {"clear": 1}
    crm.human_edit(userid, contact={"phonenumber": "0499 11 22 33"})
    world.quiet()
    assert phones(world) == {"99112233"}
    assert not world.reviews()


def test_an_email_of_another_customer_that_is_given_up_again_is_asked_about_no_more(world: World) -> None:
    for number in range(2):
        world.vendor("crm").human_create(company=f"Firm {number}", contact=person(number))
    world.quiet()
    booking = world.vendor("booking")
    (vendor_id,) = [key for key, row in booking.snapshot().items() if row["email"] == "jan0@example.com"]
    booking.human_edit(vendor_id, email="jan1@example.com")
    world.sync()
    assert world.reviews() == {"same_email": 1}
    world.sync()
    assert world.reviews() == {"same_email": 1}
    booking.human_edit(vendor_id, email="jan0@example.com")
    world.sync()
    assert not world.reviews()


@pytest.mark.parametrize("vendor", ["shop", "loyalty"])
def test_a_lost_create_that_a_listing_has_shown_is_known_by_another_email_too(
    world: World, vendor: str
) -> None:
    """A person corrects the e-mail of what we made before it is looked for; the loyalty programme's ids are e-mails."""
    new = "eva.maes@example.com"
    there = world.vendor(vendor)
    world.vendor("booking").human_create(**EVA)
    there.faults.add("drop_after", kind="create", count=1)
    world.sync()
    world.clock.forward(seconds=10)
    world.sync()
    (made,) = there.snapshot()
    there.human_edit(made, email=new)
    world.clock.forward(minutes=5)
    world.sync()
    world.quiet()
    assert list(there.snapshot()) == [new if vendor == "loyalty" else made]
    (row,) = world.vendor("booking").snapshot().values()
    assert row["email"] == new


@pytest.mark.parametrize("what", ["drop_after", "drop_before"])
def test_somebody_else_who_was_entered_with_the_email_meanwhile_is_not_taken_for_ours(
    world: World, what: str
) -> None:
    """Prefer a missed match to a wrong merge: that person's e-mail is corrected before anybody looks."""
    shop = world.vendor("shop")
    world.vendor("booking").human_create(**EVA)
    shop.faults.add(what, kind="create", count=1)
    world.sync()
    tom = shop.human_create(name="Tom Claes", email=EVA["email"])
    world.clock.forward(seconds=10)
    world.sync()
    shop.human_edit(tom, email="tom@example.com")
    world.clock.forward(minutes=5)
    world.sync()
    world.quiet()
    pairs = {("Eva Maes", "eva@example.com"), ("Tom Claes", "tom@example.com")}
    assert {(row["name"], row["email"]) for row in shop.snapshot().values()} == pairs
    booked = world.vendor("booking").snapshot().values()
    assert {(f"{row['firstName']} {row['lastName']}", row["email"]) for row in booked} == pairs
