"""What a KiotViet webhook says: which customers have changed or are gone.

`X-Hub-Signature: sha1=HEX` is, despite its prefix, the HMAC-SHA256 of the raw body [KiotViet guide; two integrators].
Whether the key is the Base64 text of the secret or its bytes is not documented, so either is taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence

import orjson

from syncd.errors import Forbidden, Malformed
from syncd.vendors.kiotviet.api import id_of
from syncd.vendors.table import mapping_of


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Sequence[str]:
    """Return the ids that an event names. Raises Forbidden, Malformed."""
    _verify(headers, body, secret)
    try:
        event = mapping_of(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Malformed("A KiotViet webhook is not JSON.", "Look at the webhooks in KiotViet.") from error
    removed = event.get("RemoveId")
    ids = [*_changed(event), *(removed if isinstance(removed, list) else [removed])]
    return tuple(dict.fromkeys(number for each in ids if (number := id_of({"id": each}))))


def _changed(event: Mapping[str, object]) -> Iterator[object]:
    notes = event.get("Notifications")
    for note in notes if isinstance(notes, list) else ():
        data = mapping_of(note).get("Data")
        for row in data if isinstance(data, list) else ():
            yield mapping_of(row).get("Id")


def _verify(headers: Mapping[str, str], body: bytes, secret: str) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    given = lower.get("x-hub-signature", "").partition("=")[2].strip().lower()
    wanted = [hmac.new(key, body, hashlib.sha256).hexdigest() for key in _keys(secret)]
    if not any(hmac.compare_digest(each.encode(), given.encode()) for each in wanted):
        raise Forbidden("A webhook is not signed with this connection's secret.", "Check the secret.")


def _keys(secret: str) -> list[bytes]:
    try:
        keys = [secret.encode(), base64.b64decode(secret, validate=True)]
    except (binascii.Error, ValueError):
        keys = [secret.encode()]
    return [key for key in keys if key]
