"""What goes into a request: its address, its content, and how it is named in errors.

An address is built from quoted segments only, and shown without what may name a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import orjson

from syncd.errors import ConfigError, Problem, Rejected
from syncd.vendors.budget import Kind

Expect = Literal["json", "rows", "nothing"]  # rows: JSON that may be an array too large for memory
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a connector asks for it; `content` says what the body is, unless the connection's headers do."""

    method: str
    path: str
    query: Pairs | None
    headers: Mapping[str, str]
    content: Mapping[str, str]
    body: bytes | None
    kind: Kind
    expect: Expect


def content_of(json: Any, form: Mapping[str, str] | Pairs | None) -> tuple[dict[str, str], bytes | None]:
    """Return the content headers and the body. Raises Rejected for text that no vendor could take."""
    try:
        if json is not None:
            return {"Content-Type": "application/json"}, orjson.dumps(json)
        if form is not None:
            return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()
    except (orjson.JSONEncodeError, UnicodeError):
        raise Rejected(
            "A value holds text that is not valid Unicode.", "Correct it where it was written."
        ) from None
    return {}, None


def segment(value: str) -> str:
    """Return one part of a path, quoted. Raises Rejected for what would change the path or cannot be in one.

    Quoting is not enough: servers and libraries undo it for dots and slashes.
    """
    if "/" in value:
        raise _no_segment()
    return address_of(value)


def address_of(email: str) -> str:
    """Return an e-mail as one part of a path, quoted: a slash may stand before its @, but not beside dots alone.

    Whoever undoes the quoting then meets an address that is not there, never another one. Raises Rejected.
    """
    parts = email.split("/")
    is_odd = any(part in {"", ".", ".."} for part in parts) or ("@" not in parts[-1] and len(parts) > 1)
    if is_odd or "\\" in email or not email.isprintable():
        raise _no_segment()
    return quote(email, safe="")


def _no_segment() -> Rejected:
    return Rejected(
        "An id cannot be part of an address: it is empty, or holds a slash, dots alone or control characters.",
        "Correct it at the vendor.",
    )


def masked(path: str) -> str:
    """Return a path without what may name a person: e-mail addresses and search terms."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        if "@" in part or "%" in part or (at and parts[at - 1] == "search"):
            parts[at] = "…"
    return "/".join(parts)


def checked_host(base_url: str, name: str, *, allow_http: bool) -> str:
    """Return the host of an address that may be used. Raises ConfigError."""
    parts = urlsplit(base_url)
    if parts.scheme not in ({"https", "http"} if allow_http else {"https"}):
        what = "must begin with https://" if not allow_http else "must begin with https:// or http://"
    elif not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        what = "must be a plain address: host and path, no user, query or fragment"
    else:
        return parts.hostname
    where = f"connection {name}" if name else "connection"
    raise ConfigError(
        [Problem(where, "base_url", what + ".", "allow_http = true is for loopback and test vendors.")]
    )
