"""Guessing costs time: failures of an account and of an address make the next try wait, longer each time.

Kept in memory, because a wait that outlives the process would let anybody lock an admin out for good.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_TRIES = 5
LONGEST = timedelta(minutes=15)
REMEMBERED = 10_000


@dataclass(slots=True)
class Failures:
    """How often one account or address failed in a row, and until when it waits."""

    count: int = 0
    until: datetime | None = None
    last: datetime | None = None


class Patience:
    """The failures of every account and address, the oldest forgotten first."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, Failures] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, names: tuple[str, ...], now: datetime) -> timedelta:
        """Return how long a try has to wait; where it need not, count it as failed until `forget` says otherwise."""
        with self._lock:
            wait = max((self._wait(name, now) for name in names), default=timedelta())
            if not wait:
                for name in names:
                    self._count(name, now)
            return wait

    def forget(self, names: tuple[str, ...]) -> None:
        """Forget the failures of names that turned out to be right."""
        with self._lock:
            for name in names:
                self._failures.pop(name, None)

    def _wait(self, name: str, now: datetime) -> timedelta:
        known = self._failures.get(name)
        if known is None or known.until is None:
            return timedelta()
        return max(known.until - now, timedelta())

    def _count(self, name: str, now: datetime) -> None:
        known = self._failures.setdefault(name, Failures())
        if known.last and now - known.last > 2 * LONGEST:
            known.count = 0
        known.count += 1
        known.last = now
        beyond = known.count - FREE_TRIES
        if beyond >= 0:
            known.until = now + min(timedelta(seconds=2.0 ** min(beyond, 20)), LONGEST)
        self._failures.move_to_end(name)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)
