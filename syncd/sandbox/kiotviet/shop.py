"""The shop behind KiotViet's Public API: switches, state, who may call, and how a customer is shown.

Written from the vendor's Public API guide and from the code of integrators; what neither says is a switch.
"""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Literal

from syncd.sandbox.limits import Window
from syncd.sandbox.rows import Table
from syncd.sandbox.tokens import TokenDesk
from syncd.sandbox.vendor import Clock, Refused, Switches, Vendor, real_clock
from syncd.sandbox.webhooks import Event, Hook
from syncd.sandbox.wire import Call, Json, Reply

VIETNAM = timezone(timedelta(hours=7))
RETAILER_ID = 500123
SCOPE = "PublicApi.Access"
TOTALS = ("totalInvoiced", "totalPoint", "totalRevenue")


@dataclass(slots=True)
class KiotVietSwitches(Switches):
    """What the guide leaves open, and what a shop can set."""

    token_seconds: int = 86_400  # an integrator's readme says 3600
    wrapped: bool = True  # write replies as {message, data}; the guide prints the bare object
    missing_retailer_status: Literal[401, 403] = 401
    page_size_over: Literal["refuse", "clamp"] = "refuse"  # pageSize above 100
    removed_ids_name: Literal["removedIds", "removeIds", "removedId", "removeId"] = "removedIds"
    null_keys: Literal["omit", "send"] = "omit"  # whether null fields are left out of replies
    fraction_digits: int | None = None  # of a second; None: as .NET prints, without trailing zeros
    hide_contact_number: bool = False  # the shop's privacy setting leaves contactNumber out
    put_missing: Literal["keep", "clear"] = "keep"  # what PUT does to fields that it does not send
    put_null: Literal["clear", "keep"] = "clear"  # what PUT does with null
    unknown_keys: Literal["refuse", "ignore"] = "refuse"  # in bodies of writes
    tax_code_on_create: Literal["ignore", "keep"] = "ignore"  # the guide lists taxCode for update only
    organization: Literal["ignore", "keep", "refuse"] = "ignore"  # the guide lists organization for neither
    group_pages: bool = False  # whether the list of groups is cut into pages of 20, as other lists are
    duplicate_phone: Literal["allow", "refuse", "per_branch"] = "allow"
    duplicate_email: Literal["allow", "refuse"] = "allow"
    unknown_id_status: Literal[404, 420] = 404
    get_limit_per_hour: int | None = 5000  # GETs in any hour
    over_limit_status: Literal[429, 403, 420] = 429  # what it answers then
    duplicate_code_status: Literal[420, 409, 400] = 420
    past_the_end: Literal["empty", "refuse", "last"] = "empty"  # pages after the last row
    z_means: Literal["local", "utc"] = "local"  # how a Z in lastModifiedFrom is read
    from_inclusive: bool = True  # whether lastModifiedFrom includes its own instant
    by_branch: bool = False  # ManagerCustomerByBranch: creates need a branchId
    bulk_atomic: bool = True  # whether one bad row of a list call fails them all
    bulk_maximum: int | None = None
    summary_row: bool = False  # a row with id -1 that sums up, on the first page
    longest: int | None = 255  # of name, address and other texts; not published
    hook_key: Literal["text", "bytes"] = (
        "text"  # whether deliveries are signed with the Base64 text or its bytes
    )


@dataclass
class KiotVietState:
    """All that the shop remembers; a customer's fields are those of the wire, with times as aware datetimes."""

    customers: Table = field(default_factory=Table)
    codes: dict[str, str] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=lambda: {11: "VIP", 12: "Khách lẻ", 13: "Sỉ"})
    removed: list[tuple[datetime, int]] = field(default_factory=list)
    next_id: int = 1_000_001
    next_code: int = 1
    next_hook: int = 1
    next_event: int = 1
    hooks: dict[str, Hook] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def fail(status: int, code: str, message: str, fields: dict[str, str] | None = None) -> Reply:
    """ServiceStack's error form, as integrators have logged it."""
    errors = [
        {"errorCode": code, "fieldName": name, "message": text} for name, text in (fields or {}).items()
    ]
    return Reply(status, {"responseStatus": {"errorCode": code, "message": message, "errors": errors}})


def invalid(field_name: str, message: str) -> Refused:
    """The 420 of a business rule."""
    return Refused(fail(420, "KvValidateCustomerException", message, {field_name: message}))


@lru_cache(maxsize=1 << 17)
def local_time(moment: datetime, wanted: int | None) -> str:
    """Vietnam's local time without a zone, with so many digits after the second, or as .NET prints them."""
    local = moment.astimezone(VIETNAM)
    digits = f"{local:%f}0"
    fraction = digits.rstrip("0") if wanted is None else digits[:wanted]
    return f"{local:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "")


