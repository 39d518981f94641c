"""Options that many commands take, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.completing import connection_names

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many are shown.")]
After = Annotated[str, typer.Option("--after", help="Continue behind this id.")]
OfConnection = Annotated[
    str | None,
    typer.Option("--connection", help="Only of this connection.", autocompletion=connection_names),
]
