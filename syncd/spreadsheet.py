"""Tables as CSV that a spreadsheet program opens as text and never runs.

Spreadsheet programs take a cell that begins with = + - @, a tab or a line's end for a formula, also one that a customer
typed as a name [OWASP, CSV Injection]. Such cells get an apostrophe in front, which `plain` takes off again; every cell
is quoted, so that a program that parts cells by semicolons finds no other one inside.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
_MARK = "'"


def safe(text: str) -> str:
    """Return a cell that is no formula."""
    return _MARK + text if text.startswith((*_RUNS, _MARK)) else text


def plain(cell: str) -> str:
    """Return what `safe` was given."""
    marked = cell.startswith(_MARK) and cell[1:].startswith((*_RUNS, _MARK))
    return cell[1:] if marked else cell


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield rows as CSV, a line each, ended as [RFC 4180] asks."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe(cell) for cell in row])
        yield line.getvalue()
