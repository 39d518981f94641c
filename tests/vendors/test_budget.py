"""Budgets: never more than the vendor allows, shared by what it counts, and never waited for without end."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrate_limiter import AbstractBucket, Rate, SQLiteBucket

from syncd.errors import Busy, Throttled
from syncd.vendors.budget import Allowance, Budgets, Kind, Ration, Rationed

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


def test_counts_can_outlive_the_process(tmp_path: Path) -> None:
    def on_disk(key: str, rates: list[Rate]) -> AbstractBucket:
        return SQLiteBucket.init_from_file(
            rates, table="b" + key.encode().hex(), db_path=str(tmp_path / "budget.db")
        )

    ration = Ration("shop", (Allowance(1, 3600),))
    Rationed(ration, bucket=on_disk).acquire("read", 0)
    with pytest.raises(Throttled):
        Rationed(ration, bucket=on_disk).acquire("read", 0)
