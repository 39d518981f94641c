"""What a Perfex customer with its primary contact says in canonical fields.

Names, e-mail and phone are the primary contact's; the customer's own phone counts only where there is no contact.
A `company` that is blank or only repeats the contact's name is unknown, because Perfex shows a person's name there
[Perfex module source, get_sql_select_client_company]. Perfex shows no groups, so there is no field for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from syncd.customer import fold
from syncd.errors import Malformed
from syncd.values import Item, Shown
from syncd.vendors.perfex.codes import LANGUAGES
from syncd.vendors.perfex.table import CONTACT_FIELDS, Mapped

Row = Mapping[str, Any]

# Columns of tblclients that may leave the connector [Perfex SQL dumps]; the card number of a payment service may not.
CUSTOMER_COLUMNS = (
    "userid", "company", "vat", "phonenumber", "country", "city", "zip", "state", "address", "website",
    "datecreated", "active", "leadid", "billing_street", "billing_city", "billing_state", "billing_zip",
    "billing_country", "shipping_street", "shipping_city", "shipping_state", "shipping_zip", "shipping_country",
    "longitude", "latitude", "default_language", "default_currency", "show_primary_contact",
    "registration_confirmed", "addedfrom",
)  # fmt: skip

EMAIL_FLAGS = (
    "invoice_emails", "estimate_emails", "credit_note_emails", "contract_emails", "task_emails", "project_emails",
    "ticket_emails",
)  # fmt: skip

# Columns of tblcontacts that may leave the connector. The API shows the password's hash, keys for new passwords and
# the last address as well [Perfex module source]; they are dropped here and never seen again.
CONTACT_COLUMNS = (
    "id", "userid", "is_primary", "firstname", "lastname", "email", "phonenumber", "title", "datecreated", "active",
    "direction", *EMAIL_FLAGS,
)  # fmt: skip

PLAIN_FIELDS: Mapping[str, str] = {
    "company": "company",
    "vat_number": "vat",
    "website": "website",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
}

STREETS = ("street1", "street2")

# Perfex's own forms keep line breaks as <br />, the API keeps them as they were sent [inferred from its views].
_LINE_END = re.compile(r"<br\s*/?>\s*\n?|\r?\n")


# --- payloads ------------------------------------------------------------------------------------


def customer_payload(row: Row, labels: Mapping[str, str], *, single: bool) -> dict[str, Any]:
    """Keep of a customer what may leave the connector; `labels` maps the label of a custom field to its number."""
    kept = {column: row[column] for column in CUSTOMER_COLUMNS if column in row}
    if single and kept.get("vat", "") is None:
        # A single GET shows null where the option company_requires_vat_number_field is off [Perfex module source].
        del kept["vat"]
    extra = row.get("customfields")
    if isinstance(extra, list):
        kept["customfields"] = {
            labels.get(e["label"], e["label"]): e.get("value") for e in extra if _is_labelled(e)
        }
    return kept


def _is_labelled(entry: object) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("label"), str)


def contact_payload(row: Row) -> dict[str, Any]:
    """Keep of a contact what may leave the connector."""
    return {column: row[column] for column in CONTACT_COLUMNS if column in row}


def primary(contacts: Iterable[Row]) -> dict[str, Any] | None:
    """Choose the contact that speaks for its customer: the primary one, else the oldest; inactive ones never do."""
    ranked = [(rank, contact) for contact in contacts if (rank := rank_of(contact)) is not None]
    return contact_payload(min(ranked, key=lambda pair: pair[0])[1]) if ranked else None


LAST = (2, 0)


def rank_of(contact: Row) -> tuple[int, int] | None:
    """Return a contact's place among those of its customer, lowest first, None where it is inactive."""
    if text_of(contact.get("active", "1")) == "0":
        return None
    return (0 if text_of(contact.get("is_primary")) == "1" else 1, number_of(contact.get("id")))


