"""What a Perfex 3.x webhook says: that something has happened to a customer, and no more.

Its data are the internal arrays of a hook, not a record [Perfex module source]; only the customer's number is taken.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from syncd.errors import Forbidden, Malformed
from syncd.vendors.perfex.api import Row
from syncd.vendors.perfex.fields import text_of

SIGNATURE_AGE = 300.0  # seconds


def hint(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
    """Return the customer that an event is about. Raises Forbidden, Malformed."""
    verify(headers, body, secret, now)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("A Perfex webhook is not JSON.", "Look at the webhook's log in Perfex.") from error
    return _subject(event) if isinstance(event, Mapping) else ()


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Check `X-Perfex-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "t.body">` [Perfex module source]."""
    lower = {name.lower(): value for name, value in headers.items()}
    parts = dict(part.strip().partition("=")[::2] for part in lower.get("x-perfex-signature", "").split(","))
    when, given = parts.get("t", ""), parts.get("v1", "")
    wanted = hmac.new(secret.encode(), when.encode() + b"." + body, hashlib.sha256).hexdigest()
    fresh = when.isascii() and when.isdecimal() and abs(now.timestamp() - int(when)) <= SIGNATURE_AGE
    if not secret or not fresh or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise Forbidden(
            "A webhook is not signed with this connection's secret, or too old.", "Check the secret."
        )


def _subject(event: Row) -> Sequence[str]:
    data = event.get("data")
    inner = data.get("data") if isinstance(data, Mapping) else None
    rows = [row for row in (data, inner) if isinstance(row, Mapping)]
    userids = [text_of(row["userid"]) for row in rows if row.get("userid")]
    if not userids and isinstance(data, Mapping) and not str(event.get("event", "")).startswith("contact"):
        userids = [text_of(data.get("id"))]
    return tuple(dict.fromkeys(userid for userid in userids if userid.isdecimal()))
