"""Signed deliveries to the addresses that were registered; only to this machine, whatever was registered.

Real Perfex refuses loopback addresses; the sandbox refuses all others, so that it can never reach anybody.
"""

from __future__ import annotations

import http.client
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from syncd.sandbox.wire import Json


class NotLoopback(ValueError):
    """The address is not on this machine."""


@dataclass
class Hook:
    """One registered address."""

    id: str
    url: str
    events: tuple[str, ...]
    secret: str = ""
    name: str = ""
    active: bool = True
    extra: Json = field(default_factory=dict)

    def wants(self, event: str) -> bool:
        """Whether it is to be told of the event."""
        return self.active and ("*" in self.events or event in self.events)


@dataclass
class Event:
    """Something that happened, and to whom it is still to be told."""

    name: str
    id: str
    at: int
    data: Json
    attempts: int = 0
    hook: str = ""


@dataclass(frozen=True)
class Delivery:
    """One attempt to tell one address; status 0 means that nobody answered."""

    hook: str
    event: str
    id: str
    attempt: int
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def arrived(self) -> bool:
        """Whether the receiver said yes."""
        return 200 <= self.status < 300


def check_loopback(url: str) -> None:
    """Raises NotLoopback when the address is not on this machine."""
    host = urlsplit(url).hostname or ""
    if host != "localhost" and not _is_loopback(host):
        raise NotLoopback(f"the sandbox delivers to this machine only, not to {host!r}; register 127.0.0.1")


def post(url: str, headers: dict[str, str], body: bytes, timeout: float = 5.0) -> int:
    """Sends one delivery and returns the status; 0 when there was no answer."""
    check_loopback(url)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path or "/", body, {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
