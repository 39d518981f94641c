"""Time that passes only when everybody waits.

Threads run as they do in earnest; what they would sleep through is skipped. A watcher looks at what every thread is
doing, and once all of them wait (for each other, for work, or for a moment), it moves the time to the next moment
that somebody waits for. So a day of waiting takes no longer than its work. A thread that waits for a lock does not
look like waiting; one that has not moved for a while is taken to.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LOOK = 0.0005  # real seconds between two looks; two in a row have to find everybody waiting
STUCK = 0.05  # real seconds after which a thread that stays where it is waits for a lock
WAITING = frozenset({"wait", "acquire", "get", "result", "_worker", "join", "_wait_for_tstate_lock", "slot"})
LIBRARIES = ("threading.py", "queue.py", "thread.py", "_base.py", "virtual.py", "budget.py")


class Time:
    """Seconds since the day began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._moved = threading.Condition()
        self._awaited: list[float] = []
        self._over = False

    def __call__(self) -> float:
        return self.now

    def clock(self) -> datetime:
        """Return the time of day."""
        return BEGIN + timedelta(seconds=self.now)

    def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed."""
        with self._moved:
            until = self.now + max(seconds, 0.0)
            self._awaited.append(until)
            while self.now < until and not self._over:
                self._moved.wait()
            self._awaited.remove(until)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let time pass meanwhile."""
        watcher = threading.Thread(target=self._watch, name="time", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._over = True
            watcher.join()

    def _watch(self) -> None:
        still, busy, since = 0, _busy(), time.monotonic()
        while not self._over:
            time.sleep(LOOK)
            before, busy = busy, _busy()
            since = since if busy == before else time.monotonic()
            waiting = not busy or time.monotonic() - since > STUCK
            still = still + 1 if self._awaited and waiting else 0
            if still > 1:
                still, since = 0, time.monotonic()
                self._move()
        with self._moved:
            self._moved.notify_all()

    def _move(self) -> None:
        with self._moved:
            if self._awaited:
                self.now = max(self.now, min(self._awaited))
                self._moved.notify_all()


class Stop(threading.Event):
    """A stop event whose waits are in virtual time."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for so long, or until it is set where no limit is given."""
        if timeout is None:
            return super().wait()
        self._time.sleep(timeout)
        return self.is_set()


def _busy() -> dict[int, tuple[int, int]]:
    """Return where those threads are that do not wait for another, for work or for a moment."""
    mine = threading.get_ident()
    frames = sys._current_frames()  # noqa: SLF001 – the only way to see what other threads do
    return {
        thread: (id(frame), frame.f_lasti)
        for thread, frame in frames.items()
        if thread != mine and not _waits(frame)
    }


def _waits(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_name in WAITING and code.co_filename.endswith(LIBRARIES)
