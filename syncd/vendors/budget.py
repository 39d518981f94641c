"""How many requests a vendor allows, counted as the vendor counts them.

A `Ration` says what a vendor documents; a `Rationed` budget keeps to it. Connections that the vendor counts as one
(the same account, token or address) share one budget: `Budgets` hands it out by the ration's key. Where the counts
live is the bucket's business: in memory, unless another maker of buckets is given, so that they can outlive the
process or be shared with others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, cast

from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem

from syncd.errors import Busy, Throttled

Kind = Literal["read", "write", "token"]
LONGEST_HOLD = 3600.0  # seconds: rate headers that ask for more are asked again after an hour
ALL_KINDS: frozenset[Kind] = frozenset({"read", "write"})

MakeBucket = Callable[[str, list[Rate]], AbstractBucket]


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

    def acquire(self, kind: Kind, timeout: float, path: str = "") -> None:
        """Wait until one more request is allowed. Raises Throttled where that takes longer than `timeout` seconds."""

    def slot(self, timeout: float) -> AbstractContextManager[None]:
        """Hold one of the places for requests under way at once. Raises Throttled where none comes free in time."""

    def told(self, headers: Mapping[str, str], now: datetime, path: str = "") -> None:
        """Take note of what the vendor's own rate headers say; `now` is the vendor's clock."""

    def hold(self, seconds: float, path: str = "") -> None:
        """Send nothing more for so long, because the vendor asked for it."""


class Rationed:
    """A budget that keeps to a ration; `ticks` counts seconds, and `stop` ends every wait."""

    def __init__(
        self,
        ration: Ration,
        *,
        stop: threading.Event | None = None,
        ticks: Callable[[], float] = time.monotonic,
        bucket: MakeBucket | None = None,
    ) -> None:
        self.ration = ration
        self._stop = stop or threading.Event()
        self._ticks = ticks
        self._make = bucket or _in_memory
        self._places = threading.BoundedSemaphore(ration.concurrency)
        self._lock = threading.Lock()
        self._buckets: dict[str, AbstractBucket] = {}
        self._held: dict[str, float] = {}

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
            held = max(self._held.get("", 0.0), self._held.get(path, 0.0)) - self._ticks()
            if held > 0:
                return held
            counting = dict.fromkeys(each for each in self.ration.allowances if kind in each.kinds)
            return self._take([self._bucket(each, path) for each in counting])

    def _take(self, buckets: list[AbstractBucket]) -> float:
        """Take one from each bucket if all have room: one that were taken in vain would be missing elsewhere."""
        now = int(self._ticks() * 1000)
        wait = max((_full_for(bucket, now) for bucket in buckets), default=0)
        if wait == 0:
            item = RateItem(self.ration.key, now)
            for bucket in buckets:
                bucket.leak(now)
            # Where others share a bucket, they may have been quicker.
            wait = 0 if all(bucket.put(item) for bucket in buckets) else 1000
        return wait / 1000

    def _bucket(self, allowance: Allowance, path: str) -> AbstractBucket:
        kinds = "+".join(sorted(allowance.kinds))
        key = f"{self.ration.key} {kinds} {allowance.requests}/{allowance.seconds:g}s"
        if allowance.per_path:
            key = f"{key} {path}"
        if key not in self._buckets:
            self._buckets[key] = self._make(key, [Rate(allowance.requests, int(allowance.seconds * 1000))])
        return self._buckets[key]

    @contextmanager
    def slot(self, timeout: float) -> Iterator[None]:
        if not self._places.acquire(timeout=timeout):
            raise Throttled(
                f"No place for another request to {self.ration.key} came free in {timeout:.0f} s.",
                "Nothing to do: it goes on by itself.",
                wait=timeout,
                status=None,
            )
        try:
            yield
        finally:
            self._places.release()

    def told(self, headers: Mapping[str, str], now: datetime, path: str = "") -> None:
        # X-RateLimit-Remaining and -Reset (Unix seconds): [Perfex REST module 3.x]; harmless where they are absent.
        remaining, reset = headers.get("X-RateLimit-Remaining"), headers.get("X-RateLimit-Reset")
        if remaining is None or reset is None or not (remaining.isdecimal() and reset.isdecimal()):
            return
        if int(remaining) == 0:
            seconds = int(reset) - now.timestamp()
            # Its limit for one path counts an hour, the one for all of them a minute, and the headers tell the tighter.
            self.hold(seconds, path if seconds > 60 else "")

    def hold(self, seconds: float, path: str = "") -> None:
        with self._lock:
            until = self._ticks() + min(seconds, LONGEST_HOLD)
            self._held[path] = max(self._held.get(path, 0.0), until)


class Budgets:
    """The budgets of one process by what the vendor counts."""

    def __init__(self, *, stop: threading.Event | None = None, bucket: MakeBucket | None = None) -> None:
        self._stop = stop
        self._bucket = bucket
        self._lock = threading.Lock()
        self._known: dict[str, Rationed] = {}

    def of(self, ration: Ration) -> Rationed:
        """Return the budget of a ration's key, the same one for every connection that the vendor counts together."""
        with self._lock:
            if ration.key not in self._known:
                self._known[ration.key] = Rationed(ration, stop=self._stop, bucket=self._bucket)
            return self._known[ration.key]


def _full_for(bucket: AbstractBucket, now: int) -> int:
    """Return for how many milliseconds a bucket has no room."""
    rate = bucket.rates[0]
    oldest = cast(RateItem | None, bucket.peek(rate.limit - 1))
    return max(0, oldest.timestamp + rate.interval + 1 - now) if oldest else 0


def _in_memory(_key: str, rates: list[Rate]) -> AbstractBucket:
    return InMemoryBucket(rates)
