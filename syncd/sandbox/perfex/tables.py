"""Perfex's tables as MySQL has them: columns, their maxima, and what stands there when nothing was said.

Columns and maxima are those of `tblclients` and `tblcontacts` in SQL dumps of Perfex installations; the order in
which `tblcountries` numbers the countries is the one those dumps agree on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from syncd.sandbox.rows import Table
from syncd.sandbox.webhooks import Event, Hook
from syncd.sandbox.wire import Json, Reply

Columns = dict[str, str | None]

COUNTRY_IDS = {"BE": "22", "CA": "40", "DE": "83", "ES": "209", "FR": "76"} | {
    "GB": "235",
    "NL": "155",
    "US": "236",
    "VN": "243",
}

CUSTOMER_MAXIMA = {
    "company": 191,
    "vat": 50,
    "phonenumber": 30,
    "city": 100,
    "zip": 15,
    "state": 50,
    "address": 191,
    "website": 150,
    "billing_street": 200,
    "billing_city": 100,
    "billing_state": 100,
    "billing_zip": 100,
    "shipping_street": 200,
    "shipping_city": 100,
    "shipping_state": 100,
    "shipping_zip": 100,
    "longitude": 191,
    "latitude": 191,
    "default_language": 40,
    "stripe_id": 40,
}
CUSTOMER_NUMBERS = frozenset(
    {
        "country",
        "active",
        "leadid",
        "billing_country",
        "shipping_country",
        "default_currency",
        "show_primary_contact",
        "registration_confirmed",
        "addedfrom",
    }
)
ZEROED = ("country", "billing_country", "shipping_country", "default_currency", "show_primary_contact")
"""What a customer PUT sets to 0 when it is left out [Perfex module source, check_zero_columns]."""

CUSTOMER_COLUMNS: Columns = {
    "userid": None,
    "company": "",
    "vat": None,
    "phonenumber": None,
    "country": "0",
    "city": None,
    "zip": None,
    "state": None,
    "address": None,
    "website": None,
    "datecreated": None,
    "active": "1",
    "leadid": None,
    "billing_street": None,
    "billing_city": None,
    "billing_state": None,
    "billing_zip": None,
    "billing_country": "0",
    "shipping_street": None,
    "shipping_city": None,
    "shipping_state": None,
    "shipping_zip": None,
    "shipping_country": "0",
    "longitude": None,
    "latitude": None,
    "default_language": None,
    "default_currency": "0",
    "show_primary_contact": "0",
    "stripe_id": None,
    "registration_confirmed": "1",
    "addedfrom": "0",
}
CUSTOMER_CREATE = (
    "company",
    "vat",
    "phonenumber",
    "website",
    "default_currency",
    "default_language",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "billing_street",
    "billing_city",
    "billing_state",
    "billing_zip",
    "billing_country",
    "shipping_street",
    "shipping_city",
    "shipping_state",
    "shipping_zip",
    "shipping_country",
)
"""What a customer POST takes; anything else is dropped [Perfex module source]."""

CONTACT_FLAGS = (
    "invoice_emails",
    "estimate_emails",
    "credit_note_emails",
    "contract_emails",
    "task_emails",
    "project_emails",
    "ticket_emails",
)
CONTACT_MAXIMA = {"firstname": 191, "lastname": 191, "email": 100, "phonenumber": 100, "title": 100}
CONTACT_NUMBERS = frozenset({"is_primary", "active", *CONTACT_FLAGS})
PASSWORD_HASH = "$2a$08$sandboxcanarysandboxcanarysandboxcanarysandboxcanaryXX"  # noqa: S105 - no real one
"""Stands in every contact as `password`: finding it anywhere in syncd is a leak."""
RESET_KEY = "canary-new-pass-key-4d1f"
LAST_IP = "203.0.113.77"

CONTACT_COLUMNS: Columns = {
    "id": None,
    "userid": None,
    "is_primary": "0",
    "firstname": "",
    "lastname": "",
    "email": "",
    "phonenumber": "",
    "title": None,
    "datecreated": None,
    "password": PASSWORD_HASH,
    "new_pass_key": RESET_KEY,
    "new_pass_key_requested": None,
    "email_verified_at": None,
    "email_verification_key": RESET_KEY,
    "email_verification_sent_at": None,
    "last_ip": LAST_IP,
    "last_login": None,
    "last_password_change": None,
    "active": "1",
    "profile_image": None,
    "direction": None,
    **dict.fromkeys(CONTACT_FLAGS, "0"),
}


@dataclass(frozen=True)
class CustomField:
    """A field that the admin of the CRM added to customers or contacts."""

    id: int
    fieldto: str
    label: str
    type: str = "input"
    required: bool = False
    options: tuple[str, ...] = ()


CUSTOM_FIELDS = (
    CustomField(1, "customers", "Source", "select", options=("Web", "Shop", "Phone")),
    CustomField(2, "customers", "External ID"),
    CustomField(3, "customers", "Gender", "select", options=("male", "female")),
    CustomField(4, "customers", "Birth date", "date_picker"),
    CustomField(5, "customers", "Notes", "textarea"),
    CustomField(6, "contacts", "Nickname"),
)


@dataclass
class PerfexState:
    """All that the CRM remembers. A customer's row is `{columns, custom, groups}`, a contact's `{columns, custom}`."""

    customers: Table = field(default_factory=Table)
    contacts: Table = field(default_factory=Table)
    contacts_of: dict[str, list[str]] = field(default_factory=dict)
    contacts_by_email: dict[str, set[str]] = field(default_factory=dict)
    custom_fields: list[CustomField] = field(default_factory=lambda: list(CUSTOM_FIELDS))
    next_customer: int = 1
    next_contact: int = 1
    next_hook: int = 1
    next_event: int = 1
    invoiced: set[str] = field(default_factory=set)
    welcome_mails: list[str] = field(default_factory=list)
    replays: dict[tuple[str, str], Reply] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    deliveries: list[Json] = field(default_factory=list)


def folded(text: str) -> str:
    """Text as MySQL's general collation compares it: without case and accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text)
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold().replace("đ", "d")


def whole_number(text: str) -> str:
    """What MySQL puts into a whole-number column when it is not strict: the leading digits, or 0."""
    found = re.match(r"\s*(-?\d+)", text)
    return str(int(found.group(1))) if found else "0"


def cleaned(value: Any) -> Any:
    """Text after CodeIgniter's xss_clean, roughly: scripts are removed, some tags and handlers disarmed."""
    if isinstance(value, dict):
        return {name: cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(inner) for inner in value]
    return _disarmed(value) if isinstance(value, str) else value


def _disarmed(text: str) -> str:
    if "<" not in text and ":" not in text:
        return text
    text = re.sub(r"(?is)</?\s*(script|xss)[^>]*>", "[removed]", text)
    text = re.sub(r"(?i)(java|vb)script\s*:", "[removed]", text)
    return re.sub(
        r"(?is)<(/?\s*(?:iframe|object|embed|form|input|style|svg|html|body|link)[^>]*)>", r"&lt;\1&gt;", text
    )
