"""The failpoints themselves: every one stands in the code under its name, and the suite reaches each of them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.failpoints import POINTS, armed, failpoint
from tests.crash.dying import Crash, DiesAt
from tests.crash.scenarios import SCENARIOS
from tests.simulation.places import FilePlace
from tests.simulation.trial import Trial

SOURCES = Path(__file__).resolve().parents[2] / "syncd"
MANY = 100  # so many records that one search is cheaper than a listing
READ_ONLY = {f"SYNCD__CONNECTIONS__{name}__PUSH": "[]" for name in ("SHOP", "LOYALTY", "BOOKING")}


def test_every_failpoint_stands_in_the_code_once_known() -> None:
    calls = [
        name
        for path in SOURCES.rglob("*.py")
        for name in re.findall(r'\bfailpoint\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    ]
    assert set(calls) == set(POINTS)


def test_a_failpoint_that_nobody_armed_does_nothing() -> None:
    reached: list[str] = []
    failpoint("store.begin")
    with armed(reached.append):
        failpoint("store.commit")
    failpoint("store.committed")
    assert reached == ["store.commit"]


def test_every_failpoint_is_reached(tmp_path: Path) -> None:
    reached: Counter[str] = Counter()
    for scenario in (SCENARIOS[2], SCENARIOS[4]):
        folder = tmp_path / scenario.name
        folder.mkdir()
        trial = Trial(FilePlace(folder))
        with armed(lambda name: reached.update([name])):
            scenario.past(trial)
            scenario.act(trial)
        trial.end()
    with armed(lambda name: reached.update([name])):
        _search_before_a_create(tmp_path)
        _renew(tmp_path)
    assert set(POINTS) - set(reached) == set()


def _search_before_a_create(folder: Path) -> None:
    trial = Trial(FilePlace(folder), settings=READ_ONLY)
    for number in range(MANY):
        trial.sandbox.perfex.human_create(company=f"Company {number}")
    trial.sync()
    # the appointment book is read last, so that the CRM was read before anybody knew of this customer
    trial.sandbox.pexip_engage.human_create(firstName="Late", lastName="Comer", email="late@example.com")
    trial.sync()
    trial.end()
    made = [entry for entry in trial.sandbox.perfex.ledger.writes() if entry.kind == "create"]
    assert len(made) == 1


def _renew(folder: Path) -> None:
    trial = Trial(FilePlace(folder))
    lease = trial.start().store.acquire("a test", timedelta(seconds=5))
    assert lease is not None
    lease.renew()
    trial.end()


def test_who_died_stays_dead() -> None:
    dying = DiesAt(2)
    dying("one")
    for event in ("two", "three"):
        with pytest.raises(Crash):
            dying(event)
    assert dying.count == 2
