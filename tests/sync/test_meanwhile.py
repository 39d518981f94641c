"""What happens meanwhile: a COMMIT goes unanswered, a dry run comes first, a person acts while a listing is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from syncd.failpoints import armed
from tests.sync.test_cases import JAN
from tests.sync.world import World


class Unanswered:
    """From the last pull to the first push the answer to every COMMIT is lost, so that each unit is done twice."""

    def __init__(self) -> None:
        self.reading, self.failed, self.lost = 4, False, 0

    def __call__(self, event: str) -> None:
        self.reading -= event == "pull.closed"
        if event == "push.claimed":
            self.reading = 4
        if event != "store.committed" or self.reading > 0:
            return
        self.failed = not self.failed
        if self.failed:
            self.lost += 1
            cause = ConnectionResetError(104, "Connection reset by peer")
            raise DBAPIError("COMMIT", None, cause, connection_invalidated=True)


def test_a_record_that_is_linked_twice_makes_one_customer(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Jan Peeters", email="jan@example.com")
    world.vendor("shop").human_create(name="Lan Trần")  # it shares no key with another
    unanswered = Unanswered()
    with armed(unanswered):
        report = world.sync()
    assert unanswered.lost >= 3
    assert [len(records) > 0 for _, records in world.customers()] == [True, True]
    assert sum(tally.linked for tally in report.connections.values()) == 3
    assert report.customers == 2


def test_what_a_dry_run_saw_first_is_written_by_the_next_run(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        f"sqlite:///{tmp_path}/store.db",
        approve="over_limits",
        safety='max_same_field = [2, "10%"]',
    )
    crm = world.vendor("crm")
    people = [
        crm.human_create(company="", contact={"firstname": f"P{n}", "email": f"p{n}@example.com"})
        for n in range(4)
    ]
    world.sync(yes=True)
    world.sync(yes=True)
    for userid in people:
        crm.human_edit(userid, contact={"phonenumber": f"0470 12 34 5{userid}"})
    world.sync()
    with world.app.store.look() as tx:
        (review,) = tx.reviews.list(kind="mass_change")
    world.app.resolve(review.id or 0, "accept", "anna")
    dry = world.sync(dry_run=True)
    assert {row["connection"] for row in dry.plan} >= {"booking", "loyalty"}
    report = world.sync(yes=True)
    assert report.connections["booking"].updated == len(people)
    assert all(row["phoneNumber"] for row in world.vendor("booking").snapshot().values())
    world.app.close()


class Acting:
    """A person does something while the first page of each listing is on its way."""

    def __init__(self, world: World, choice: str) -> None:
        self.world, self.choice, self.pages = world, choice, 0

    def __call__(self, event: str) -> None:
        if event != "pull.page_read":
            return
        self.pages += 1
        if self.pages == 1:
            getattr(self, self.choice)()

    def pause(self) -> None:
        self.world.app.pause("crm", "anna")
        self.world.app.pause("shop", "anna")

    def approve(self) -> None:
        with self.world.app.store.look() as tx:
            limits = tx.reviews.list(kind="limits")
        for review in limits:
            self.world.app.resolve(review.id or 0, "approve", "anna")


@pytest.mark.parametrize(("choice", "kept"), [("pause", "paused"), ("approve", "approved")])
def test_what_a_person_says_of_a_connection_while_it_is_read_is_kept(
    tmp_path: Path, choice: str, kept: str
) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db", approve="first")
    world.vendor("crm").human_create(**JAN)
    world.vendor("shop").human_create(name="Lan Trần", email="lan@example.com")
    world.sync()
    with armed(Acting(world, choice)):
        world.sync()
    with world.app.store.look() as tx:
        states = tx.connections.all()
    for name in ("crm", "shop"):
        assert (states[name].state == "paused") is (kept == "paused")
        assert states[name].approved is (kept == "approved")
    world.app.close()


def test_a_sync_whose_way_to_the_store_is_unanswered_takes_it_and_runs_once(world: World) -> None:
    world.vendor("crm").human_create(**JAN)
    unanswered = Unanswered()
    unanswered.reading = 0  # from the request on, until the first page is stored

    def tap(event: str) -> None:
        if event == "pull.page_read":
            unanswered.reading = 100
        unanswered(event)

    with armed(tap):
        report = world.sync()
    assert unanswered.lost >= 3
    assert report.connections["crm"].pulled == 1
    with world.app.store.look() as tx:
        assert [run.state for run in tx.runs.list()] == ["done"]


class Parting:
    """A person says that a record is somebody else, when the booking's first write is noted and not sent yet."""

    def __init__(self, world: World, who: str) -> None:
        self.world, self.who, self.parted = world, who, False

    def __call__(self, event: str) -> None:
        if event != "push.intent" or self.parted or not self._is_its_turn():
            return
        self.parted = True
        customer, records = self.world.only()
        leaving = [record.key for record in records if record.connection == self.who]
        self.world.app.split(customer.id, leaving, "anna")

    def _is_its_turn(self) -> bool:
        with self.world.app.store.look() as tx:
            return any(op.draft.connection == "booking" for op in tx.operations.list(states=("sent",)))


@pytest.mark.parametrize("who", ["booking", "crm"])
def test_what_is_written_into_a_record_that_is_parted_meanwhile_is_taken_back(world: World, who: str) -> None:
    """It leaves, or the one leaves that had said what is written."""
    contact = {"firstname": "Jan", "lastname": "Peeters", "email": "jan@example.com"}
    userid = world.vendor("crm").human_create(company="", contact=contact)
    world.quiet()
    world.vendor("crm").human_edit(userid, contact={"phonenumber": "0470 12 34 56"})
    for name in ("shop", "loyalty"):  # nobody else has it by then
        world.app.pause(name, "anna")
    parting = Parting(world, who)
    with armed(parting):
        world.sync()
    world.quiet()
    assert parting.parted
    phones = [row.get("phoneNumber") or "" for row in world.vendor("booking").snapshot().values()]
    assert sorted(map(bool, phones)) == [False, True]
