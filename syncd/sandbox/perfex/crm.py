"""The CRM behind the interface: its switches, who may call, its limits, its rows, and people at its screen.

Written from the module's source as published in a fork of Themesic's (2.0.8 and 3.0.3) and from Themesic's own
examples (3.1.0); where they disagree there is a switch.
"""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from syncd.sandbox.limits import Window
from syncd.sandbox.mangle import mangled
from syncd.sandbox.perfex.tables import (
    CONTACT_COLUMNS,
    CONTACT_MAXIMA,
    CONTACT_NUMBERS,
    CUSTOMER_COLUMNS,
    CUSTOMER_MAXIMA,
    CUSTOMER_NUMBERS,
    Columns,
    PerfexState,
    folded,
    whole_number,
)
from syncd.sandbox.vendor import Clock, Refused, Switches, Vendor, real_clock
from syncd.sandbox.webhooks import Event
from syncd.sandbox.wire import Call, Json, Reply, html

NO_PERMISSION = "Your API token does not have the necessay permissions for the requested operation"
QUOTA = 100_000


@dataclass(slots=True)
class PerfexSwitches(Switches):
    """What the sheet leaves open, and what an admin can set."""

    version: Literal["2.0", "3.0", "3.1"] = "3.0"  # 2.0.8; the 3.0.3 fork; 3.1.0 as documented
    auth_failure_status: Literal[404, 401] = 404  # the source answers 404, the examples say 401
    denied: list[str] = field(
        default_factory=list
    )  # permissions the token lacks: "customers.put", "customers.search_get"
    module_active: bool = True  # off: 401 to everything
    lists: Literal["version", "array", "envelope"] = (
        "version"  # the fork always envelopes customers, the docs only on page=
    )
    record_id: bool | None = None  # whether creates answer the new id; None: 3.x does, 2.x does not
    created_status: Literal[200, 201] = 200  # of creates; the examples' page on authentication says 201
    contact_routes: Literal["version", "customer", "contact"] = "version"  # whose id /contacts/{id} takes
    refuse_at_in_path: bool = True  # CodeIgniter's permitted_uri_chars without @: 400 on /search/a@b
    search_broken: bool = False  # some 3.x builds answer 500 to every customer search
    search_companies: bool = True  # whether a search for contacts looks at their companies too
    search_columns: Literal["contact", "customer"] = (
        "contact"  # whose phonenumber, active and datecreated a search for contacts shows: both tables have them
    )
    vat_hidden_in_get: bool = (
        False  # option "company_requires_vat_number_field" off: single GET shows vat null
    )
    contact_no_change_fails: bool = True  # a contact PUT that changes nothing is a 404, as for customers
    welcome_flag_breaks: bool = False  # some builds pass donotsendwelcomeemail on to SQL: HTML 500
    strict_mysql: bool = False  # over-long values are an HTML 500 instead of being cut silently
    utf8mb4: bool = True  # False: tables of old installations, whose texts end before the first emoji
    delete_invoiced: bool = False  # GDPR mode: customers with invoices can be deleted
    per_minute: int | None = None  # 100 without a quota row; None: this token has a generous row of its own
    per_hour_and_path: int | None = None  # 1000 without a quota row
    per_hour_and_address: int | None = None  # the second limiter, 100 where it is on; answers 401
    timezone: str = "Europe/Brussels"  # datecreated is in the CRM's own zone, without offset

    @property
    def paginates(self) -> bool:
        """Whether this is a 3.x module."""
        return self.version != "2.0"


def fail(status: int, message: str) -> Reply:
    """The module's plain refusal."""
    return Reply(status, {"status": False, "message": message})


def database_error(text: str) -> Reply:
    """CodeIgniter's page for a failed query."""
    return html(500, "A Database Error Occurred", f"<p>Error Number: 1054</p><p>{text}</p>")


