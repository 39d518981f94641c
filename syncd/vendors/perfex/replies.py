"""What Perfex's refusals mean.

Their status says little: 404 stands for "no such record", "no records", a bad token, a failed validation and "nothing
has changed" alike [Perfex module source]. So the words decide, and only the module's own words for it ever mean that
a record is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from syncd.errors import (
    AlreadyThere,
    Forbidden,
    Malformed,
    Missing,
    Refused,
    Rejected,
    Throttled,
    VendorError,
)
from syncd.vendors.reply import Reply
from syncd.vendors.table import yes

Clean = Callable[[object], str]

NO_DATA = "no data were found"
UNKNOWN_ID = ("customer not found", "contact id doesn't not exist")
# What the token check and the JWT library behind it say [Perfex module source]; all of it comes with 404 or 401.
_TOKEN = re.compile(
    r"token|signature|segments|jwt|malformed json|utf-8|unauthori[sz]ed|api key", re.IGNORECASE
)
_LIMIT = re.compile(r"\blimit|too many", re.IGNORECASE)
_TAKEN = re.compile(r"already exist", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]+>")

CHECK_TOKEN = "Create a token under Setup, API in Perfex, and store it where the setting token points."  # noqa: S105


def words_of(reply: Reply) -> str:
    """Return the module's own words, without markup, "" where it sent none."""
    document = reply.words()
    if not isinstance(document, Mapping):
        return ""
    words = document.get("message") or document.get("error") or ""
    return " ".join(_TAGS.sub(" ", words).split()) if isinstance(words, str) else ""


def succeeded(reply: Reply) -> bool:
    """Tell whether this is a success by status and by word: status 200 may come with `"status": false`."""
    document = reply.words() if reply.ok else None
    return reply.ok and not (isinstance(document, Mapping) and yes(document.get("status")) is False)


def is_empty(reply: Reply) -> bool:
    """Tell whether the module says that there are no such rows."""
    return words_of(reply).rstrip(".").lower() == NO_DATA


def is_unchanged(reply: Reply) -> bool:
    """Tell whether an update was refused because it changes nothing [Perfex module source: the model returns false]."""
    return reply.status == 404 and "update fail" in words_of(reply).lower()


def lacks_endpoint(reply: Reply) -> bool:
    """Tell whether this build has no such address, or no such term in one: the caller has another way."""
    return reply.status in (400, 405) or (reply.status == 404 and reply.is_page)


def refusal(reply: Reply, clean: Clean) -> VendorError:
    """Return the error that a refusal stands for; none of them was processed."""
    words, fields = clean(words_of(reply)), _fields(reply.words(), clean)
    lower = words.lower().rstrip(".")
    told: dict[str, Any] = {"status": reply.status, "words": words}
    if reply.status == 403:
        return Forbidden(
            f"{reply.source} is not allowed: {words}", "Give the API token this permission.", **told
        )
    if reply.status == 401 and _LIMIT.search(words):
        # A second limiter, of requests from one address in an hour, answers 401 [Perfex module source].
        return Throttled(
            f"{reply.source} came too soon for Perfex.", "It goes on by itself.", wait=None, **told
        )
    if reply.status == 401 or (reply.status == 404 and not fields and _TOKEN.search(words)):
        return Refused(f"{reply.source} was refused: {words or 'no reason given'}", CHECK_TOKEN, **told)
    if lower == NO_DATA or any(each in " ".join([lower, *fields.values()]).lower() for each in UNKNOWN_ID):
        return Missing(f"{reply.source}: {words}", "It may have been deleted in Perfex.", **told)
    if any(_TAKEN.search(each) for each in (words, *fields.values())):
        return AlreadyThere(
            f"{reply.source} was refused: {words}", "Look at the record that has this value.", **told
        )
    return _other(reply, words, fields)


def _other(reply: Reply, words: str, fields: Mapping[str, str]) -> VendorError:
    if not words and not fields:
        return Malformed(
            f"{reply.source} was refused ({reply.status}) without a word of the REST module.",
            "Check base_url (it is written without /api), and that the REST API module is switched on.",
            status=reply.status,
        )
    return Rejected(
        f"{reply.source} was refused ({reply.status}): {words or '; '.join(fields.values())}",
        "Correct the value, or ask for the operation again.",
        fields=fields,
        status=reply.status,
        words=words,
    )


def _fields(document: object, clean: Clean) -> dict[str, str]:
    """Return the module's own words field by field: `error` up to 3.0, `errors` from 3.1 on."""
    if not isinstance(document, Mapping):
        return {}
    for key in ("errors", "error"):
        found = document.get(key)
        if isinstance(found, Mapping):
            return {str(name): clean(_TAGS.sub(" ", str(text))) for name, text in found.items()}
    return {}
