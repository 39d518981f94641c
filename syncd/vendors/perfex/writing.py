"""What is sent to Perfex for a change: which requests, and what each carries.

An update of a customer is read, merged and written back, because the server sets some columns to zero that a PUT
leaves out, and deletes groups. An update of a contact carries the marks that are on and leaves out those that are
off: the server takes a mark for "on" by its mere presence, whatever its value
[Perfex core, Clients_model::update_contact].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from syncd.errors import Malformed, Rejected
from syncd.values import Change
from syncd.vendors.perfex.codes import FOLDERS, LANGUAGES
from syncd.vendors.perfex.fields import EMAIL_FLAGS, PLAIN_FIELDS, STREETS, Row, repeats_name, text_of
from syncd.vendors.perfex.table import ADDRESS_MAXIMUM, CONTACT_FIELDS, Mapped

Pairs = list[tuple[str, str]]

# Set to zero by the server where a PUT leaves them out [Perfex core, Clients_model::check_zero_columns].
ZEROED = ("country", "billing_country", "shipping_country", "default_currency", "show_primary_contact")
NAMES = ("first_name", "last_name")
NAME_HELD = (
    "The company of this customer only repeats the contact's name and cannot follow a new one while updates of customers "
    'are held: set groups = "unused" or the list of group numbers that syncd may write.'
)
OWN_PHONE_MAXIMUM = 30  # the customer's own, where there is no contact [Perfex SQL dumps]


def steps(change: Change, table: Mapped) -> tuple[str, ...]:
    """Name the requests of a change: of a create "customer" first, because its contact needs the customer's number.

    Of an update "contact" first: a new e-mail may be refused [Perfex module source: unique among contacts], and a company
    that had followed a new name already would then be one that nobody has. One that has not followed yet shows the former
    name, by which it is known.
    """
    if change.kind == "delete":
        return ("delete",)
    if change.kind == "create":
        return ("customer", "contact") if change.fields.get("email") else ("customer",)
    customer, contact = _customer_fields(change, table), _contact_fields(change)
    return ("contact",) * bool(contact) + ("customer",) * bool(customer)


def _customer_fields(change: Change, table: Mapped) -> set[str]:
    own = {name for name in change.fields if name not in CONTACT_FIELDS}
    if "phone" in change.fields and _keeps_own_phone(change):
        own.add("phone")
    if _follows_name(change, table):
        own.add("company")
    return own


def _contact_fields(change: Change) -> set[str]:
    fields = {name for name in change.fields if name in CONTACT_FIELDS}
    return fields - {"phone"} if _keeps_own_phone(change) else fields


def _keeps_own_phone(change: Change) -> bool:
    """Tell whether the phone is the customer's own: there is no contact, and none will be made."""
    return current_contact(change) is None and not change.fields.get("email")


def _follows_name(change: Change, table: Mapped) -> bool:
    """Tell whether a company that only repeats the contact's name, or a former one, has to be changed to what it is."""
    return not table.hold and (_shows_former_name(change) or _repeats_old_name(change))


def _renames_alone(change: Change) -> bool:
    """Tell whether a change gives a contact a new name and says nothing of a company."""
    renames = set(NAMES) & set(change.fields)
    return bool(renames) and "company" not in change.fields and current_contact(change) is not None


def _shows_former_name(change: Change) -> bool:
    company = text_of(current_customer(change).get("company"))
    return _renames_alone(change) and bool(change.repeated) and company == change.repeated


def _repeats_old_name(change: Change) -> bool:
    company = text_of(current_customer(change).get("company"))
    return _renames_alone(change) and bool(company.strip()) and repeats_name(company, current_contact(change))


def check_name(change: Change, table: Mapped) -> None:
    """Refuse a new name that the company cannot follow: what it was would read as a company from then on. Raises Rejected."""
    if not table.hold or not _repeats_old_name(change):
        return
    new = {CONTACT_FIELDS[name]: _value(name, change) for name in NAMES}
    if not repeats_name(text_of(current_customer(change).get("company")), new):
        raise Rejected(
            NAME_HELD, fields={name: NAME_HELD for name in NAMES if name in change.fields}, words=NAME_HELD
        )


def current_customer(change: Change) -> Row:
    """Return the customer's row as it was read last. Raises Malformed where it was not."""
    row = change.current.payload.get("customer") if change.current else None
    if not isinstance(row, Mapping):
        raise Malformed("A Perfex customer must be read before it is written.", "Try the operation again.")
    return row


def current_contact(change: Change) -> Row | None:
    """Return the primary contact's row as it was read last, None where there is none."""
    row = change.current.payload.get("contact") if change.current else None
    return row if isinstance(row, Mapping) else None


def _value(name: str, change: Change) -> str:
    """Return what a field shall hold after the change: what is written, else what we gave it, else what it shows."""
    for known in (change.fields, change.given, change.current.fields if change.current else {}):
        if name in known:
            return known[name] or ""
    return ""


# --- the customer --------------------------------------------------------------------------------


def new_customer(change: Change, table: Mapped) -> Pairs:
    """Build the form of a create; forms are what both 2.x and 3.x read [Perfex module source]."""
    fields = dict(change.fields)
    if table.custom.get("external_id") and change.stamp:
        fields.setdefault("external_id", change.stamp)
    form = {"company": fields.get("company") or _person(change), **_columns(fields, change, table)}
    if not form["company"]:
        raise Rejected(
            "Perfex takes no customer without a company or a name.", fields={"company": "is required"}
        )
    pairs = [(name, text) for name, text in form.items() if text]
    pairs += [
        (f"custom_fields[customers][{number}]", text) for number, text in _customs(fields, table) if text
    ]
    return pairs + [("groups_in[]", str(group)) for group in table.groups or ()]


