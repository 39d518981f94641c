"""Everything that is wrong or will soon be: one list for `syncd doctor` and for the page's health, each line with its fix.

Looked at is what this machine knows; vendors are asked only where the caller says so. What is `wrong` needs a person
now, `soon` will, and `good` is said too, so that an admin sees what was looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from syncd.app import App
from syncd.config import ConnectionSettings, Settings
from syncd.errors import SyncdError
from syncd.store import ConnectionState, Reading
from syncd.sync.scene import Source
from syncd.vendors import VENDORS
from syncd.vendors.base import VendorSettings

Level = Literal["good", "soon", "wrong"]

LITTLE_SPACE: Final = 200 * 1024 * 1024  # bytes left on the store's disk, below which it is time to make room
OLD_BACKUP: Final = timedelta(days=7)
SILENT: Final = timedelta(days=2)
CLOCK_SLACK: Final = timedelta(minutes=2)
_MUCH: Final = (
    0.8  # of a vendor's allowance: a schedule that spends more leaves nothing for people and writes
)
_NAMED: Final = 20


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
    """One line: what was looked at, how it is, what was found, and what to do if it is not well."""

    subject: str
    what: str
    level: Level
    detail: str
    fix: str = ""

    @property
    def ok(self) -> bool:
        return self.level == "good"


def examined(app: App, now: datetime, *, ask: bool = False, deep: bool = False) -> Iterator[Finding]:
    """Yield everything that can be looked at; `deep` reads the whole store, `ask` reaches every vendor."""
    yield from _configuration(app.settings)
    yield _daemon(app)
    yield from _store(app, now, deep=deep)
    with app.store.look() as tx:
        states = tx.connections.all()
        yield from _clock(tx, now)
        yield from _work(tx)
    for one in app.settings.connections.values():
        if one.enabled:
            yield _connection(one, states.get(one.name), now)
            yield from _spent(one, states.get(one.name), app.scene.sources.get(one.name))
    if ask:
        yield from asked(app)


def of_check(told: Iterable[Told], subject: str = "Vendors") -> Iterator[Finding]:
    """Yield what a connector's check found."""
    for one in told:
        yield Finding(subject, one.what, "good" if one.ok else "wrong", one.detail, "" if one.ok else one.fix)


def asked(app: App) -> Iterator[Finding]:
    """Reach every connection, one after the other; one that fails hides no other."""
    for name, one in app.settings.connections.items():
        if not one.enabled:
            continue
        try:
            found = app.check([name])[name]
        except SyncdError as error:
            yield Finding("Vendors", name, "wrong", error.what, error.next_step)
            continue
        for each in of_check(found):
            yield Finding("Vendors", f"{name}: {each.what}", each.level, each.detail, each.fix)


# --- this machine --------------------------------------------------------------------------------


def _configuration(settings: Settings) -> Iterator[Finding]:
    for warning in settings.warnings:
        yield Finding("Configuration", warning.key, "soon", warning.what, warning.instead)
    if not settings.warnings:
        yield Finding("Configuration", "configuration", "good", f"{settings.path} has no warning")
    if settings.safety.approve == "never":
        fix = 'Write approve = "first" where real customers are.'
        yield Finding("Configuration", "safety.approve", "soon", '"never": nothing waits for a person', fix)
    yield from _secret_files(settings)
    yield from _in_the_clear(settings)


def _in_the_clear(settings: Settings) -> Iterator[Finding]:
    """Yield the connections that send credentials to another machine without TLS."""
    for one in settings.connections.values():
        address = urlsplit(one.base_url)
        if address.scheme == "http" and address.hostname not in {"127.0.0.1", "localhost", "::1"}:
            detail = "its credentials go over the network unencrypted"
            yield Finding("Configuration", f"connections.{one.name}.base_url", "wrong", detail, "Use https.")


def _secret_files(settings: Settings) -> Iterator[Finding]:
    """Yield the files with secrets that others on this machine may read."""
    folder = settings.path.absolute().parent if settings.path else Path()
    for one in settings.connections.values():
        for setting, secret in one.secrets.items():
            path = folder / Path(secret.reference.removeprefix("file:")).expanduser()
            if secret.reference.startswith("file:") and path.is_file() and path.stat().st_mode & 0o077:
                what = f"connections.{one.name}.{setting}"
                yield Finding(
                    "Configuration", what, "wrong", f"others may read {path}", f"Run: chmod 600 {path}"
                )


def _daemon(app: App) -> Finding:
    holder = app.store.holder()
    if holder is not None:
        detail = f"{holder['holder']} on {holder['host']} holds the store"
        return Finding("Daemon", "daemon", "good", detail)
    scheduled = any(one.enabled and one.schedule for one in app.settings.connections.values())
    detail = "No daemon holds the store, so nothing runs by itself"
    return Finding("Daemon", "daemon", "wrong" if scheduled else "soon", detail, "Start `syncd serve`.")


