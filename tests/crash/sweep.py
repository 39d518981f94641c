"""The sweep: crash at event 1, 2, 3 … until the scenario completes; after each crash restart, drain, and compare.

What it is compared with is the same history without a crash: the same customers at the vendors, the same number
made there, the same knowledge in the store.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from syncd.errors import SyncdError
from tests.crash.dying import Crash, DiesAt
from tests.crash.scenarios import Scenario
from tests.simulation.ending import Ending, doubles, ending
from tests.simulation.trial import Kept, Trial

TEN_MINUTES = 600.0


@dataclass(slots=True)
class Swept:
    """What a sweep did, and what went wrong in it."""

    kills: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Sweep:
    """One scenario, crashed."""

    def __init__(self, trial: Trial, scenario: Scenario) -> None:
        self.trial, self.scenario = trial, scenario
        scenario.past(trial)
        self.kept: Kept = trial.keep()
        self.swept = Swept()
        self.expected, self.events = self._uncrashed()

    def _uncrashed(self) -> tuple[Ending, int]:
        self.trial.rewind(self.kept)
        counting = DiesAt()
        with self.trial.counted(counting):
            self.scenario.act(self.trial)
            events = counting.count
            self._drain()
        self.swept.reached += counting.reached
        # all else is compared with this history, so it has to be right by itself
        assert doubles(self.trial) == {}
        return ending(self.trial), events

    def _drain(self) -> None:
        self.trial.drain(pause=self.scenario.pause, full=self.scenario.full)

    def plain(self, nths: Iterator[int] | range) -> Swept:
        """Crash at each of these events and recover."""
        for nth in nths:
            self._once(nth, self._drain)
        return self._over()

    def through_outage(self, nths: Iterator[int] | range) -> Swept:
        """Crash at each of these events; then no vendor answers for a while."""
        for nth in nths:
            self._once(nth, self._drain_through_outage)
        return self._over()

    def _over(self) -> Swept:
        self.trial.end()
        return self.swept

    def _drain_through_outage(self) -> None:
        with self.trial.outage():
            self.trial.sync()
            self.trial.clock.forward(TEN_MINUTES)
            self.trial.sync()
        self._drain()

    def pairs(self, count: int, seed: int) -> Swept:
        """Crash at one event, and again while recovering from that."""
        dice = random.Random(seed)
        for _ in range(count):
            first, second = dice.randrange(1, self.events + 1), dice.randrange(1, self.events // 2 + 2)
            self._once(first, lambda second=second: self._drain_dying(second))  # type: ignore[misc]
        return self._over()

    def _drain_dying(self, nth: int) -> None:
        if self._dies(nth, self._drain):
            self.trial.restart()
            self._drain()

    def _once(self, nth: int, recover: Callable[[], None]) -> None:
        self.trial.rewind(self.kept)
        if not self._dies(nth, lambda: self.scenario.act(self.trial)):
            return
        where = self._where
        self.trial.restart()
        try:
            recover()
            self._compare(where)
        except (AssertionError, SyncdError) as error:
            self.swept.wrong.append(f"{self.scenario.name}, died at {where}: {error!r}")

    def _dies(self, nth: int, act: Callable[[], None]) -> bool:
        dying = DiesAt(nth)
        try:
            with self.trial.counted(dying):
                act()
        except Crash:
            self.swept.kills += 1
            self._where = dying.where
            return True
        finally:
            self.swept.reached += dying.reached
        return False

    def _compare(self, where: str) -> None:
        now = ending(self.trial)
        for part, expected in _parts(self.expected):
            found = dict(_parts(now))[part]
            if found != expected:
                more, less = _differences(expected, found)
                self.swept.wrong.append(f"{self.scenario.name}, died at {where}: {part}: + {more} - {less}")


def _parts(end: Ending) -> list[tuple[str, object]]:
    return [(f"{name}.{inner}", value) for name, part in end.items() for inner, value in part.items()]


def _differences(expected: object, found: object) -> tuple[object, object]:
    if isinstance(expected, list) and isinstance(found, list):
        one, other = Counter(expected), Counter(found)
        return list((other - one).elements()), list((one - other).elements())
    return found, expected
