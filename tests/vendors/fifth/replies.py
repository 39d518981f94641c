"""What Pigeon Post's answers mean."""

from __future__ import annotations

from typing import Any

from syncd.errors import AlreadyThere, Malformed, Missing, Refused, Rejected, VendorError
from syncd.values import Item, Poison
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, poison_of, sorted_out


def listed(reply: Reply) -> tuple[tuple[Item, ...], tuple[Poison, ...], int]:
    """Return the good rows of a list, why others are set aside, and the announced total. Raises Malformed."""
    rows, total = (mapping_of(reply.json()).get(name) for name in ("subscribers", "total"))
    if not isinstance(rows, list) or not isinstance(total, int):
        raise Malformed(f"{reply.source} did not show a list of subscribers.", "Check base_url.")
    return (*sorted_out(rows, lambda row: poison_of(row, _id(row), suspect=reply.suspect), _item), total)


def _id(row: Any) -> Any:
    return mapping_of(row).get("id")


def _item(row: Any) -> Item:
    return Item(str(row["id"]), row)


def single(reply: Reply) -> Item:
    """Return the one subscriber that an answer shows. Raises Malformed."""
    row = mapping_of(reply.json())
    if poison := poison_of(row, row.get("id"), suspect=reply.suspect):
        raise Malformed(f"{reply.source} shows one that {poison.reason}.", "Look at it in Pigeon Post.")
    return _item(row)


def refusal(reply: Reply) -> VendorError:
    """Return what a refusal stands for; only Pigeon Post's own word makes a subscriber missing."""
    words, what = mapping_of(reply.words()), f"{reply.source} was refused ({reply.status})."
    if reply.status == 401:
        return Refused(what, "Set key to the list's key.", status=401)
    if words.get("error") == "no_such_subscriber":
        return Missing(what, status=404)
    if words.get("error") == "email_taken":
        return AlreadyThere(what, status=409)
    fields = dict.fromkeys(words.get("fields") or (), "is not accepted")
    return Rejected(what, "Correct the value.", fields=fields, status=reply.status)
