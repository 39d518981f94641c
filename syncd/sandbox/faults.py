"""Faults on purpose: what is to go wrong, for which calls, and how often.

| what | effect |
|---|---|
| answer, html, redirect, gzip_bomb | replies that instead of processing the call |
| latency | waits, then processes; hold: processes, then waits |
| drop_before, drop_after | resets the connection without a reply, not processed or processed |
| late | gives no reply, and processes the call `seconds` later |
| truncate, drip | cuts the reply after `at` bytes; sends it `at` bytes at a time, `seconds` apart |
| half_list, empty_list, wrong_total, repeat_page, shift_page | lists that lie |
| search_lag | what this call creates stays out of lists and searches for `seconds` |
| read_lag | what this call changes still reads as before for `seconds` |
| revoke | makes all tokens invalid, then goes on |
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

KINDS = frozenset(
    {
        "answer",
        "html",
        "redirect",
        "gzip_bomb",
        "latency",
        "hold",
        "drop_before",
        "drop_after",
        "late",
        "truncate",
        "drip",
        "half_list",
        "empty_list",
        "wrong_total",
        "repeat_page",
        "shift_page",
        "search_lag",
        "read_lag",
        "revoke",
    }
)


class Dropped(Exception):
    """The connection is reset without a reply; `processed` says whether the vendor did the work all the same.

    The server turns it into a reset of the socket, after `hold` seconds; an in-process client raises the
    connection error that its library would raise.
    """

    def __init__(self, processed: bool, hold: float = 0.0) -> None:
        super().__init__("the sandbox dropped the connection, as a scheduled fault asked")
        self.processed = processed
        self.hold = hold


class TimedOut(Dropped):
    """No reply within the time that the client was willing to wait."""


@dataclass
class Fault:
    """One thing that goes wrong, and the calls it is for: all conditions that are given must hold."""

    what: str
    kind: str | None = None
    method: str | None = None
    path: str | None = None
    nth: int = 1
    """From the nth matching call on."""
    count: int | None = 1
    """For so many calls; None means for ever."""
    probability: float = 1.0
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    at: int = 0
    """Bytes for truncate, drip and gzip_bomb; rows for shift_page and wrong_total."""
    consistent: bool = False
    """Lists that lie announce a total that agrees with the lie."""
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.what not in KINDS:
            raise ValueError(f"there is no fault {self.what!r}; there are {', '.join(sorted(KINDS))}")

    def matches(self, kind: str, method: str, path: str) -> bool:
        """Whether the fault is for calls like this one."""
        return (
            (self.kind is None or kind in self.kind.split("|"))
            and (self.method is None or method == self.method)
            and (self.path is None or re.search(self.path, path) is not None)
        )

    @property
    def spent(self) -> bool:
        """Whether it will never happen again."""
        return self.count is not None and self.fired >= self.count


class Faults:
    """The faults scheduled for one vendor, drawn with a generator of its own so that a seed repeats a run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing secret
        self._lock = threading.Lock()
        self.scheduled: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self.scheduled))

    def add(self, what: str, **conditions: Any) -> Fault:
        """Schedules a fault; the conditions are the fields of Fault."""
        fault = Fault(what, **conditions)
        with self._lock:
            self.scheduled.append(fault)
        return fault

    def add_json(self, wanted: dict[str, Any]) -> Fault:
        """Schedules a fault as the control interface describes it."""
        known = {each.name for each in fields(Fault)} - {"seen", "fired"}
        if unknown := set(wanted) - known:
            raise ValueError(
                f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}"
            )
        if "what" not in wanted:
            raise ValueError(f'say what goes wrong: "what" is one of {", ".join(sorted(KINDS))}')
        return self.add(**wanted)

    def answer(self, status: int, body: Any = None, **conditions: Any) -> Fault:
        """Schedules a reply that is given instead of the vendor's own."""
        return self.add("answer", status=status, body=body, **conditions)

    def drop(self, processed: bool, **conditions: Any) -> Fault:
        """Schedules a connection that is reset, before or after the vendor did the work."""
        return self.add("drop_after" if processed else "drop_before", **conditions)

    def late(self, seconds: float, **conditions: Any) -> Fault:
        """Schedules a call that gets no reply and is processed that much later."""
        return self.add("late", seconds=seconds, **conditions)

    def clear(self) -> None:
        """Forgets all scheduled faults."""
        with self._lock:
            self.scheduled.clear()

    def draw(self, kind: str, method: str, path: str) -> list[Fault]:
        """The faults that happen to this call, in the order they were scheduled."""
        if not self.scheduled:
            return []
        with self._lock:
            drawn = [fault for fault in self.scheduled if self._happens(fault, kind, method, path)]
            self.scheduled = [fault for fault in self.scheduled if not fault.spent]
        return drawn

    def _happens(self, fault: Fault, kind: str, method: str, path: str) -> bool:
        if not fault.matches(kind, method, path):
            return False
        fault.seen += 1
        if fault.seen < fault.nth or (fault.probability < 1 and self._random.random() >= fault.probability):
            return False
        fault.fired += 1
        return True
