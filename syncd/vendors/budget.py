"""How many requests a vendor allows, counted as the vendor counts them.

A `Ration` says what a vendor documents; a `Rationed` budget keeps to it. Connections that the vendor counts as one
(the same account, token or address) share one budget: `Budgets` hands it out by the ration's key. Where a shelf is
given, counts and waits rest there, outlive the process and are shared with others; otherwise they are in memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, cast

from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem

from syncd.errors import Busy, Throttled
from syncd.vendors.shelf import Shelf
from syncd.vendors.spent import KeptBucket, Ticks, Waits, Wall, named

Kind = Literal["read", "write", "token"]
REMAINING, RESET = "X-RateLimit-Remaining", "X-RateLimit-Reset"  # [Perfex REST module 3.x]
LONGEST_HOLD = 3600.0  # seconds: rate headers that ask for more are asked again after an hour
ALL_KINDS: frozenset[Kind] = frozenset({"read", "write"})
KEPT = 10  # a tenth of an allowance that is long in coming back is for listings, which a person may be waiting for
LONG = 600.0  # seconds from which on that is so
_leaves_some: ContextVar[bool] = ContextVar("leaves_some", default=False)


@contextmanager
def leaving_some() -> Iterator[None]:
    """Send requests meanwhile that leave a part of each long allowance to others: thousands of writes come with reads."""
    token = _leaves_some.set(True)
    try:
        yield
    finally:
        _leaves_some.reset(token)


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many requests in so many seconds; `per_path` where the vendor counts each address path by itself."""

    requests: int
    seconds: float
    kinds: frozenset[Kind] = ALL_KINDS
    per_path: bool = False


@dataclass(frozen=True, slots=True)
class Ration:
    """What a vendor allows one `key` (an account, a token, an address): rates, and requests at the same time."""

    key: str
    allowances: tuple[Allowance, ...] = ()
    concurrency: int = 8


class Budget(Protocol):
    """Leave to send one request."""

    @property
    def at_once(self) -> int:
        """Return how many requests may be under way at the same time."""

    def acquire(self, kind: Kind, timeout: float, path: str = "") -> None:
        """Wait until one more request is allowed. Raises Throttled where that takes longer than `timeout` seconds."""

    def slot(self, timeout: float) -> AbstractContextManager[None]:
        """Hold one of the places for requests under way at once. Raises Throttled where none comes free in time."""

    def told(self, headers: Mapping[str, str], now: datetime, path: str = "") -> None:
        """Take note of what the vendor's rate headers say, before the place of that request is let go.

        `now` is the vendor's clock.
        """

    def hold(self, seconds: float, path: str = "") -> None:
        """Send nothing more for so long, because the vendor asked for it."""

    def close(self) -> None:
        """Write down what was spent exactly; it may go on all the same."""


@dataclass(slots=True)
class _Left:
    """How many requests a vendor still takes until a moment."""

    requests: int
    until: float


def _wall() -> datetime:
    return datetime.now(UTC)


