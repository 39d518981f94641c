"""The contacts of `/api/contacts`: names, e-mail and phone of the people behind a customer."""

from __future__ import annotations

import re

from syncd.sandbox.perfex.crm import Crm, database_error, fail
from syncd.sandbox.perfex.customers import created, form_errors, searched
from syncd.sandbox.perfex.lists import NO_DATA, listed, order
from syncd.sandbox.perfex.tables import CONTACT_COLUMNS, CONTACT_FLAGS, folded
from syncd.sandbox.perfex.writing import custom_values, posted, put, rendered
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, Reply

WRITABLE = ("firstname", "lastname", "email", "phonenumber", "title", "direction")
REQUIRED = {"firstname": "First Name", "lastname": "Last Name", "email": "E-mail"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Contacts:
    """Handlers for contacts."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def listing(self, call: Call) -> Reply:
        """All active contacts where the version documents such a list; elsewhere nothing is found."""
        if not self._by_contact:
            return fail(404, NO_DATA)
        return self._listed(call, [row for row in self._ordered(call) if row["columns"]["active"] == "1"])

    def get(self, call: Call, key: str) -> Reply:
        """A customer's contacts, or one contact, depending on whose id the version takes."""
        if self._by_contact:
            return self._one(call, self.crm.state.contacts.shown(key, self.crm.now()))
        call.customer = key
        return self._listed(call, self.crm.contacts(key))

    def get_of(self, call: Call, userid: str, contact: str) -> Reply:
        """One contact of a customer."""
        call.customer = userid
        found = (row for row in self.crm.contacts(userid) if row["columns"]["id"] == contact)
        return self._one(call, next(found, None))

    def search(self, call: Call, term: str | None = None) -> Reply:
        """Contacts of active customers, joined with their customer's columns."""
        wanted = folded(searched(self.crm, call, term))
        joined = [found for row in self._ordered(call) if (found := self._joined(row, wanted))]
        return listed(
            self.crm, call, joined, lambda row: row["columns"], self.crm.switches.lists == "envelope"
        )

    def create(self, call: Call) -> Reply:
        """Adds a contact, and welcomes it by mail unless told not to."""
        crm, sent = self.crm, posted(self.crm, call)
        userid = str(sent.get("customer_id") or "")
        call.customer = userid or None
        self._check(sent, REQUIRED)
        if userid not in crm.state.customers:
            return form_errors(409, {"customer_id": "The Customer Id is Invalid"})
        self._check_email(str(sent["email"]))
        silent = bool(sent.get("donotsendwelcomeemail"))
        if silent and crm.switches.welcome_flag_breaks:
            return database_error("Unknown column 'donotsendwelcomeemail' in 'field list'")
        custom = custom_values(crm, sent, "contacts")
        row = {"columns": self._columns(sent), "custom": custom, "permissions": _permissions(sent)}
        contact = crm.add_contact(userid, row, crm.hidden_until(call))
        if not silent:
            crm.state.welcome_mails.append(str(sent["email"]))
        return created(crm, "Contact added successfully", contact)

    def update(self, call: Call, contact: str) -> Reply:
        """Writes what is sent; is_primary and the mail flags count as sent "off" when they are absent."""
        crm, sent = self.crm, put(call)
        row = crm.state.contacts.find(contact)
        if row is None:
            return form_errors(409, {"id": "Contact ID Doesn't Not Exist."})
        call.customer = row["columns"]["userid"]
        self._check(sent, {"email": "E-mail"})
        self._check_email(str(sent["email"]), contact)
        if not crm.switches.paginates and (unknown := self._unknown(sent)):
            return database_error(f"Unknown column '{unknown}' in 'field list'")
        new = {
            "columns": {**row["columns"], **self._columns(sent)},
            "custom": {**row["custom"], **custom_values(crm, sent, "contacts")},
            "permissions": _permissions(sent),
        }
        return self._changed(call, contact, row, new)

    def delete(self, call: Call, contact: str) -> Reply:
        """Deletes one contact."""
        row = self.crm.state.contacts.find(contact)
        if row is None:
            return fail(404, "Contact Delete Fail.")
        call.customer = row["columns"]["userid"]
        self.crm.remove_contact(contact)
        return Reply(200, {"status": True, "message": "Contact Deleted Successful."})

    @property
    def _by_contact(self) -> bool:
        switches = self.crm.switches
        return switches.contact_routes == "contact" or (
            switches.contact_routes == "version" and switches.version == "3.1"
        )

    def _one(self, call: Call, row: Json | None) -> Reply:
        if row is None or row["columns"]["active"] != "1":
            return fail(404, NO_DATA)
        call.customer = row["columns"]["userid"]
        return Reply(200, self._rendered(row))

    def _listed(self, call: Call, rows: list[Json]) -> Reply:
        return listed(self.crm, call, rows, self._rendered, self.crm.switches.lists == "envelope")

    def _ordered(self, call: Call) -> list[Json]:
        name, keys = order(self.crm, call, CONTACT_COLUMNS, "id", (_by_id, False))
        return self.crm.state.contacts.listed(self.crm.now(), name, *keys)

    def _rendered(self, row: Json) -> Json:
        return rendered(self.crm, row, "contacts")

    def _joined(self, row: Json, wanted: str) -> Json | None:
        columns = row["columns"]
        customer = self.crm.state.customers.shown(columns["userid"], self.crm.now())
        if customer is None or customer["columns"]["active"] != "1" or columns["active"] != "1":
            return None
        by_company = self.crm.switches.search_companies and wanted in self._company(customer)
        if not by_company and wanted not in self.crm.contact_text(columns["id"]):
            return None
        both = (customer["columns"], self._rendered(row))
        first, last = both if self.crm.switches.search_columns == "contact" else both[::-1]
        return {"columns": {**first, **last}}

    def _company(self, customer: Json) -> str:
        columns = customer["columns"]
        return self.crm.folded_once(f"company {columns['userid']}", customer, lambda: [columns["company"]])

    def _columns(self, sent: Json) -> dict[str, str | None]:
        flags = {name: "1" if _on(sent.get(name)) else "0" for name in ("is_primary", *CONTACT_FLAGS)}
        texts = {name: sent[name] for name in WRITABLE if name in sent}
        return {**self.crm.stored(texts, CONTACT_COLUMNS, False), **flags}

    def _changed(self, call: Call, contact: str, row: Json, new: Json) -> Reply:
        crm = self.crm
        if new == row and crm.switches.contact_no_change_fails:
            return fail(404, "Contact Update Fail.")
        if new["columns"]["is_primary"] == "1":
            crm.demote(new["columns"]["userid"], contact)
        crm.put_contact(contact, new, crm.stale_until(call))
        crm.announce("contact", "updated", contact, new["columns"])
        return Reply(200, {"status": True, "message": "Contact Updated Successful."})

    def _unknown(self, sent: Json) -> str | None:
        known = {
            *CONTACT_COLUMNS,
            "custom_fields",
            "permissions",
            "donotsendwelcomeemail",
            "send_set_password_email",
        }
        return min(set(sent) - known, default=None)

    def _check(self, sent: Json, required: dict[str, str]) -> None:
        errors = {
            name: f"The {label} field is required." for name, label in required.items() if not sent.get(name)
        }
        email = str(sent.get("email") or "")
        if email and (not EMAIL.fullmatch(email) or len(email) > 255):
            errors["email"] = "The E-mail field must contain a valid email address."
        if errors:
            raise Refused(form_errors(409, errors))

    def _check_email(self, email: str, but: str = "") -> None:
        if self.crm.email_taken(email, but):
            raise Refused(form_errors(409, {"email": "This Email is already exists"}))


def _by_id(row: Json) -> int:
    return int(row["columns"]["id"])


def _on(value: object) -> bool:
    return value not in (None, "", 0, "0", False)


def _permissions(sent: Json) -> list[str]:
    wanted = sent.get("permissions")
    return [str(each) for each in wanted] if isinstance(wanted, list) else []
