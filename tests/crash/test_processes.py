"""SIGKILL and SIGSTOP of the real command: the next one goes on, and everybody is everywhere once."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.failover import TAKEOVER, rounds
from tests.crash.processes import Town, at_home, town
from tests.support.stores import Backend

PEOPLE = 3
LONG_KILLS = 50  # on each database


def _move_in(here: Town) -> None:
    for number in range(PEOPLE):
        name = f"Walker{'abc'[number]}"
        here.sandbox.pexip_engage.human_create(
            firstName="Sam",
            lastName=name,
            email=f"sam{number}@example.com",
            phoneNumber=f"+324700000{number:02d}",
        )


def _kill_and_go_on(url: str, at: int) -> bool:
    with town(url) as here:
        _move_in(here)
        died = here.sync_and_die(at)
        here.settle()
        assert here.not_once(PEOPLE) == []
    return died


@pytest.mark.parametrize("at", [9, 24])
def test_a_killed_sync_is_finished_by_the_next(tmp_path: Path, at: int) -> None:
    assert _kill_and_go_on(at_home(tmp_path), at)
    with closing(sqlite3.connect(tmp_path / "town.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _assert_handed_over(url: str, count: int, seed: int) -> None:
    with town(url) as here:
        played, people = rounds(here, count, seed)
        wrong = here.not_once(people)
    for one in played:
        print(f"{one.how.name}: taken over in {one.took:.1f} s")
        assert one.overlapping == ()
        assert one.took < TAKEOVER
    assert wrong == []


def test_a_daemon_takes_over_from_a_killed_one(tmp_path: Path) -> None:
    _assert_handed_over(at_home(tmp_path), 1, seed=4)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_twenty_times_the_other_daemon_takes_over(store_url: str) -> None:
    _assert_handed_over(store_url, 20, seed=1)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_many_killed_syncs_are_finished_by_the_next(store_backend: Backend) -> None:
    dice, died = random.Random(3), 0
    while died < LONG_KILLS:
        died += _kill_and_go_on(store_backend.empty(), dice.randrange(1, 60))
    print(f"{died} kills")
