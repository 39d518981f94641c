"""What Perfex makes of the body of a write, before any table is touched."""

from __future__ import annotations

from typing import Any

from syncd.sandbox.perfex.crm import Crm, fail
from syncd.sandbox.perfex.tables import cleaned
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, NotJson

NOT_ACCEPTABLE = "Data Not Acceptable OR Not Provided"


def posted(crm: Crm, call: Call) -> Json:
    """The fields of a POST: 2.x reads forms only, so a JSON body is an empty one; 3.x reads both."""
    if call.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return call.form()
    if call.content_type != "application/json" or not crm.switches.paginates:
        return {}
    try:
        body = call.json()
    except NotJson:
        return {}
    return body if isinstance(body, dict) else {}


def put(call: Call) -> Json:
    """The fields of a PUT: JSON only, cleaned by xss_clean; anything else reads as nothing and is a 406."""
    if call.content_type != "application/json":
        raise Refused(fail(406, NOT_ACCEPTABLE))
    body = call.json()
    if not isinstance(body, dict) or not body:
        raise Refused(fail(406, NOT_ACCEPTABLE))
    fields: Json = cleaned(body)
    return fields


def custom_values(crm: Crm, sent: Json, subject: str) -> dict[int, str]:
    """The custom fields of a write that exist: `custom_fields[customers][4]=…`."""
    known = {each.id for each in crm.state.custom_fields if each.fieldto == subject}
    wanted = sent.get("custom_fields")
    values = wanted.get(subject) if isinstance(wanted, dict) else None
    if not isinstance(values, dict):
        return {}
    return {
        int(name): str(value or "")
        for name, value in values.items()
        if str(name).isdigit() and int(name) in known
    }


def group_ids(sent: Json) -> list[int]:
    """The groups of a write; what is not a number is dropped."""
    wanted = sent.get("groups_in") or []
    values: list[Any] = wanted if isinstance(wanted, list) else [wanted]
    return sorted({int(value) for value in values if str(value).isdigit()})


def rendered(crm: Crm, row: Json, subject: str) -> Json:
    """A row as replies show it: its columns, and every custom field with its label."""
    shown = [
        {"label": each.label, "value": row["custom"].get(each.id, "")}
        for each in crm.state.custom_fields
        if each.fieldto == subject
    ]
    return {**row["columns"], "customfields": shown}
