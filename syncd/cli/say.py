"""How results are shown: one JSON document, or tables; coloured and framed on a terminal, plain in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Row = Sequence[object]


def document(value: Any) -> None:
    """Print one JSON document on standard output."""
    typer.echo(encoded(value, indent=sys.stdout.isatty()))


def encoded(value: Any, *, indent: bool = False) -> str:
    """Return a value as JSON; datetimes in ISO 8601, dataclasses as tables."""
    import orjson

    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_plain, option=option).decode()


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def stream(values: Iterable[Any], *, lines: bool) -> None:
    """Print values as they come: one a line, or as the elements of one list."""
    if lines:
        for value in values:
            typer.echo(encoded(value))
        return
    typer.echo("[", nl=False)
    for number, value in enumerate(values):
        typer.echo((",\n" if number else "\n") + encoded(value), nl=False)
    typer.echo("\n]")


def table(columns: Sequence[str], rows: Iterable[Row], *, empty: str) -> None:
    """Print a table on standard output, or say why there is none."""
    listed = [[text(cell) for cell in row] for row in rows]
    if not listed:
        note(empty)
    elif sys.stdout.isatty():
        _framed(columns, listed)
    else:
        for line in _aligned([[*columns], *listed]):
            typer.echo(line)


def _framed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    framed = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        framed.add_row(*map(Text, row))
    console().print(framed)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def console(*, err: bool = False) -> Console:
    """Return a console that is coloured only where a person looks and has not asked for none."""
    from rich.console import Console

    return Console(stderr=err, no_color=bool(os.environ.get("NO_COLOR")), highlight=False, soft_wrap=True)


def line(words: str) -> None:
    """Print a line of the result on standard output."""
    typer.echo(_escaped(words))


def note(words: str) -> None:
    """Say something to the person at the terminal, beside the result."""
    typer.echo(_escaped(words), err=True)


def text(cell: object) -> str:
    """Return a cell as it is shown: times to the second, nothing for None, control characters as escapes."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}Z"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return _escaped(str(cell))


def _escaped(words: str) -> str:
    from syncd.logs import escaped

    return "\n".join(map(escaped, words.split("\n")))
