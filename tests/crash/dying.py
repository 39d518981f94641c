"""A process that dies at a chosen event, within this one: from then on every event raises."""

from __future__ import annotations

import threading
from collections import Counter


class Crash(BaseException):
    """The process is dead; nothing may catch this and go on."""


class DiesAt:
    """Counts the events of one thread and dies at the nth, or at the first of a name; 0 only counts."""

    def __init__(self, nth: int = 0, name: str = "") -> None:
        self.nth, self.name = nth, name
        self.count = 0
        self.where = ""
        self.names: list[str] = []
        self._thread = threading.get_ident()

    @property
    def reached(self) -> Counter[str]:
        """Return how often each event came to pass."""
        return Counter(self.names)

    def __call__(self, event: str) -> None:
        """Take note of an event, or die at it."""
        if threading.get_ident() != self._thread:
            return
        if self.where:
            raise Crash(self.where)
        self.count += 1
        self.names.append(event)
        if self.count == self.nth or event == self.name:
            self.where = f"{event}, event {self.count}"
            raise Crash(self.where)
