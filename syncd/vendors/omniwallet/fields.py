"""What an Omniwallet customer says in canonical fields, and how points are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from syncd.errors import Malformed, Rejected
from syncd.values import Change, FieldSpec, Item, Poison, Shown
from syncd.vendors.base import VendorSettings
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, moment, poison_of, text_of

# canonical field → attribute; the e-mail is the id and may stand among the attributes as well
ATTRIBUTES: Mapping[str, str] = {
    "email": "email",
    "first_name": "name",
    "last_name": "last_name",
    "phone": "phone",
    "birth_date": "birthday",
    "points": "points",
    "level": "level",
    "card": "card",
}

# A key that is not there says nothing: listings and single answers do not show the same keys.
# The birthday is shown, and nobody saw one written [clients of the API].
_SPECS = (
    FieldSpec("email", required=True, clearable=False, absent_is_empty=False),
    FieldSpec("first_name", required=True, clearable=False, absent_is_empty=False),
    FieldSpec("last_name", absent_is_empty=False),
    FieldSpec("phone", absent_is_empty=False),
    FieldSpec("birth_date", writable="never", absent_is_empty=False),
    FieldSpec("points", writable="update", clearable=False, absent_is_empty=False),
    FieldSpec("level", clearable=False, absent_is_empty=False),
    FieldSpec("card", clearable=False, absent_is_empty=False),
)
FIELDS = tuple(replace(spec, wire=ATTRIBUTES[spec.name]) for spec in _SPECS)


def specs(settings: VendorSettings) -> Iterable[FieldSpec]:
    """Return the field table's rows.

    The birthday is known to be shown; that it can be written is for the admin to say, by giving it a direction.
    """
    asked = settings.fields.get("birth_date") in {"both", "out", "fill"}
    return [
        replace(spec, writable="always") if asked and spec.name == "birth_date" else spec for spec in FIELDS
    ]


def poisoned(row: Any, *, suspect: bool) -> Poison | None:
    vendor_id = mapping_of(row).get("id")
    poison = poison_of(row, vendor_id, suspect=suspect)
    if poison is None and not isinstance(row.get("attributes"), Mapping):
        return Poison(str(vendor_id), "has no attributes")
    return poison


def item_of(row: Mapping[str, Any]) -> Item:
    return Item(str(row["id"]), {"id": row["id"], "attributes": dict(row["attributes"])})


def single(reply: Reply) -> Shown:
    """Return the one customer that an answer shows. Raises Malformed."""
    row = mapping_of(reply.json()).get("data")
    poison = poisoned(row, suspect=reply.suspect)
    if poison is not None:
        raise Malformed(f"{reply.source} shows a customer that {poison.reason}.", "Look at it in Omniwallet.")
    return shown_of(item_of(mapping_of(row)), reply.started)


def shown_of(item: Item, started: datetime) -> Shown:
    """Translate one customer; attributes that are not there stay unknown."""
    attributes = item.payload["attributes"]
    fields = {name: text_of(attributes[key]) for name, key in ATTRIBUTES.items() if key in attributes}
    fields.setdefault("email", item.vendor_id)
    if birthday := fields.get("birth_date"):
        fields["birth_date"] = birthday[:10]  # some clients show a time behind the date
    return Shown(
        vendor_id=item.vendor_id,
        fields=fields,
        payload=item.payload,
        started=started,
        created=moment(attributes.get("createdAt")),
        modified=moment(attributes.get("updatedAt")),
    )


def same_email(shown: str | None, email: str) -> bool:
    # Whether the case of an e-mail counts is not documented; nobody has two that differ in it alone.
    return shown is not None and shown.lower() == email.lower()


def added_points(change: Change) -> int:
    """Return how many points to add so that the record shows what it should; negative to subtract."""
    if not change.fields.get("points"):
        return 0
    now = change.current.fields.get("points") if change.current else None
    if now is None:
        raise Rejected("The points are not known now, so none can be added.", fields={"points": "not shown"})
    return _whole(change.fields["points"]) - _whole(now)


def _whole(text: str) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Rejected(
            "Points are whole numbers.", "Correct the value.", fields={"points": "no number"}
        ) from None
    if number != number.to_integral_value():
        raise Rejected("Points are whole numbers.", "Correct the value.", fields={"points": "not whole"})
    return int(number)
