"""The health page: what is or will soon be wrong on this machine and at the vendors, each line with its fix.

It looks only at what is known already and asks no vendor; a connection's Test button does that.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from syncd.app import App
from syncd.config import Settings
from syncd.store import Reading
from syncd.web.show.connections import connections_shown, planned_times
from syncd.web.show.times import spoken

LITTLE_SPACE = 200 * 1024 * 1024
OLD_BACKUP = timedelta(days=7)


class Told(Protocol):
    """What a connector's check says of one thing."""

    @property
    def what(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def detail(self) -> str: ...
    @property
    def fix(self) -> str: ...


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


def good(what: str) -> Finding:
    """Return a finding that is well."""
    return Finding("Good", "good", what)


def soon(what: str, fix: str) -> Finding:
    """Return a finding that should be seen to."""
    return Finding("Soon", "warn", what, fix)


def wrong(what: str, fix: str) -> Finding:
    """Return a finding that is wrong now."""
    return Finding("Wrong", "bad", what, fix)


def findings_of(told: Iterable[Told]) -> list[Finding]:
    """Return what a connector's check found."""
    return [
        good(f"{one.what}: {one.detail}".rstrip(": "))
        if one.ok
        else wrong(f"{one.what}: {one.detail}".rstrip(": "), one.fix)
        for one in told
    ]


def health(app: App, now: datetime) -> list[Group]:
    """Return everything that was looked at, by subject."""
    with app.store.look() as tx:
        connections = tuple(_connections(tx, app.settings, now))
        work = tuple(_work(tx))
    return [
        Group("Daemon", (_daemon(app),)),
        Group(
            "Connections",
            connections
            or (soon("No connection is configured.", "Add [connections.NAME] to the configuration file."),),
        ),
        Group("Work", work),
        Group("Store", tuple(_store(app, now))),
        Group("Configuration", tuple(_configuration(app.settings))),
    ]


def _daemon(app: App) -> Finding:
    holder = app.store.holder()
    if holder is None:
        return wrong("No daemon holds the store, so no run is executed.", "Start `syncd serve`.")
    return good(f"{holder['holder']} on {holder['host']} holds the store.")


def _connections(tx: Reading, settings: Settings, now: datetime) -> Iterator[Finding]:
    for one in connections_shown(settings, tx.connections.all(), planned_times(tx), [], now):
        said = f"{one.name}: {one.word.lower()}" + (f". {one.why}" if one.why else ".")
        if one.tone == "bad":
            yield wrong(said, "Press Test on the connection's panel: it says what is missing.")
        elif one.tone == "warn":
            yield soon(said, "It is tried again by itself.")
        else:
            yield good(f"{said} {f'Last pulled {spoken(one.last, now)}.' if one.last else ''}".rstrip())


def _work(tx: Reading) -> Iterator[Finding]:
    unknown = len(tx.operations.list(states=("unknown",), limit=1_000))
    yield (
        soon(f"{unknown} writes of unknown outcome.", "The next run after the settle time looks for them.")
        if unknown
        else good("No write is of unknown outcome.")
    )
    aside = tx.records.problems(limit=1_000)
    yield (
        soon(
            f"{len(aside)} records are set aside.",
            "Customers → Set aside says why; correct them at the vendor.",
        )
        if aside
        else good("No record is set aside.")
    )
    reviews = tx.reviews.count_open()
    yield (
        soon(f"{reviews} reviews are open.", "Decide them under Reviews.")
        if reviews
        else good("No review is open.")
    )


def _store(app: App, now: datetime) -> Iterator[Finding]:
    yield good(f"{app.store.url} answers.")
    path = app.store.database.path
    if path is None:
        return
    left = shutil.disk_usage(path.parent).free
    yield (
        good(f"{left // 2**20:,} MiB are free.")
        if left > LITTLE_SPACE
        else wrong(f"Only {left // 2**20} MiB are free.", "Make room: a full disk stops every sync.")
    )
    if path.stat().st_mode & 0o077:
        yield wrong("Others on this machine may read the store.", f"chmod 600 {path}")
    yield _backup(Path(app.settings.store.backups), now)


def _backup(folder: Path, now: datetime) -> Finding:
    made = [each.stat().st_mtime for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
    if not made:
        return soon(
            "There is no backup yet.", "Run `syncd backup`, and have cron or a timer do it every day."
        )
    newest = datetime.fromtimestamp(max(made), tz=now.tzinfo)
    if now - newest > OLD_BACKUP:
        return soon(
            f"The newest backup is from {spoken(newest, now)}.",
            "Run `syncd backup`, and have cron or a timer do it every day.",
        )
    return good(f"The newest backup is from {spoken(newest, now)}.")


def _configuration(settings: Settings) -> Iterator[Finding]:
    for warning in settings.warnings:
        yield soon(f"{warning.key}: {warning.what}", warning.instead)
    if settings.safety.approve == "never":
        yield soon(
            'safety.approve is "never": nothing waits for a person.',
            'Write approve = "first" where real customers are.',
        )
    if not settings.warnings:
        yield good(f"{settings.path} has no warning.")
