"""Omniwallet's words: why it refuses something, and what its webhooks say."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from syncd.errors import Forbidden
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of

HOOK_WINDOW = timedelta(minutes=5)  # as Omniwallet's clients allow


def refused_fields(reply: Reply, clean: Callable[[object], str]) -> tuple[dict[str, str], str]:
    """Return a refusal's words by attribute, and all of them in one line.

    Forms seen or likely: JSON:API `errors` with `source.pointer`, Laravel's map of lists, a bare `message` or `error`
    [its clients].
    """
    document = mapping_of(reply.words())
    errors = document.get("errors")
    if isinstance(errors, list):
        told = [(_pointed(each), clean(_detail(each))) for each in errors]
    elif isinstance(errors, Mapping):
        told = [(str(key), clean(value)) for key, value in errors.items()]
    else:
        told = [("", clean(document[key])) for key in ("message", "error") if document.get(key)]
    return {key: words for key, words in told if key}, clean(" ".join(words for _, words in told))


def says_why(reply: Reply) -> bool:
    """Tell whether a refusal is Omniwallet's own: JSON with an error in one of its forms, however short."""
    document = mapping_of(reply.words())
    return bool(document.get("errors") or document.get("message") or document.get("error"))


def _pointed(error: Any) -> str:
    pointer = mapping_of(mapping_of(error).get("source")).get("pointer")
    return pointer.rpartition("/")[2] if isinstance(pointer, str) else ""


def _detail(error: Any) -> Any:
    return mapping_of(error).get("detail") or mapping_of(error).get("title") or ""


def hinted(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
    """Return the e-mail that a webhook names, after checking its signature and age. Raises Forbidden.

    The signature is the hex HMAC-SHA256 of the timestamp, a dot and the body as it came [Omniwallet's clients].
    """
    sent = {key.lower(): value for key, value in headers.items()}
    stamp, shown = sent.get("x-omniwallet-timestamp", ""), sent.get("x-omniwallet-signature", "")
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), shown.encode("utf-8", "replace")):
        raise Forbidden("A webhook's signature is wrong.", "Check webhook_secret.")
    if not stamp.isdecimal() or abs(now - datetime.fromtimestamp(int(stamp[:11]), UTC)) > HOOK_WINDOW:
        raise Forbidden("A webhook is too old or comes from the future.", "Check this machine's clock.")
    email = mapping_of(mapping_of(_document(body)).get("data")).get("customer_id")
    return (email,) if isinstance(email, str) and email else ()


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
