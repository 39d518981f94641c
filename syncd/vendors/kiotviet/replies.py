"""What KiotViet's refusals mean: ServiceStack's error form, business rules with status 420, words in Vietnamese.

The form is known from integrators' code and logs; the guide does not show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from syncd.errors import AlreadyThere, Forbidden, Malformed, Missing, Rejected, VendorError
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of

Clean = Callable[[object], str]

# "đã tồn tại": exists already; "bị trùng": is a duplicate.
_TAKEN = re.compile(r"đã tồn tại|bị trùng|trùng lặp|already exist|duplicate", re.IGNORECASE)
_UNIQUE = frozenset({"code", "contactnumber", "email", "phone"})


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
    if reply.status == 403:
        return Forbidden(what, "Check retailer, and what this client may do in KiotViet's settings.", **told)
    if reply.status == 404 or "notfound" in code.lower():
        return Missing(what, "It may have been deleted in KiotViet.", **told)
    if reply.status == 420 and _names_a_duplicate(words, fields):
        return AlreadyThere(what, "Look at the customer that has this value.", **told)
    return Rejected(what, "Correct the value, or ask for the operation again.", fields=fields, **told)


def _names_a_duplicate(words: str, fields: Mapping[str, str]) -> bool:
    """Tell whether a key is taken; a field that cannot be one (a branch, a group) is another matter."""
    taken = [name for name, text in fields.items() if _TAKEN.search(text)]
    return any(name.lower() in _UNIQUE for name in taken) or (not fields and bool(_TAKEN.search(words)))


def _status_of(reply: Reply) -> Mapping[str, Any]:
    return mapping_of(mapping_of(reply.words()).get("responseStatus"))


def _fields(reply: Reply, clean: Clean) -> dict[str, str]:
    errors = _status_of(reply).get("errors")
    rows = [row for row in errors if isinstance(row, Mapping)] if isinstance(errors, list) else []
    return {str(row["fieldName"]): clean(row.get("message", "")) for row in rows if row.get("fieldName")}