class Shop(Vendor):
    """Tokens, limits and customers of one retailer."""

    name = "kiotviet"
    switches: KiotVietSwitches
    state: KiotVietState

    def __init__(
        self,
        clock: Clock = real_clock,
        seed: int = 0,
        retailer: str = "myshop",
        client_id: str = "",
        client_secret: str = "",
    ) -> None:
        self.switches = KiotVietSwitches()
        self.retailer = retailer
        self.desk = TokenDesk(client_id, client_secret)
        self._gets = Window(3600)
        super().__init__(clock, seed)

    def fresh(self) -> KiotVietState:
        return KiotVietState()

    # who may call

    def guard(self, call: Call) -> None:
        if call.kind == "token":
            return
        self._check_token(call)
        if call.headers.get("retailer", "").lower() != self.retailer.lower():
            status = self.switches.missing_retailer_status
            raise Refused(fail(status, "KvAuthenticateException", "Tên gian hàng không hợp lệ."))
        if call.method == "GET" and not self._gets.hit("all", self.switches.get_limit_per_hour, self.now()):
            raise Refused(self._over_limit())

    def _check_token(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.desk.grant(token.strip(), self.now()) is None:
            raise Refused(fail(401, "TokenException", "Token không hợp lệ hoặc đã hết hạn."))

    def _over_limit(self) -> Reply:
        seconds = (self._gets.reset("all", self.now()) - self.now()).total_seconds()
        reply = fail(self.switches.over_limit_status, "RateLimitException", "Vượt quá giới hạn truy cập.")
        reply.headers["Retry-After"] = str(int(seconds) + 1)
        return reply

    def token(self, call: Call) -> Reply:
        """Hands out a token for client credentials; the scope comes as `scopes` (the guide) or `scope`."""
        sent = call.form() if call.content_type == "application/x-www-form-urlencoded" else {}
        if sent.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if not self.desk.knows(str(sent.get("client_id")), str(sent.get("client_secret"))):
            return Reply(400, {"error": "invalid_client"})
        if SCOPE not in str(sent.get("scopes") or sent.get("scope") or "").split():
            return Reply(400, {"error": "invalid_scope"})
        seconds = self.switches.token_seconds
        claims = {
            "client_RetailerCode": self.retailer,
            "client_RetailerId": str(RETAILER_ID),
            "client_UserId": "1",
        }
        token = self.desk.issue(self.now(), seconds, frozenset({SCOPE}), claims)
        return Reply(200, {"access_token": token, "expires_in": seconds, "token_type": "Bearer"})

    def revoke_tokens(self, credentials: bool = False) -> None:
        self.desk.revoke()
        self.desk.refuses = self.desk.refuses or credentials

    def restore_tokens(self) -> None:
        self.desk.refuses = False

    def missing(self, call: Call) -> Reply:
        if call.failure == 405:
            return fail(405, "MethodNotAllowed", "Phương thức không được hỗ trợ.")
        return fail(404, "NotFound", "Không tìm thấy.")

    def malformed(self, call: Call) -> Reply:
        return fail(400, "SerializationException", "Dữ liệu không đúng định dạng.")

    def unknown(self) -> Reply:
        """The answer to an id that does not exist, or no longer."""
        return fail(self.switches.unknown_id_status, "KvNotFoundException", "Khách hàng không tồn tại.")

    # how a customer is shown

    def time(self, moment: datetime) -> str:
        """Vietnam's local time without a zone."""
        return local_time(moment, self.switches.fraction_digits)

    def shown(self, row: Json, groups: bool = True, totals: bool = True) -> Json:
        """A customer as replies show it."""
        wire = dict(row)
        members = wire.pop("groupIds")
        for name in ("createdDate", "modifiedDate"):
            wire[name] = self.time(row[name])
        if groups:
            wire["groups"] = "|".join(self.state.groups[each] for each in members) or None
        if not totals:
            for name in TOTALS:
                del wire[name]
        if self.switches.hide_contact_number:
            del wire["contactNumber"]
        if self.switches.null_keys == "omit":
            wire = {name: value for name, value in wire.items() if value is not None}
        return wire

    def announce(self, name: str, data: Any) -> None:
        """Queues an event for the addresses that want it."""
        for hook in self.state.hooks.values():
            if hook.wants(name):
                number = str(self.state.next_event)
                self.state.next_event += 1
                at = int(self.now().timestamp())
                self.state.events.append(Event(name, number, at, {"data": data}, hook=hook.id))
