"""What is sent to KiotViet for a change.

Whether a PUT empties what it leaves out is not documented, so it carries the whole known record: what is changed,
what we gave it before, and the rest as it shows itself. What a record does not show because it is empty is left out;
a phone number that the shop hides cannot be carried, so that such an update waits for a person's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from syncd.customer import element, elements
from syncd.errors import Malformed, Rejected
from syncd.values import Change
from syncd.vendors.kiotviet.fields import Row, location_of
from syncd.vendors.table import yes

GroupIds = Callable[[str], list[int] | None]  # names joined by "|" → ids, None where one is not known

TEXTS: Mapping[str, str] = {
    "email": "email",
    "phone": "contactNumber",
    "full_name": "name",
    "notes": "comments",
    "street1": "address",
    "street2": "wardName",
}
EMPTIED_BY_NULL = frozenset({"gender", "birth_date"})  # "" is no mark and no time
# Shown key → sent key of the rest of what an update takes, carried as it shows itself [KiotViet Public API guide;
# `organization` is taken by a connector of somebody else's only, and lost for certain where it is not sent].
CARRIED: Mapping[str, str] = {
    **{name: name for name in (
        "code", "name", "gender", "birthDate", "contactNumber", "subNumber", "address", "locationName", "wardName",
        "email", "comments", "taxCode", "organization",
    )},
    "identificationNumber": "IdentificationNumber",
}  # fmt: skip
UNLISTED = frozenset({"organization"})
HIDDEN_PHONE = (
    "This shop hides phone numbers, and nobody documents whether an update that leaves the number out erases it: "
    'set hidden_phones = "send" once that was tried in KiotViet and the number stayed.'
)


def new_customer(change: Change, code_is: str, branch: int | None, group_ids: GroupIds) -> dict[str, Any]:
    """Build the body of a create: only what is known.

    `group_ids` gives the ids of the groups that KiotViet has; the update that follows with the others is refused by name.
    """
    fields = dict(change.fields)
    if code_is == "external_id" and change.stamp:
        fields.setdefault("external_id", change.stamp)
    wire = _wire(fields, change, code_is, group_ids)
    body = {name: value for name, value in wire.items() if value not in ("", None, [])}
    if branch is not None:
        body["branchId"] = branch
    return body


def changed_customer(change: Change, code_is: str, group_ids: GroupIds) -> dict[str, Any]:
    """Build the body of an update: the whole known record. Raises Malformed where it was not read."""
    if change.current is None:
        raise Malformed("A KiotViet customer must be read before it is written.", "Try the operation again.")
    row = change.current.payload
    body: dict[str, Any] = {"id": int(change.current.vendor_id)}
    body |= {sent: row[name] for name, sent in CARRIED.items() if row.get(name) is not None}
    if "gender" in body:
        body["gender"] = yes(body["gender"])  # however it is spelled in an answer, it is written as a mark
    body |= _carried_groups(row, group_ids)
    given = {
        name: text for name, text in change.given.items() if name in change.current.fields or name == "phone"
    }
    body |= {
        name: value
        for name, value in _wire(given, change, code_is, _silent(group_ids)).items()
        if value != []
    }
    return body | _wire(change.fields, change, code_is, group_ids)


def without_unlisted(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an update without what the guide does not list."""
    return {name: value for name, value in body.items() if name not in UNLISTED}


def lacks_phone(change: Change) -> bool:
    """Tell whether an update would go without a phone number: it is neither shown, nor given before, nor written now."""
    row = change.current.payload if change.current else {}
    return "contactNumber" not in row and "phone" not in change.given and "phone" not in change.fields


def _carried_groups(row: Row, group_ids: GroupIds) -> dict[str, Any]:
    """Carry the groups where every name has its id; otherwise they are left out, as a wrong list would drop one."""
    ids = group_ids(row.get("groups") or "")
    return {"groupIds": ids} if ids else {}


def _silent(group_ids: GroupIds) -> GroupIds:
    return lambda names: group_ids(names) or []


def _wire(fields: Mapping[str, str], change: Change, code_is: str, group_ids: GroupIds) -> dict[str, Any]:
    """Render canonical fields in KiotViet's own; a text is emptied by "", a gender or a date by null."""
    wire: dict[str, Any] = {column: fields[name] for name, column in TEXTS.items() if name in fields}
    if fields.get(code_is):
        wire["code"] = fields[code_is]
    if "vat_number" in fields and change.kind == "update":
        wire["taxCode"] = fields["vat_number"]
    if "gender" in fields:
        wire["gender"] = {"male": True, "female": False}.get(fields["gender"])
    if "birth_date" in fields:
        wire["birthDate"] = f"{fields['birth_date']}T00:00:00" if fields["birth_date"] else None
    if "state" in fields or "city" in fields:
        wire["locationName"] = location_of(*(_known(name, fields, change) for name in ("state", "city")))
    if "groups" in fields:
        wire["groupIds"] = _ids(fields["groups"], group_ids)
    return wire


def _known(name: str, fields: Mapping[str, str], change: Change) -> str:
    for known in (fields, change.fields, change.given, change.current.fields if change.current else {}):
        if name in known:
            return known[name] or ""
    return ""


def _ids(names: str, group_ids: GroupIds) -> list[int]:
    ids = group_ids(names)
    if ids is None:
        unknown = [word for word in elements(names) if group_ids(word) is None]
        raise Rejected(
            "A customer group is not known in KiotViet.",
            "Create the group there.",
            fields={element("groups", word): "KiotViet has no such group" for word in unknown},
        )
    return ids
