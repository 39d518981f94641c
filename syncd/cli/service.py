"""`syncd serve` and `syncd worker`: the daemon, with and without its page."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.root import config_path

if TYPE_CHECKING:
    from syncd.config import Settings


def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option("--host", help="Listen on this address (web.host).")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Listen on this port (web.port).")] = None,
) -> None:
    """Run the daemon with the admin page and the API until it is told to stop."""
    flags = {"web.host": host, "web.port": port}
    raise typer.Exit(
        run(ctx, {key: value for key, value in flags.items() if value is not None}, with_page=True)
    )


def worker(ctx: typer.Context) -> None:
    """Run one more daemon on the same store, without a page: it stands by and takes over."""
    raise typer.Exit(run(ctx, {}, with_page=False))


def run(ctx: typer.Context, flags: dict[str, Any], *, with_page: bool) -> int:
    """Run a daemon by the configuration and return its exit status."""
    settings = opening.settings_of(ctx, flags)
    for warning in settings.warnings:
        say.note(f"warning: {warning}")

    def read_again() -> Settings:
        from syncd.config import load

        changed = load(config_path(ctx), os.environ, flags)
        opening.prepare_log(changed)
        return changed

    return daemon(settings, with_page=with_page, read_again=read_again)


def daemon(
    settings: Settings, *, with_page: bool, read_again: Any = None, say_to: Callable[[str], None] = say.line
) -> int:
    """Run a daemon by settings and return its exit status; where its page is goes to `say_to`."""
    from syncd.daemon import serve as run_daemon

    if not with_page:
        return run_daemon(settings, reload=read_again)
    from syncd.web import create_app, greeting

    return run_daemon(settings, make_web=create_app, greet=greeting, reload=read_again, say=say_to)
