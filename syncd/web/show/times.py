"""Times in words, with the exact one beside them; both for the page's filters and for sentences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_SOON = 10


def spoken(then: datetime, now: datetime) -> str:
    """Return how long ago or how soon a time is; the page's script says it in the same words."""
    seconds = int((then - now).total_seconds())
    if abs(seconds) < _SOON:
        return "just now" if seconds <= 0 else "in a moment"
    words = length(abs(seconds))
    return f"{words} ago" if seconds < 0 else f"in {words}"


def length(seconds: float) -> str:
    """Return a length of time in its largest unit."""
    name, size = next(((name, size) for name, size in _UNITS if seconds >= size), ("second", 1))
    count = int(seconds // size)
    return f"{count} {name}{'' if count == 1 else 's'}"


def took(started: datetime | None, ended: datetime | None) -> str:
    """Return how long something took, "" where it has not ended."""
    if started is None or ended is None:
        return ""
    seconds = (ended - started).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def exact(then: datetime, zone: ZoneInfo) -> str:
    """Return a time to the second in the admin's zone."""
    return then.astimezone(zone).strftime("%a %-d %b %Y %H:%M:%S %Z")


def late(last: datetime | None, every: timedelta | None, now: datetime) -> int:
    """Return how many periods a connection is behind: 0 is on time, 1 late, 2 or more a person's matter."""
    if last is None or every is None:
        return 0
    grace = min(every / 2, timedelta(minutes=2)) + timedelta(seconds=30)
    return max(0, int((now - last - grace) / every))


@pass_context
def ago_filter(context: Context, then: datetime | None, never: str = "") -> Markup | str:
    """Show a time in words, the exact one on hover; a script keeps the words true while the page is open."""
    if then is None:
        return never
    zone: ZoneInfo = context["zone"]
    shown = Markup('<time datetime="{}" title="{}" data-ago>{}</time>')
    return shown.format(then.isoformat(), exact(then, zone), spoken(then, context["now"]))


@pass_context
def exact_filter(context: Context, then: datetime | None, never: str = "") -> Markup | str:
    """Show a time to the second."""
    if then is None:
        return never
    return Markup('<time datetime="{}">{}</time>').format(then.isoformat(), exact(then, context["zone"]))


def grouped_filter(number: Any) -> str:
    """Show a number with narrow spaces between its thousands."""
    return f"{number or 0:,}".replace(",", "\u202f")
