"""The settings that are not a connection's, each with its default and one sentence that documents it.

The sentences are what `syncd init` writes and what the example file says, so that there is one place to change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from syncd.config.addresses import at_folder, check_public, sqlite_at, without_password
from syncd.config.connections import ConnectionSettings
from syncd.config.secret import Fault, SecretField, Surroundings
from syncd.config.section import FIELDS, Section, setting
from syncd.errors import Problem

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


class Limit(NamedTuple):
    """How many operations pass without a person's approval: a number, and a percent of the connection's records."""

    number: int
    percent: float

    def __str__(self) -> str:
        return f'[{self.number}, "{self.percent:g}%"]'


def read_limit(value: object) -> Limit:
    """Read `[50, "10%"]`. Raises Fault."""
    if isinstance(value, Limit):
        return value
    match value:
        case [int(number), str(percent)] if not isinstance(number, bool) and number >= 0:
            share = _PERCENT.fullmatch(percent.strip())
            if share:
                return Limit(number, float(share[1]))
    raise Fault("a limit is a number and a percent", 'Write for example [50, "10%"].')


LimitField = Annotated[Limit, BeforeValidator(read_limit)]


def _store_url(url: str, info: ValidationInfo) -> str:
    around: Surroundings | None = info.context
    return sqlite_at(around.folder, url) if around else url


def _folder(path: Path, info: ValidationInfo) -> Path:
    around: Surroundings | None = info.context
    return at_folder(around.folder, path) if around else path


def _known_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Fault(f'"{name}" is not a time zone', 'Write for example "Europe/Brussels".') from error
    return name


class Safety(Section):
    """What stops syncd before it does damage."""

    approve: Literal["first", "always", "over_limits", "never"] = setting(
        "first",
        "What waits for a person: a first write into a connection and plans over the limits (first), every plan "
        "(always), plans over the limits (over_limits), nothing (never: a standing yes, for sandboxes).",
    )
    read_before_write: float = setting(
        5.0, "Seconds for which what a vendor showed stays fresh enough to write upon.", ge=0, le=3600
    )
    settle_seconds: float = setting(
        120.0,
        "Seconds to wait after a write whose answer was lost before looking for it; at least twice the connection's "
        "timeout plus the vendor's own lag.",
        ge=0,
        le=86400,
    )
    max_creates: LimitField = setting(
        Limit(50, 10.0),
        "Creates in one connection and a rolling day: a number, and a percent of its records.",
    )
    max_updates: LimitField = setting(Limit(200, 20.0), "Updates, counted in the same way.")
    max_clears: LimitField = setting(Limit(10, 2.0), "Fields emptied, counted in the same way.")
    max_deletes: LimitField = setting(Limit(5, 2.0), "Records deleted or archived, counted in the same way.")
    max_same_field: LimitField = setting(
        Limit(100, 20.0),
        "Changes of one and the same field, going out or coming in, counted in the same way.",
    )


class Identity(Section):
    """Which records are the same customer."""

    match: tuple[Literal["external_id", "email", "phone"], ...] = setting(
        ("external_id", "email"), 'What records are matched by, in this order; "phone" may be added.'
    )
    blocked: tuple[str, ...] = setting(
        (),
        "E-mail addresses and phone numbers that prove nothing, with * for any text: the shop's own, test@*.",
        '["test@*", "noreply@*"]',
    )


class FieldPolicy(Section):
    """How one canonical field is decided; name and address are decided as units."""

    owner: str | None = setting(
        None,
        "The connection that is the only source of this field (points, level, card, customer_number, external_id "
        'and groups go nowhere without one); "*" for groups that every connection adds to and takes from.',
        '"loyalty"',
    )
    conflict: Literal["newest", "priority", "review"] = setting(
        "newest",
        "What decides between two edits that did not know of each other: the later one, the more trusted "
        "connection, or a person.",
    )
    on_clear: Literal["ignore", "propagate", "review"] = setting(
        "ignore", "What emptying the field in one place does to the others."
    )
    skew_seconds: float = setting(
        60.0, "By how many seconds an edit must be later than another to count as newer.", ge=0, le=86400
    )


class Store(Section):
    """Where syncd keeps what it knows."""

    url: Annotated[str, AfterValidator(_store_url)] = setting(
        "sqlite:///var/syncd.db",
        "The database: sqlite:/// and a path, or postgresql+psycopg://user@host/database.",
        validate_default=True,
        repr=False,
    )
    password: SecretField | None = setting(
        None, "The PostgreSQL password, put into the url.", '"env:SYNCD_DB_PASSWORD"', repr=False
    )
    backups: Annotated[Path, AfterValidator(_folder)] = setting(
        Path("var/backups"),
        "The folder for the copies made before a migration and by `syncd backup`.",
        validate_default=True,
    )
    keep_backups: int = setting(10, "How many of those copies are kept.", ge=1)
    keep_days: int = setting(
        90,
        "Days for which finished runs and operations, the evidence of decided reviews and what people did are kept; "
        "the journal of values is kept for good.",
        ge=1,
    )
    key: SecretField | None = setting(
        None,
        "The key that encrypts vendors' access tokens at rest.",
        '"file:/etc/syncd/store.key"',
        repr=False,
    )

    @property
    def shown_url(self) -> str:
        """Return the address without its password."""
        return without_password(self.url)


class Web(Section):
    """The admin page and the API of `syncd serve`."""

    host: str = setting(
        "127.0.0.1", "The address to listen on; any but loopback needs a password to be set first."
    )
    port: int = setting(8384, "The port to listen on; 0 takes any free one.", ge=0, le=65535)
    public_url: Annotated[str, AfterValidator(check_public)] = setting(
        "", "The address people use, where a proxy stands in front.", '"https://syncd.example.com"'
    )
    session_hours: float = setting(12.0, "Hours after which an idle login ends.", gt=0, le=720)


class Alerts(Section):
    """Who is told when a person is needed."""

    smtp: SecretField | None = setting(
        None,
        "The mail server, as smtp:// or smtps://user:password@host:port.",
        '"env:SYNCD_SMTP"',
        repr=False,
    )
    sender: str = setting("", "The address that alerts come from.", '"syncd@example.com"')
    to: tuple[str, ...] = setting((), "The addresses that alerts go to.", '["admin@example.com"]')
    webhook: SecretField | None = setting(
        None, "An https address that every alert is posted to as JSON.", '"env:SYNCD_ALERT_HOOK"', repr=False
    )
    ping: SecretField | None = setting(
        None,
        "An https address asked for after every good run; its silence is the alarm.",
        '"env:SYNCD_PING"',
        repr=False,
    )


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "From which level on lines are written."
    )
    format: Literal["auto", "console", "json"] = setting(
        "auto", "Lines for people (console), for programs (json), or by whether a terminal reads them (auto)."
    )


class Daemon(Section):
    """The daemon's clock and its hands."""

    time_zone: Annotated[str, AfterValidator(_known_zone)] = setting(
        "UTC", "The time zone in which cron lines are meant.", '"Asia/Ho_Chi_Minh"'
    )
    push_workers: int = setting(
        8,
        "How many operations are under way at once at one connection, where its vendor allows as many.",
        ge=1,
        le=64,
    )
    drain_seconds: float = setting(
        25.0, "Seconds for which work under way may finish after SIGTERM.", ge=0, le=300
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an admin can decide, checked, with where each word came from.

    `sources` maps a dotted key to "flag", "environment VARIABLE", "FILE:LINE" or "default".
    `warnings` are things that work but should not stay so.
    """

    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    safety: Safety = field(default_factory=Safety)
    identity: Identity = field(default_factory=Identity)
    fields: Mapping[str, FieldPolicy] = field(
        default_factory=lambda: {name: FieldPolicy() for name in FIELDS}
    )
    web: Web = field(default_factory=Web)
    alerts: Alerts = field(default_factory=Alerts)
    log: Log = field(default_factory=Log)
    daemon: Daemon = field(default_factory=Daemon)
    path: Path | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
