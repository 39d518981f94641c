"""The health page: what `syncd doctor` says, grouped by subject; no vendor is asked, a connection's Test button does that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from syncd.app import App
from syncd.doctor import Finding as Found
from syncd.doctor import Told, examined, of_check

_WORDS = {"good": ("Good", "good"), "soon": ("Soon", "warn"), "wrong": ("Wrong", "bad")}
_ORDER = ("Daemon", "Connections", "Work", "Store", "Configuration")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how it is, what was found, and what to do."""

    word: str
    tone: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one subject."""

    title: str
    findings: tuple[Finding, ...]


def wrong(what: str, fix: str) -> Finding:
    """Return a finding that is wrong now."""
    return Finding(*_WORDS["wrong"], what, fix)


def findings_of(told: Iterable[Told]) -> list[Finding]:
    """Return what a connector's check found."""
    return [_shown(one) for one in of_check(told)]


def health(app: App, now: datetime) -> list[Group]:
    """Return everything that was looked at, by subject."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for one in examined(app, now):
        groups[one.subject].append(_shown(one))
    return [Group(title, tuple(groups[title])) for title in _ORDER if title in groups]


def _shown(one: Found) -> Finding:
    said = f"{one.what}: {one.detail}".rstrip(": ")
    return Finding(*_WORDS[one.level], said, "" if one.ok else one.fix)
