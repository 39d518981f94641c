"""Bounce: two systems' own automations that write over each other's value for ever.

Each edit of theirs is a true edit, so golden follows it, and each write of ours sets the other one off. A value that
returns is no fault by itself: people change their minds. Three returns within a day, each by another record than the
one before, are a fight; then the field is frozen for that customer until a person says who is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from syncd.rules.units import agree
from syncd.values import Golden

WITHIN = timedelta(days=1)
MOST = 3  # returns, with the last of which the field is frozen


@dataclass(frozen=True, slots=True)
class Swing:
    """One change of a golden value: when, from what to what, and by which record's edit."""

    at: datetime
    before: Mapping[str, str]
    after: Mapping[str, str]
    by: tuple[str, str]


def swings(before: Golden | None, after: Golden | None) -> bool:
    """Tell whether one record's edit took the place of another's within a day: only then a look back is worth it."""
    old, new = (golden.holder if golden else None for golden in (before, after))
    if old is None or new is None or "initial" in (old.kind, new.kind) or old.record == new.record:
        return False
    return old.new_seen is not None and new.new_seen is not None and new.new_seen - old.new_seen <= WITHIN


def bounces(slot: str, past: Sequence[Swing], now: datetime, since: datetime | None = None) -> int:
    """Count how often a value went back to what it was before the change before, by another record's edit.

    `past` is in order of time. What is older than a day, or than a person's last word on it (`since`), is forgotten.
    """
    recent = [one for one in past if now - one.at <= WITHIN and (since is None or one.at > since)]
    return sum(_returns(slot, earlier, later) for earlier, later in pairwise(recent))


def _returns(slot: str, earlier: Swing, later: Swing) -> bool:
    return (
        earlier.by != later.by
        and agree(slot, earlier.before, later.after)
        and not agree(slot, later.before, later.after)
    )
