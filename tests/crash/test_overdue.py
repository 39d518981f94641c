"""An intent that waited too long for its turn is not sent any more: who looks for it would have looked too early."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.crash.scenarios import people_move_in, settled
from tests.simulation.ending import ending
from tests.simulation.places import FilePlace
from tests.simulation.trial import SETTLE, Trial


class Stopped:
    """The process stands still between an intent and its first byte, each of the first few times."""

    def __init__(self, trial: Trial, times: int, seconds: float, after: int = 0) -> None:
        self._trial, self._left, self._seconds, self._after = trial, times, seconds, after
        self.slept = 0

    def __call__(self, event: str) -> None:
        if event != "push.intent":
            return
        self._after -= 1
        if self._after < 0 and self._left:
            self._left -= 1
            self.slept += 1
            self._trial.clock.forward(self._seconds)


def _synced(folder: Path, times: int, seconds: float, after: int = 0) -> tuple[Trial, int]:
    """Let people move in and sync once, standing still so many times, after so many intents; return the writes."""
    folder.mkdir()
    trial = Trial(FilePlace(folder))
    people_move_in(trial)
    stopped = Stopped(trial, times, seconds, after)
    with trial.counted(stopped):
        trial.sync()
    assert stopped.slept == times
    return trial, trial.writes()


FIRST_STEPS, LATER_STEPS = 0, 1  # after how many intents these are to be sent


@pytest.mark.parametrize(("times", "after"), [(1, FIRST_STEPS), (3, FIRST_STEPS), (3, LATER_STEPS)])
def test_an_intent_that_is_overdue_is_planned_again_and_sent_once(
    tmp_path: Path, times: int, after: int
) -> None:
    sound, wrote = _synced(tmp_path / "sound", 0, 0.0)
    trial, wrote_late = _synced(tmp_path / "late", times, SETTLE / 2 + 1, after)
    assert wrote_late == wrote  # what was kept back went with a new intent, in the same sync
    for one in (sound, trial):
        one.drain()
    assert ending(trial)["vendors"] == ending(sound)["vendors"]


@pytest.mark.parametrize("after", [FIRST_STEPS, LATER_STEPS])
def test_where_everything_waits_too_long_the_run_ends_and_the_next_one_goes_on(
    tmp_path: Path, after: int
) -> None:
    sound, _ = _synced(tmp_path / "sound", 0, 0.0)
    trial = Trial(FilePlace(tmp_path))
    people_move_in(trial)
    with trial.counted(Stopped(trial, 1_000_000, SETTLE / 2 + 1, after)):
        report = trial.sync()
    assert any("waited too long for its turn, again and again" in error for error in report.errors)
    for one in (sound, trial):
        one.drain()
    assert ending(trial)["vendors"] == ending(sound)["vendors"]


def test_an_overdue_intent_leaves_no_byte_and_says_so(tmp_path: Path) -> None:
    trial = Trial(FilePlace(tmp_path))
    people_move_in(trial)
    writes: list[int] = []

    def tap(event: str) -> None:
        if event == "push.intent":
            trial.clock.forward(SETTLE / 2 + 1)
        if event == "push.done":
            writes.append(trial.writes())
            trial.app.stop.set()  # type: ignore[union-attr]

    with trial.counted(tap):
        trial.sync()
    assert writes[0] == 0
    assert trial.app is not None
    with trial.app.store.look() as tx:
        found = tx.operations.list(limit=100)
        tried = [one for one in found if one.attempts]
        assert {one.state for one in found} == {"planned"}
        assert all("waited too long" in one.error for one in tried)
        assert Counter(one.attempts for one in tried) == {1: len(tried)}


def test_an_intent_that_waited_a_little_is_sent(tmp_path: Path) -> None:
    trial = Trial(FilePlace(tmp_path))
    settled(trial)
    trial.sandbox.omniwallet.human_edit("bob@example.com", phone="+34600111222")
    before = trial.writes()
    with trial.counted(Stopped(trial, 9, SETTLE / 2 - 5)):
        trial.sync()
    assert trial.writes() > before
    assert trial.app is not None
    with trial.app.store.look() as tx:
        assert not any("too long" in one.error for one in tx.operations.list(limit=1000))
