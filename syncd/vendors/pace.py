"""Pace: how long a vendor's answers take, which tells whether asking for several at once is worth the threads.

Where answers come at once, threads only take the processor from each other: a request in one of eight costs one and a
half times what it costs in one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")
SOON: Final = 0.008  # seconds: waiting for less than that is no reason to start threads


class Pace:
    """What was waited for of late, without the work that it was."""

    def __init__(self, soon: float = SOON) -> None:
        self._soon = soon
        self._waited = 0.0  # seconds

    @property
    def is_quick(self) -> bool:
        """Tell whether answers come at once, as those do of whom nothing is known yet."""
        return self._waited <= self._soon

    def timed(self, ask: Callable[[], Answer]) -> Answer:
        """Ask, and note how long that was waited for."""
        began = time.monotonic() - time.thread_time()
        try:
            return ask()
        finally:
            self._waited = (self._waited + time.monotonic() - time.thread_time() - began) / 2
