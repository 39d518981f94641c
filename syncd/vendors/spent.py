"""What was spent of a budget, in a place that outlives the process and is shared with other processes.

Writing every request down would cost more than sending it. So a few requests are written down ahead of being sent:
after a crash they count as spent, which never sends one too many. What was not needed is given back at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b

import orjson
from pyrate_limiter import InMemoryBucket, Rate, RateItem

from syncd.vendors.shelf import Shelf

AHEAD = 50  # requests that are written down at once, or a twentieth of a smaller allowance
SLOTS = 60  # an allowance's time is remembered in so many slots
Ticks = Callable[[], float]
Wall = Callable[[], datetime]


class KeptBucket(InMemoryBucket):
    """A bucket of one rate whose count rests on a shelf; a request counts to the end of its slot of time."""

    def __init__(self, key: str, rate: Rate, shelf: Shelf, ticks: Ticks, wall: Wall) -> None:
        super().__init__([rate])
        self._key = f"spent {key}"
        self._shelf, self._ticks, self._wall = shelf, ticks, wall
        self._width = max(rate.interval // SLOTS, 1000)
        self._step = max(1, min(AHEAD, rate.limit // 20))
        self._spent: Counter[int] = Counter()  # by slot, not on the shelf yet
        self._ahead: Counter[int] = Counter()  # on the shelf, not spent yet
        self._remember(_slots(shelf.get(self._key)))

    def put(self, item: RateItem) -> bool:
        """Take a request, if there is room."""
        admitted = super().put(item)
        if admitted:
            self._spent[self._slot(item.timestamp)] += 1
            if self._ahead.total() < self._spent.total():
                self.share(self._step)
        return admitted

    def share(self, ahead: int) -> None:
        """Write down what was spent and how much more will be, and learn what others have spent."""
        now = self._slot(int(self._ticks() * 1000))
        oldest = now - self.rates[0].interval // self._width - 1
        reserved = Counter({now: ahead})

        def change(text: str | None) -> str:
            slots = _slots(text)
            slots.update(self._spent + reserved)
            slots.subtract(self._ahead)
            return orjson.dumps({str(at): n for at, n in slots.items() if n > 0 and at >= oldest}).decode()

        seconds = (self.rates[0].interval + 2 * self._width) / 1000
        known = _slots(self._shelf.update(self._key, change, seconds))
        self._spent.clear()
        self._ahead = reserved
        self._remember(known - reserved)

    def _remember(self, slots: Mapping[int, int]) -> None:
        now, offset = int(self._ticks() * 1000), self._offset()
        ends = {at: min((at + 1) * self._width - 1 - offset, now) for at in slots}
        self.items[:] = [RateItem(self._key, ends[at]) for at in sorted(slots) for _ in range(slots[at])]

    def _slot(self, ticks: int) -> int:
        return (ticks + self._offset()) // self._width

    def _offset(self) -> int:
        """Return by how many milliseconds the clock on the wall is ahead of the ticks."""
        return int(self._wall().timestamp() * 1000 - self._ticks() * 1000)


def _slots(text: str | None) -> Counter[int]:
    return Counter({int(at): n for at, n in orjson.loads(text or "{}").items()})


class Waits:
    """Until when a vendor wants to be left alone, by the path that it counts; "" is all of them."""

    def __init__(self, key: str, shelf: Shelf, wall: Wall) -> None:
        self._key = f"waits {key}"
        self._shelf, self._wall = shelf, wall

    def left(self) -> Mapping[str, float]:
        """Return the seconds that are left of each wish."""
        now = self._wall().timestamp()
        return {
            path: until - now for path, until in _untils(self._shelf.get(self._key)).items() if until > now
        }

    def add(self, path: str, seconds: float) -> None:
        """Note a wish."""
        now = self._wall().timestamp()

        def change(text: str | None) -> str:
            known = {each: until for each, until in _untils(text).items() if until > now}
            known[path] = max(known.get(path, 0.0), now + seconds)
            return orjson.dumps(known).decode()

        self._shelf.update(self._key, change, 2 * 3600.0)


def _untils(text: str | None) -> dict[str, float]:
    return {str(path): float(until) for path, until in orjson.loads(text or "{}").items()}


def named(path: str) -> str:
    """Return a name for a path under which nobody finds a customer, "" for none."""
    return blake2b(path.encode(), digest_size=8).hexdigest() if path else ""
