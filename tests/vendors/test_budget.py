"""Budgets: never more than the vendor allows, shared by what it counts, and never waited for without end."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import Busy, Throttled
from syncd.vendors.budget import Allowance, Budgets, Kind, Ration, Rationed, leaving_some
from tests.vendors.test_auth import Drawer

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass
class Ticks:
    """Seconds that pass when they are told to, or when somebody waits."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Sleeper(threading.Event):
    """A stop event whose waits take no time but move the ticks."""

    def __init__(self, ticks: Ticks) -> None:
        super().__init__()
        self.ticks = ticks
        self.waited = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.ticks.now += timeout or 0.0
        self.waited += timeout or 0.0
        return self.is_set()


def rationed(
    *allowances: Allowance, ticks: Ticks | None = None, stop: threading.Event | None = None
) -> Rationed:
    ticks = ticks or Ticks()
    return Rationed(Ration("shop", allowances), ticks=ticks, stop=stop or Sleeper(ticks))


@given(
    limits=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 100)), min_size=1, max_size=3),
    steps=st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more_than_it_may(limits: list[tuple[int, int]], steps: list[float]) -> None:
    ticks = Ticks()
    budget = rationed(*(Allowance(number, seconds) for number, seconds in limits), ticks=ticks)
    sent = []
    for step in steps:
        ticks.now += step
        budget.acquire("read", timeout=1e9)
        sent.append(ticks.now)
    for number, seconds in limits:
        for at in sent:
            assert sum(at <= other < at + seconds - 0.002 for other in sent) <= number


def test_a_budget_that_is_spent_for_long_is_not_waited_for() -> None:
    budget = rationed(Allowance(1, 3600))
    budget.acquire("read", 60)
    with pytest.raises(Throttled) as error:
        budget.acquire("read", 60)
    assert error.value.wait == pytest.approx(3600, abs=2)
    assert error.value.next_step


def test_only_what_the_vendor_counts_is_counted() -> None:
    gets: frozenset[Kind] = frozenset({"read"})
    budget = rationed(Allowance(1, 3600, gets))
    budget.acquire("read", 0)
    for _ in range(5):
        budget.acquire("write", 0)
    with pytest.raises(Throttled):
        budget.acquire("read", 0)


def test_paths_are_counted_apart_where_the_vendor_does() -> None:
    budget = rationed(Allowance(1, 3600, per_path=True))
    budget.acquire("read", 0, "customers")
    budget.acquire("read", 0, "contacts")
    with pytest.raises(Throttled):
        budget.acquire("read", 0, "customers")


def test_a_vendors_wish_to_wait_holds_everybody() -> None:
    ticks = Ticks()
    budget = rationed(ticks=ticks)
    budget.hold(30)
    budget.hold(10)
    budget.acquire("write", 60)
    assert ticks.now == pytest.approx(1030)


def test_the_vendors_own_count_is_believed() -> None:
    ticks = Ticks()
    budget = rationed(ticks=ticks)
    reset = int(NOW.timestamp()) + 20
    for headers in (
        {},
        {"X-RateLimit-Remaining": "0"},
        {"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": str(reset)},
    ):
        budget.told(headers, NOW)
    budget.told({"X-RateLimit-Remaining": "soon", "X-RateLimit-Reset": "²"}, NOW)
    budget.acquire("read", 60)
    assert ticks.now == 1000
    budget.told({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}, NOW)
    budget.acquire("read", 60)
    assert ticks.now == pytest.approx(1020)


def test_connections_that_are_counted_together_share_a_budget() -> None:
    budgets = Budgets()
    assert budgets.of(Ration("pexip api.example")) is budgets.of(Ration("pexip api.example"))
    assert budgets.of(Ration("pexip api.example")) is not budgets.of(Ration("pexip other.example"))


def test_no_more_are_under_way_than_there_are_places() -> None:
    budget = Rationed(Ration("shop", concurrency=2))
    inside, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with budget.slot(10):
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    with budget.slot(1), budget.slot(1), pytest.raises(Throttled), budget.slot(0.01):
        pass


def test_stopping_ends_the_wait() -> None:
    stop = threading.Event()
    budget = Rationed(Ration("shop", (Allowance(1, 30),)), stop=stop)
    budget.acquire("read", 60)
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Busy):
        budget.acquire("read", 60)
    assert time.monotonic() - began < 5


@dataclass
class Process:
    """One of several processes that share a shelf and a wall clock, each with ticks of its own."""

    shelf: Drawer
    wall: list[datetime]

    def budget(self, *allowances: Allowance, ticks: Ticks | None = None) -> Rationed:
        ticks = ticks or Ticks(float(len(self.wall) * 77))
        return Rationed(
            Ration("shop", allowances),
            ticks=ticks,
            stop=Sleeper(ticks),
            shelf=self.shelf,
            wall=lambda: self.wall[0],
        )


