"""The enterprise behind Pexip Engage's API: switches, state, tokens, limits and the form of its errors.

Written from the vendor's topic and operation pages. The pages for listing, creating and deleting customers were
not to be had; those follow the sibling operations on employees, and can be switched off.
"""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from syncd.sandbox.limits import Window
from syncd.sandbox.rows import Table
from syncd.sandbox.tokens import TokenDesk
from syncd.sandbox.vendor import Clock, Refused, Switches, Vendor, real_clock
from syncd.sandbox.wire import Call, Json, Reply

LANGUAGES = ("da", "de", "el", "en", "es", "fr", "ja", "nl", "no", "pl")
READ, WRITE = "engage:customers:readOnly", "engage:customers:readWrite"


@dataclass(slots=True)
class PexipEngageSwitches(Switches):
    """What the pages leave open, and what an enterprise can set."""

    token_seconds: int = 300  # not stated; Keycloak's own default
    scope_required: bool = True  # a token asked for without a scope may do nothing
    per_minute: int | None = 3000  # requests in any minute from one address
    concurrent: int | None = 4  # requests at the same time from one address
    largest_page: int = 100  # of limit; not stated
    page_size_over: Literal["refuse", "clamp"] = "refuse"
    can_list: bool = True
    can_create: bool = True
    can_delete: bool = True
    list_includes_deleted: bool = False
    deleted_flag: str = "include-deleted"  # the parameter that includes deleted ones; its name is not stated
    external_id_filter: str = "external-id[]"  # as the employees' list calls it
    deleted_get: Literal[200, 404] = 200  # a GET of a deleted customer shows it with deletedAt, or is a 404
    unique_email: bool = False
    unique_external_id: bool = False
    location_patch: Literal["replace", "merge"] = "replace"
    default_language: str = "en"  # of the enterprise
    default_time_zone: str = "Europe/Brussels"
    conflict_every: int | None = None  # every so many writes answer the retryable 409


@dataclass
class PexipEngageState:
    """All that the enterprise remembers; a customer's row has the fields of the wire, with times as datetimes."""

    customers: Table = field(default_factory=Table)
    next_id: int = 1
    writes: int = 0
    emails: dict[str, set[str]] = field(default_factory=dict)
    external_ids: dict[str, set[str]] = field(default_factory=dict)


def fail(status: int, code: str, message: str) -> Reply:
    """The error form of all operations: a list of four strings each."""
    kinds = {
        400: "bad_request",
        401: "unauthorized",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
    }
    kinds |= {409: "conflict", 422: "unprocessable_entity", 429: "too_many_requests"}
    error = {"message": message, "code": code, "type": kinds[status], "statusCode": str(status)}
    return Reply(status, {"errors": [error]})


def bad(message: str) -> Refused:
    """The 400 of a request that breaks the schema."""
    return Refused(fail(400, "validation_failed", message))


class Enterprise(Vendor):
    """Tokens, limits and rows of one enterprise."""

    name = "pexip_engage"
    switches: PexipEngageSwitches
    state: PexipEngageState

    def __init__(
        self,
        clock: Clock = real_clock,
        seed: int = 0,
        enterprise: str = "acme",
        client_id: str = "",
        client_secret: str = "",
    ) -> None:
        self.switches = PexipEngageSwitches()
        self.enterprise = enterprise
        self.desk = TokenDesk(client_id, client_secret)
        self._minute = Window(60)
        super().__init__(clock, seed)

    def fresh(self) -> PexipEngageState:
        return PexipEngageState()

    def crowded(self, inside: int, call: Call) -> Reply | None:
        if self.switches.concurrent is None or inside <= self.switches.concurrent or call.kind == "token":
            return None
        return fail(429, "too_many_requests", "Too many concurrent requests.")

    def guard(self, call: Call) -> None:
        if call.kind == "token":
            return
        if not self._minute.hit(call.address, self.switches.per_minute, self.now()):
            raise Refused(fail(429, "too_many_requests", "Too many requests."))
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        grant = self.desk.grant(token.strip(), self.now())
        if scheme.lower() != "bearer" or grant is None:
            raise Refused(fail(401, "invalid_token", "The access token is missing, invalid or expired."))
        if call.arguments.pop("enterprise", self.enterprise) != self.enterprise:
            raise Refused(fail(403, "wrong_enterprise", "The access token is for another enterprise."))
        self._check_scope(call, grant.scopes)
        if call.headers.get("x-correlation-id") == "":
            raise bad("X-Correlation-Id must have at least 1 character.")

    def _check_scope(self, call: Call, scopes: frozenset[str]) -> None:
        enough = {WRITE} if call.method != "GET" else {READ, WRITE}
        if not enough & scopes:
            raise Refused(
                fail(403, "insufficient_scope", f"The token lacks the scope {' or '.join(sorted(enough))}.")
            )

    def token(self, call: Call, realm: str) -> Reply:
        """Hands out a token, as Keycloak does for client credentials in a realm."""
        if realm != self.enterprise:
            return Reply(404, {"error": "Realm does not exist"})
        sent = call.form() if call.content_type == "application/x-www-form-urlencoded" else {}
        if sent.get("grant_type") != "client_credentials":
            return Reply(
                400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
            )
        if not self.desk.knows(str(sent.get("client_id")), str(sent.get("client_secret"))):
            return Reply(
                401,
                {
                    "error": "unauthorized_client",
                    "error_description": "Invalid client or Invalid client credentials",
                },
            )
        asked = str(sent.get("scope") or "").split()
        scopes = frozenset(asked) if asked or self.switches.scope_required else frozenset({WRITE})
        seconds = self.switches.token_seconds
        token = self.desk.issue(self.now(), seconds, scopes, {"iss": f"/realms/{realm}"})
        body = {"access_token": token, "expires_in": seconds, "refresh_expires_in": 0, "token_type": "Bearer"}
        return Reply(200, {**body, "not-before-policy": 0, "scope": " ".join(sorted(scopes))})

    def revoke_tokens(self, credentials: bool = False) -> None:
        self.desk.revoke()
        self.desk.refuses = self.desk.refuses or credentials

    def restore_tokens(self) -> None:
        self.desk.refuses = False

    def missing(self, call: Call) -> Reply:
        if call.failure == 405:
            return fail(405, "method_not_allowed", "The method is not allowed here.")
        return fail(404, "not_found", "There is nothing at this address.")

    def malformed(self, call: Call) -> Reply:
        return fail(400, "malformed", "The body is not valid JSON.")

    def check_conflict(self) -> None:
        """Counts a write, and now and then refuses it as concurrent."""
        self.state.writes += 1
        every = self.switches.conflict_every
        if every and self.state.writes % every == 0:
            raise Refused(
                fail(409, "concurrent_operation", "Another operation on this resource is in progress.")
            )

    def shown(self, row: Json, languages: str | None) -> Json:
        """A customer as replies show it, its texts in the language that was asked for."""
        times = {name: _time(row[name]) for name in ("createdAt", "updatedAt", "deletedAt")}
        return {**row, **times, "location": self._location(row["location"], languages)}

    def _location(self, stored: Json | None, languages: str | None) -> Json | None:
        if stored is None:
            return None
        translations = stored["translations"]
        flat = {
            name: self._text(translations.get(name, []), languages)
            for name in ("city", "state", "street1", "street2")
        }
        first = {name: texts[0]["value"] for name, texts in translations.items() if texts}
        parts = (
            first["street1"],
            f"{stored['postalCode'] or ''} {first['city']}".strip(),
            stored["countryCode"],
        )
        return {**flat, **stored, "formattedAddress": ", ".join(parts)}

    def _text(self, texts: list[Json], languages: str | None) -> Json | None:
        for language in _wanted(languages):
            if language == "*":
                return self._fallback(texts)
            found = next(
                (text for text in texts if text["language"] == language.partition(";")[0].lower()), None
            )
            if found:
                return found
        return None

    def _fallback(self, texts: list[Json]) -> Json | None:
        for text in texts:
            if text["language"] == self.switches.default_language:
                return text
        return texts[0] if texts else None


@lru_cache(maxsize=256)
def _wanted(languages: str | None) -> tuple[str, ...]:
    return tuple(re.split(r"[\s,]+", (languages or "*").strip()))


@lru_cache(maxsize=1 << 17)
def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
