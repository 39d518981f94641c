"""The commands, put together."""

from __future__ import annotations

import atexit
import gc
import os
from pathlib import Path
from typing import Annotated

import typer

from syncd import __version__
from syncd.cli import (
    customer_acts,
    health,
    operations,
    people,
    reviews,
    runs,
    sandboxed,
    service,
    settings,
    storing,
    sync,
)
from syncd.cli.root import SyncdGroup

app = typer.Typer(
    cls=SyncdGroup,
    name="syncd",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help by rich costs as much CPU as everything else together
    context_settings={"help_option_names": ["-h", "--help"]},
)

_BEGIN, _WORK, _LOOK, _CARE = "Begin", "Work", "Look and decide", "Care"


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"syncd {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "-c", "--config", metavar="FILE", help="The configuration; may stand anywhere on the line."
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Keep the customers of a CRM, a till, a loyalty programme and an appointment book the same.

    Exit status: 0 all well; 1 something failed or is newly held; 2 wrong usage or configuration; 3 a plan waits for
    approval; 4 a connection could not be reached or was refused; 5 another syncd holds the store.
    """
    ctx.obj = config


app.command(rich_help_panel=_BEGIN)(sandboxed.demo)
app.command(rich_help_panel=_BEGIN)(settings.init)
app.command(rich_help_panel=_BEGIN)(health.check)
app.command(rich_help_panel=_WORK)(sync.sync)
app.command(rich_help_panel=_WORK)(service.serve)
app.command(rich_help_panel=_WORK)(service.worker)
app.command(rich_help_panel=_LOOK)(health.status)
app.add_typer(runs.commands, name="runs", rich_help_panel=_LOOK)
app.add_typer(customer_acts.commands, name="customers", rich_help_panel=_LOOK)
app.add_typer(reviews.commands, name="reviews", rich_help_panel=_LOOK)
app.add_typer(operations.commands, name="operations", rich_help_panel=_LOOK)
app.command(rich_help_panel=_CARE)(health.doctor)
app.add_typer(settings.commands, name="config", rich_help_panel=_CARE)
app.command(rich_help_panel=_CARE)(people.password)
app.command(rich_help_panel=_CARE)(storing.migrate)
app.command(rich_help_panel=_CARE)(storing.backup)
app.command(rich_help_panel=_CARE)(storing.restore)
app.command(rich_help_panel=_CARE)(storing.prune)
app.command(rich_help_panel=_CARE)(sandboxed.sandbox)


# Python looks for garbage after every 700 new objects; while half a million are imported there is none to find.
_GARBAGE_AFTER = 100_000


def spare() -> None:
    """Have Python leave undone what a short-lived process has no use for."""
    gc.set_threshold(_GARBAGE_AFTER)
    # at its end it would look through all that was imported once more: a fifth of what `status` costs
    atexit.register(gc.freeze)
    # none is wanted in the reading of settings, and looking for them goes through every installed package
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def main() -> None:
    """Run the command line."""
    spare()
    app()
