"""When a connection is pulled: "every 5 minutes", or a cron line.

Cron numbers the days of the week from Sunday, other programs from Monday; `Schedule.cron` therefore always names them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from syncd.config.secret import Fault

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
INSTEAD = 'Write "every 5 minutes", "every 2 hours", or a cron line such as "*/10 6-22 * * *".'

_EVERY = re.compile(r"every\s+(?:(\d+)\s+)?(second|minute|hour|day)s?", re.IGNORECASE)
_RANGE = re.compile(r"(\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")
_BOUNDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to pull: either an interval or a cron line of five fields, its days of the week by name."""

    text: str
    every: timedelta | None = None
    cron: str | None = None

    def __str__(self) -> str:
        return self.text


def parse(text: object) -> Schedule:
    """Read a schedule. Raises Fault."""
    if isinstance(text, Schedule):
        return text
    if not isinstance(text, str):
        raise Fault("a schedule is text", INSTEAD)
    every = _EVERY.fullmatch(text.strip())
    if every:
        return _interval(text.strip(), int(every[1] or 1), every[2].lower())
    return _cron(text.strip())


def _interval(text: str, count: int, unit: str) -> Schedule:
    if not 0 < count <= 100_000:
        raise Fault(f'"{text}" is not an interval', INSTEAD)
    return Schedule(text, every=timedelta(**{f"{unit}s": count}))


def _cron(text: str) -> Schedule:
    fields = text.lower().split()
    if len(fields) != len(_BOUNDS):
        raise Fault(f'"{text}" is neither "every …" nor a cron line of five fields', INSTEAD)
    chosen = [_values(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)]
    if chosen[2] and chosen[4]:
        # cron means "either", most schedulers mean "both": nobody should have to know which
        raise Fault(
            f'"{text}" names both a day of the month and days of the week', "Leave one of the two as *."
        )
    days = ",".join(DAYS[day] for day in sorted({day % 7 for day in chosen[4]})) or "*"
    return Schedule(text, cron=" ".join([*map(_numbers, chosen[:4]), days]))


def _numbers(chosen: tuple[int, ...]) -> str:
    return ",".join(map(str, chosen)) if chosen else "*"


def _values(field: str, what: str, low: int, high: int) -> tuple[int, ...]:
    """Return the values that a cron field names, none for "*". Raises Fault."""
    if field == "*":
        return ()
    chosen: set[int] = set()
    for part in field.split(","):
        chosen.update(_part(part, what, low, high))
    return tuple(sorted(chosen))


def _part(part: str, what: str, low: int, high: int) -> range:
    match = _RANGE.fullmatch(part)
    if not match:
        raise Fault(f'"{part}" is not a {what}', INSTEAD)
    step = int(match[4] or 1)
    first, last = (low, high) if match[1] == "*" else _ends(match, what, high)
    if not (low <= first <= last <= high and step > 0):
        raise Fault(f'"{part}" is not a {what} ({low} to {high})', INSTEAD)
    return range(first, last + 1, step)


def _ends(match: re.Match[str], what: str, high: int) -> tuple[int, int]:
    first = _number(match[2], what)
    if match[3]:
        return first, _number(match[3], what)
    return first, high if match[4] else first


def _number(word: str, what: str) -> int:
    if word.isascii() and word.isdigit():
        return int(word)
    if what == "month" and word[:3] in MONTHS:
        return MONTHS.index(word[:3]) + 1
    if what == "day of the week" and word[:3] in DAYS:
        return DAYS.index(word[:3])
    raise Fault(f'"{word}" is not a {what}', INSTEAD)
