"""Pexip Engage's Enterprise API, with its Keycloak token endpoint on the same port."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import Map

from syncd.sandbox.mangle import mangled
from syncd.sandbox.pexip_engage.enterprise import Enterprise, PexipEngageSwitches, bad, fail
from syncd.sandbox.pexip_engage.fields import FIELDS, checked, stored_location
from syncd.sandbox.vendor import Refused, routes
from syncd.sandbox.webhooks import Delivery
from syncd.sandbox.wire import Call, Json, Reply

__all__ = ["PexipEngage", "PexipEngageSwitches"]

BASE = "/enterprises/<enterprise>/customers"


class PexipEngage(Enterprise):
    """The WSGI application."""

    routes: ClassVar[Map] = routes(
        ("POST", "/realms/<realm>/protocol/openid-connect/token", "token", "token"),
        ("GET", BASE, "list", "list_customers"),
        ("POST", BASE, "create", "create_customer"),
        ("GET", f"{BASE}/<key>", "get", "get_customer"),
        ("PATCH", f"{BASE}/<key>", "update", "update_customer"),
        ("DELETE", f"{BASE}/<key>", "delete", "delete_customer"),
    )

    def list_customers(self, call: Call) -> Reply:
        """A page of customers, oldest first."""
        if not self.switches.can_list:
            return fail(405, "method_not_allowed", "The method is not allowed here.")
        offset, limit = _whole(call, "offset", 0), self._limit(call)
        rows = self._filtered(call)
        page, total = self.page(call, rows, offset, limit)
        data = [self.shown(row, call.headers.get("accept-language")) for row in page]
        return Reply(200, {"data": data, "meta": {"offset": offset, "limit": limit, "totalCount": total}})

    def get_customer(self, call: Call, key: str) -> Reply:
        """One customer; a deleted one says when it was."""
        call.customer = key
        row = self.state.customers.shown(key, self.now())
        if row is None or (row["deletedAt"] and self.switches.deleted_get == 404):
            return _unknown()
        return Reply(200, {"data": self.shown(row, call.headers.get("accept-language"))})

    def create_customer(self, call: Call) -> Reply:
        """Adds a customer."""
        if not self.switches.can_create:
            return fail(405, "method_not_allowed", "The method is not allowed here.")
        self.check_conflict()
        fields = checked(self, _json(call))
        self._check_unique(fields)
        row = self.add(fields, call)
        call.customer = row["id"]
        return Reply(201, {"data": self.shown(row, call.headers.get("accept-language"))})

    def update_customer(self, call: Call, key: str) -> Reply:
        """Changes what is sent; null clears."""
        call.customer = key
        row = self.state.customers.find(key)
        if row is None or row["deletedAt"]:
            return _unknown()
        self.check_conflict()
        fields = self._merged(row, checked(self, self._completed(row, _json(call))))
        self._check_unique(fields, key)
        new = self.change(key, fields, call)
        return Reply(200, {"data": self.shown(new, call.headers.get("accept-language"))})

    def delete_customer(self, call: Call, key: str) -> Reply:
        """Marks a customer as deleted."""
        call.customer = key
        row = self.state.customers.find(key)
        if not self.switches.can_delete:
            return fail(405, "method_not_allowed", "The method is not allowed here.")
        if row is None or row["deletedAt"]:
            return _unknown()
        self.check_conflict()
        self.bury(key)
        return Reply(204)

    # rows

    def add(self, fields: Json, call: Call | None = None) -> Json:
        """Inserts a customer."""
        key, now = str(self.state.next_id), self.now()
        self.state.next_id += 1
        empty: Json = dict.fromkeys(FIELDS) | {"existing": False, "timeZone": self.switches.default_time_zone}
        row = {"id": key, **empty, **fields, "createdAt": now, "updatedAt": now, "deletedAt": None}
        self.state.customers.insert(key, row, self.hidden_until(call) if call else None)
        self._index(key, {}, row)
        return row

    def change(self, key: str, fields: Json, call: Call | None = None) -> Json:
        """Changes a customer and the time of its last change."""
        row = self.state.customers.now(key)
        new = {**row, **fields, "updatedAt": self.now()}
        self.state.customers.change(key, new, self.stale_until(call) if call else None)
        self._index(key, row, new)
        return new

    def bury(self, key: str) -> None:
        """Deletes softly: the customer stays, with the time of its deletion."""
        row = self.state.customers.now(key)
        new = {**row, "deletedAt": self.now(), "updatedAt": self.now()}
        self.state.customers.change(key, new)
        self._index(key, row, {})

    def _index(self, key: str, old: Json, new: Json) -> None:
        for name, index in (("email", self.state.emails), ("externalId", self.state.external_ids)):
            if old.get(name):
                index[old[name].lower()].discard(key)
            if new.get(name):
                index.setdefault(new[name].lower(), set()).add(key)

    def _check_unique(self, fields: Json, but: str = "") -> None:
        rules = (
            (self.switches.unique_email, "email", self.state.emails),
            (self.switches.unique_external_id, "externalId", self.state.external_ids),
        )
        for applies, name, index in rules:
            if applies and index.get((fields.get(name) or "").lower(), set()) - {but}:
                raise Refused(fail(422, f"{name}_taken", f"Another customer has this {name}."))

    def _completed(self, row: Json, body: Json) -> Json:
        """The body, its location completed from the stored one where a PATCH merges."""
        sent, stored = body.get("location"), row["location"]
        if self.switches.location_patch == "replace" or not stored or not isinstance(sent, dict):
            return body
        translations = {**stored["translations"], **(sent.get("translations") or {})}
        return {**body, "location": {**stored, **sent, "translations": translations}}

    def _merged(self, row: Json, fields: Json) -> Json:
        return {name: value for name, value in fields.items() if name in row}

    # lists

    def _limit(self, call: Call) -> int:
        limit = _whole(call, "limit", 25)
        if limit < 1 or (limit > self.switches.largest_page and self.switches.page_size_over == "refuse"):
            raise bad(f"limit must be a whole number from 1 to {self.switches.largest_page}.")
        return min(limit, self.switches.largest_page)

    def _filtered(self, call: Call) -> list[Json]:
        self._check_parameters(call)
        if self.switches.list_includes_deleted or call.first(self.switches.deleted_flag) == "true":
            rows = self.state.customers.listed(self.now(), "all", (_age, False))
        else:
            rows = self.state.customers.listed(self.now(), "present", (_age, False), only=_present)
        for parameter, name in self._filters.items():
            if parameter in call.query:
                wanted = {value.lower() for value in call.query[parameter]}
                rows = [row for row in rows if (row[name] or "").lower() in wanted]
        return rows

    @property
    def _filters(self) -> dict[str, str]:
        return {"id[]": "id", "email[]": "email", self.switches.external_id_filter: "externalId"}

    def _check_parameters(self, call: Call) -> None:
        for name in call.query:
            if f"{name}[]" in self._filters:
                raise bad(f"{name} must be given as {name}[]=…, also for one value.")
            if name not in ("offset", "limit", self.switches.deleted_flag, *self._filters):
                raise bad(f"{name} is not a known parameter.")

    # people

    def human_create(self, **fields: Any) -> str:
        with self.lock:
            row = self.add(self._by_hand(fields))
            self.ledger.human("human_create", row["id"], fields, self.now())
        return str(row["id"])

    def human_edit(self, customer: str, **fields: Any) -> None:
        with self.lock:
            self.change(customer, self._by_hand(fields))
            self.ledger.human("human_edit", customer, fields, self.now())

    def human_delete(self, customer: str) -> None:
        with self.lock:
            self.bury(customer)
            self.ledger.human("human_delete", customer, {}, self.now())

    def _by_hand(self, fields: Json) -> Json:
        if unknown := set(fields) - set(FIELDS):
            raise ValueError(
                f"Pexip Engage has no field {', '.join(sorted(unknown))}; it has {', '.join(FIELDS)}"
            )
        kept = mangled(fields, self.switches.mangle)
        return {**kept, "location": stored_location(kept["location"])} if kept.get("location") else kept

    def snapshot(self) -> dict[str, Json]:
        with self.lock:
            self.catch_up()
            rows = (self.state.customers.now(key) for key in self.state.customers)
            return {row["id"]: self.shown(row, "*") for row in rows}

    def deliver_webhooks(self) -> list[Delivery]:
        """Nothing: no customer events are documented."""
        return []


def _json(call: Call) -> Json:
    if call.content_type != "application/json":
        raise bad("Send Content-Type: application/json.")
    body = call.json()
    if not isinstance(body, dict):
        raise bad("The body must be an object.")
    return body


def _whole(call: Call, name: str, default: int) -> int:
    text = call.first(name)
    if text is None:
        return default
    if not text.isdigit():
        raise bad(f"{name} must be a whole number.")
    return int(text)


def _age(row: Json) -> int:
    return int(row["id"])


def _present(row: Json) -> bool:
    return row["deletedAt"] is None


def _unknown() -> Reply:
    return fail(404, "customer_not_found", "The customer was not found.")
