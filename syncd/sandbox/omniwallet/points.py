"""Points, their transactions, settings and webhooks."""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson

from syncd.sandbox.omniwallet.programme import Programme, document, fail, invalid
from syncd.sandbox.vendor import Refused
from syncd.sandbox.webhooks import Delivery, Event, Hook, post
from syncd.sandbox.wire import Call, Json, Reply

GIVE_UP = 24 * 3600
"""Seconds after which a delivery is no longer tried."""


class Points:
    """Handlers for points and transactions."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    def add(self, call: Call, email: str) -> Reply:
        """Adds points."""
        return self._move(call, email, 1)

    def subtract(self, call: Call, email: str) -> Reply:
        """Takes points away, never below zero."""
        return self._move(call, email, -1)

    def add_value(self, call: Call, email: str) -> Reply:
        """Adds the points that a sum of money is worth."""
        body = self._body(call)
        value = body.get("value")
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise invalid("value", "The value must be a number.")
        return self._book(call, email, int(value / self.programme.switches.point_value), body)

    def of_customer(self, call: Call, email: str) -> Reply:
        """A customer's transactions."""
        key = self.programme.found(email)
        rows = [row for row in self.programme.state.transactions.values() if row["customer"] == key]
        return document(200, {"data": [_shown(row) for row in rows]})

    def get(self, call: Call, key: str) -> Reply:
        """One transaction."""
        return document(200, {"data": _shown(self._transaction(key))})

    def delay(self, call: Call, key: str) -> Reply:
        """Applies or cancels a transaction."""
        row, action = self._transaction(key), self._body(call).get("action")
        if action not in ("apply", "cancel"):
            raise invalid("action", "The action must be apply or cancel.")
        wanted = action == "apply"
        if row["applied"] != wanted:
            self._change(row["customer"], row["points"] if wanted else -row["points"])
            row["applied"] = wanted
        return document(200, {"data": _shown(row)})

    def setting(self, call: Call, key: str) -> Reply:
        """One setting; POINTS_VALUE serves clients as a connection test."""
        if key != "POINTS_VALUE":
            return fail(404, "Not Found", "Setting not found.")
        return document(200, {"data": {"key": key, "value": str(self.programme.switches.point_value)}})

    def settings(self, call: Call) -> Reply:
        """All settings."""
        return document(
            200, {"data": [{"key": "POINTS_VALUE", "value": str(self.programme.switches.point_value)}]}
        )

    def _move(self, call: Call, email: str, sign: int) -> Reply:
        body = self._body(call)
        points = body.get("points")
        if not isinstance(points, int) or isinstance(points, bool) or points < 0:
            raise invalid("points", "The points must be a positive integer.")
        return self._book(call, email, sign * points, body)

    def _book(self, call: Call, email: str, points: int, body: Json) -> Reply:
        call.customer = email
        key = self.programme.found(email)
        if not isinstance(body.get("type"), str) or not body["type"]:
            raise invalid("type", "The type field is required.")
        for name in ("type", "external_id"):
            if len(str(body.get(name) or "")) > 255:
                raise invalid(name, f"The {name} may not be greater than 255 characters.")
        if not self._known(body.get("external_id")):
            self._store(key, points, body)
        return document(200, {"data": self.programme.shown(self.programme.state.customers.now(key))})

    def _known(self, external: Any) -> bool:
        rows = self.programme.state.transactions.values()
        rule = self.programme.switches.duplicate_transaction
        known = (
            external is not None and rule != "apply" and any(row["external_id"] == external for row in rows)
        )
        if known and rule == "refuse":
            raise invalid("external_id", "The external id has already been taken.")
        return known

    def _store(self, key: str, points: int, body: Json) -> None:
        balance = self.programme.state.customers.now(key)["points"]
        if balance + points < 0:
            raise invalid("points", "The customer does not have enough points.")
        number = str(len(self.programme.state.transactions) + 1)
        row = {"id": number, "customer": key, "points": points, "applied": True, "type": body["type"]}
        self.programme.state.transactions[number] = {**row, "external_id": body.get("external_id")}
        self._change(key, points)

    def _change(self, key: str, points: int) -> None:
        customers = self.programme.state.customers
        row = customers.now(key)
        customers.change(key, {**row, "points": row["points"] + points, "updatedAt": self.programme.now()})
        self.programme.announce("points.added" if points >= 0 else "points.subtracted", row["email"])

    def _transaction(self, key: str) -> Json:
        row = self.programme.state.transactions.get(key)
        if row is None:
            raise Refused(fail(404, "Not Found", "Transaction not found."))
        return row

    def _body(self, call: Call) -> Json:
        body = call.json()
        if not isinstance(body, dict):
            raise Refused(fail(400, "Bad Request", "The body is not an object."))
        return body


class Hooks:
    """The sending of webhooks, which are registered in the panel only."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    def add(self, url: str, secret: str, events: tuple[str, ...] = ("*",)) -> str:
        """Registers an address, as the admin does in the panel."""
        key = str(len(self.programme.state.hooks) + 1)
        self.programme.state.hooks[key] = Hook(key, url, events, secret)
        return key

    def deliver(self) -> list[Delivery]:
        """Sends what is pending; tries again at the next call, for up to a day, until the receiver says 2xx."""
        return [self._deliver(event) for event in list(self.programme.state.events)]

    def _deliver(self, event: Event) -> Delivery:
        hook = self.programme.state.hooks[event.hook]
        body = orjson.dumps({"event": event.name, "data": event.data})
        now = int(self.programme.now().timestamp())
        signature = hmac.digest(hook.secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hex()
        headers = {"X-Omniwallet-Signature": signature, "X-Omniwallet-Timestamp": str(now)}
        headers["X-Omniwallet-Hook-Id"] = event.id
        event.attempts += 1
        status = post(hook.url, headers, body)
        if 200 <= status < 300 or now - event.at > GIVE_UP:
            self.programme.state.events.remove(event)
        return Delivery(hook.id, event.name, event.id, event.attempts, status, headers, body)


def _shown(row: Json) -> Json:
    attributes = {name: value for name, value in row.items() if name not in ("id", "customer")}
    return {"type": "transactions", "id": row["id"], "attributes": attributes}
