"""SIGKILL and SIGSTOP of the real command: the next one goes on, and everybody is everywhere once."""

from __future__ import annotations

import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.processes import PATIENCE, Town, at_home, town, wait_until

PEOPLE = 3
TAKEOVER = 10.0  # seconds within which another process on this machine has the store
LONG_KILLS = 50  # on each database
STOPPED = 10.0  # seconds: longer than a lease lasts


def _move_in(here: Town) -> None:
    for number in range(PEOPLE):
        name = f"Walker{'abc'[number]}"
        here.sandbox.pexip_engage.human_create(
            firstName="Sam",
            lastName=name,
            email=f"sam{number}@example.com",
            phoneNumber=f"+324700000{number:02d}",
        )


def _everybody_is_everywhere_once(here: Town) -> None:
    for name, vendor in here.sandbox.vendors.items():
        assert len(vendor.snapshot()) == PEOPLE, name
        assert sum(entry.kind == "create" for entry in vendor.ledger.writes()) in (0, PEOPLE), name
    contacts = [len(row["contacts"]) for row in here.sandbox.perfex.snapshot().values()]
    assert contacts == [1] * PEOPLE


def _kill_and_go_on(url: str, at: int) -> bool:
    with town(url) as here:
        _move_in(here)
        died = here.sync_and_die(at)
        here.settle()
        _everybody_is_everywhere_once(here)
    return died


@pytest.mark.parametrize("at", [9, 24])
def test_a_killed_sync_is_finished_by_the_next(tmp_path: Path, at: int) -> None:
    assert _kill_and_go_on(at_home(tmp_path), at)
    with closing(sqlite3.connect(tmp_path / "town.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_daemon_takes_over_from_a_killed_one(tmp_path: Path) -> None:
    with town(at_home(tmp_path)) as here, here.daemon() as first:
        _move_in(here)
        wait_until(lambda: here.holder() == first.pid, PATIENCE)
        with here.daemon() as second:
            here.killer.aim(lambda: first.pid, 12)
            asking = here.command("sync", "--json")
            first.wait(PATIENCE)
            took = wait_until(lambda: here.holder() == second.pid, TAKEOVER)
            asking.communicate(timeout=PATIENCE)
            here.settle()
            assert here.holder() == second.pid
        print(f"taken over in {took:.1f} s")
        _everybody_is_everywhere_once(here)


def _stop_and_wake(url: str, at: int) -> float:
    with town(url) as here, here.daemon() as first:
        _move_in(here)
        wait_until(lambda: here.holder() == first.pid, PATIENCE)
        with here.daemon() as second:
            here.killer.aim(lambda: first.pid, at, signal.SIGSTOP)
            asking = here.command("sync", "--json")
            took = wait_until(lambda: here.holder() == second.pid, STOPPED + PATIENCE)
            first.send_signal(signal.SIGCONT)
            asking.communicate(timeout=PATIENCE)
            here.settle()
            assert here.holder() == second.pid
        _everybody_is_everywhere_once(here)
    return took


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("at", [6, 12, 18, 24, 30])
def test_a_stopped_daemon_wakes_up_and_writes_nothing_more(tmp_path: Path, at: int) -> None:
    print(f"taken over in {_stop_and_wake(at_home(tmp_path), at):.1f} s")


@pytest.mark.long
@pytest.mark.timeout(0)
def test_many_killed_syncs_are_finished_by_the_next(store_url: str, tmp_path: Path) -> None:
    dice, died = random.Random(3), 0
    while died < LONG_KILLS:
        folder = tmp_path / f"{died}"
        folder.mkdir(exist_ok=True)
        url = store_url if store_url.startswith("postgresql") and died == 0 else at_home(folder)
        died += _kill_and_go_on(url, dice.randrange(1, 60))
    print(f"{died} kills")
