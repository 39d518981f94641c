"""The little chart on a connection's card: what changed there above the line, what was written there below it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BARS = 28
_WIDTH = 8
_GAP = 2
_HEIGHT = 17


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: where its bar stands and how high it is on either side."""

    x: int
    w: int
    came: float
    went: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of the latest runs, oldest first."""

    width: int
    bars: tuple[Bar, ...]
    label: str


def chart(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> Chart | None:
    """Return the chart of one connection from (run, its figures there), newest first; None with nothing to show.

    Heights follow the logarithm: a first load of thousands must not flatten the single edits after it.
    """
    figures = [(run, _came(tally), _went(tally)) for run, tally in reversed(runs[:BARS])]
    most = max((max(came, went) for _, came, went in figures), default=0)
    if not most:
        return None
    start = BARS - len(figures)
    bars = [
        Bar(
            (start + place) * _WIDTH,
            _WIDTH - _GAP,
            _height(came, most),
            _height(went, most),
            f"{run}: {came} changed, {went} written",
        )
        for place, (run, came, went) in enumerate(figures)
    ]
    came_in, went_out = sum(came for _, came, _ in figures), sum(went for _, _, went in figures)
    return Chart(
        BARS * _WIDTH,
        tuple(bars),
        f"In the last {len(figures)} runs {came_in} changed there and {went_out} were written there",
    )


def _came(tally: Mapping[str, Any]) -> int:
    return sum(int(tally.get(name) or 0) for name in ("new", "changed", "gone"))


def _went(tally: Mapping[str, Any]) -> int:
    return sum(int(tally.get(name) or 0) for name in ("created", "updated", "archived", "deleted"))


def _height(number: int, most: int) -> float:
    return round(max(2.0, _HEIGHT * math.log1p(number) / math.log1p(most)), 1) if number else 0
