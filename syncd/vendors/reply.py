"""What a vendor answered: status, headers, bytes, and the JSON in them, read strictly.

A reply is JSON or it is an error: a login page with status 200 must never read as "no customers". orjson reads it,
because it refuses what no other vendor could take either (bad UTF-8, NaN, half a surrogate pair). One bad row must
not lose its whole page, though: where orjson refuses the page, the standard reader tries once more, keeping bad
text recognisable, and the reply is marked `suspect`, so that the connector looks at each row by `unusable`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, BinaryIO, NoReturn

import orjson

from syncd.errors import Malformed, Unanswered
from syncd.vendors.stream import elements

BOM = b"\xef\xbb\xbf"
LONGEST_WAIT = 3600.0  # seconds: a vendor that asks for more than an hour is asked again after an hour


@dataclass(frozen=True)
class Reply:
    """One answer; `started` is when its request began, `source` names the request without customer data.

    Of a large list `body` is the beginning, and all of it is in `file`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    started: datetime
    source: str = "the request"
    file: BinaryIO | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @cached_property
    def server_date(self) -> datetime | None:
        """Return the server's own clock, None where it shows none that can be read."""
        return http_date(self.headers.get("Date", ""))

    @property
    def retry_after(self) -> float | None:
        """Return the seconds that the vendor asks us to wait, None where it does not say so in a usable way."""
        return wait_of(self.headers.get("Retry-After", ""), self.server_date or self.started)

    @property
    def is_page(self) -> bool:
        """Tell whether this is a web page: a login form, a proxy's or a framework's error page.

        What begins like JSON is none, whatever it calls itself: PHP says text/html where nobody tells it otherwise.
        """
        first = self.body.removeprefix(BOM).lstrip()[:1]
        return first == b"<" or (
            first not in {b"{", b"["} and "html" in self.headers.get("Content-Type", "").lower()
        )

    @property
    def is_large_array(self) -> bool:
        """Tell whether this is an array that has to be read element by element."""
        return self.file is not None and self.body.removeprefix(BOM).lstrip()[:1] == b"["

    def elements(self) -> Iterator[Any]:
        """Yield the elements of a large array. Raises Malformed where it goes wrong, after what came before."""
        assert self.file is not None
        return elements(self.file, self.source)

    def json(self) -> Any:
        """Return the document. Raises Malformed."""
        return self._document[0]

    @property
    def suspect(self) -> bool:
        """Tell whether rows may hold text that cannot be stored or sent on; see `unusable`."""
        return self._document[1]

    def words(self) -> Any:
        """Return the document of a refusal, None where there is none: for reading an error's words only."""
        try:
            return None if self.is_page else self.json()
        except Malformed:
            return None

    @cached_property
    def _document(self) -> tuple[Any, bool]:
        if self.is_page:
            raise Malformed(
                f"{self.source} was answered by a web page instead of JSON.",
                "Check base_url, and whether the vendor shows a login or maintenance page there.",
                status=self.status,
            )
        body = (self.body if self.file is None else self.file.read()).removeprefix(BOM)
        try:
            # to look for one byte costs a twentieth of looking for six
            return orjson.loads(body), b"\\" in body and b"\\u0000" in body
        except orjson.JSONDecodeError as strict:
            return _second_look(body, self, strict), True


def _second_look(body: bytes, reply: Reply, strict: orjson.JSONDecodeError) -> Any:
    try:
        return json.loads(body.decode("utf-8", "surrogateescape"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # The parser's message may quote the document, so only the place is told.
        raise Malformed(
            f"{reply.source} was answered by something that is not JSON (at character {strict.pos}).",
            "Try again; if it stays, the vendor's API or something in front of it is broken.",
            status=reply.status,
        ) from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON, and no vendor takes them


@contextmanager
def after_writing(reply: Reply) -> Iterator[None]:
    """Turn an answer to a write that cannot be understood into a write of unknown outcome. Raises Unanswered."""
    try:
        yield
    except Malformed as error:
        raise Unanswered(error.what, error.next_step, status=reply.status) from error


def unusable(row: object) -> str:
    """Return why a row's text can be neither stored nor sent on, "" where it can."""
    try:
        text = orjson.dumps(row)
    except (orjson.JSONEncodeError, RecursionError):
        return "holds text that is not valid Unicode, or is nested too deep"
    return "holds a NUL character" if b"\\u0000" in text else ""


def http_date(text: str) -> datetime | None:
    """Return an HTTP date as UTC, None where it is rubbish."""
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


_REPEATED = re.compile(
    r"(?<=\d)\s*s?\s*(?:,\s*\d.*)?$"
)  # a unit, and the header's second value where it came twice


def wait_of(text: str, now: datetime) -> float | None:
    """Read a Retry-After of either form; `now` is the server's own clock, so that a wrong one does no harm."""
    try:
        seconds = float(_REPEATED.sub("", text))
    except ValueError:
        when = http_date(text)
        if when is None:
            return None
        seconds = (when - now).total_seconds()
        return min(max(seconds, 0.0), LONGEST_WAIT)
    return min(seconds, LONGEST_WAIT) if 0 <= seconds < float("inf") else None
