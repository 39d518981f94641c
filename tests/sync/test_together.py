"""Pages that are there already are stored together; what was read is lost to no failure, and the last look counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from syncd.errors import Unanswered
from syncd.store import ConnectionState
from syncd.sync.page import TOGETHER, PageTaker, digested, gathered
from syncd.sync.progress import Watch
from syncd.sync.pull import pull
from syncd.values import Item, Page, Tally
from syncd.vendors.base import Connector, Pass
from tests.sync.world import World

START = datetime(2026, 11, 1, tzinfo=UTC)


def page(*vendor_ids: str, followed: bool = True, last: bool = False, removed: tuple[str, ...] = ()) -> Page:
    items = tuple(Item(vendor_id, {"id": vendor_id}) for vendor_id in vendor_ids)
    return Page(items, START, last, removed=removed, followed=followed)


def told(groups: Iterator[list[Page]]) -> list[list[str]]:
    return [[item.vendor_id for each in group for item in each.items] for group in groups]


def test_pages_wait_for_those_that_are_there_and_for_no_others() -> None:
    pages = [page("1", followed=False), page("2"), page("3", followed=False), page("4"), page("5", last=True)]
    assert told(gathered(pages)) == [["1"], ["2", "3"], ["4", "5"]]


def test_so_many_rows_are_enough_for_one_transaction() -> None:
    full = page(*map(str, range(TOGETHER // 2)))
    assert [len(group) for group in gathered([full, full, full, page("1", last=True)])] == [2, 2]


def test_ids_that_are_reported_as_deleted_come_before_later_pages() -> None:
    pages = [page("1", removed=("2",)), page("2"), page("3", last=True)]
    assert told(gathered(pages)) == [["1"], ["2", "3"]]


def test_what_was_read_before_a_failure_is_handed_on() -> None:
    def pages() -> Iterator[Page]:
        yield page("1")
        yield page("2")
        raise Unanswered("page 3 is lost")

    groups = gathered(pages())
    assert [len(group) for group in [next(groups)]] == [2]
    with pytest.raises(Unanswered):
        next(groups)


def test_a_row_that_is_nested_too_deep_is_set_aside_and_stops_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db")
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    items = (Item("7", {"id": 7, "groups": deep}), Item("8", {"id": 8, "name": "Lan Trần"}))
    shown, digests = digested(Page(items, START, last=True), world.app.scene.sources["shop"])
    assert [item.vendor_id for item in shown.items] == list(digests) == ["8"]
    assert [poison.vendor_id for poison in shown.poison] == ["7"]
    world.app.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["last asked for last", "last asked for first"])
def test_of_a_row_that_pages_show_twice_what_was_asked_for_last_counts(
    tmp_path: Path, store_url: str, order: tuple[int, int]
) -> None:
    world = World(tmp_path, store_url, shop="")
    app = world.app
    shop = app.scene.sources["shop"]
    looks = [
        Page((Item("7", {"id": 7, "code": "KH7", "name": name}),), START + timedelta(seconds=n), last=False)
        for n, name in enumerate(("Before", "After"))
    ]
    state = ConnectionState("shop", "kiotviet")
    pages = [(looks[n], {"7": bytes([n])}) for n in order]
    lease = app.store.acquire("test")
    assert lease is not None
    taken = app.store.do(
        lambda tx: PageTaker(tx, app.scene, shop, state, "run-1", pages).work(), epoch=lease.epoch
    )
    with app.store.look() as tx:
        record = tx.records.one("shop", "7")
    assert record is not None
    assert (record.value("full_name"), record.digest, record.observed) == (
        "After",
        b"\x01",
        START + timedelta(seconds=1),
    )
    assert (taken.tally.pulled, taken.tally.new, taken.seen) == (1, 1, ["7"])
    world.app.close()


class Listed:
    """A connector whose listing is these pages, of rows that may be read at any time."""

    def __init__(self, connector: Connector, pages: Sequence[Page]) -> None:
        self._connector, self._pages = connector, pages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def pages(self, _: Pass) -> Iterator[Page]:
        return iter(self._pages)


def test_a_row_that_was_edited_and_put_back_between_two_pages_ends_as_it_was(
    tmp_path: Path, store_url: str
) -> None:
    world = World(tmp_path, store_url, shop="")
    app, shop = world.app, world.app.scene.sources["shop"]
    lease = app.store.acquire("test")
    assert lease is not None

    def listed(*names: str) -> None:
        world.clock.forward(minutes=1)
        pages = [
            Page((Item("7", {"id": 7, "code": "KH7", "name": name}),), world.clock(), n == 1, followed=n == 0)
            for n, name in enumerate(names)
        ]
        source = replace(shop, connector=cast("Connector", Listed(shop.connector, pages)))
        pull(
            app.store, app.scene, source,
            run="run-1", epoch=lease.epoch, full=True, tally=Tally(), watch=Watch(),
        )  # fmt: skip

    listed("Lan", "Lan")
    listed("Lan", "Lan")
    listed("Edited", "Lan")
    with app.store.look() as tx:
        record = tx.records.one("shop", "7")
    assert record is not None
    assert record.value("full_name") == "Lan"
    world.app.close()


def test_a_listing_of_many_pages_is_stored_whole_and_only_once(tmp_path: Path, store_url: str) -> None:
    world = World(tmp_path, store_url)
    vendor = world.vendor("shop")
    for n in range(450):
        vendor.human_create(name=f"Person {n}", email=f"person{n}@example.com")
    report = world.app.sync(["shop"], dry_run=True)
    tally = report.connections["shop"]
    assert (tally.pulled, tally.new, tally.unchanged, tally.complete) == (450, 450, 0, True)
    vendor.human_edit(next(iter(vendor.snapshot())), name="Another name")
    tally = world.app.sync(["shop"], dry_run=True, full=True).connections["shop"]
    assert (tally.pulled, tally.new, tally.changed, tally.unchanged) == (450, 0, 1, 449)
    world.app.close()