def test_what_was_spent_outlives_the_process() -> None:
    process = Process(Drawer(), [NOW])
    allowance = Allowance(100, 3600)
    first = process.budget(allowance)
    for _ in range(60):
        first.acquire("read", 0)
    first.close()
    process.wall[0] += timedelta(seconds=600)
    second = process.budget(allowance, ticks=Ticks(5.0))
    for _ in range(40):
        second.acquire("read", 0)
    with pytest.raises(Throttled):
        second.acquire("read", 0)
    second.close()
    process.wall[0] += timedelta(seconds=3600)
    process.budget(allowance).acquire("read", 0)


@given(crashes=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=8))
def test_no_crash_lets_more_be_sent_than_is_allowed(crashes: list[tuple[int, bool]]) -> None:
    process = Process(Drawer(), [NOW])
    sent = 0
    for number, ends_well in crashes:
        budget = process.budget(Allowance(40, 3600))
        with suppress(Throttled):
            for _ in range(number):
                budget.acquire("read", 0)
                sent += 1
        if ends_well:
            budget.close()
    assert sent <= 40
    assert sent >= min(sum(number for number, _ in crashes), 40) - 3 * len(crashes)


def test_processes_side_by_side_share_what_is_allowed() -> None:
    process = Process(Drawer(), [NOW])
    one, other = process.budget(Allowance(400, 3600)), process.budget(Allowance(400, 3600))
    sent = 0
    with suppress(Throttled):
        while sent < 1000:
            one.acquire("read", 0)
            other.acquire("read", 0)
            sent += 2
    assert 360 <= sent <= 400


def test_a_vendors_wish_to_wait_outlives_the_process() -> None:
    process = Process(Drawer(), [NOW])
    process.budget().hold(1800)
    process.budget().hold(600, "customers/lan@example.com")
    process.wall[0] += timedelta(seconds=600)
    with pytest.raises(Throttled) as error:
        process.budget().acquire("read", 60)
    assert error.value.wait == pytest.approx(1200)
    assert "lan@" not in str(process.shelf)
    process.wall[0] += timedelta(seconds=1201)
    process.budget().acquire("read", 0)


@given(
    limit=st.integers(5, 30),
    workers=st.integers(2, 4),
    order=st.lists(st.integers(0, 3), min_size=30, max_size=90),
)
def test_what_a_vendor_says_is_left_is_never_overdrawn(limit: int, workers: int, order: list[int]) -> None:
    """Answers come in any order, and a new request begins as soon as one has come."""
    ticks = Ticks()
    budget = Rationed(Ration("crm", concurrency=workers), ticks=ticks, stop=Sleeper(ticks))
    reset = {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 30)}
    spent, unread = 0, list[tuple[int, ExitStack]]()
    for number in order:
        while len(unread) < workers:
            place = ExitStack()
            place.enter_context(budget.slot(1))
            if _waits(budget):
                place.close()
                break
            spent += 1
            unread.append((limit - spent, place))
            if spent == 1:
                break  # nothing is known before the first answer
        if not unread:
            assert spent > limit - workers  # and hardly any of it is wasted
            break
        remaining, place = unread.pop(number % len(unread))
        budget.told({"X-RateLimit-Remaining": str(remaining), **reset}, NOW)
        place.close()
    assert spent <= limit


def _waits(budget: Rationed) -> bool:
    """Tell whether another request would have to wait."""
    try:
        budget.acquire("read", 0)
    except Throttled:
        return True
    return False


def test_writes_leave_a_tenth_of_a_long_allowance_to_listings() -> None:
    ticks = Ticks()
    budget = rationed(Allowance(20, 3600, frozenset({"read"})), Allowance(100, 60), ticks=ticks)

    def sent_of(most: int) -> int:
        for number in range(most):
            try:
                budget.acquire("read", timeout=1.0)
            except Throttled:
                return number
        return most

    with leaving_some():
        assert sent_of(30) == 18
    assert sent_of(30) == 2
    ticks.now += 3600.1
    with leaving_some():
        assert sent_of(30) == 18


def test_of_an_allowance_that_is_back_soon_nothing_is_left() -> None:
    budget = rationed(Allowance(20, 60))
    with leaving_some():
        for _ in range(20):
            budget.acquire("read", timeout=0.0)
    with pytest.raises(Throttled):
        budget.acquire("read", timeout=0.0)
