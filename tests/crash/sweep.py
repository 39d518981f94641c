"""The sweep: crash at event 1, 2, 3 … until the scenario completes; after each crash restart, drain, and compare.

What it is compared with is the same history without a crash: the same customers at the vendors, the same number
made there, the same knowledge in the store.

A part of it, or all, from the command line: `python -m tests.crash.sweep --kills 2000 --db sqlite`.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from syncd.errors import SyncdError
from tests.crash.dying import Crash, DiesAt
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.simulation.ending import Ending, doubles, ending
from tests.simulation.places import Places, places
from tests.simulation.trial import Kept, Trial

TEN_MINUTES = 600.0
ENOUGH = 10  # wrong ends, after which others tell nothing new
PASSES = ("plain", "outage", "pairs")


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
        self.expected, self.names = self._uncrashed()
        self.events = len(self.names)

    def _uncrashed(self) -> tuple[Ending, list[str]]:
        self.trial.rewind(self.kept)
        counting = DiesAt()
        with self.trial.counted(counting):
            self.scenario.act(self.trial)
            names = list(counting.names)
            self.trial.drain(pause=self.scenario.pause, full=self.scenario.full)
        self.swept.reached += counting.reached
        # all else is compared with this history, so it has to be right by itself
        assert doubles(self.trial) == {}
        return ending(self.trial), names

    def _drain(self) -> None:
        # what a later sync would still write is missing in the comparison, which spares a second quiet one
        self.trial.drain(pause=self.scenario.pause, full=self.scenario.full, quiet_for=1)

    def plain(self, nths: Iterable[int]) -> Swept:
        """Crash at each of these events and recover."""
        for nth in nths:
            self._once(nth, self._drain)
            if len(self.swept.wrong) >= ENOUGH:
                break
        return self._over()

    def through_outage(self, nths: Iterable[int]) -> Swept:
        """Crash at each of these events; then no vendor answers for a while."""
        for nth in nths:
            self._once(nth, self._drain_through_outage)
        return self._over()

    def some(self, passing: str, kills: int, seed: int) -> Swept:
        """Crash about so many times in one of the three passes, spread over the scenario."""
        if passing == "pairs":
            return self.pairs(kills, seed)
        crash = self.plain if passing == "plain" else self.through_outage
        return crash(self.spread(kills, seed))

    def spread(self, kills: int, seed: int) -> list[int]:
        """Return so many of the events, evenly, beginning where the seed says; all where there are not more."""
        kills = min(kills, self.events)
        return sorted({1 + (seed + at * self.events // kills) % self.events for at in range(kills)})

    def at(self, name: str) -> list[int]:
        """Return which events have a name."""
        return [nth for nth, each in enumerate(self.names, 1) if each == name]

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


# --- from the command line -----------------------------------------------------------------------


def sweep_all(
    made: Places, passing: str, kills: int, seed: int, scenarios: Iterable[Scenario] = SCENARIOS
) -> list[Swept]:
    """Share kills out over scenarios by their length, crash, and print what came of it."""
    began = time.monotonic()
    sweeps = [Sweep(Trial(made.new()), scenario) for scenario in scenarios]
    events = sum(sweep.events for sweep in sweeps)
    swept = []
    for sweep in sweeps:
        share = -(-kills * sweep.events // events)
        swept.append(sweep.some(passing, share, seed))
        print(f"  {sweep.scenario.name}: {sweep.events} events, {swept[-1].kills} kills", flush=True)
        print(*swept[-1].wrong, sep="\n", end="\n" if swept[-1].wrong else "", flush=True)
    wrong = sum(len(one.wrong) for one in swept)
    print(
        f"{passing} on {made.name}: {sum(one.kills for one in swept)} kills in {len(sweeps)} scenarios of "
        f"{events} events, {wrong} wrong, {time.monotonic() - began:.0f} s"
    )
    return swept


def main() -> int:
    """Sweep as the command line says; fail where anything ended otherwise than without a crash."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--kills", type=int, default=200, help="or pairs")
    asked.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument(
        "--seed", type=int, default=1, help="where the events begin, and the dice of the pairs"
    )
    asked.add_argument("--pass", dest="passing", choices=PASSES, default="plain")
    asked.add_argument("--scenario", action="append", choices=[one.name for one in SCENARIOS])
    options = asked.parse_args()
    chosen = [one for one in SCENARIOS if not options.scenario or one.name in options.scenario]
    with places(options.db) as made:
        swept = sweep_all(made, options.passing, options.kills, options.seed, chosen)
    return 1 if any(one.wrong for one in swept) else 0


if __name__ == "__main__":
    sys.exit(main())
