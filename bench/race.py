"""Contestants side by side, round after round, and the judgement of what they took.

Machines are shared and their clocks change, so seconds say little and the ratio within one round says most: every
contestant runs in every round, each round begins with another one, and the median of the rounds' ratios is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.measure import Cost

Round = Mapping[str, Cost]
Figure = Callable[[Round], float]


@dataclass(frozen=True, slots=True)
class Contestant:
    """Somebody who does the work; one that is `once` is run in the first round only, because it takes so long."""

    name: str
    work: Callable[[], Cost]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure, and what it shall be at most or at least; with neither it is told and not judged."""

    what: str
    figure: Figure
    most: float | None = None
    least: float | None = None
    unit: str = "×"

    def holds(self, found: float) -> bool:
        """Tell whether a figure is as it shall be."""
        return (self.most is None or found <= self.most) and (self.least is None or found >= self.least)

    @property
    def judged(self) -> bool:
        """Tell whether a miss counts."""
        return self.most is not None or self.least is not None


@dataclass(frozen=True, slots=True)
class Heat:
    """One piece of work, who does it, and what is aimed at."""

    title: str
    contestants: Sequence[Contestant]
    aims: Sequence[Aim]
    rounds: int = 0  # 0: as many as asked for


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an aim."""

    aim: Aim
    found: Spread

    @property
    def missed(self) -> bool:
        """Tell whether the median is worse than what is aimed at."""
        return self.aim.judged and not self.aim.holds(self.found.median)


@dataclass(frozen=True, slots=True)
class Result:
    """A heat that was run."""

    heat: Heat
    rounds: Sequence[Round]
    verdicts: Sequence[Verdict] = field(default_factory=list)

    def costs(self, name: str) -> list[Cost]:
        """Return what a contestant took, round by round."""
        return [each[name] for each in self.rounds if name in each]


def race(heat: Heat, rounds: int, tell: Callable[[str], None]) -> Result:
    """Run a heat."""
    found: list[dict[str, Cost]] = []
    for number in range(heat.rounds or rounds):
        shift = number % len(heat.contestants)
        order = [*heat.contestants[shift:], *heat.contestants[:shift]]
        costs: dict[str, Cost] = {}
        for each in order:
            if number and each.once:
                costs[each.name] = found[0][each.name]
                continue
            tell(f"{heat.title}: {each.name}, round {number + 1}")
            costs[each.name] = each.work()
        found.append(costs)
    return Result(heat, found, [judged(aim, found) for aim in heat.aims])


def judged(aim: Aim, rounds: Sequence[Round]) -> Verdict:
    """Return what became of an aim."""
    return Verdict(aim, Spread.of([aim.figure(each) for each in rounds]))


def cpu(one: str, other: str) -> Figure:
    """Return how often one's CPU, the database's included, holds the other's."""
    return lambda costs: costs[one].all_cpu / costs[other].all_cpu


def wall(one: str, other: str) -> Figure:
    """Return how often one's waiting holds the other's."""
    return lambda costs: costs[one].wall / costs[other].wall
