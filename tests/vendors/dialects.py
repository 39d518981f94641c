"""The same vendor in other words: what another build, a proxy or a framework may legally do to the same answers.

Vendors' documents say which keys an answer has, not how its numbers, marks and headers are spelled. Each dialect here
is one such freedom, laid over a simulator as a WSGI application, so that the whole contract can be run against it.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
IDS = frozenset({"id", "userid", "is_primary", "active", "country", "default_currency"})


@dataclass(frozen=True)
class Dialect:
    """One freedom: with the document, the status, the headers or the bytes of an answer."""

    document: Callable[[Any], Any] = lambda document: document
    status: Mapping[str, str] = field(default_factory=dict)
    headers: Callable[[Headers], Headers] = lambda headers: headers
    body: Callable[[bytes], bytes] = lambda body: body
    counts: bool = True  # whether announced totals are left in
    pieces: int = 0  # bytes of one chunk; 0: the body comes in one, with its length

    def spoken_by(self, app: WSGIApplication) -> WSGIApplication:
        """Return the application that says the same in this dialect."""

        def speaking(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            head: list[Any] = []

            def started(status: str, headers: Headers, exc_info: Any = None) -> Any:
                head[:] = [status, headers]

            plain = b"".join(app(environ, started))
            status, headers = head
            body = self._said(plain, headers)
            headers = [pair for pair in headers if pair[0].lower() != "content-length"]
            headers = self.headers(headers)
            if not self.pieces:
                headers.append(("Content-Length", str(len(body))))
            start_response(self.status.get(status[:3], status), headers)
            return list(_cut(body, self.pieces or len(body) or 1))

        return speaking

    def _said(self, plain: bytes, headers: Headers) -> bytes:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if "json" in kind and plain:
            # What is no document is a fault that was asked for: what it says stays as it is.
            with suppress(orjson.JSONDecodeError):
                plain = orjson.dumps(self.document(orjson.loads(plain)))
        return self.body(plain)


def _cut(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


# --- documents ------------------------------------------------------------------------------------


def each(change: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    """Return what changes every value of a document by its key."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        return change(key, value)

    return walk


def _text(key: str, value: Any) -> Any:
    return str(value) if type(value) is int else value


def _number(key: str, value: Any) -> Any:
    is_number = isinstance(value, str) and value.isdecimal() and len(value) < 15
    return int(value) if is_number and key in IDS else value


def _mark(key: str, value: Any) -> Any:
    return ("1" if value else "0") if isinstance(value, bool) and key != "status" else value


def _mark_number(key: str, value: Any) -> Any:
    return int(value) if isinstance(value, bool) and key != "status" else value


def more_keys(document: Any) -> Any:
    """Add keys that nobody knows to every object."""
    if isinstance(document, dict):
        known = {name: more_keys(value) for name, value in document.items()}
        return {"xNew": {"id": 7, "deep": [None, 1.5]}, **known, "x_list": [], "x_null": None}
    return [more_keys(inner) for inner in document] if isinstance(document, list) else document


def without(*names: str) -> Callable[[Any], Any]:
    """Return what takes keys out of every object."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: walk(inner) for name, inner in value.items() if name not in names}
        return [walk(inner) for inner in value] if isinstance(value, list) else value

    return walk


LARAVEL = {"currentPage": "current_page", "lastPage": "last_page", "perPage": "per_page"}


def flat_pages(document: Any) -> Any:
    """Put the numbers of a page flat into `meta`, by Laravel's own names and without its links."""
    page = document.get("meta", {}).get("page") if isinstance(document, dict) else None
    if not isinstance(page, dict):
        return document
    numbers = {LARAVEL.get(name, name): value for name, value in page.items()}
    return {**{name: value for name, value in document.items() if name != "links"}, "meta": numbers}


# --- headers and bytes ----------------------------------------------------------------------------


def typed(kind: str) -> Callable[[Headers], Headers]:
    """Return what names another content type, none where it is empty."""

    def change(headers: Headers) -> Headers:
        others = [pair for pair in headers if pair[0].lower() != "content-type"]
        return [*others, ("Content-Type", kind)] if kind else others

    return change


def encoded(name: str) -> Callable[[Headers], Headers]:
    """Return what says how the body is packed."""
    return lambda headers: [*headers, ("Content-Encoding", name)]


def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0) if body else body  # an answer without a body stays without one


def _escaped(body: bytes) -> bytes:
    import json

    try:
        return json.dumps(json.loads(body), indent=1).encode()
    except ValueError:
        return body


TOTALS = ("total", "totalCount", "lastPage", "total_pages", "last_page", "links", "from", "to")

DIALECTS: Mapping[str, Dialect] = {
    "numbers as text": Dialect(each(_text)),
    "ids as numbers": Dialect(each(_number)),
    "marks as text": Dialect(each(_mark)),
    "marks as numbers": Dialect(each(_mark_number)),
    "keys that nobody knows": Dialect(more_keys),
    "no totals": Dialect(without(*TOTALS), counts=False),
    "no marks of the last page": Dialect(without("has_more", "lastPage", "last_page", "links")),
    "no page size": Dialect(without("pageSize", "limit", "perPage", "per_page", *TOTALS), counts=False),
    "201 for 200": Dialect(status={"200": "201 Created"}),
    "200 for 201": Dialect(status={"201": "200 OK"}),
    "header names in small letters": Dialect(headers=lambda h: [(name.lower(), value) for name, value in h]),
    "header names in capitals": Dialect(headers=lambda h: [(name.upper(), value) for name, value in h]),
    "called a web page": Dialect(headers=typed("text/html; charset=UTF-8")),
    "called nothing": Dialect(headers=typed("")),
    "another charset's name": Dialect(headers=typed('application/json; charset="ISO-8859-1"')),
    "escapes and spaces": Dialect(body=_escaped),
    "a byte order mark": Dialect(body=lambda body: b"\xef\xbb\xbf" + body if body else body),
    "small pieces": Dialect(pieces=7),
    "packed": Dialect(headers=encoded("gzip"), body=_packed),
    "one answer a connection": Dialect(headers=lambda h: [*h, ("Connection", "close")]),
}


def _both(one: Callable[[Any], Any], other: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: other(one(value))


MANY = Dialect(
    _both(each(_text), more_keys),
    {"200": "201 Created", "201": "200 OK"},
    _both(
        _both(typed("text/html; charset=UTF-8"), encoded("gzip")),
        lambda h: [(name.lower(), value) for name, value in h],
    ),
    _both(_escaped, _packed),
    pieces=1000,
)
