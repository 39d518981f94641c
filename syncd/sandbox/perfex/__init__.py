"""Perfex CRM with Themesic's REST module under `/api`, in its three generations."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import Map

from syncd.sandbox.perfex.contacts import Contacts
from syncd.sandbox.perfex.crm import Crm, PerfexSwitches, fail
from syncd.sandbox.perfex.customers import Customers
from syncd.sandbox.perfex.extras import Extras, Hooks
from syncd.sandbox.perfex.screen import Screen
from syncd.sandbox.perfex.tables import (
    COUNTRY_IDS,
    CUSTOM_FIELDS,
    LAST_IP,
    PASSWORD_HASH,
    RESET_KEY,
    CustomField,
)
from syncd.sandbox.vendor import Clock, real_clock, routes
from syncd.sandbox.webhooks import Delivery
from syncd.sandbox.wire import Call, Json, Reply

__all__ = [
    "COUNTRY_IDS",
    "CUSTOM_FIELDS",
    "LAST_IP",
    "PASSWORD_HASH",
    "RESET_KEY",
    "CustomField",
    "Perfex",
    "PerfexSwitches",
]


class Perfex(Crm):
    """The WSGI application."""

    routes: ClassVar[Map] = routes(
        ("GET", "/api/openapi", "openapi", "extras.openapi"),
        ("GET", "/api/customers", "list", "customers.listing"),
        ("POST", "/api/customers", "create", "customers.create"),
        ("GET", "/api/customers/search", "search", "customers.search"),
        ("GET", "/api/customers/search/<path:term>", "search", "customers.search"),
        ("GET", "/api/customers/<userid>", "get", "customers.get"),
        ("PUT", "/api/customers/<userid>", "update", "customers.update"),
        ("DELETE", "/api/customers/<userid>", "delete", "customers.delete"),
        ("DELETE", "/api/delete/customers/<userid>", "delete", "customers.delete"),
        ("GET", "/api/contacts", "contact_list", "contacts_desk.listing"),
        ("POST", "/api/contacts", "contact_create", "contacts_desk.create"),
        ("GET", "/api/contacts/search", "contact_search", "contacts_desk.search"),
        ("GET", "/api/contacts/search/<path:term>", "contact_search", "contacts_desk.search"),
        ("GET", "/api/contacts/<key>", "contact_get", "contacts_desk.get"),
        ("GET", "/api/contacts/<userid>/<contact>", "contact_get", "contacts_desk.get_of"),
        ("PUT", "/api/contacts/<contact>", "contact_update", "contacts_desk.update"),
        ("DELETE", "/api/contacts/<contact>", "contact_delete", "contacts_desk.delete"),
        ("DELETE", "/api/delete/contacts/<contact>", "contact_delete", "contacts_desk.delete"),
        ("GET", "/api/custom_fields/<subject>", "custom_fields", "extras.custom_fields"),
        ("GET", "/api/custom_fields/<subject>/<key>", "custom_fields", "extras.custom_fields"),
        ("POST", "/api/batch", "batch", "extras.batch"),
        ("GET", "/api/zapier/poll/customers", "poll", "extras.poll"),
        ("GET", "/api/webhooks", "webhooks", "hooks.listing"),
        ("POST", "/api/webhooks", "webhooks", "hooks.create"),
        ("GET", "/api/webhooks/events", "webhooks", "hooks.catalogue"),
        ("GET", "/api/webhooks/<key>", "webhooks", "hooks.get"),
        ("PUT", "/api/webhooks/<key>", "webhooks", "hooks.update"),
        ("DELETE", "/api/webhooks/<key>", "webhooks", "hooks.delete"),
        ("POST", "/api/webhooks/<key>/toggle", "webhooks", "hooks.toggle"),
        ("GET", "/api/webhooks/<key>/logs", "webhooks", "hooks.logs"),
    )

    def __init__(self, clock: Clock = real_clock, seed: int = 0, token: str = "") -> None:
        super().__init__(clock, seed, token)
        self.customers, self.contacts_desk = Customers(self), Contacts(self)
        self.extras, self.hooks, self.screen = Extras(self), Hooks(self), Screen(self)

    def answer(self, call: Call) -> Reply:
        reply = self._replayed(call) or self._remembered(call, super().answer(call))
        if self.switches.paginates and call.kind != "openapi":
            reply.headers.update(self.rate_headers(call))
        return reply

    def inner(self, call: Call) -> Reply:
        """One operation of a batch, with an entry of its own in the ledger."""
        self._route(call)
        reply = super().answer(call)
        self._record(call, reply.status, note="batch")
        return reply

    def events_of(self, subject: str, verb: str) -> tuple[str, ...]:
        if self.switches.version == "3.1":
            return (f"{subject}.{verb}",)
        names = (f"{subject}_{verb}",)
        return (*names, "client_updated") if names == ("customer_updated",) else names

    def _replayed(self, call: Call) -> Reply | None:
        key = call.headers.get("idempotency-key", "")
        if not key or call.method != "POST" or not self.switches.paginates:
            return None
        if len(key) > 191:
            return fail(422, "The Idempotency-Key may have 191 characters at most.")
        stored = self.state.replays.get((key, self.presented(call) or ""))
        if stored is None or not self.token_stands:
            return None
        call.note = "replayed"
        return Reply(stored.status, stored.body, {**stored.headers, "Idempotency-Replayed": "true"})

    def _remembered(self, call: Call, reply: Reply) -> Reply:
        key = call.headers.get("idempotency-key", "")
        if key and call.method == "POST" and self.switches.paginates and reply.status < 500:
            self.state.replays[(key, self.presented(call) or "")] = reply
        return reply

    def human_create(self, **fields: Any) -> str:
        with self.lock:
            userid = self.screen.create(fields)
            self.ledger.human("human_create", userid, fields, self.now())
        return userid

    def human_edit(self, customer: str, **fields: Any) -> None:
        with self.lock:
            self.screen.edit(customer, fields)
            self.ledger.human("human_edit", customer, fields, self.now())

    def human_delete(self, customer: str) -> None:
        with self.lock:
            self.remove_customer(customer)
            self.ledger.human("human_delete", customer, {}, self.now())

    def add_invoice(self, userid: str) -> None:
        """Gives a customer an invoice, so that it can no longer be deleted."""
        self.state.invoiced.add(userid)

    def snapshot(self) -> dict[str, Json]:
        with self.lock:
            self.catch_up()
            return self.screen.snapshot()

    def deliver_webhooks(self) -> list[Delivery]:
        return self.hooks.deliver()
