"""Time that passes only when everybody waits.

Threads run as they do in earnest; what they would sleep through is skipped. A watcher looks at what the kernel says of
every thread, and once all of them wait (for each other, for work, or for a moment), it moves the time to the next
moment that somebody waits for. So a day of waiting takes no longer than its work, and a busy machine changes nothing:
a thread that could run is never taken for one that waits, however long it is kept from running.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LOOK = 0.0003  # real seconds between two looks
LOOKS = 3  # so many in a row have to find everybody waiting: who waits for the interpreter's lock gets it in between
THREADS = Path("/proc/self/task")


class Time:
    """Seconds since the day began."""

    def __init__(self) -> None:
        self.now = 0.0
        self._moved = threading.Condition()
        self._awaited: list[float] = []
        self.over = False

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
            while self.now < until and not self.over:
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
            self.over = True
            watcher.join()

    def _watch(self) -> None:
        still, mine = 0, threading.get_native_id()
        while not self.over:
            time.sleep(LOOK)
            still = still + 1 if self._awaited and not _busy(mine) else 0
            if still == LOOKS:
                still = 0
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


def _busy(mine: int) -> bool:
    """Tell whether any thread but this one runs, could run, or waits for a disk."""
    return any(_state(thread) in "RD" for thread in THREADS.iterdir() if thread.name != str(mine))


def _state(thread: Path) -> str:
    try:
        text = (thread / "stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return "X"  # it has ended meanwhile
    return text.rpartition(") ")[2][0]
