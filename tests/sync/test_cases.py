"""The cases that decide whether it is any good, through the whole of syncd: four vendors, one store, real syncs."""

from __future__ import annotations

import pytest

from tests.sync.world import World

JAN = {
    "company": "",
    "country": "22",
    "city": "Gent",
    "address": "Veldstraat 1",
    "zip": "9000",
    "contact": {
        "firstname": "Jan",
        "lastname": "Peeters",
        "email": "jan@example.com",
        "phonenumber": "0470 12 34 56",
    },
}


def contact(world: World, userid: str) -> dict[str, str]:
    found: dict[str, str] = world.vendor("crm").snapshot()[userid]["contacts"][0]
    return found


def test_a_person_in_one_vendor_reaches_the_others_once(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.sync()
    assert world.writes() == {("shop", "create"): 1, ("loyalty", "create"): 1, ("booking", "create"): 1}
    world.sync()
    assert sum(world.writes().values()) == 3
    _, records = world.only()
    assert [record.connection for record in records] == ["booking", "crm", "loyalty", "shop"]


def test_the_stamp_is_the_record_id_of_the_connection_it_names(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.sync()
    (booked,) = world.vendor("booking").snapshot().values()
    assert booked["externalId"] == userid


def test_a_record_that_first_stands_elsewhere_is_stamped_with_the_id_it_gets(world: World) -> None:
    world.vendor("shop").human_create(
        name="Nguyễn Văn An", email="an@example.com", contactNumber="0912345678"
    )
    world.sync()
    (userid,) = world.vendor("crm").snapshot()
    (booked,) = world.vendor("booking").snapshot().values()
    assert booked["externalId"] == userid
    assert sum(world.writes().values()) == sum(world.writes().values())


def test_two_vendors_created_the_same_person_since_the_last_run(world: World) -> None:
    world.sync()
    world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Jan Peeters", email="Jan@Example.com")
    world.quiet()
    assert world.writes()[("shop", "create")] == 0
    assert len(world.vendor("shop").snapshot()) == 1
    world.only()


def test_an_edit_goes_everywhere_and_comes_back_nowhere(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_edit(shop_id, contactNumber="0912345678")
    before = world.writes()
    world.sync()
    moved = world.writes() - before
    assert ("shop", "update") not in moved
    assert contact(world, userid)["phonenumber"] == "+84912345678"
    after = world.writes()
    world.sync()
    assert world.writes() == after


def test_a_clear_is_ignored_by_default_and_not_written_back(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_edit(shop_id, contactNumber="")
    world.quiet()
    assert contact(world, userid)["phonenumber"] == "0470 12 34 56"
    assert not world.vendor("shop").snapshot()[shop_id]["contactNumber"]
    world.vendor("crm").human_edit(userid, contact={"phonenumber": "0470 99 99 99"})
    world.quiet()
    assert world.vendor("shop").snapshot()[shop_id]["contactNumber"] == "+32470999999"


def test_a_clear_that_is_propagated_empties_the_others(tmp_path) -> None:  # type: ignore[no-untyped-def]
    more = '[fields.phone]\non_clear = "propagate"\n'
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", more=more)
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_edit(shop_id, contactNumber="")
    world.quiet()
    assert not contact(world, userid)["phonenumber"]
    world.app.close()


def test_one_email_and_two_names_stay_two_customers(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Marie Dubois", email="jan@example.com")
    world.quiet()
    assert len(world.customers()) == 2
    assert world.reviews()["shared_email"] == 1
    assert len(world.vendor("loyalty").snapshot()) == 1


def test_two_records_of_one_vendor_are_one_customer_with_a_duplicate(world: World) -> None:
    world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    world.quiet()
    _, records = world.only()
    assert sorted(record.role for record in records if record.connection == "shop") == [
        "duplicate",
        "primary",
    ]
    assert world.reviews()["duplicate"] == 1


def test_without_an_email_nothing_is_created_where_the_email_is_the_id(world: World) -> None:
    world.vendor("shop").human_create(name="Lan Trần", contactNumber="0912345678")
    report = world.sync()
    assert ("loyalty", "create") not in world.writes()
    assert any(held["connection"] == "loyalty" and "email" in str(held["reason"]) for held in report.held)


def test_a_new_email_inside_the_vendor_keyed_by_it_is_a_rename(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    world.vendor("loyalty").human_edit("jan@example.com", email="jan.new@example.com")
    world.quiet()
    _, records = world.only()
    assert [r.vendor_id for r in records if r.connection == "loyalty"] == ["jan.new@example.com"]
    assert contact(world, userid)["email"] == "jan.new@example.com"


def test_a_record_that_is_gone_is_not_created_again(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_delete(shop_id)
    world.quiet()
    world.clock.forward(hours=30)
    world.quiet()
    assert world.vendor("shop").snapshot() == {}
    _, records = world.only()
    assert [record.state for record in records if record.connection == "shop"] == ["gone"]


def test_a_record_missing_in_two_full_passes_an_hour_apart_is_gone(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    world.vendor("crm").human_delete(userid)
    world.sync()
    _, records = world.only()
    assert [record.state for record in records if record.connection == "crm"] == ["suspect"]
    world.clock.forward(hours=2)
    world.sync()
    _, records = world.only()
    assert [record.state for record in records if record.connection == "crm"] == ["gone"]
    world.quiet()
    assert world.vendor("crm").snapshot() == {}
    assert len(world.vendor("shop").snapshot()) == 1


@pytest.mark.parametrize("connection", ["shop", "loyalty", "booking"])
def test_the_lost_answer_to_a_create_makes_no_second_record(world: World, connection: str) -> None:
    world.sync()
    world.vendor("crm").human_create(**JAN)
    world.vendor(connection).faults.add("drop_after", kind="create", count=1)
    world.sync()
    assert len(world.vendor(connection).snapshot()) == 1
    world.clock.forward(minutes=10)
    world.quiet(6)
    assert len(world.vendor(connection).snapshot()) == 1
    assert world.writes()[(connection, "create")] == 1
    _, records = world.only()
    assert len(records) == 4


@pytest.mark.parametrize("connection", ["crm", "shop", "loyalty", "booking"])
def test_a_create_that_never_arrived_is_made_after_the_settle_time(world: World, connection: str) -> None:
    other = "shop" if connection == "crm" else "crm"
    world.sync()
    if other == "crm":
        world.vendor("crm").human_create(**JAN)
    else:
        world.vendor("shop").human_create(
            name="Lan Trần", email="lan@example.com", contactNumber="0912345678"
        )
    world.vendor(connection).faults.add("drop_before", kind="create", count=1)
    world.sync()
    world.clock.forward(minutes=10)
    world.quiet(6)
    assert len(world.vendor(connection).snapshot()) == 1


def test_one_failing_vendor_stops_no_other(world: World) -> None:
    world.sync()
    world.vendor("crm").human_create(**JAN)
    world.vendor("shop").faults.answer(503, count=None)
    report = world.sync()
    assert report.connections["shop"].error
    assert report.status == "failed"
    assert len(world.vendor("loyalty").snapshot()) == 1
    world.vendor("shop").faults.clear()
    world.clock.forward(minutes=10)
    world.quiet(6)
    assert len(world.vendor("shop").snapshot()) == 1


def test_revoked_credentials_pause_a_connection_and_lose_nothing(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.quiet()
    world.vendor("loyalty").faults.answer(401, count=None)
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_edit(shop_id, contactNumber="0912345678")
    report = world.sync()
    assert report.exit_status == 4
    world.vendor("loyalty").faults.clear()
    world.clock.forward(minutes=10)
    world.quiet(6)
    assert world.vendor("loyalty").snapshot()["jan@example.com"]["phone"] == "+84912345678"


def test_an_empty_listing_unlinks_and_creates_nothing(world: World) -> None:
    for number in range(12):
        world.vendor("crm").human_create(
            company=f"Firm {number}",
            contact={"firstname": f"Ann{number}", "lastname": "Claes", "email": f"ann{number}@example.com"},
        )
    world.quiet()
    before = world.writes()
    world.vendor("crm").faults.add("empty_list", kind="list", count=2, consistent=True)
    report = world.sync()
    assert report.connections["crm"].error
    world.clock.forward(hours=2)
    world.sync()
    assert world.writes() == before
    assert all(record.state != "gone" for _, records in world.customers() for record in records)


def test_the_first_write_waits_for_a_person(tmp_path) -> None:  # type: ignore[no-untyped-def]
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", approve="first")
    world.vendor("crm").human_create(**JAN)
    report = world.sync()
    assert (report.status, report.exit_status) == ("held", 3)
    assert not world.writes()
    report = world.sync(yes=True)
    assert world.writes()
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("crm").human_edit("1", contact={"phonenumber": "0470 99 99 99"})
    world.quiet()
    assert world.vendor("shop").snapshot()[shop_id]["contactNumber"] == "+32470999999"
    world.app.close()


def test_a_dry_run_writes_nothing_and_shows_the_plan(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    report = world.sync(dry_run=True)
    assert not world.writes()
    assert {row["kind"] for row in report.plan} == {"create"}
    assert {row["connection"] for row in report.plan} >= {"shop", "loyalty"}
    world.sync()
    assert len(world.vendor("shop").snapshot()) == 1


def test_an_initial_value_overwrites_no_other_initial_value_unapproved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", approve="over_limits")
    userid = world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Jan Peeters", email="jan@example.com", contactNumber="0912345678")
    report = world.sync()
    assert any("differed before linking" in str(held["reason"]) for held in report.held)
    (shop,) = world.vendor("shop").snapshot().values()
    assert shop["contactNumber"] == "0912345678"
    world.vendor("crm").human_edit(userid, contact={"phonenumber": "0470 99 99 99"})
    world.quiet()
    (shop,) = world.vendor("shop").snapshot().values()
    assert shop["contactNumber"] == "+32470999999"
    world.app.close()


def test_an_email_that_is_another_customers_waits_for_a_person(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Marie Dubois", email="marie@example.com")
    world.quiet()
    assert len(world.customers()) == 2
    world.vendor("shop").human_edit(next(iter(world.vendor("shop").snapshot())), email="jan@example.com")
    world.quiet()
    assert world.reviews()["same_email"] == 1
    emails = sorted(customer.values()["email"] for customer, _ in world.customers())
    assert emails == ["jan@example.com", "marie@example.com"]
    assert contact(world, userid)["email"] == "jan@example.com"


def test_two_people_who_swap_their_emails_are_one_question(world: World) -> None:
    one = world.vendor("shop").human_create(name="Marie Dubois", email="marie@example.com")
    two = world.vendor("shop").human_create(name="Jan Peeters", email="jan@example.com")
    world.quiet()
    world.vendor("shop").human_edit(one, email="jan@example.com")
    world.vendor("shop").human_edit(two, email="marie@example.com")
    world.quiet()
    assert world.reviews()["same_email"] == 1
    with world.app.store.look() as tx:
        (review,) = [review for review in tx.reviews.list() if review.kind == "same_email"]
    world.app.resolve(review.id or 0, "shared", "admin")
    world.quiet()
    emails = {customer.values()["full_name"]: customer.values()["email"] for customer, _ in world.customers()}
    assert emails == {"Marie Dubois": "jan@example.com", "Jan Peeters": "marie@example.com"}


def test_a_merge_and_its_split_give_each_side_its_own_back(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.vendor("crm").human_create(
        company="", contact={"firstname": "Johan", "lastname": "Peeters", "email": "johan@example.com"}
    )
    world.quiet()
    (one, _), (two, theirs) = sorted(world.customers(), key=lambda pair: pair[0].values()["first_name"])
    before = {customer.id: customer.values() for customer, _ in world.customers()}
    assert world.app.merge(one.id, two.id, "admin") == one.id
    assert len(world.customers()) == 1
    world.app.split(one.id, [record.key for record in theirs], "admin")
    assert {customer.id: customer.values() for customer, _ in world.customers()} == before


def test_an_undone_run_gives_back_what_it_changed(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_edit(shop_id, contactNumber="0912345678")
    report = world.sync()
    assert contact(world, userid)["phonenumber"] == "+84912345678"
    assert world.app.undo(report.run, "admin").returned == 1
    world.quiet()
    assert contact(world, userid)["phonenumber"] == "0470 12 34 56"
    assert world.vendor("shop").snapshot()[shop_id]["contactNumber"] == "+32470123456"


def test_on_delete_restore_creates_the_record_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", shop='on_delete = "restore"')
    world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_delete(shop_id)
    world.quiet()
    (again,) = world.vendor("shop").snapshot()
    assert again != shop_id
    world.app.close()


def test_on_delete_delete_waits_for_a_person_and_then_removes_the_others(tmp_path) -> None:  # type: ignore[no-untyped-def]
    world = World(
        tmp_path, f"sqlite:///{tmp_path}/store.db", approve="over_limits", shop='on_delete = "delete"'
    )
    world.vendor("crm").human_create(**JAN)
    world.quiet()
    (shop_id,) = world.vendor("shop").snapshot()
    world.vendor("shop").human_delete(shop_id)
    report = world.sync()
    assert report.exit_status == 3
    assert len(world.vendor("loyalty").snapshot()) == 1
    world.sync(yes=True)
    world.quiet()
    assert world.vendor("loyalty").snapshot() == {}
    assert world.vendor("crm").snapshot() == {}
    world.app.close()


def test_a_duplicate_takes_the_place_of_a_primary_that_is_gone_when_a_person_says_so(world: World) -> None:
    one = world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    two = world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    world.quiet()
    world.vendor("shop").human_delete(one)
    world.sync()
    with world.app.store.look() as tx:
        (review,) = [review for review in tx.reviews.list() if review.kind == "promotion"]
    world.app.resolve(review.id or 0, "make_primary", "admin")
    world.quiet()
    _, records = world.only()
    assert [(r.vendor_id, r.role) for r in records if r.connection == "shop" and r.state == "live"] == [
        (two, "primary")
    ]


def test_an_erased_person_is_nowhere_and_no_pull_brings_it_back(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    world.quiet()
    (who,) = [
        customer.id for customer, _ in world.customers() if customer.values()["email"] == "jan@example.com"
    ]
    erased = world.app.erase(who, "admin")
    assert any(f"delete customer {userid}" in step for step in erased.steps)
    for _ in range(3):
        world.clock.forward(hours=25)
        world.sync()
    assert [customer.values()["email"] for customer, _ in world.customers()] == ["lan@example.com"]
    world.app.close()
    kept = b"".join(path.read_bytes() for path in world.folder.glob("store.db*"))
    assert b"jan@example.com" not in kept
    assert b"Peeters" not in kept
    world.app = world.opened()


def test_a_refused_value_is_held_with_the_vendors_words_and_tried_again_when_asked(world: World) -> None:
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    refusal = {
        "errors": [
            {"status": "422", "detail": "The phone is ugly.", "source": {"pointer": "/data/attributes/phone"}}
        ]
    }
    world.vendor("loyalty").faults.answer(422, refusal, kind="update", count=1)
    world.vendor("crm").human_edit(userid, contact={"phonenumber": "0470 99 99 99", "lastname": "Janssens"})
    report = world.quiet()
    assert any("The phone is ugly" in str(held["reason"]) for held in report.held)
    assert world.vendor("loyalty").snapshot()["jan@example.com"]["last_name"] == "Janssens"
    with world.app.store.look() as tx:
        (refused,) = tx.operations.list(states=("rejected",))
    assert "The phone is ugly" in refused.error
    world.app.retry(refused.id, "admin")
    world.quiet()
    assert world.vendor("loyalty").snapshot()["jan@example.com"]["phone"] == "+32470999999"


def test_a_number_that_another_country_writes_out_is_not_written_there_without_its_country(
    world: World,
) -> None:
    world.vendor("shop").human_create(name="Fay New", email="fay@example.com", contactNumber="0903000009")
    world.sync("shop", dry_run=True)
    contact = {
        "firstname": "Fay",
        "lastname": "New",
        "email": "fay@example.com",
        "phonenumber": "+84903000009",
    }
    userid = world.vendor("crm").human_create(company="", contact=contact)
    world.quiet()
    assert world.vendor("crm").snapshot()[userid]["contacts"][0]["phonenumber"] == "+84903000009"
    assert world.vendor("loyalty").snapshot()["fay@example.com"]["phone"] == "+84903000009"
