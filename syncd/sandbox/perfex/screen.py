"""A person at the CRM's own screen: what is left alone there stays as it was."""

from __future__ import annotations

from typing import Any

from syncd.sandbox.perfex.crm import Crm
from syncd.sandbox.perfex.tables import CONTACT_COLUMNS, CUSTOMER_COLUMNS
from syncd.sandbox.wire import Json


class Screen:
    """The forms of the CRM: customer columns, `contact`, `contacts`, `groups` and `custom` by id."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def create(self, fields: Json) -> str:
        """Adds a customer with its contacts; the first contact is the primary one."""
        columns, contacts, groups, custom = _parted(fields)
        userid = self.crm.add_customer(self._columns(columns), custom or {}, sorted(groups or []))
        for number, contact in enumerate(contacts):
            self.add_contact(userid, {"is_primary": number == 0, **contact})
        return userid

    def edit(self, userid: str, fields: Json) -> None:
        """Changes a customer, and its primary contact where `contact` is given."""
        columns, contacts, groups, custom = _parted(fields)
        row = self.crm.state.customers.now(userid)
        new: Json = {
            "columns": {**row["columns"], **self._columns(columns)},
            "custom": {**row["custom"], **(custom or {})},
            "groups": row["groups"] if groups is None else sorted(groups),
        }
        if new != row:
            self.crm.state.customers.change(userid, new)
            self.crm.announce("customer", "updated", userid, new["columns"])
        for contact in contacts:
            self._edit_contact(userid, contact)

    def add_contact(self, userid: str, fields: Json) -> str:
        """Adds a contact to a customer."""
        known = {name: value for name, value in fields.items() if name != "custom"}
        _check(known, CONTACT_COLUMNS)
        row = {"columns": self.crm.stored(known, CONTACT_COLUMNS, False), "custom": fields.get("custom", {})}
        return self.crm.add_contact(userid, {**row, "permissions": ["1", "2", "3"]})

    def snapshot(self) -> dict[str, Json]:
        """Every customer with its contacts, groups and custom fields."""
        return {userid: self._whole(userid) for userid in self.crm.state.customers}

    def _edit_contact(self, userid: str, fields: Json) -> None:
        key = fields.get("id") or self._primary(userid)
        if key is None:
            self.add_contact(userid, {"is_primary": True, **fields})
            return
        _check(fields, CONTACT_COLUMNS)
        row = self.crm.state.contacts.now(str(key))
        new = {**row, "columns": {**row["columns"], **self.crm.stored(fields, CONTACT_COLUMNS, False)}}
        if new["columns"]["is_primary"] == "1":
            self.crm.demote(userid, str(key))
        self.crm.put_contact(str(key), new)
        self.crm.announce("contact", "updated", str(key), new["columns"])

    def _primary(self, userid: str) -> str | None:
        contacts = self.crm.contacts(userid)
        return contacts[0]["columns"]["id"] if contacts else None

    def _columns(self, fields: Json) -> dict[str, str | None]:
        _check(fields, CUSTOMER_COLUMNS)
        return self.crm.stored(fields, CUSTOMER_COLUMNS, True)

    def _whole(self, userid: str) -> Json:
        row = self.crm.state.customers.now(userid)
        contacts = [self.crm.state.contacts.now(each) for each in self.crm.state.contacts_of[userid]]
        shown = [
            {**each["columns"], "permissions": each["permissions"], "custom": each["custom"]}
            for each in contacts
        ]
        return {
            **row["columns"],
            "groups": list(row["groups"]),
            "custom": dict(row["custom"]),
            "contacts": shown,
        }


def _parted(fields: Json) -> tuple[Json, list[Json], list[int] | None, dict[int, str] | None]:
    rest: dict[str, Any] = dict(fields)
    contacts = list(rest.pop("contacts", []))
    contact = rest.pop("contact", None)
    return (
        rest,
        [contact, *contacts] if contact else contacts,
        rest.pop("groups", None),
        rest.pop("custom", None),
    )


def _check(fields: Json, known: dict[str, str | None]) -> None:
    if unknown := set(fields) - set(known):
        raise ValueError(f"Perfex has no field {', '.join(sorted(unknown))}; it has {', '.join(known)}")
