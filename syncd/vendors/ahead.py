"""Asking for the next pages of a listing before they are wanted, because a vendor's answer takes its time.

Pages are taken in order; what was asked for at a place that turns out to be wrong is thrown away. Nothing is started
for a listing of one page, nor where a vendor answers at once: threads would only take the processor from each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, Self, TypeVar

from syncd.vendors.pace import SOON, Pace

Answer = TypeVar("Answer")


class Ahead(Generic[Answer]):
    """Pages by their place (a number or an offset), at most `window` of them under way; a context manager.

    Where only one request may be under way, or answers come `soon`, nothing is asked for before it is wanted.
    """

    def __init__(self, ask: Callable[[int], Answer], window: int, soon: float = SOON) -> None:
        self._ask = ask
        self._pace = Pace(soon)
        self._window = window if window > 1 else 0
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[int, Future[Answer]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def take(self, place: int) -> Answer:
        """Return the page at a place, waiting for it if it was asked for already."""
        if self._waiting and self._waiting[0][0] == place:
            return self._waiting.popleft()[1].result()
        self._drop()
        return self._pace.timed(lambda: self._ask(place))

    def has(self, place: int) -> bool:
        """Tell whether the page at a place is there already, or would be at once."""
        if not self._waiting:
            return self._pace.is_quick
        return self._waiting[0][0] == place and self._waiting[0][1].done()

    def expect(self, places: Iterable[int]) -> None:
        """Ask for the pages that will be wanted next, in their order, as far as the window goes."""
        if self._pace.is_quick:
            return
        wanted = iter(places)
        if any(place != next(wanted, None) for place, _ in self._waiting):
            self._drop()
            return
        for place in islice(wanted, self._window - len(self._waiting)):
            self._waiting.append((place, self._pool().submit(self._ask, place)))

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._window, "pages")
        return self._threads

    def _drop(self) -> None:
        for _, waiting in self._waiting:
            waiting.cancel()
        self._waiting.clear()
