"""What goes over the wire, as values: a call as the vendor reads it, a reply as the vendor sends it.

A call keeps the request's bytes, not the connection, so that it can be processed later than it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from werkzeug.formparser import FormDataParser
from werkzeug.http import HTTP_STATUS_CODES, parse_options_header

from syncd.sandbox.faults import Fault

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

READ_TIMEOUT = "sandbox.read_timeout"
"""WSGI key by which an in-process client says how many seconds it is willing to wait for an answer."""

Json = dict[str, Any]


class NotJson(ValueError):
    """The body is not the JSON that was expected."""


@dataclass
class Call:
    """One request, with the kind of work it asks for and the faults that were drawn for it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    address: str
    read_timeout: float | None = None
    kind: str = "unknown"
    handler: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    customer: str | None = None
    note: str = ""
    failure: int | None = None

    @classmethod
    def read(cls, environ: WSGIEnvironment) -> Call:
        """Reads a WSGI request to its last byte."""
        return cls(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
            query=_query(environ.get("QUERY_STRING", "")),
            headers=dict(_headers(environ)),
            body=_body(environ),
            address=environ.get("REMOTE_ADDR", "127.0.0.1"),
            read_timeout=environ.get(READ_TIMEOUT),
        )

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters, lower-cased."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    def json(self) -> Any:
        """The body as JSON; NotJson when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise NotJson(str(error)) from error

    def form(self) -> Json:
        """The body as PHP and ASP.NET read forms: `a[b][1]=x` and `a[]=x` become nested values."""
        _, options = parse_options_header(self.headers.get("content-type", ""))
        parsed = FormDataParser().parse(BytesIO(self.body), self.content_type, len(self.body), options)[1]
        return nest(parsed.items(multi=True))

    def parsed(self) -> Any:
        """The body as the ledger keeps it: JSON, a form, or None."""
        if not self.body:
            return None
        if self.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return self.form()
        try:
            return self.json()
        except NotJson:
            return self.body.decode("utf-8", "replace")

    def fault(self, what: str) -> Fault | None:
        """The fault of that name drawn for this call."""
        return next((fault for fault in self.faults if fault.what == what), None)


@dataclass
class Reply:
    """One answer. `cut` ends it after that many bytes; `drip` sends it in pieces with a pause after each."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    drip: tuple[int, float] | None = None

    def payload(self) -> bytes:
        """The bytes of the body, before anything is cut."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)

    def send(self, start_response: StartResponse, pause: Callable[[float], object]) -> Iterable[bytes]:
        """Answers a WSGI request; a cut reply announces its full length and then ends early."""
        payload = self.payload()
        headers = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        if self.status != 204:
            headers["Content-Length"] = str(len(payload))
        start_response(
            f"{self.status} {HTTP_STATUS_CODES.get(self.status, 'Unknown')}", list(headers.items())
        )
        kept = payload[: self.cut]
        return _dripping(kept, *self.drip, pause) if self.drip else [kept]


def _dripping(payload: bytes, size: int, seconds: float, pause: Callable[[float], object]) -> Iterator[bytes]:
    for start in range(0, len(payload), max(size, 1)):
        pause(seconds)
        yield payload[start : start + max(size, 1)]


def html(status: int, title: str, text: str = "") -> Reply:
    """A page for people, as PHP frameworks and proxies print when something broke."""
    page = (
        f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>"
    )
    return Reply(status, page.encode(), {"Content-Type": "text/html; charset=UTF-8"})


def nest(pairs: Iterable[tuple[str, str]]) -> Json:
    """Form pairs with bracketed names as nested values: `groups_in[]` is a list, `a[b][c]` a dict of dicts."""
    tree: Json = {}
    for name, value in pairs:
        _plant(tree, name.replace("]", "").split("["), value)
    return tree


def _plant(tree: Json, path: list[str], value: str) -> None:
    *outer, last = path
    if outer and last == "":
        _plant_list(tree, outer, value)
        return
    for step in outer:
        tree = tree.setdefault(step, {})
    tree[last] = value


def _plant_list(tree: Json, path: list[str], value: str) -> None:
    *outer, last = path
    for step in outer:
        tree = tree.setdefault(step, {})
    tree.setdefault(last, []).append(value)


def _query(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-").lower(), value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-").lower(), environ[name]


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return bytes(stream.read(length)) if length else b""
