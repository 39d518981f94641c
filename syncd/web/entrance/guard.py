"""What every request passes before any route: its host, its size, where it comes from; and what every answer carries.

Written as plain ASGI, so that it also holds for static files, for errors and for streams. Cross-site requests are
told by `Sec-Fetch-Site`, which browsers set and pages cannot, and by `Origin` where a browser does not send it.
A program that sends neither is let through only without a session cookie, because no other site can make it act.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KNOWN_METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
LARGEST_BODY = 1024 * 1024
TOO_LARGE = (413, "The request is too large.")
# PostgreSQL keeps no text with one, and nobody types it
ZERO = (400, "The request holds a zero character, which no text has.")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Without a referrer at all, browsers send "Origin: null" with forms, and the check below could not tell them.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is reached: the hosts it answers to (empty: any), and whether browsers use https."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    https: bool = False

    @classmethod
    def of(cls, host: str, public_url: str) -> Place:
        """Return the place for a listening address and the address people use."""
        public = urlsplit(public_url)
        hosts = {public.hostname} if public.hostname else set()
        if is_loopback(host):
            hosts |= {"localhost", "127.0.0.1", "::1", host}
        elif not is_any(host):
            hosts |= {host}
        elif not public.hostname:
            hosts = set()
        origins = {f"{public.scheme}://{public.netloc}".lower()} if public.netloc else set()
        return cls(frozenset(hosts), frozenset(origins), https=public.scheme == "https")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_any(host: str) -> bool:
    """Return whether an address means every network of this machine."""
    return host in {"", "0.0.0.0", "::", "[::]"}  # noqa: S104 - compared with, not listened on


class Unfit(Exception):
    """The body is none that any request of ours has."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


class Guard:
    """The outermost layer of the page and the API."""

    def __init__(self, app: ASGIApp, place: Place, cookies: Iterable[str]) -> None:
        self.app = app
        self.place = place
        self.cookies = tuple(cookies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        passage = Passage(receive, send, scope["path"], https=self.place.https)
        refusal = self._refusal(scope)
        passage.zero = _zero_in(Headers(scope=scope).get("content-type", ""), scope["path"])
        if refusal:
            await refusal(scope, receive, passage.send)
            return
        try:
            await self.app(scope, passage.receive, passage.send)
        except Unfit as unfit:
            if passage.started:
                raise
            passage.unfit = None
            await refused(scope, unfit.status, unfit.what)(scope, receive, passage.send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in KNOWN_METHODS:
            return refused(
                scope, 405, "This method is not known here.", {"allow": ", ".join(sorted(KNOWN_METHODS))}
            )
        if self.place.hosts and _host_name(headers.get("host", "")) not in self.place.hosts:
            return refused(
                scope, 421, "This page does not answer to that host name; set [web] public_url to it."
            )
        if _announced(headers) > LARGEST_BODY:
            return refused(scope, *TOO_LARGE)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return refused(scope, *ZERO)
        if scope["method"] not in SAFE_METHODS and not self._own(headers):
            return refused(scope, 403, "The request comes from another site, so nothing was done.")
        return None

    def _own(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin")
        if origin is not None:
            return self._same(origin.lower(), headers.get("host", "").lower())
        return not any(f"{name}=" in headers.get("cookie", "") for name in self.cookies)

    def _same(self, origin: str, host: str) -> bool:
        return origin in self.place.origins or urlsplit(origin).netloc == host


def refused(scope: Scope, status: int, what: str, headers: dict[str, str] | None = None) -> Response:
    """Return a refusal in the words of its asker: problem+json for the API, text for a page."""
    if scope["path"].startswith("/api/"):
        problem = {"type": "about:blank", "title": what, "status": status}
        return JSONResponse(problem, status, headers, media_type="application/problem+json")
    return PlainTextResponse(what + "\n", status, headers)


def _host_name(host: str) -> str:
    return (urlsplit(f"//{host}").hostname or "").lower() if _readable(host) else ""


def _readable(host: str) -> bool:
    try:
        urlsplit(f"//{host}")
    except ValueError:
        return False
    return True


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _zero_in(content_type: str, path: str) -> bytes:
    """Return how a body of a type says the zero character; nothing where a vendor says what it likes."""
    if path.startswith("/hooks/"):
        return b""
    return {"application/x-www-form-urlencoded": b"%00", "application/json": rb"\u0000"}.get(
        content_type.partition(";")[0].strip().lower(), b"\0"
    )


class Passage:
    """One request on its way in and its answer on the way out.

    Whatever a framework makes of a body that was cut off, it is unfit, and that is what the answer says.
    """

    def __init__(self, receive: Receive, send: Send, path: str, *, https: bool) -> None:
        self._receive = receive
        self._send = send
        self._path = path
        self._https = https
        self.read = 0
        self.zero = b""
        self.unfit: Unfit | None = None
        self.started = False

    async def receive(self) -> Message:
        """Return the next part of the body, until it is more than any request of ours has."""
        message = await self._receive()
        body = message.get("body", b"")
        self.read += len(body)
        if self.read > LARGEST_BODY:
            self.unfit = Unfit(*TOO_LARGE)
        elif self.zero and self.zero in body:
            self.unfit = Unfit(*ZERO)
        self._check()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, its head dressed."""
        if message["type"] == "http.response.start":
            self._check()
            self.started = True
            self._dress(MutableHeaders(scope=message))
        await self._send(message)

    def _check(self) -> None:
        if self.unfit is not None:
            raise self.unfit

    def _dress(self, headers: MutableHeaders) -> None:
        """Put on the security headers; only static files may be kept by caches."""
        for name, value in HEADERS.items():
            headers[name] = value
        if self._https:
            headers["strict-transport-security"] = "max-age=31536000"
        if not self._path.startswith("/static/"):
            headers["cache-control"] = "no-store"
