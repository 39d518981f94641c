"""Pigeon Post as its documents would have it: one address, pages by id, a key in a header, null for empty."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from werkzeug.routing import Map

from syncd.sandbox import Delivery, Vendor
from syncd.sandbox.rows import Table
from syncd.sandbox.vendor import Clock, Refused, real_clock, routes
from syncd.sandbox.vendor import Switches as PigeonPostSwitches
from syncd.sandbox.wire import Call, Json, Reply

KEY = "pigeon-key"  # worth nothing anywhere
TEXTS = ("email", "given_name", "family_name", "mobile", "tongue")
TONGUES = ("de", "en", "fr", "nl", "vi")


class PigeonPost(Vendor):
    """The WSGI application."""

    name = "pigeon_post"
    routes: ClassVar[Map] = routes(
        ("GET", "/subscribers", "list", "listing"),
        ("POST", "/subscribers", "create", "create"),
        ("GET", "/subscribers/<int:number>", "get", "get"),
        ("PATCH", "/subscribers/<int:number>", "update", "update"),
        ("DELETE", "/subscribers/<int:number>", "delete", "delete"),
    )

    def __init__(self, clock: Clock = real_clock, seed: int = 0) -> None:
        self.switches = PigeonPostSwitches()
        self.numbers = count(1)
        self.key = KEY
        super().__init__(clock, seed)

    def fresh(self) -> Table:
        return Table()

    def guard(self, call: Call) -> None:
        if call.headers.get("x-key") != self.key:
            raise Refused(Reply(401, {"error": "wrong_key"}))

    def missing(self, call: Call) -> Reply:
        return Reply(call.failure or 404, {"error": "no_such_address"})

    def malformed(self, call: Call) -> Reply:
        return Reply(400, {"error": "not_json"})

    def listing(self, call: Call) -> Reply:
        """A page behind an id, or the subscriber with an e-mail; the total is of the whole list."""
        rows = self.state.listed(self.now(), "number", (lambda row: row["id"], False))
        if email := call.first("email"):
            return Reply(200, {"total": len(rows), "subscribers": [r for r in rows if r["email"] == email]})
        after = int(call.first("after") or 0)
        page, total = self.page(call, rows, sum(row["id"] <= after for row in rows), 100)
        return Reply(200, {"total": total, "subscribers": page})

    def get(self, call: Call, number: int) -> Reply:
        return Reply(200, self._there(number))

    def create(self, call: Call) -> Reply:
        return Reply(201, self._add(self._checked(call.json())))

    def update(self, call: Call, number: int) -> Reply:
        self.state.change(str(number), {**self._there(number), **self._checked(call.json(), number)})
        return Reply(200, self._there(number))

    def delete(self, call: Call, number: int) -> Reply:
        self._there(number)
        self.state.remove(str(number))
        return Reply(204)

    def _there(self, number: int) -> Json:
        row: Json | None = self.state.find(str(number))
        if row is None:
            raise Refused(Reply(404, {"error": "no_such_subscriber"}))
        return row

    def _checked(self, sent: Json, number: int = 0) -> Json:
        """Refuse what Pigeon Post would refuse: other names, other types, "", an unknown tongue, a taken e-mail."""
        wrong = [name for name, value in sent.items() if name not in TEXTS or value == ""]
        wrong += [name for name, value in sent.items() if not isinstance(value, str | None)]
        if sent.get("tongue") not in {None, *TONGUES}:
            wrong.append("tongue")
        if not sent.get("email", number):
            wrong.append("email")
        if wrong:
            raise Refused(Reply(422, {"error": "invalid", "fields": sorted(wrong)}))
        others = (self.state.now(each) for each in self.state if each != str(number))
        if any(row["email"] == sent.get("email") for row in others):
            raise Refused(Reply(409, {"error": "email_taken"}))
        return sent

    def _add(self, sent: Json) -> Json:
        row = {"id": next(self.numbers), **dict.fromkeys(TEXTS), **sent}
        self.state.insert(str(row["id"]), row)
        return row

    # what people do, and what every simulator offers

    def human_create(self, **fields: Any) -> str:
        with self.lock:
            return str(self._add(self._checked(fields))["id"])

    def human_edit(self, customer: str, **fields: Any) -> None:
        with self.lock:
            self.state.change(customer, {**self.state.now(customer), **self._checked(fields, int(customer))})

    def human_delete(self, customer: str) -> None:
        with self.lock:
            self.state.remove(customer)

    def snapshot(self) -> dict[str, Json]:
        return {each: self.state.now(each) for each in self.state}

    def revoke_tokens(self, credentials: bool = False) -> None:
        self.key = ""

    def restore_tokens(self) -> None:
        self.key = KEY

    def deliver_webhooks(self) -> list[Delivery]:
        return []
