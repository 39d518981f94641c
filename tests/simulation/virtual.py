"""Virtual time: a clock that only moves when it is read or told to, and waits that cost none of ours."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from syncd.vendors.budget import Budgets, Ration, Rationed

TICK = timedelta(milliseconds=1)
TELLABLE = timedelta.resolution.total_seconds()
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


class VirtualClock:
    """Moves by a millisecond at each look, so that no two moments are the same.

    Looks of other threads move nothing: whether the lease is renewed meanwhile depends on how busy the machine is.
    """

    def __init__(self, start: datetime = START) -> None:
        self.moment = start
        self._thread = threading.get_ident()

    def __call__(self) -> datetime:
        if threading.get_ident() == self._thread:
            self.moment += TICK
        return self.moment

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)

    def ticks(self) -> float:
        """Return seconds that only grow, as a monotonic clock does."""
        return (self.moment - START).total_seconds()


class VirtualStop(threading.Event):
    """A stop that nobody asks for; waiting for it lets virtual time pass."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass at once, by no less than the clock can tell: a shorter wait would never end."""
        self._clock.forward(max(timeout, TELLABLE) if timeout else 0.0)
        return self.is_set()


class VirtualBudgets(Budgets):
    """Budgets that count virtual seconds, and give leave for one request at a time: threads would race each other."""

    def __init__(self, clock: VirtualClock, stop: VirtualStop) -> None:
        super().__init__(stop=stop)
        self._clock, self._waits = clock, stop

    def of(self, ration: Ration) -> Rationed:
        """Return the budget of a ration's key."""
        if ration.key not in self._known:
            one_by_one = replace(ration, concurrency=1)
            self._known[ration.key] = Rationed(one_by_one, stop=self._waits, ticks=self._clock.ticks)
        return self._known[ration.key]