def _store(app: App, now: datetime, *, deep: bool) -> Iterator[Finding]:
    damage = app.store.check() if deep else []
    fix = "Restore the newest backup: `syncd restore`."
    yield Finding(
        "Store",
        "store",
        "wrong" if damage else "good",
        "; ".join(damage) or f"{app.store.url} {'is whole' if deep else 'answers'}",
        fix,
    )
    path = app.store.database.path
    if path is None:
        return
    left = shutil.disk_usage(path.parent).free
    level: Level = "good" if left > LITTLE_SPACE else "wrong"
    yield Finding(
        "Store", "disk", level, f"{left // 2**20:,} MiB free", "Make room: a full disk stops every sync."
    )
    level = "wrong" if path.stat().st_mode & 0o077 else "good"
    detail = f"others may read {path}" if level == "wrong" else f"only its owner reads {path}"
    yield Finding("Store", "file mode of the store", level, detail, f"Run: chmod 600 {path}")
    yield _backup(app.settings.store.backups, now)


def _backup(folder: Path, now: datetime) -> Finding:
    fix = "Run `syncd backup`, and have cron or a timer do it every day."
    made = [each.stat().st_mtime for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
    if not made:
        return Finding("Store", "backup", "soon", "There is no backup yet", fix)
    age = now - datetime.fromtimestamp(max(made), tz=now.tzinfo)
    level: Level = "soon" if age > OLD_BACKUP else "good"
    return Finding("Store", "backup", level, f"the newest is {_age(age)} old", fix)


def _clock(tx: Reading, now: datetime) -> Iterator[Finding]:
    """Yield whether the clock went backwards since the last run was asked for."""
    last = next((run.asked_at for run in tx.runs.list(limit=1) if run.asked_at), None)
    behind = last is not None and last > now + CLOCK_SLACK
    detail = (
        f"the last run was asked for at {last:%Y-%m-%d %H:%M:%SZ}, which is to come"
        if behind
        else "no run is from the future"
    )
    yield Finding(
        "Daemon", "clock", "wrong" if behind else "good", detail, "Set the clock: edits are ordered by it."
    )


# --- what was done -------------------------------------------------------------------------------


def _work(tx: Reading) -> Iterator[Finding]:
    unknown = [each.id for each in tx.operations.list(states=("unknown",), limit=_NAMED)]
    yield _found("writes of unknown outcome", unknown, "The next run after the settle time looks for them.")
    aside = [f"{one.connection}/{one.vendor_id} ({one.problem})" for one in tx.records.problems(limit=_NAMED)]
    yield _found("records set aside", aside, "Correct them at the vendor; the next sync reads them again.")
    reviews = tx.reviews.count_open()
    level: Level = "soon" if reviews else "good"
    yield Finding(
        "Work",
        "reviews",
        level,
        f"{reviews or 'none'} open",
        "Decide them: `syncd reviews list`, or Reviews on the page.",
    )


def _found(what: str, names: list[str], fix: str) -> Finding:
    more = " and more" if len(names) == _NAMED else ""
    return Finding("Work", what, "soon" if names else "good", (", ".join(names) or "none") + more, fix)


# --- connections ---------------------------------------------------------------------------------


def _connection(one: ConnectionSettings, state: ConnectionState | None, now: datetime) -> Finding:
    if state is None or state.last_success is None:
        detail = state.reason if state and state.reason else "never pulled"
        return Finding("Connections", one.name, "wrong", detail, f"Run `syncd sync {one.name}`.")
    if state.state == "paused":
        return Finding("Connections", one.name, "soon", "paused", "Resume it on the page.")
    if state.state != "ok":
        level: Level = "soon" if state.state == "unreachable" else "wrong"
        return Finding(
            "Connections", one.name, level, f"{state.state}: {state.reason}", f"Run `syncd check {one.name}`."
        )
    silent = now - state.last_success > _patience(one)
    detail = f"last pulled {_age(now - state.last_success)} ago"
    return Finding(
        "Connections", one.name, "wrong" if silent else "good", detail, "Is `syncd serve` running?"
    )


def _patience(one: ConnectionSettings) -> timedelta:
    """Return how long a connection may be silent: two of its periods, and two days where it has none."""
    every = one.schedule.every if one.schedule else None
    return max(2 * every, timedelta(minutes=10)) if every else SILENT


def _spent(
    one: ConnectionSettings, state: ConnectionState | None, source: Source | None
) -> Iterator[Finding]:
    """Yield whether a schedule asks for more than the vendor allows, as far as its listing tells."""
    every = one.schedule.every if one.schedule else None
    ration = VENDORS[one.vendor].ration
    if every is None or source is None or ration is None:
        return
    pages = _pages(source, state.records if state else 0)
    plain = VendorSettings(one.name, one.vendor, one.base_url, one.options, _blank(one))
    for allowance in ration(plain).allowances:
        wanted = pages * allowance.seconds / every.total_seconds()
        much = "read" in allowance.kinds and wanted > _MUCH * allowance.requests
        detail = f"about {ceil(wanted):,} of {allowance.requests:,} requests in {allowance.seconds:g} seconds"
        fix = f"Write a longer schedule for {one.name}: it is stretched to what the vendor allows."
        yield Finding("Connections", f"{one.name}: schedule", "soon" if much else "good", detail, fix)


def _pages(source: Source, records: int) -> int:
    """Return how many requests one pull costs: a page where the vendor tells what changed, else its whole listing."""
    able = source.connector.abilities
    return 1 if able.incremental or able.page_size is None else max(1, ceil(records / able.page_size))


def _blank(one: ConnectionSettings) -> Mapping[str, str]:
    return dict.fromkeys(one.secret_names, "")


def _age(age: timedelta) -> str:
    seconds = max(int(age.total_seconds()), 0)
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return f"{seconds // size} {name}{'' if seconds // size == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
