"""Rate limits as the vendors count them: so many calls in any window of so many seconds, per key."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta


class Window:
    """A sliding window; a limit that is None lets everything pass."""

    def __init__(self, seconds: float) -> None:
        self.span = timedelta(seconds=seconds)
        self.calls: dict[str, deque[datetime]] = {}

    def hit(self, key: str, limit: int | None, at: datetime) -> bool:
        """Counts one call and tells whether it is within the limit; a refused call is not counted."""
        calls = self.calls.setdefault(key, deque())
        while calls and calls[0] <= at - self.span:
            calls.popleft()
        if limit is not None and len(calls) >= limit:
            return False
        calls.append(at)
        return True

    def used(self, key: str) -> int:
        """How many calls stand in the window."""
        return len(self.calls.get(key, ()))

    def reset(self, key: str, at: datetime) -> datetime:
        """When the oldest call leaves the window."""
        calls = self.calls.get(key)
        return calls[0] + self.span if calls else at
