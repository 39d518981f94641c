"""What the shell proposes: the names of connections, read from the file without checking the rest of it."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from syncd.errors import SyncdError


def connection_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the connections whose names begin as the word being typed."""
    import tomllib

    from syncd.config.places import find_file

    named = ctx.find_root().params.get("config")
    try:
        with find_file(Path(named) if named else None, os.environ).open("rb") as file:
            tables = tomllib.load(file).get("connections", {})
    except (SyncdError, OSError, tomllib.TOMLDecodeError):
        return []  # nothing to propose; the command itself will say what is wrong with the file
    return [name for name in tables if name.startswith(incomplete)]
