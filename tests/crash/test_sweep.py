"""Crash at every event of what syncd does: nothing is lost, nothing is made twice, and it ends as if nothing had been.

The short form crashes where a step of each scenario is half done, for the second time and for the last, and at a few
other events before an outage and while recovering; the long form at all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.scenarios import SCENARIOS, Scenario
from tests.crash.sweep import Sweep, Swept
from tests.simulation.places import DatabasePlace, FilePlace
from tests.simulation.trial import Trial
from tests.support.postgres import Server

# By scenario: after which events of a name the process dies, and how many events later.
HALF_DONE = {
    "first sync": (("push.claimed", 0), ("push.answered", 0)),
    "edits both ways": (("pull.page_read", 3), ("push.done", 0)),
    "lost answers": (("settle.looked", 0), ("settle.decided", 0)),
    "renames": (("push.intent", 1), ("push.looked", 0)),
    "deletions": (("absence.suspected", 0), ("absence.proved", 0)),
    "mangling vendors": (("pull.closed", 0), ("push.read", 0)),
}
LONG_PAIRS = 170  # of each of the six scenarios
LONG_POSTGRES = 34

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


def _few(sweep: Sweep, count: int, offset: int = 0) -> range:
    """Return so many events, spread over the scenario."""
    stride = max(1, sweep.events // count)
    return range(1 + offset % stride, sweep.events + 1, stride)


def _half_done(sweep: Sweep) -> list[int]:
    """Return the second and the last event at which each of a scenario's steps is half done."""
    steps = HALF_DONE[sweep.scenario.name]
    found = [(sweep.at(name), more) for name, more in steps]
    return sorted({nth + more for nths, more in found for nth in (nths[:2][-1], nths[-1])})


def _assert_nothing_wrong(swept: Swept, at_least: int) -> None:
    print(f"{swept.kills} kills, {len(swept.wrong)} wrong")
    assert swept.wrong == []
    assert swept.kills >= at_least


@each_scenario
def test_a_crash_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    nths = _half_done(sweep)
    _assert_nothing_wrong(sweep.plain(nths), len(nths))


@pytest.mark.parametrize("scenario", SCENARIOS[1:3], ids=lambda scenario: scenario.name)
def test_a_crash_before_an_outage_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    _assert_nothing_wrong(sweep.through_outage(_few(sweep, 2, offset=41)), 2)


@pytest.mark.parametrize("scenario", SCENARIOS[::2], ids=lambda scenario: scenario.name)
def test_a_crash_while_recovering_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    _assert_nothing_wrong(sweep.pairs(2, seed=5), 3)


def test_a_crash_on_postgresql_changes_nothing(postgres_server: Server) -> None:
    sweep = Sweep(Trial(DatabasePlace(postgres_server)), SCENARIOS[1])
    _assert_nothing_wrong(sweep.plain(_few(sweep, 3, offset=23)), 3)


@pytest.mark.long
@each_scenario
def test_a_crash_at_every_event_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    _assert_nothing_wrong(sweep.plain(range(1, sweep.events + 1)), sweep.events)


@pytest.mark.long
@each_scenario
def test_a_crash_at_every_fifth_event_before_an_outage_changes_nothing(
    tmp_path: Path, scenario: Scenario
) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    _assert_nothing_wrong(sweep.through_outage(range(1, sweep.events + 1, 5)), sweep.events // 5)


@pytest.mark.long
@each_scenario
def test_a_thousand_crashes_while_recovering_change_nothing(tmp_path: Path, scenario: Scenario) -> None:
    sweep = Sweep(Trial(FilePlace(tmp_path)), scenario)
    _assert_nothing_wrong(sweep.pairs(LONG_PAIRS, seed=11), LONG_PAIRS)


@pytest.mark.long
@each_scenario
def test_many_crashes_on_postgresql_change_nothing(postgres_server: Server, scenario: Scenario) -> None:
    sweep = Sweep(Trial(DatabasePlace(postgres_server)), scenario)
    _assert_nothing_wrong(sweep.plain(_few(sweep, LONG_POSTGRES, offset=7)), LONG_POSTGRES)
