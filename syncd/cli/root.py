"""What every command shares: -c wherever it stands, errors as sentences, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from syncd.errors import SyncdError

# Of several reasons to end, the first of these is told.
SEVERITY = (5, 2, 4, 3, 1)

_CONFIG = ("-c", "--config")


class SyncdGroup(TyperGroup):
    """The commands, with -c FILE wherever it is written, and syncd's errors as sentences."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse with -c moved to the front, where the group itself expects it."""
        return super().parse_args(ctx, hoist(args))

    def format_commands(self, _: Any, formatter: Any) -> None:
        """List the commands by what they are for."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None)
            # typer marks "not given" with an object of its own
            title = panel if isinstance(panel, str) else "Commands"
            panels.setdefault(title, []).append((name, command.get_short_help_str(limit=200)))
        for title, rows in panels.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an error raised on purpose ends it with a sentence and its own exit status."""
        try:
            return super().invoke(ctx)
        except SyncdError as error:
            complain(error)
            raise typer.Exit(error.exit_status) from error


def hoist(args: Sequence[str]) -> list[str]:
    """Return arguments with -c FILE first, wherever it stood before "--"."""
    end = list(args).index("--") if "--" in args else len(args)
    chosen: list[str] = []
    rest: list[str] = []
    words = iter(args[:end])
    for word in words:
        if word in _CONFIG:
            chosen += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word.startswith("--config="):
            chosen.append(word)
        else:
            rest.append(word)
    return [*chosen, *rest, *args[end:]]


def complain(error: SyncdError) -> None:
    """Say an error and its next step on standard error."""
    from syncd.logs import escaped, without_secrets

    for line in without_secrets(error.what).splitlines():
        typer.echo(f"syncd: {escaped(line)}", err=True)
    if error.next_step:
        typer.echo(f"       {escaped(without_secrets(error.next_step))}", err=True)


def worst(statuses: Sequence[int]) -> int:
    """Return the exit status that matters most."""
    return next((status for status in SEVERITY if status in statuses), 0)


def config_path(ctx: typer.Context) -> Path | None:
    """Return the file named with -c, if any."""
    found: Path | None = ctx.find_root().obj
    return found


def on_terminal() -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty()
