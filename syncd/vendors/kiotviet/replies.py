"""What KiotViet's refusals mean: ServiceStack's error form, business rules with status 420, words in Vietnamese.

The form is known from integrators' code and logs; the guide does not show it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from syncd.errors import AlreadyThere, Forbidden, Malformed, Missing, Rejected, Throttled, VendorError
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of

Clean = Callable[[object], str]

AGAIN = "Nothing to do: it goes on by itself. If it stays, lengthen the schedule."

DUPLICATE = frozenset(
    {400, 409, 420, 422}
)  # 420 is its own; by which status a taken code is told, nobody documents

# "đã tồn tại": exists already; "đã được sử dụng": is used already; "trùng": is the same as another's.
_TAKEN = re.compile(
    r"đã (?:tồn tại|được sử dụng|có|được đăng ký)|trùng|already|exists|duplicate|in use|is taken"
)
_GONE = re.compile(r"không tồn tại|không tìm thấy|đã bị xóa|not found|not exist|does ?n[o']t exist")
_LIMIT = re.compile(
    r"too ?many|rate.?limit|request.?limit|quota|quá (?:nhiều|giới hạn|số) (?:yêu cầu|truy cập|lượt|lần)"
)
_NUMBER = re.compile(r"điện thoại|contactnumber|phone")
_OTHERS = re.compile(r"nhóm|chi nhánh|group|branch")  # something else than the customer that may not be there
_UNIQUE = frozenset({"code", "contactnumber", "email", "phone"})
_PHONES = frozenset({"contactnumber", "phone"})


class PhoneTaken(AlreadyThere):
    """A customer has this phone number already: perhaps the same person, perhaps another."""


def is_stale_token(reply: Reply) -> bool:
    """Tell whether the token was refused with another status than 401 [KiotViet's WordPress plugin]."""
    return not reply.ok and _status_of(reply).get("errorCode") == "TokenException"


def refusal(reply: Reply, clean: Clean) -> VendorError:
    """Return the error that a refusal stands for; none of them was processed."""
    status, fields = _status_of(reply), _fields(reply, clean)
    code, words = str(status.get("errorCode", "")), clean(status.get("message", ""))
    told: dict[str, Any] = {"status": reply.status, "words": words}
    what = f"{reply.source} was refused ({reply.status}): {words or 'no reason given'}"
    if not status:
        return Malformed(
            what, "Check base_url; it is https://public.kiotapi.com for shops.", status=reply.status
        )
    if not fields and _LIMIT.search(f"{code} {_plain(words)}".lower()):
        # By which status the limit of 5,000 GETs an hour is told, nobody documents.
        return Throttled(f"{reply.source} came too soon for KiotViet.", AGAIN, wait=reply.retry_after, **told)
    if reply.status == 403:
        return Forbidden(what, "Check retailer, and what this client may do in KiotViet's settings.", **told)
    if _tells_it_gone(reply, code, words, fields):
        return Missing(what, "It may have been deleted in KiotViet.", **told)
    if reply.status in DUPLICATE and (taken := _taken(words, fields)):
        kind = PhoneTaken if taken <= _PHONES else AlreadyThere
        return kind(what, "Look at the customer that has this value.", **told)
    return Rejected(what, "Correct the value, or ask for the operation again.", fields=fields, **told)


def _tells_it_gone(reply: Reply, code: str, words: str, fields: Mapping[str, str]) -> bool:
    """Tell whether there is no such customer; by which status and words that is told, nobody documents."""
    return (reply.status == 404 and bool(code)) or "notfound" in code.lower() or _names_it_gone(words, fields)


def _names_it_gone(words: str, fields: Mapping[str, str]) -> bool:
    """Tell whether it is said of the customer itself, and not of a group or a branch, that it is not there."""
    text = _plain(words)
    return not fields and bool(_GONE.search(text)) and not _OTHERS.search(text)


def _taken(words: str, fields: Mapping[str, str]) -> frozenset[str]:
    """Return the keys that are taken; a field that cannot be one (a branch, a group) is another matter."""
    if not fields:
        text = _plain(words)
        named = "phone" if _NUMBER.search(text) else "code"
        return frozenset({named}) if _TAKEN.search(text) else frozenset()
    named_by = {_plain(name).rpartition(".")[2]: _plain(text) for name, text in fields.items()}
    return frozenset(name for name, text in named_by.items() if name in _UNIQUE and _TAKEN.search(text))


def _plain(words: str) -> str:
    """Return words in the one form of Unicode and case in which they are compared."""
    return unicodedata.normalize("NFC", words).lower()


def _status_of(reply: Reply) -> Mapping[str, Any]:
    """Return what a refusal says, in ServiceStack's form or as a bare message; empty where it is no word of KiotViet."""
    document = mapping_of(reply.words())
    status = mapping_of(document.get("responseStatus"))
    return status or ({"message": document["message"]} if isinstance(document.get("message"), str) else {})


def _fields(reply: Reply, clean: Clean) -> dict[str, str]:
    errors = _status_of(reply).get("errors")
    rows = [row for row in errors if isinstance(row, Mapping)] if isinstance(errors, list) else []
    return {str(row["fieldName"]): clean(row.get("message", "")) for row in rows if row.get("fieldName")}