class Crm(Vendor):
    """Customers, contacts, tokens and limits of one Perfex installation."""

    name = "perfex"
    switches: PerfexSwitches
    state: PerfexState

    def __init__(self, clock: Clock = real_clock, seed: int = 0, token: str = "") -> None:
        self.switches = PerfexSwitches()
        self.token = token
        self.token_stands = True
        self._minute, self._hour, self._second = Window(60), Window(3600), Window(3600)
        self._failures = Window(900)
        self._folded: dict[str, tuple[Json, str]] = {}
        super().__init__(clock, seed)

    @abstractmethod
    def inner(self, call: Call) -> Reply:
        """One operation of a batch."""

    @abstractmethod
    def events_of(self, subject: str, verb: str) -> tuple[str, ...]:
        """The names under which this version announces an event."""

    def fresh(self) -> PerfexState:
        return PerfexState()

    @property
    def welcome_mails(self) -> list[str]:
        """The addresses that were sent a welcome mail: a sync must never cause one."""
        return self.state.welcome_mails

    # who may call

    def guard(self, call: Call) -> None:
        if not self.switches.module_active:
            raise Refused(fail(401, "API Module is not active"))
        if call.kind == "openapi":
            return
        self._check_token(call)
        self._check_limits(call)
        self._check_permission(call)

    def presented(self, call: Call) -> str | None:
        """The token of a call, from wherever this version looks for it."""
        names = ["authtoken"]
        if self.switches.paginates:
            bearer = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
            return call.headers.get("authtoken") or call.first("authtoken") or bearer or call.first("api_key")
        names += ["rest_enable_keys", "rest-enable-keys", "authorization", "x-api-key", "x-auth-token"]
        return next((call.headers[name] for name in names if call.headers.get(name)), call.first("authtoken"))

    def _check_token(self, call: Call) -> None:
        if self.switches.paginates and self._failures.used(call.address) >= 20:
            self._failures.hit(call.address, 20, self.now())
            if self._failures.used(call.address) >= 20:
                raise Refused(fail(429, "Too many failed authentication attempts. Try again later."))
        token = self.presented(call)
        if token == self.token and self.token_stands:
            return
        self._failures.hit(call.address, None, self.now())
        raise Refused(fail(self.switches.auth_failure_status, self._token_trouble(token)))

    def _token_trouble(self, token: str | None) -> str:
        if not token:
            return "Token is not defined."
        if token.count(".") != 2:
            return "Wrong number of segments"
        return (
            "Token is not found"
            if self.switches.paginates or token == self.token
            else "Signature verification failed"
        )

    def _check_limits(self, call: Call) -> None:
        if not self.switches.paginates:
            return
        now, switches = self.now(), self.switches
        if not self._second.hit(call.address, switches.per_hour_and_address, now):
            raise Refused(
                Reply(
                    401,
                    {"status": False, "error": "This IP Address has reached the time limit for this method"},
                )
            )
        if not self._minute.hit("all", switches.per_minute, now) or not self._hour.hit(
            call.path, switches.per_hour_and_path, now
        ):
            raise Refused(fail(429, "Rate limit exceeded"))

    def rate_headers(self, call: Call) -> dict[str, str]:
        """The headers by which a 3.x module tells what is left."""
        switches, now = self.switches, self.now()
        rooms = [(switches.per_minute or QUOTA, self._minute, "all")]
        if switches.per_hour_and_path:
            rooms.append((switches.per_hour_and_path, self._hour, call.path))
        limit, window, key = min(rooms, key=lambda room: room[0] - room[1].used(room[2]))
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(limit - window.used(key), 0)),
            "X-RateLimit-Reset": str(int(window.reset(key, now).timestamp()) + 1),
        }

    def _check_permission(self, call: Call) -> None:
        feature = call.path.removeprefix("/api/").removeprefix("delete/").partition("/")[0]
        verb = "search_get" if call.kind in ("search", "contact_search") else call.method.lower()
        if f"{feature}.{verb}" in self.switches.denied:
            raise Refused(fail(403, NO_PERMISSION))

    def revoke_tokens(self, credentials: bool = False) -> None:
        self.token_stands = False

    def restore_tokens(self) -> None:
        self.token_stands = True

    def missing(self, call: Call) -> Reply:
        if call.failure == 405:
            return Reply(405, {"status": False, "error": "Unknown method"})
        return html(404, "404 Page Not Found", "<p>The page you requested was not found.</p>")

    def malformed(self, call: Call) -> Reply:
        return fail(406, "Data Not Acceptable OR Not Provided")

    # rows

    def local_time(self) -> str:
        """The CRM's own time, as its `datecreated` columns show it."""
        return f"{self.now().astimezone(ZoneInfo(self.switches.timezone)):%Y-%m-%d %H:%M:%S}"

    def stored(self, sent: Json, columns: Columns, customer: bool) -> Columns:
        """The sent values of these columns as MySQL keeps them: text, cut at the maximum, whole numbers."""
        prefix = "" if customer else "contact."
        manglers = {
            name.removeprefix(prefix): names
            for name, names in self.switches.mangle.items()
            if name.startswith("contact.") != customer
        }
        maxima = CUSTOMER_MAXIMA if customer else CONTACT_MAXIMA
        numbers = CUSTOMER_NUMBERS if customer else CONTACT_NUMBERS
        texts = {name: self._text(sent[name]) for name in columns if name in sent}
        return {
            name: self._fitted(name, value, maxima, numbers)
            for name, value in mangled(texts, manglers).items()
        }

    def _text(self, value: Any) -> str | None:
        if value is None:
            return "" if self.switches.paginates else None
        if isinstance(value, dict | list):
            raise Refused(database_error("Unknown column 'Array' in 'field list'"))
        return str(int(value)) if isinstance(value, bool) else str(value)

    def _fitted(
        self, name: str, value: str | None, maxima: dict[str, int], numbers: frozenset[str]
    ) -> str | None:
        if value is None:
            return None
        if name in numbers:
            return whole_number(value)
        longest = maxima.get(name, 65535)
        if len(value) > longest and self.switches.strict_mysql:
            raise Refused(database_error(f"Data too long for column '{name}' at row 1"))
        return self._encoded(name, value[:longest])

    def _encoded(self, name: str, value: str) -> str:
        """What a table of three bytes a character keeps of a text."""
        wide = next((at for at, letter in enumerate(value) if ord(letter) > 0xFFFF), None)
        if wide is None or self.switches.utf8mb4:
            return value
        if self.switches.strict_mysql:
            raise Refused(database_error(f"Incorrect string value for column '{name}' at row 1"))
        return value[:wide]

    def add_customer(
        self, columns: Columns, custom: dict[int, str], groups: list[int], visible_at: datetime | None = None
    ) -> str:
        """Inserts a customer and returns its userid."""
        userid = str(self.state.next_customer)
        self.state.next_customer += 1
        row = {**CUSTOMER_COLUMNS, "datecreated": self.local_time(), **columns, "userid": userid}
        self.state.customers.insert(userid, {"columns": row, "custom": custom, "groups": groups}, visible_at)
        self.state.contacts_of[userid] = []
        self.announce("customer", "created", userid, row)
        return userid

    def add_contact(self, userid: str, row: Json, visible_at: datetime | None = None) -> str:
        """Inserts a contact of a customer and returns its id; a primary one takes the place of the one before."""
        contact = str(self.state.next_contact)
        self.state.next_contact += 1
        columns = {**CONTACT_COLUMNS, "datecreated": self.local_time(), **row["columns"]}
        columns |= {"id": contact, "userid": userid}
        if columns["is_primary"] == "1":
            self.demote(userid, contact)
        self._index(contact, None, columns)
        self.state.contacts.insert(contact, {**row, "columns": columns}, visible_at)
        self.state.contacts_of[userid].append(contact)
        self.announce("contact", "created", contact, columns)
        return contact

    def demote(self, userid: str, but: str) -> None:
        """Takes is_primary from a customer's other contacts."""
        for other in self.state.contacts_of[userid]:
            row = self.state.contacts.now(other)
            if other != but and row["columns"]["is_primary"] == "1":
                self.state.contacts.change(other, {**row, "columns": {**row["columns"], "is_primary": "0"}})

    def remove_customer(self, userid: str) -> None:
        """Deletes a customer with its contacts; nothing is left behind."""
        for contact in self.state.contacts_of.pop(userid):
            self._index(contact, self.state.contacts.remove(contact)["columns"], None)
        row = self.state.customers.remove(userid)
        self.announce("customer", "deleted", userid, row["columns"])

    def remove_contact(self, contact: str) -> None:
        """Deletes one contact."""
        row = self.state.contacts.remove(contact)["columns"]
        self._index(contact, row, None)
        self.state.contacts_of[row["userid"]].remove(contact)
        self.announce("contact", "deleted", contact, row)

    def contacts(self, userid: str, at: datetime | None = None) -> list[Json]:
        """A customer's active contacts, primary first, as a read at that time shows them."""
        ids = self.state.contacts_of.get(userid, [])
        shown = (self.state.contacts.shown(each, at or self.now()) for each in ids)
        active = [row for row in shown if row and row["columns"]["active"] == "1"]
        return sorted(active, key=lambda row: row["columns"]["is_primary"] != "1")

    def email_taken(self, email: str, but: str = "") -> bool:
        """Whether another contact has the address; MySQL's collation ignores case."""
        return bool(self.state.contacts_by_email.get(email.lower(), set()) - {but})

    def put_contact(self, contact: str, row: Json, stale_until: datetime | None = None) -> None:
        """Replaces a contact's row."""
        self._index(contact, self.state.contacts.now(contact)["columns"], row["columns"])
        self.state.contacts.change(contact, row, stale_until)

    def _index(self, contact: str, old: Columns | None, new: Columns | None) -> None:
        if old:
            self.state.contacts_by_email[(old["email"] or "").lower()].discard(contact)
        if new:
            self.state.contacts_by_email.setdefault((new["email"] or "").lower(), set()).add(contact)

    def folded_once(self, key: str, row: Json, texts: Callable[[], Iterable[str | None]]) -> str:
        """The texts of a row, folded for searches and kept until the row changes."""
        kept = self._folded.get(key)
        if kept is None or kept[0] is not row:
            kept = (row, folded("\n".join(text for text in texts() if text)))
            self._folded[key] = kept
        return kept[1]

    def contact_text(self, contact: str) -> str:
        """What searches look through in a contact: the name and the e-mail."""
        row = self.state.contacts.now(contact)
        columns = row["columns"]
        names = f"{columns['firstname']} {columns['lastname']}"
        return self.folded_once(f"contact {contact}", row, lambda: (names, columns["email"]))

    def announce(self, subject: str, verb: str, key: str, columns: Columns) -> None:
        """Queues an event for the hooks that want it; cron sends it."""
        for name in self.events_of(subject, verb):
            for hook in self.state.hooks.values():
                if hook.wants(name):
                    data = {"id": key, "data": {**columns, "password": None}}
                    number, at = str(self.state.next_event), int(self.now().timestamp())
                    self.state.next_event += 1
                    self.state.events.append(Event(name, number, at, data, hook=hook.id))
