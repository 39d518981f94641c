"""Perfex CRM through Themesic's REST module, 2.x and 3.x: a customer with its primary contact is one record.

There is no modification time and no change filter, so that every pass reads the whole list; the contacts come beside
it in as few requests as the build allows. Groups are never shown and deleted by every update that leaves them out:
updates of customers themselves are held until the setting `groups` says what may happen to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Unpack

from syncd.errors import (
    AlreadyThere,
    ConfigError,
    Malformed,
    Problem,
    Rejected,
    Unanswered,
    Unsearchable,
    VendorError,
)
from syncd.values import Change, Item, Page, Shown, Written
from syncd.vendors.base import Abilities, Finding, Keys, Pass, Vendor, VendorSettings
from syncd.vendors.budget import Allowance, Ration
from syncd.vendors.http import segment
from syncd.vendors.parts import Parts, http_for
from syncd.vendors.perfex import webhook, writing
from syncd.vendors.perfex.api import PAGE_SIZE, Api, Row
from syncd.vendors.perfex.contacts import Contacts
from syncd.vendors.perfex.fields import customer_payload, read, text_of
from syncd.vendors.perfex.listing import Listing
from syncd.vendors.perfex.lookup import find
from syncd.vendors.perfex.table import CONTACT_FIELDS, GROUPS_HELD, mapped

MAX_BODY = 256 << 20  # 2.x answers all customers at once
CONCURRENCY = 4


class Perfex:
    """One Perfex installation."""

    vendor = "perfex"

    def __init__(self, settings: VendorSettings, **parts: Unpack[Parts]) -> None:
        self.name = settings.name
        self.table = mapped(settings)
        self.fields = self.table.specs
        self.permissions = _permissions(settings)
        self.abilities = _abilities(settings)
        token = {"authtoken": settings.secrets["token"]}
        self.http = http_for(settings, parts, ration(settings), headers=token, max_body=MAX_BODY)
        self.api = Api(self.http)
        self.contacts = Contacts(self.api)
        self._labels: Mapping[str, str] | None = None

    @property
    def requests(self) -> int:
        return self.http.requests

    def close(self) -> None:
        self.http.close()

    # --- reading

    def pages(self, walk: Pass) -> Iterator[Page]:
        """Yield the whole list, whatever the pass asks for: Perfex cannot tell what has changed."""
        return Listing(self.api, self.contacts, self._payload).pages(walk)

    def read(self, item: Item, started: datetime) -> Shown:
        return read(item, started, self.table)

    def get(self, vendor_id: str) -> Shown:
        return self._read(vendor_id, None)

    def read_again(self, known: Shown) -> Shown:
        contact = known.payload.get("contact")
        return self._read(known.vendor_id, contact if isinstance(contact, Mapping) else None)

    def _read(self, userid: str, known: Row | None) -> Shown:
        row, started = self.api.customer(userid)
        payload = {"customer": self._payload(row, single=True), "contact": self.contacts.seen(row, known)[0]}
        return self.read(Item(userid, payload), started)

    def read_back(self, change: Change) -> Shown:
        """Read the written one of a record's two parts; the other one stands in the payload as it was read before."""
        steps, contact = self.steps(change), writing.current_contact(change)
        userid = _known(change)
        if len(steps) != 1 or contact is None:
            return self.get(userid)
        row: Row = writing.current_customer(change)
        if steps == ("contact",):
            contact, started = self.contacts.seen(row, contact)
            payload = {"customer": row, "contact": contact}
        else:
            fresh, started = self.api.customer(userid)
            payload = {"customer": self._payload(fresh, single=True), "contact": contact}
        shown = self.read(Item(userid, payload), started)
        written = {name for name in shown.fields if (name in CONTACT_FIELDS) == (steps == ("contact",))}
        return replace(shown, fields={name: shown.fields[name] for name in written})

    def find(self, keys: Keys) -> Sequence[Shown]:
        return find(keys, self.api, self.contacts, self.table, self.get)

    def _payload(self, row: Row, *, single: bool = False) -> dict[str, Any]:
        return customer_payload(row, self._custom_labels() if self.table.custom else {}, single=single)

    def _custom_labels(self) -> Mapping[str, str]:
        """Return label → number of the mapped custom fields; records show labels only. Raises Malformed."""
        if self._labels is None:
            rows = [row for row in self.api.custom_fields() if isinstance(row, Mapping)]
            numbers = {text_of(row.get("custom_field_id")): text_of(row.get("label")) for row in rows}
            labels = list(numbers.values())
            for name, number in self.table.custom.items():
                if why := _unusable_label(numbers.get(number), labels):
                    what = f"{self.name}: {name} is mapped to the custom field {number}, which {why}."
                    raise Malformed(what, "Write the number that Perfex shows under Setup, Custom Fields.")
            self._labels = {numbers[number]: number for number in self.table.custom.values()}
        return self._labels

    # --- writing

    def steps(self, change: Change) -> tuple[str, ...]:
        return writing.steps(change, self.table)

    def write(self, step: str, change: Change) -> Written:
        if step == "delete":
            self.api.delete(f"customers/{segment(_known(change))}")
            return Written(change.vendor_id)
        if step == "customer":
            return self._create(change) if change.kind == "create" else self._update(change)
        return self._write_contact(change)

    def _create(self, change: Change) -> Written:
        """Create the customer, but not beside a contact that has the e-mail: it would be left without one of its own.

        2.x answers without the new number [Perfex module source]; then the only newer customer of that name is it.
        """
        form = writing.new_customer(change, self.table)
        email = change.fields.get("email")
        if email:
            writing.new_contact(
                change, "0", self.permissions
            )  # what its contact lacks is told before anything is sent
        if email and self._is_taken(email):
            words = "This Email is already exists"
            raise AlreadyThere(
                "A contact in Perfex has this e-mail already.", "Look at that contact.", words=words
            )
        answer = self.api.post("customers", form, _key(change, "customer"))
        userid = text_of(answer.get("record_id")) or self._only_newer(dict(form)["company"], change)
        return Written(userid or None, progress={"customer": userid} if userid else {})

    def _is_taken(self, email: str) -> bool:
        try:
            return bool(self.contacts.having(email))
        except Unsearchable:
            return False  # then the contact's own create tells

    def _only_newer(self, company: str, change: Change) -> str:
        """Return the only customer of a name that is newer than the operation's intent, "" where that is not clear.

        It is made by now, so a look that fails must not pass for a create that failed: it would be sent again.
        """
        oldest = text_of(change.progress.get("newer_than"))
        try:
            found = self.find(Keys(company=company, newer_than=oldest)) if oldest else ()
        except VendorError:
            return ""
        return found[0].vendor_id if len(found) == 1 else ""

    def _update(self, change: Change) -> Written:
        userid = _known(change)
        document = writing.changed_customer(change, self.table)
        if not self.api.put(f"customers/{segment(userid)}", document):
            self.api.customer(userid)  # 2.x says the same of a customer that is gone [Perfex module source]
        return Written(change.vendor_id)

    def _write_contact(self, change: Change) -> Written:
        try:
            return self._send_contact(change)
        except AlreadyThere as error:
            if change.kind == "create":
                raise
            # Only a create discovers a record by this; here somebody else's contact simply has the address.
            fields = {"email": error.words or error.what}
            raise Rejected(
                error.what, error.next_step, fields=fields, status=error.status, words=error.words
            ) from error

    def _send_contact(self, change: Change) -> Written:
        contact = writing.current_contact(change)
        if contact is not None:
            writing.check_name(change, self.table)
            document = writing.changed_contact(change, contact, self.permissions)
            self.api.put(f"contacts/{segment(text_of(contact.get('id')))}", document)
            return Written(change.vendor_id)
        userid = _known(change)
        form = writing.new_contact(change, userid, self.permissions)
        self.api.post("contacts", form, _key(change, "contact"))
        return Written(userid)

    # --- the rest

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        return webhook.hint(headers, body, secret, now)

    def check(self) -> Sequence[Finding]:
        findings = [self._try("customers", self._count)]
        if findings[0].ok:
            findings.append(self._try("contacts", self._read_contact))
            findings.append(
                self._try("version", lambda: "REST module " + ".".join(map(str, self.api.version())))
            )
        if self.table.custom:
            findings.append(self._try("custom fields", lambda: ", ".join(self._custom_labels())))
        if self.table.hold:
            findings.append(Finding("updates of customers", True, "held", GROUPS_HELD))
        if not self.permissions:
            findings.append(Finding("portal permissions", True, "not written", _PERMISSIONS_HINT))
        return findings

    def _count(self) -> str:
        rows = self.api.customers(1)
        return f"{len(rows.rows) if rows.total is None else rows.total} customers"

    def _read_contact(self) -> str:
        rows = [row for row in self.api.customers(1).rows if isinstance(row, Mapping)]
        return (
            "readable" if not rows or self.contacts.of(rows[0]) else "readable; the first customer has none"
        )

    @staticmethod
    def _try(what: str, ask: Callable[[], str]) -> Finding:
        try:
            return Finding(what, True, ask())
        except VendorError as error:
            return Finding(what, False, error.what, error.next_step)


_PERMISSIONS_HINT = (
    "Perfex takes a contact's portal permissions away with every update that does not name them: "
    "if contacts use the portal, list the numbers in the setting permissions."
)


def _unusable_label(label: str | None, labels: Sequence[str]) -> str:
    if label is None:
        return "Perfex does not have for customers"
    return (
        "shares its label with another one, so that records do not tell them apart"
        if labels.count(label) > 1
        else ""
    )


def _abilities(settings: VendorSettings) -> Abilities:
    finds = {"email", "company"} | ({"external_id"} if settings.external_id_field else set())
    return Abilities(
        deletes=True,
        finds=frozenset(finds),
        demands=(("company", "full_name", "first_name"),),
        replaces=True,
        unique=frozenset({"email"}),
        concurrency=CONCURRENCY,
        page_size=PAGE_SIZE,
    )


def ration(settings: VendorSettings) -> Ration:
    """Return what is allowed. 3.x tells it by headers that are obeyed; a number of our own goes on top."""
    most = settings.options.get("per_minute") or 0
    allowances = (Allowance(int(most), 60.0),) if most else ()
    return Ration(f"perfex {settings.base_url}", allowances, CONCURRENCY)


def _permissions(settings: VendorSettings) -> tuple[int, ...]:
    listed = settings.options.get("permissions") or ()
    if isinstance(listed, list | tuple) and all(type(number) is int and number > 0 for number in listed):
        return tuple(listed)
    what = "is not a list of numbers."
    raise ConfigError([Problem(f"connections.{settings.name}", "permissions", what, "Write [1, 2, 3].")])


def _known(change: Change) -> str:
    """Return the customer's number. Raises Unanswered where it was made a moment ago and has to be found first."""
    userid = change.vendor_id or text_of(change.progress.get("customer"))
    if not userid:
        raise Unanswered("Perfex did not tell the number of the new customer.", "It is looked for by itself.")
    return userid


def _key(change: Change, step: str) -> str:
    return f"{change.key}-{step}" if change.key else ""


VENDOR = Vendor(
    name="perfex",
    title="Perfex CRM",
    connect=Perfex,
    options={
        "groups": (
            object,
            "hold",
            'What updates do to groups: "hold" customers, "unused", or the numbers to write.',
        ),
        "countries": (
            dict,
            {},
            'Numbers of countries that differ from a fresh installation: { 251 = "AN" }.',
        ),
        "permissions": (list, [], "Portal permissions that every contact we write keeps, as numbers."),
        "per_minute": (int, 0, "Requests a minute at most; 0: as the rate headers say."),
    },
    secrets=("token",),
    webhooks=True,
    ration=ration,
)
