"""What a Pexip Engage customer says in canonical fields, and how a change is put into its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from syncd.errors import ConfigError, Malformed, Problem
from syncd.values import Change, FieldSpec, Item, Shown
from syncd.vendors.base import VendorSettings
from syncd.vendors.pexip_engage.location import FIELDS as ADDRESS
from syncd.vendors.pexip_engage.location import REQUIRED, shown_address, written_location
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, moment, poison_of, text_of

# Two lists are published, of eight and of ten languages; the schema's ten are taken.
LANGUAGES = frozenset({"da", "de", "el", "en", "es", "fr", "ja", "nl", "no", "pl"})

PLAIN: Mapping[str, str] = {
    "email": "email",
    "phone": "phoneNumber",
    "first_name": "firstName",
    "last_name": "lastName",
    "company": "company",
    "language": "language",
    "time_zone": "timeZone",
    "notes": "notes",
    "customer_number": "customerNumber",
    "external_id": "externalId",
}


def plain_fields(settings: VendorSettings) -> Mapping[str, str]:
    """Return canonical field → key outside the address, with the external id where the settings say. Raises ConfigError."""
    where = settings.external_id_field or "externalId"
    if where == "externalId":
        return PLAIN
    if where == "customerNumber":
        return {name: key for name, key in PLAIN.items() if name != "customer_number"} | {
            "external_id": where
        }
    what = f"{where!r} is no field for external ids at Pexip Engage."
    raise ConfigError(
        [
            Problem(
                f"connection {settings.name}", "external_id_field", what, "Use externalId or customerNumber."
            )
        ]
    )


def specs(plain: Mapping[str, str]) -> list[FieldSpec]:
    """Return the field table's rows; a key that is not there says nothing, null says empty."""
    return [replace(_spec(name), wire=key) for name, key in plain.items()] + [
        FieldSpec(
            name,
            needs=tuple(part for part in REQUIRED if part != name),
            absent_is_empty=False,
            wire="location",
        )
        for name in ADDRESS
    ]


def _spec(name: str) -> FieldSpec:
    return FieldSpec(
        name,
        maximum=255 if name == "external_id" else None,
        choices=LANGUAGES if name == "language" else None,
        clearable=name != "time_zone",  # always shown, so that there is no such thing as none
        absent_is_empty=False,
    )


def shown_of(item: Item, started: datetime, plain: Mapping[str, str], language: str) -> Shown:
    """Translate one customer. Raises Malformed."""
    row = item.payload
    fields = {name: text_of(row[key]) for name, key in plain.items() if key in row}
    if "location" in row:
        if not isinstance(row["location"], Mapping | None):
            raise Malformed("A customer's location is neither an object nor null.")
        fields |= shown_address(row["location"], language)
    return Shown(
        vendor_id=item.vendor_id,
        fields=fields,
        payload=row,
        started=started,
        created=moment(row.get("createdAt")),
        modified=moment(row.get("updatedAt")),
        deleted=item.deleted,
    )


def item_of(row: Mapping[str, Any]) -> Item:
    """Return a row as an item; a soft-deleted customer is a tombstone."""
    return Item(str(row["id"]), dict(row), deleted=bool(row.get("deletedAt")))


def item_in(reply: Reply) -> Item:
    """Return the one customer that an answer shows. Raises Malformed."""
    row = mapping_of(reply.json()).get("data")
    poison = poison_of(row, mapping_of(row).get("id"), suspect=reply.suspect)
    if poison is not None:
        raise Malformed(
            f"{reply.source} shows a customer that {poison.reason}.", "Look at it in Pexip Engage."
        )
    return item_of(mapping_of(row))


def body_of(change: Change, plain: Mapping[str, str], language: str) -> dict[str, Any]:
    """Return what a POST or PATCH carries: null for empty, the address whole or not at all."""
    body: dict[str, Any] = {
        plain[name]: value or None for name, value in change.fields.items() if name in plain
    }
    if change.fields.keys() & ADDRESS.keys():
        body["location"] = written_location(change, language)
    if change.kind == "create":
        body = {key: value for key, value in body.items() if value is not None}
        if change.stamp:
            body[plain["external_id"]] = change.stamp
        body["existing"] = True
    return body
