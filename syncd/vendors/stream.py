"""An array too large for memory, read element by element from a file.

Perfex 2.x answers all customers in one bare array. It is laid into a file that has no name, so that what is cut off
is noticed before the first row is used, and then read piece by piece: memory stays flat, however many there are.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

from syncd.errors import Malformed

PIECE = 1 << 20
LONGEST = 16 << 20  # characters of one element
_SPACE = " \t\r\n"
_AFTER = frozenset(_SPACE) | {",", "]"}


def elements(file: BinaryIO, source: str) -> Iterator[Any]:
    """Yield the elements of the array in a file, then close it. Raises Malformed, at the place where it goes wrong.

    Text that is not valid Unicode stays recognisable; see `unusable` of `syncd.vendors.reply`.
    """
    with file:
        file.seek(0)
        yield from _Array(file, source)


class _Array:
    """The array in a file: the part of it that is in memory, and how far that is read."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        self._file = file
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._scan = json.JSONDecoder(parse_constant=_refused).raw_decode
        self._text, self._at, self._ended = "", 0, False

    def __iter__(self) -> Iterator[Any]:
        self._take("[")
        more = self._next() != "]"
        while more:
            yield self._element()
            more = self._next() == ","
            if more:
                self._take(",")
        self._take("]")
        if self._next():
            raise self._wrong()

    def _take(self, mark: str) -> None:
        if self._next() != mark:
            raise self._wrong()
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is no space, "" at the end, and stand before it."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _element(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError):
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise self._wrong() from None
                continue
            if self._is_whole(value, end) or not self._more():
                self._at = end
                return value

    def _is_whole(self, value: Any, end: int) -> bool:
        """Tell whether nothing that follows can belong to a value; of a number the rest may not be here yet."""
        following = self._text[end : end + 1]
        return bool(following) and (not isinstance(value, int | float) or following in _AFTER)

    def _more(self) -> bool:
        """Read on, letting go of what was used; False at the end of the file."""
        if self._ended:
            return False
        piece = self._file.read(PIECE)
        self._ended = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, self._ended)
        self._at = 0
        return True

    def _wrong(self) -> Malformed:
        return Malformed(
            f"{self._source} was answered by a list that is cut off or is not JSON.",
            "Try again; if it stays, the vendor's API or something in front of it is broken.",
        )


def _refused(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON
