"""The loyalty programme behind Omniwallet's API: switches, state, who may call, and JSON:API's forms.

Written from the vendor's developer pages and three integrators' clients; the error forms are JSON:API's own.
"""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import quote

from syncd.sandbox.limits import Window
from syncd.sandbox.rows import Table
from syncd.sandbox.vendor import Clock, Refused, Switches, Vendor, real_clock
from syncd.sandbox.webhooks import Event, Hook
from syncd.sandbox.wire import Call, Json, Reply

MEDIA = "application/vnd.api+json"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(slots=True)
class OmniwalletSwitches(Switches):
    """What the vendor's pages leave open, and what a programme can set."""

    old_host: bool = False  # also answer /api/v1, as the older host does, without the account header
    duplicate: Literal[409, 422] = 409  # a create whose e-mail exists
    page_size_over: Literal["refuse", "clamp"] = "refuse"  # page[size] above 100
    strict_media: bool = True  # 415 and 406 where the JSON:API media type is missing
    empty_card: Literal["new", "keep", "clear"] = "new"  # what card "" in a PATCH does
    points_by_patch: Literal["refuse", "ignore", "accept"] = "refuse"
    level_by_patch: Literal["accept", "ignore", "refuse"] = "accept"
    email_by_patch: Literal["refuse", "ignore", "accept"] = "refuse"
    birthday_by_patch: Literal["refuse", "ignore", "accept"] = "refuse"  # shown by GET only
    null_clears: bool = True  # null in a PATCH empties the field; otherwise it is ignored
    email_case: Literal["insensitive", "sensitive"] = "insensitive"
    updated_filter: Literal["refuse", "prefix"] = "refuse"  # filter[updatedAt]
    unknown_attributes: Literal["refuse", "ignore"] = "refuse"
    duplicate_transaction: Literal["ignore", "refuse", "apply"] = "ignore"  # a known external_id of points
    per_minute: int | None = None  # no limit is known
    past_the_end: Literal["empty", "refuse"] = "empty"  # pages after the last one
    longest: int | None = None  # of texts; not published
    error_form: Literal["jsonapi", "message", "error"] = "jsonapi"  # what clients of different ages look for
    point_value: int = 1  # what one point is worth, for add-points-from-value


@dataclass
class OmniwalletState:
    """All that the programme remembers; a customer's row is its attributes, with times as aware datetimes."""

    customers: Table = field(default_factory=Table)
    transactions: dict[str, Json] = field(default_factory=dict)
    next_card: int = 1
    next_event: int = 1
    hooks: dict[str, Hook] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def fail(status: int, title: str, detail: str, pointer: str | None = None) -> Reply:
    """A JSON:API error; clients also read `message`."""
    error: Json = {"status": str(status), "title": title, "detail": detail}
    if pointer:
        error["source"] = {"pointer": pointer}
    return document(status, {"jsonapi": {"version": "1.0"}, "errors": [error], "message": detail})


def invalid(attribute: str, detail: str) -> Refused:
    """The 422 of one attribute."""
    return Refused(fail(422, "Unprocessable Entity", detail, f"/data/attributes/{attribute}"))


def document(status: int, body: Json | None) -> Reply:
    """A reply in JSON:API's media type."""
    return Reply(status, body, {"Content-Type": MEDIA})


class Programme(Vendor):
    """Token, account, limits and customers of one loyalty programme."""

    name = "omniwallet"
    switches: OmniwalletSwitches
    state: OmniwalletState

    def __init__(
        self, clock: Clock = real_clock, seed: int = 0, account: str = "myshop", token: str = ""
    ) -> None:
        self.switches = OmniwalletSwitches()
        self.account = account
        self.token = token
        self.token_stands = True
        self._minute = Window(60)
        super().__init__(clock, seed)

    def fresh(self) -> OmniwalletState:
        return OmniwalletState()

    def guard(self, call: Call) -> None:
        old = call.path.startswith("/api/")
        if old and not self.switches.old_host:
            raise Refused(self.missing(call))
        if call.headers.get("authorization", "") != f"Bearer {self.token}" or not self.token_stands:
            raise Refused(fail(401, "Unauthorized", "Unauthenticated."))
        if not old and call.headers.get("x-omniwallet-account", "").lower() != self.account.lower():
            raise Refused(
                fail(401, "Unauthorized", "The X-Omniwallet-Account header names no account of this token.")
            )
        if not self._minute.hit("all", self.switches.per_minute, self.now()):
            reply = fail(429, "Too Many Requests", "Too Many Attempts.")
            reply.headers["Retry-After"] = "60"
            raise Refused(reply)
        self._check_media(call)

    def _check_media(self, call: Call) -> None:
        if not self.switches.strict_media:
            return
        accepted = call.headers.get("accept", "*/*")
        if MEDIA not in accepted and "*/*" not in accepted:
            raise Refused(fail(406, "Not Acceptable", f"This API speaks {MEDIA}."))
        plain = call.kind in ("points", "other")
        if (
            call.body
            and call.content_type != MEDIA
            and not (plain and call.content_type == "application/json")
        ):
            raise Refused(fail(415, "Unsupported Media Type", f"Send {MEDIA}."))

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        form = self.switches.error_form
        if reply.status >= 400 and form != "jsonapi":
            reply.body = {form: reply.body["message"]}
        return reply

    def missing(self, call: Call) -> Reply:
        if call.failure == 405:
            return fail(405, "Method Not Allowed", "The method is not supported for this route.")
        return fail(404, "Not Found", "The route could not be found.")

    def malformed(self, call: Call) -> Reply:
        return fail(400, "Bad Request", "The body is not valid JSON.")

    def revoke_tokens(self, credentials: bool = False) -> None:
        self.token_stands = False

    def restore_tokens(self) -> None:
        self.token_stands = True

    # rows

    def key(self, email: str) -> str:
        """The row's key for an e-mail."""
        return email if self.switches.email_case == "sensitive" else email.lower()

    def found(self, email: str) -> str:
        """The key of an existing customer; Refused with 404 otherwise."""
        key = self.key(email)
        if key not in self.state.customers:
            raise Refused(fail(404, "Not Found", "Customer not found."))
        return key

    def new_card(self) -> str:
        """A card number that nobody has."""
        self.state.next_card += 1
        return f"{7_000_000_000_000 + (self.state.next_card - 1) * 7919}"

    def shown(self, row: Json) -> Json:
        """A customer as a JSON:API resource, addressed by its e-mail."""
        here = f"/v1/customers/{quote(row['email'])}"
        attributes = {**row, "createdAt": _time(row["createdAt"]), "updatedAt": _time(row["updatedAt"])}
        links = {name: f"{here}/{name}" for name in ("add-points", "subtract-points")}
        links |= {
            name: f"{here}/{name}"
            for name in ("downloadGoogleWallet", "downloadPassApple", "downloadPassAndroid")
        }
        relations = {"transactions": {"links": {"related": f"{here}/transactions"}}}
        resource = {"type": "customers", "id": row["email"], "attributes": attributes}
        return {**resource, "relationships": relations, "links": {"self": here, **links}}

    def announce(self, name: str, email: str) -> None:
        """Queues a skinny event: who, not what."""
        for hook in self.state.hooks.values():
            if hook.wants(name):
                number = f"evt-{self.state.next_event}"
                self.state.next_event += 1
                at = int(self.now().timestamp())
                self.state.events.append(Event(name, number, at, {"customer_id": email}, hook=hook.id))


@lru_cache(maxsize=1 << 17)
def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"


def attributes_of(call: Call, key: str | None) -> Json:
    """The attributes of a JSON:API write; Refused where the document is not one for this resource."""
    body: Any = call.json()
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("attributes"), dict):
        raise Refused(fail(400, "Bad Request", "The document has no data with attributes.", "/data"))
    if data.get("type") != "customers":
        raise Refused(fail(409, "Conflict", "The type of the resource is customers.", "/data/type"))
    if key is None and "id" in data:
        raise Refused(fail(403, "Forbidden", "The resource does not take ids from clients.", "/data/id"))
    if key is not None and "id" in data and str(data["id"]).lower() != key.lower():
        raise Refused(fail(409, "Conflict", "The id differs from the address.", "/data/id"))
    attributes: Json = data["attributes"]
    return attributes
