"""CSV that no spreadsheet program runs, and that gives back what went in."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.spreadsheet import lines, plain, safe

# csv reads a bare \r and \n inside quotes as they are, but no zero characters
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize("cell", ["=1+1", "+84912345678", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1"])
def test_no_cell_begins_as_a_formula_does(cell: str) -> None:
    assert safe(cell) == "'" + cell


@given(TEXT)
def test_what_is_read_back_is_what_was_written(text: str) -> None:
    assert plain(safe(text)) == text


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=4))
def test_every_row_comes_back_whole(rows: list[list[str]]) -> None:
    read = csv.reader(io.StringIO("".join(lines(rows)), newline=""), strict=True)
    assert [[plain(cell) for cell in row] for row in read] == rows


def test_a_semicolon_opens_no_second_cell() -> None:
    assert list(lines([["a;=1+1", "b"]])) == ['"a;=1+1","b"\r\n']