def _person(change: Change) -> str:
    names = " ".join(filter(None, (_value(name, change) for name in NAMES)))
    return names or change.fields.get("full_name", "")


def changed_customer(change: Change, table: Mapped) -> dict[str, Any]:
    """Build the JSON of an update. Raises Rejected while customers may not be updated."""
    if table.hold:
        raise Rejected(table.hold, fields=dict.fromkeys(_customer_fields(change, table), "held"))
    row = current_customer(change)
    body: dict[str, Any] = {column: text_of(row.get(column)) or "0" for column in ZEROED}
    if change.given.get("country") in table.numbers:
        body["country"] = table.numbers[change.given["country"]]
    body |= _columns(change.fields, change, table)
    if _follows_name(change, table):
        body["company"] = _person(change)
    customs = dict(_customs(change.fields, table))
    if customs:
        body["custom_fields"] = {"customers": customs}
    if table.groups is not None:
        body["groups_in"] = list(table.groups)
    return body


def _columns(fields: Mapping[str, str], change: Change, table: Mapped) -> dict[str, str]:
    columns = {column: fields[name] for name, column in PLAIN_FIELDS.items() if name in fields}
    if any(name in fields for name in STREETS):
        columns["address"] = _address(change)
    if "country" in fields:
        columns["country"] = _country(fields["country"], table)
    if "language" in fields:
        columns["default_language"] = _folder(fields["language"], change)
    if "phone" in fields and _keeps_own_phone(change):
        columns["phonenumber"] = _own_phone(fields["phone"])
    return columns


def _own_phone(phone: str) -> str:
    if len(phone) > OWN_PHONE_MAXIMUM:
        what = f"at most {OWN_PHONE_MAXIMUM} characters"
        raise Rejected("The phone number is too long for a Perfex customer.", fields={"phonenumber": what})
    return phone


def _address(change: Change) -> str:
    """Join the streets by a newline; a first street of several lines becomes one, or it would read as both."""
    first, second = (_value(name, change).replace("\r\n", "\n") for name in STREETS)
    first = ", ".join(line.strip() for line in first.split("\n") if line.strip())
    if second and not first:
        raise Rejected(
            "Perfex keeps a second street only behind a first one.", fields={"address": "has no first line"}
        )
    address = f"{first}\n{second}" if second else first
    if len(address) > ADDRESS_MAXIMUM:
        raise Rejected(
            f"Both streets together are longer than the {ADDRESS_MAXIMUM} characters that Perfex keeps.",
            "Shorten the address.",
            fields={"address": f"at most {ADDRESS_MAXIMUM} characters"},
        )
    return address


def _country(code: str, table: Mapped) -> str:
    if not code:
        return "0"
    if code not in table.numbers:
        raise Rejected(
            f"No Perfex number is known for the country {code}.",
            "Add it to the setting countries.",
            fields={"country": "has no number"},
        )
    return table.numbers[code]


def _folder(code: str, change: Change) -> str:
    """Return the folder of a language, the one that is set already where it is of that language (portuguese_br)."""
    row = change.current.payload.get("customer") if change.current else None
    now = text_of(row.get("default_language")) if isinstance(row, Mapping) else ""
    if not code or LANGUAGES.get(now) == code:
        return now if code else ""
    if code not in FOLDERS:
        raise Rejected(f"Perfex has no language {code}.", fields={"default_language": "is not there"})
    return FOLDERS[code]


def _customs(fields: Mapping[str, str], table: Mapped) -> Iterable[tuple[str, str]]:
    return ((number, fields[name]) for name, number in table.custom.items() if name in fields)


# --- the contact ---------------------------------------------------------------------------------


def new_contact(change: Change, customer: str, permissions: tuple[int, ...]) -> Pairs:
    """Build the form of a contact's create. Raises Rejected where a name or the e-mail is not known.

    Without `donotsendwelcomeemail` the person gets a welcome mail, and the table takes no contact without a phone
    number, be it an empty one [Perfex core, Clients_model::add_contact, and its SQL dumps].
    """
    form = {
        "customer_id": customer,
        **{column: _value(name, change) for name, column in CONTACT_FIELDS.items()},
        "is_primary": "1",
        "donotsendwelcomeemail": "on",
    }
    _demand_person(form)
    return [*form.items(), *(("permissions[]", str(number)) for number in permissions)]


def changed_contact(change: Change, contact: Row, permissions: tuple[int, ...]) -> dict[str, Any]:
    """Build the JSON of a contact's update: e-mail and names always, and the marks that are on."""
    body: dict[str, Any] = {CONTACT_FIELDS[name]: _value(name, change) for name in ("email", *NAMES)}
    if "phone" in change.fields:
        body["phonenumber"] = change.fields["phone"]
    body |= {mark: 1 for mark in ("is_primary", *EMAIL_FLAGS) if text_of(contact.get(mark)) == "1"}
    if permissions:
        body["permissions"] = list(permissions)
    if not body["email"]:
        raise Rejected("A Perfex contact needs an e-mail address.", fields={"email": "is required"})
    return body


def _demand_person(form: Mapping[str, str]) -> None:
    missing = {column: "is required" for column in ("email", "firstname", "lastname") if not form[column]}
    if missing:
        raise Rejected(
            "A Perfex contact needs an e-mail address, a first and a last name.",
            "Complete the customer where it is kept.",
            fields=missing,
        )
