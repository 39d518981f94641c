"""How a command comes to its settings, its store and its name for the audit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from syncd.cli.root import config_path
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.config import Settings
    from syncd.store import Reading, Store


def settings_of(ctx: typer.Context, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the configuration and set up the log by it. Raises ConfigError before anything else happens."""
    from syncd.config import load

    settings = load(config_path(ctx), os.environ, flags)
    prepare_log(settings)
    return settings


def prepare_log(settings: Settings) -> None:
    """Set up the log by the settings, with every secret in them hidden."""
    from syncd import logs

    logs.keep_secret(
        secret.reveal() for each in settings.connections.values() for secret in each.secrets.values()
    )
    own = (
        settings.store.password,
        settings.store.key,
        settings.alerts.smtp,
        settings.alerts.webhook,
        settings.alerts.ping,
    )
    logs.keep_secret(secret.reveal() for secret in own if secret is not None)
    logs.configure(settings.log.level, settings.log.format)


@contextmanager
def opened(ctx: typer.Context) -> Iterator[App]:
    """Open the store and everything around it, as the settings say."""
    settings = settings_of(ctx)
    from syncd.app import App

    with App.open(settings) as app:
        yield app


@contextmanager
def looking(ctx: typer.Context) -> Iterator[Reading]:
    """Open the store alone, for one reading transaction: nothing of the vendors is loaded."""
    with stored(ctx) as store, store.look() as tx:
        yield tx


@contextmanager
def stored(ctx: typer.Context) -> Iterator[Store]:
    """Open the store alone."""
    with store_of(settings_of(ctx)) as store:
        yield store


def store_of(settings: Settings) -> Store:
    """Open the store that the settings name."""
    from syncd.store import Store

    return Store.open(settings.store.url, clock=utc_now, backup_dir=settings.store.backups)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def chosen(settings: Settings, names: Sequence[str]) -> tuple[str, ...]:
    """Return the connections asked for, all that are switched on when none is named. Raises UsageError."""
    if not settings.connections:
        raise UsageError(
            "No connection is configured.", f"Add a [connections.NAME] table to {settings.path}."
        )
    for name in names:
        if name not in settings.connections:
            known = ", ".join(settings.connections)
            raise UsageError(f"There is no connection {name}.", f"There are: {known}.")
        if not settings.connections[name].enabled:
            raise UsageError(f"The connection {name} is switched off.", "Remove its enabled = false first.")
    return tuple(names) or tuple(name for name, each in settings.connections.items() if each.enabled)


def who() -> str:
    """Return who types, as the audit names them."""
    import getpass

    return f"cli:{getpass.getuser()}"
