"""The lease: one holder at a time, a dead one replaced at once, a stale one refused however late it wakes up."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from syncd.errors import LeaseLost
from syncd.store import Lease, Store, Writing
from syncd.store.lease import born
from tests.store.conftest import Clock
from tests.store.processes import running, said


def taken(lease: Lease | None) -> Lease:
    assert lease is not None
    return lease


def test_only_one_holds_the_store(store: Store) -> None:
    lease = taken(store.acquire("daemon"))
    assert store.acquire("command line") is None
    holder = store.holder()
    assert holder is not None
    assert (holder["holder"], holder["pid"], holder["epoch"]) == ("daemon", os.getpid(), lease.epoch)
    lease.release()
    assert store.holder() is None
    assert taken(store.acquire("command line")).epoch == lease.epoch + 1


def test_a_lease_that_is_not_renewed_ends(store: Store, clock: Clock) -> None:
    lease = taken(store.acquire("daemon", ttl=timedelta(seconds=8)))
    clock.forward(seconds=7)
    lease.renew()
    clock.forward(seconds=7)
    assert store.acquire("other") is None
    clock.forward(seconds=1)
    assert taken(store.acquire("other")).epoch == lease.epoch + 1


def test_a_late_holder_that_nobody_replaced_goes_on(store: Store, clock: Clock) -> None:
    lease = taken(store.acquire("daemon"))
    clock.forward(hours=1)
    lease.renew()
    assert store.acquire("other") is None


def test_a_holder_asks_the_store_before_it_acts_only_when_its_time_may_be_over(
    store: Store, clock: Clock
) -> None:
    seconds = iter([0.0, 5.9, 6.1, 6.1, 12.0, 12.2, 12.2])
    stale = taken(store.acquire("daemon", timedelta(seconds=8), lambda: next(seconds)))
    clock.forward(seconds=7)
    stale.hold()  # 5.9 s after it took the lease
    stale.hold()  # 6.1 s after: renewed
    clock.forward(seconds=7)
    assert store.acquire("other") is None
    clock.forward(seconds=8)
    assert store.acquire("other") is not None
    stale.hold()  # 5.9 s after it renewed, as its own clock tells: the store was not asked
    with pytest.raises(LeaseLost):
        stale.hold()


def test_who_was_replaced_is_refused_and_writes_nothing(store: Store, clock: Clock) -> None:
    stale = taken(store.acquire("daemon"))
    clock.forward(minutes=1)
    current = taken(store.acquire("other"))
    with pytest.raises(LeaseLost):
        store.do(lambda tx: tx.meta.set("who", "stale"), epoch=stale.epoch)
    with pytest.raises(LeaseLost):
        stale.renew()
    stale.release()
    store.do(lambda tx: tx.meta.set("who", "current"), epoch=current.epoch)
    assert store.holder() is not None
    with store.look() as tx:
        assert tx.meta.get("who") == "current"


def test_an_epoch_is_refused_before_any_lease(store: Store) -> None:
    with pytest.raises(LeaseLost):
        store.do(lambda tx: tx.meta.set("a", "b"), epoch=1)


def test_nobody_takes_over_in_the_middle_of_a_write(store: Store, url: str, clock: Clock) -> None:
    lease = taken(store.acquire("daemon", ttl=timedelta(seconds=8)))
    ended: list[str] = []

    def take_over() -> None:
        later = Clock()
        later.now = clock.now + timedelta(minutes=1)
        with Store.open(url, clock=later) as other:
            got = other.acquire("other")
            ended.append("taken" if got else "refused")

    def unit(tx: Writing) -> None:
        thread.start()
        time.sleep(1)
        ended.append("written")
        tx.meta.set("a", "b")

    thread = threading.Thread(target=take_over)
    store.do(unit, epoch=lease.epoch)
    thread.join()
    assert ended == ["written", "taken"]


def test_a_lease_is_renewed_during_a_long_write(store: Store, clock: Clock) -> None:
    lease = taken(store.acquire("daemon", ttl=timedelta(seconds=8)))

    def unit(tx: Writing) -> None:
        tx.meta.set("a", "b")
        clock.forward(seconds=7)

    store.do(unit, epoch=lease.epoch)
    lease.renew()
    clock.forward(seconds=7)
    assert store.acquire("other") is None


def test_ten_processes_worth_of_threads_take_one_lease(store: Store) -> None:
    got: list[Lease | None] = []
    threads = [threading.Thread(target=lambda: got.append(store.acquire("one of ten"))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in got) == 1


def test_after_a_kill_the_store_is_free_at_once(url: str) -> None:
    with running("holding", url, "3600") as process, Store.open(url, clock=real_clock) as store:
        epoch = int(said(process))
        assert store.acquire("this one") is None
        process.send_signal(signal.SIGKILL)
        # not waited for yet: for the system the process is a zombie, for the store it is dead
        lease = wait_for(store, 60)
        assert lease.epoch == epoch + 1


def test_a_stopped_holder_is_replaced_when_its_time_is_over_and_then_refused(url: str) -> None:
    with running("holding", url, "2") as process, Store.open(url, clock=real_clock) as store:
        epoch = int(said(process))
        process.send_signal(signal.SIGSTOP)
        assert store.acquire("this one") is None
        lease = wait_for(store, 10)
        assert lease.epoch == epoch + 1
        with pytest.raises(LeaseLost):
            store.do(lambda tx: tx.meta.set("a", "b"), epoch=epoch)


@pytest.mark.parametrize("where", ["writing", "pipeline", "copy"])
def test_a_holder_stopped_in_the_middle_of_a_write_keeps_nobody_out(postgres_url: str, where: str) -> None:
    with (
        Store.open(postgres_url, clock=real_clock, patience=2) as store,
        running("holding", postgres_url, "1", where) as process,
    ):
        epoch = int(said(process))
        process.send_signal(signal.SIGSTOP)
        lease = wait_for(store, 60)
        store.do(lambda tx: tx.meta.set("a", "b"), epoch=lease.epoch)
        assert lease.epoch == epoch + 1
        process.send_signal(signal.SIGCONT)


def test_whoever_waits_for_a_turn_that_somebody_silent_keeps_gets_it(postgres_url: str) -> None:
    """Also where it waits for no lease, as an admin's command does."""
    with (
        Store.open(postgres_url, clock=real_clock, patience=4) as store,
        running("holding", postgres_url, "600", "pipeline") as process,
    ):
        said(process)
        process.send_signal(signal.SIGSTOP)
        store.do(lambda tx: tx.meta.set("a", "b"))
        with store.look() as tx:
            assert tx.meta.get("a") == "b"


def test_a_number_given_to_another_process_is_not_the_holder() -> None:
    assert born(os.getpid()) == born(os.getpid())
    assert born(1) != born(os.getpid())
    assert born(2**22 + 1) is None


def real_clock() -> datetime:
    return datetime.now(UTC)


def wait_for(store: Store, seconds: float) -> Lease:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if lease := store.acquire("this one"):
            return lease
        time.sleep(0.05)
    raise AssertionError(f"the store was not free within {seconds} s")
