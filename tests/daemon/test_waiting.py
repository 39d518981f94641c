"""Waiting: a run that lasts gives way to others, goes on where it was, and is asked again by itself."""

from __future__ import annotations

from pathlib import Path

from syncd.daemon.told import Teller
from syncd.daemon.waiting import Waiting
from syncd.daemon.work import Hands
from syncd.failpoints import armed
from syncd.sandbox.ledger import Entry
from syncd.store import Writing
from tests.daemon.conftest import until
from tests.sync.world import World

PEOPLE = 650  # more than are taken together of a listing
DRY = {"dry_run": True}  # nothing of this depends on what is written


class Asking:
    """While the first page of the shop is stored, somebody asks for the other systems, one by one."""

    def __init__(self, world: World, *names: str) -> None:
        self.world, self.names, self.pages = world, names, 0

    def __call__(self, event: str) -> None:
        if event != "pull.page_stored":
            return
        self.pages += 1
        if self.pages == 1:
            for name in self.names:
                self.world.app.store.do(lambda tx, name=name: tx.runs.request([name], DRY, "schedule"))  # type: ignore[misc]


def _is_first_page(entry: Entry) -> bool:
    return entry.kind == "list" and entry.query.get("currentItem", ["0"]) == ["0"]


def _states(world: World) -> list[tuple[tuple[str, ...], str]]:
    with world.app.store.look() as tx:
        return [(run.connections, run.state) for run in reversed(tx.runs.list())]


def test_a_long_listing_gives_way_to_others_and_goes_on_where_it_was(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db")
    for number in range(PEOPLE):
        world.vendor("shop").human_create(name=f"Khách {number}", email=f"k{number}@example.com")
    lease = world.app.store.acquire("this one")
    assert lease is not None
    world.app.store.do(lambda tx: tx.runs.request(["shop"], DRY, "schedule"))
    hands = Hands(world.app, lease, Teller(world.app), patience=0)
    asking = Asking(world, "crm", "booking")
    with armed(asking):
        hands.start()
        try:
            until(lambda: [state for _, state in _states(world)] == ["done"] * 4, "four runs", 120)
        finally:
            hands.stop()
            assert hands.join(60)
    assert [names for names, _ in _states(world)] == [("shop",), ("crm",), ("booking",), ("shop",)]
    firsts = [entry for entry in world.vendor("shop").ledger.entries if _is_first_page(entry)]
    assert len(firsts) == 1
    with world.app.store.look() as tx:
        state = tx.connections.load("shop")
        assert state is not None
        assert state.full_started is not None
        assert state.resume is None
        assert state.records == PEOPLE
    world.app.close()


def test_who_has_just_asked_is_not_given_way_to(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db")
    ticks = [0.0]
    waiting = Waiting(world.app.store, 60.0, lambda: ticks[0])

    def ask(tx: Writing) -> None:
        tx.runs.request(["crm"], {}, "schedule")

    ticks[0] = 100.0
    assert not waiting()
    world.app.store.do(ask)
    ticks[0] = 200.0
    assert not waiting()
    world.clock.forward(seconds=61)
    ticks[0] = 300.0
    assert waiting()
    young = Waiting(world.app.store, 60.0, lambda: ticks[0])
    assert not young()
    world.app.close()