def text_of(value: object) -> str:
    """Return a column as text, "" for null; Perfex shows numbers as text, other builds may not."""
    return "" if value is None else str(value)


def number_of(value: object) -> int:
    """Return a number column. Raises Malformed."""
    text = text_of(value)
    if text.isascii() and text.isdecimal() and len(text) < 20:
        return int(text)
    raise Malformed("A Perfex row has no usable number.", "Look at the record in Perfex.")


# --- reading -------------------------------------------------------------------------------------


def read(item: Item, started: datetime, table: Mapped) -> Shown:
    """Translate a composed record. Raises Malformed where it is not one."""
    customer, contact = item.payload.get("customer"), item.payload.get("contact")
    if not isinstance(customer, Mapping) or not (contact is None or isinstance(contact, Mapping)):
        raise Malformed(
            "A stored Perfex record is not a customer with its contact.", "Pull this connection with --full."
        )
    fields = dict(_shown(customer, contact, table))
    return Shown(
        vendor_id=item.vendor_id,
        fields={name: value for name, value in fields.items() if _is_mapped(name, table)},
        payload=item.payload,
        started=started,
        created=created_at(customer.get("datecreated")),
        deleted=item.deleted,
    )


def _is_mapped(name: str, table: Mapped) -> bool:
    return name in table.specs and table.specs[name].direction != "off"


def _shown(customer: Row, contact: Row | None, table: Mapped) -> Iterable[tuple[str, str | None]]:
    yield from _person(customer, contact)
    yield from (
        (name, _text(customer[c])) for name, c in PLAIN_FIELDS.items() if c in customer and name != "company"
    )
    if not repeats_name(text_of(customer.get("company")), contact):
        yield "company", _text(customer.get("company"))
    if "address" in customer:
        yield from zip(STREETS, streets(text_of(customer["address"])), strict=True)
    yield from _coded("country", customer, table.countries, nothing="0")
    yield from _coded("language", {"language": customer.get("default_language", "?")}, LANGUAGES, nothing="")
    yield from _customs(customer.get("customfields") or {}, table)


def _person(customer: Row, contact: Row | None) -> Iterable[tuple[str, str | None]]:
    if contact is not None:
        yield from (
            (name, _text(contact[column])) for name, column in CONTACT_FIELDS.items() if column in contact
        )
        return
    yield from (("email", None), ("first_name", None), ("last_name", None))
    if "phonenumber" in customer:
        yield "phone", _text(customer["phonenumber"])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def repeats_name(company: str, contact: Row | None) -> bool:
    """Tell whether a company is none: blank, or only the contact's name in either order."""
    if not company.strip():
        return True
    if contact is None:
        return False
    first, last = text_of(contact.get("firstname")), text_of(contact.get("lastname"))
    return fold(company) in (fold(f"{first} {last}"), fold(f"{last} {first}"))


def streets(address: str) -> tuple[str, str]:
    """Split an address at its first line end into the two streets."""
    first, *more = _LINE_END.split(address)
    return first, "\n".join(more)


def _coded(name: str, row: Row, codes: Mapping[str, str], nothing: str) -> Iterable[tuple[str, str | None]]:
    """Yield a coded column in its canonical code; a code that nobody knows is an unknown value."""
    if name not in row:
        return
    text = text_of(row[name])
    if text in ("", nothing):
        yield name, None
    elif text in codes:
        yield name, codes[text]


def _customs(values: Row, table: Mapped) -> Iterable[tuple[str, str | None]]:
    for name, number in table.custom.items():
        if number in values:
            text = _text(values[number])
            yield name, _date(text) if name == "birth_date" and text else text


def _date(text: str) -> str:
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d(?!\d)", text) else text


def created_at(value: object) -> datetime | None:
    """Read `datecreated`, which is in the CRM's own time zone without saying which.

    It is taken for UTC and only ever compared with other records of the same CRM.
    """
    try:
        when = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