class Rationed:
    """A budget that keeps to a ration; `ticks` counts seconds, `wall` is the time, and `stop` ends every wait."""

    def __init__(
        self,
        ration: Ration,
        *,
        stop: threading.Event | None = None,
        ticks: Ticks = time.monotonic,
        shelf: Shelf | None = None,
        wall: Wall = _wall,
    ) -> None:
        self.ration = ration
        self._allowances = tuple(dict.fromkeys(ration.allowances))
        self._stop = stop or threading.Event()
        self._ticks = ticks
        self._wall = wall
        self._shelf = shelf
        self._waits = Waits(ration.key, shelf, wall) if shelf else None
        self._places = threading.BoundedSemaphore(ration.concurrency)
        self._under_way = 0
        self._lock = threading.Lock()
        self._buckets: dict[tuple[Allowance, str], AbstractBucket] = {}
        self._held: dict[str, float] | None = None  # by the path's name; None: not looked up yet
        self._left: dict[str, _Left] = {}  # by the path's name, as its rate headers tell

    @property
    def at_once(self) -> int:
        return self.ration.concurrency

    def acquire(self, kind: Kind, timeout: float, path: str = "") -> None:
        until = self._ticks() + timeout
        while (wait := self._try(kind, path)) > 0:
            if self._ticks() + wait > until:
                raise Throttled(
                    f"The request budget of {self.ration.key} is spent for {wait:.0f} s.",
                    "Nothing to do: it goes on by itself. A longer schedule spends less.",
                    wait=wait,
                    status=None,
                )
            if self._stop.wait(wait):
                raise Busy("syncd is stopping; nothing was sent.")

    def _try(self, kind: Kind, path: str) -> float:
        """Take one request from every allowance that counts it, or return the seconds until one can be taken."""
        with self._lock:
            if (held := self._held_for(path)) > 0:
                return held
            counting = [each for each in self._allowances if kind in each.kinds]
            wait = self._take([self._bucket(each, path) for each in counting])
            if wait == 0:
                self._spend(path)
            return wait

    def _spend(self, path: str) -> None:
        """Count one request more of what the vendor has told is left; after the last one nothing more is sent."""
        if not self._left:
            return
        for name in {"", named(path)} & self._left.keys():
            left = self._left[name]
            left.requests -= 1
            if left.until <= self._ticks():
                del self._left[name]
            elif left.requests <= 0:
                self._hold(left.until - self._ticks(), name)

    def _held_for(self, path: str) -> float:
        """Return for how many seconds nothing may be sent to a path, zero or less for none."""
        waiting = self._waiting()
        return max(waiting.get(each, 0.0) for each in ("", named(path))) - self._ticks() if waiting else 0.0

    def _waiting(self) -> dict[str, float]:
        if self._held is None:
            left = self._waits.left() if self._waits else {}
            self._held = {path: self._ticks() + min(seconds, LONGEST_HOLD) for path, seconds in left.items()}
        return self._held

    def _take(self, buckets: list[AbstractBucket]) -> float:
        """Take one from each bucket if all have room: one that were taken in vain would be missing elsewhere."""
        now = int(self._ticks() * 1000)
        wait = max((_full_for(bucket, now, _kept_of(bucket)) for bucket in buckets), default=0)
        if wait == 0:
            item = RateItem(self.ration.key, now)
            for bucket in buckets:
                bucket.leak(now)
            # Where others share a bucket, they may have been quicker.
            wait = 0 if all(bucket.put(item) for bucket in buckets) else 1000
        return wait / 1000

    def _bucket(self, allowance: Allowance, path: str) -> AbstractBucket:
        place = (allowance, named(path) if allowance.per_path else "")
        if place not in self._buckets:
            self._buckets[place] = self._new_bucket(*place)
        return self._buckets[place]

    def _new_bucket(self, allowance: Allowance, path: str) -> AbstractBucket:
        rate = Rate(allowance.requests, int(allowance.seconds * 1000))
        if self._shelf is None:
            return InMemoryBucket([rate])
        kinds = "+".join(sorted(allowance.kinds))
        key = f"{self.ration.key} {kinds} {allowance.requests}/{allowance.seconds:g}s"
        key = f"{key} {path}" if allowance.per_path else key
        return KeptBucket(key, rate, self._shelf, self._ticks, self._wall)

    @contextmanager
    def slot(self, timeout: float) -> Iterator[None]:
        if not self._places.acquire(timeout=timeout):
            raise Throttled(
                f"No place for another request to {self.ration.key} came free in {timeout:.0f} s.",
                "Nothing to do: it goes on by itself.",
                wait=timeout,
                status=None,
            )
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
            self._places.release()

    def told(self, headers: Mapping[str, str], now: datetime, path: str = "") -> None:
        # the requests that are left, and until when, in Unix seconds; harmless where they are absent
        remaining, reset = headers.get(REMAINING), headers.get(RESET)
        if remaining is None or reset is None or not (remaining.isdecimal() and reset.isdecimal()):
            return
        seconds = int(reset) - now.timestamp()
        # Its limit for one path counts an hour, the one for all of them a minute, and the headers tell the tighter; they
        # tell whole seconds.
        name = named(path) if seconds > 61 else ""
        with self._lock:
            # The others that are under way may not be in that count yet, and answers overtake each other.
            left = _Left(int(remaining) - max(self._under_way - 1, 0), self._ticks() + seconds)
            before = self._left.get(name)
            if before is not None and left.until < before.until + 0.5:
                left.requests = min(left.requests, before.requests)
            self._left[name] = left
            if left.requests <= 0:
                self._hold(seconds, name)

    def hold(self, seconds: float, path: str = "") -> None:
        with self._lock:
            self._hold(seconds, named(path))

    def _hold(self, seconds: float, name: str) -> None:
        seconds, held = min(seconds, LONGEST_HOLD), self._waiting()
        if seconds > 0 and held.get(name, 0.0) < self._ticks() + seconds:
            held[name] = self._ticks() + seconds
            if self._waits:
                self._waits.add(name, seconds)

    def close(self) -> None:
        with self._lock:
            for bucket in self._buckets.values():
                if isinstance(bucket, KeptBucket):
                    bucket.share(0)


class Budgets:
    """The budgets of one process by what the vendor counts."""

    def __init__(
        self, *, stop: threading.Event | None = None, shelf: Shelf | None = None, wall: Wall = _wall
    ) -> None:
        self._stop = stop
        self._shelf = shelf
        self._wall = wall
        self._lock = threading.Lock()
        self._known: dict[str, Rationed] = {}

    def of(self, ration: Ration) -> Rationed:
        """Return the budget of a ration's key, the same one for every connection that the vendor counts together."""
        with self._lock:
            if ration.key not in self._known:
                self._known[ration.key] = Rationed(
                    ration, stop=self._stop, shelf=self._shelf, wall=self._wall
                )
            return self._known[ration.key]


def _kept_of(bucket: AbstractBucket) -> int:
    """Return how many requests of a bucket are not for whoever is about to send one."""
    rate = bucket.rates[0]
    return rate.limit // KEPT if _leaves_some.get() and rate.interval >= LONG * 1000 else 0


def _full_for(bucket: AbstractBucket, now: int, kept: int) -> int:
    """Return for how many milliseconds a bucket has no room beside what is kept."""
    rate = bucket.rates[0]
    oldest = cast(RateItem | None, bucket.peek(rate.limit - kept - 1))
    return max(0, oldest.timestamp + rate.interval + 1 - now) if oldest else 0
