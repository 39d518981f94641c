"""The KiotViet connector: which request each task takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Unpack

from syncd.customer import clean, phone_key
from syncd.errors import AlreadyThere, ConfigError, Missing, Problem, Rejected, Unsearchable, VendorError
from syncd.values import Change, FieldSpec, Item, Page, Shown, Written
from syncd.vendors.base import Abilities, Finding, Keys, Pass, VendorSettings
from syncd.vendors.budget import Allowance, Ration
from syncd.vendors.http import segment
from syncd.vendors.kiotviet import webhook
from syncd.vendors.kiotviet.api import Api, Pairs, id_of, rows_of, shows_phone
from syncd.vendors.kiotviet.fields import SPECS, Row, payload_of, read_of, shown_of
from syncd.vendors.kiotviet.listing import PAGE, WINDOW, Listing
from syncd.vendors.kiotviet.replies import PhoneTaken
from syncd.vendors.kiotviet.writing import (
    EMPTIED_BY_NULL,
    HIDDEN_PHONE,
    UNLISTED,
    changed_customer,
    lacks_phone,
    new_customer,
    without_unlisted,
)
from syncd.vendors.parts import Parts, credentials_for, http_for
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, same_record, table_of

TOKEN_URL = "https://id.kiotviet.vn/connect/token"  # noqa: S105
SCOPES: Mapping[str, str] = {
    "group": "groupId",
    "search": "name",
}  # [KiotViet Public API guide: list parameters]
ALWAYS_SHOWN = frozenset({"code", "name"})
LAST_DIGITS = 9  # of a Vietnamese number, whatever stands before them


class KiotViet:
    """One KiotViet shop."""

    vendor = "kiotviet"

    def __init__(self, settings: VendorSettings, **parts: Unpack[Parts]) -> None:
        self.name = settings.name
        self.region = settings.region or "VN"
        self.code_is = _code_is(settings)
        self.fields = table_of(_specs(self.code_is, settings), settings)
        self.reads = read_of(self.fields)
        self.branch = _branch(settings)
        self.sends_hidden = settings.options.get("hidden_phones") == "send"
        self.abilities = _abilities(self.code_is)
        self.api = _api(settings, parts)
        self._takes_unlisted = True  # until an update is refused for a key that the guide does not list

    @property
    def requests(self) -> int:
        return self.api.http.requests

    def close(self) -> None:
        self.api.http.close()

    def pages(self, walk: Pass) -> Iterator[Page]:
        return Listing(self.api, walk).pages()

    def read(self, item: Item, started: datetime) -> Shown:
        return shown_of(item, started, self.reads, self.code_is)

    def get(self, vendor_id: str) -> Shown:
        row, reply = self.api.customer(segment(vendor_id))
        return same_record(self._shown(row, reply.started), vendor_id, reply.source)

    def find(self, keys: Keys) -> Sequence[Shown]:
        """Look a customer up by code or phone; no parameter takes an e-mail."""
        codes = [keys.code] if self.code_is == "customer_number" else [keys.external_id, keys.stamp]
        found = [shown for code in filter(None, codes) for shown in self._with_code(code)]
        found += self._with_phone(keys.phone) if keys.phone else ()
        oldest = int(keys.newer_than or 0)
        newer = {shown.vendor_id: shown for shown in found if int(shown.vendor_id) > oldest}
        return tuple(newer.values())

    def steps(self, change: Change) -> tuple[str, ...]:
        if change.kind == "delete":
            return ("delete",)
        return ("customer",) if change.fields or change.kind == "create" else ()

    def write(self, step: str, change: Change) -> Written:
        if step == "delete":
            self.api.delete(_known(change))
            return Written(change.vendor_id)
        if change.kind == "create":
            return self._create(change)
        return self._update(change)

    def hint(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: str,
        now: datetime,  # noqa: ARG002 – KiotViet signs no time
    ) -> Sequence[str]:
        return webhook.hint(headers, body, secret)

    def check(self) -> Sequence[Finding]:
        try:
            total = mapping_of(self.api.customers([("pageSize", "1")]).json()).get("total")
            findings = [Finding("customers", ok=True, detail=f"{total} customers")]
            findings.append(Finding("groups", ok=True, detail=f"{len(self.api.groups())} groups"))
            return [*findings, *self._check_branch()]
        except VendorError as error:
            return (Finding("customers", ok=False, detail=error.what, fix=error.next_step),)

    def _check_branch(self) -> Iterator[Finding]:
        if self.branch is None and self.api.settings().get("ManagerCustomerByBranch") is True:
            fix = "Set branch to the branch that created customers shall belong to."
            yield Finding("branch", ok=False, detail="This shop keeps its customers by branch.", fix=fix)

    # --- looking up

    def _with_code(self, code: str) -> Iterator[Shown]:
        try:
            row, reply = self.api.by_code(code)
        except (Missing, Rejected):  # Rejected: the code cannot be part of an address
            return
        if str(row.get("code", "")).lower() == code.lower():
            yield self._shown(row, reply.started)

    def _with_phone(self, phone: str) -> Iterator[Shown]:
        """Search by the last digits, because numbers are kept in many forms, and compare whole numbers.

        Raises Unsearchable where customers are found whose numbers the shop hides: nobody can tell whose they are.
        """
        digits = re.sub(r"\D", "", phone)[-LAST_DIGITS:]
        wanted = phone_key(phone, self.region)
        if not digits or not wanted:
            return
        reply = self.api.customers([("contactNumber", digits), ("pageSize", str(PAGE))])
        rows = [row for row in rows_of(reply) if id_of(row)]
        if rows and not any(map(shows_phone, rows)):
            raise Unsearchable(f"{reply.source}: the shop hides phone numbers.", "Its listing tells.")
        for row in rows:
            shown = self._shown(row, reply.started)
            if phone_key(shown.fields.get("phone") or "", self.region) == wanted:
                yield shown

    # --- writing

    def _create(self, change: Change) -> Written:
        body = new_customer(change, self.code_is, self.branch, self.api.ids_of_known_groups)
        try:
            row, reply = self.api.write("POST", "customers", body)
        except AlreadyThere as error:
            raise self._met(change, error) from error
        return self._written(row, reply.started)

    def _met(self, change: Change, error: AlreadyThere) -> VendorError:
        """Return what a taken key means: the customer is there, or only somebody else has this phone number."""
        phone = change.fields.get("phone")
        if not phone or not isinstance(error, PhoneTaken):
            return error
        try:
            holders = list(self._with_phone(phone))
        except VendorError:
            return error  # a later look tells
        if not holders or any(self._is_same(change, holder) for holder in holders):
            return error
        what = f"Another KiotViet customer has this phone number ({holders[0].vendor_id})."
        next_step = (
            "Look at the two: if they are one person, give both the same e-mail, or else another number."
        )
        fields = {"contactNumber": what}
        return Rejected(what, next_step, fields=fields, status=error.status, words=f"{what} {error.words}")

    def _is_same(self, change: Change, shown: Shown) -> bool:
        """Tell whether a customer has what counts as evidence of being the one that is to be created."""
        stamp = change.stamp or change.fields.get(self.code_is)
        email = clean("email", change.fields.get("email"))
        return bool(stamp and shown.fields.get(self.code_is) == stamp) or bool(
            email and clean("email", shown.fields.get("email")) == email
        )

    def _update(self, change: Change) -> Written:
        if not self.sends_hidden and lacks_phone(change) and self.api.hides_phones():
            raise Rejected(HIDDEN_PHONE, fields=dict.fromkeys(change.fields, HIDDEN_PHONE))
        body = changed_customer(change, self.code_is, self.api.group_ids)
        try:
            row, reply = self._put(_known(change), body)
        except AlreadyThere as error:
            # Only a create discovers a record by this; here another record simply has the value.
            raise Rejected(error.what, error.next_step, status=error.status, words=error.words) from error
        return self._written(row, reply.started)

    def _put(self, vendor_id: str, body: Row) -> tuple[Row, Reply]:
        """Send an update, once more without what the guide does not list where that is refused."""
        path, listed = f"customers/{segment(vendor_id)}", without_unlisted(body)
        if not self._takes_unlisted or listed == body:
            return self.api.write("PUT", path, listed)
        try:
            return self.api.write("PUT", path, body)
        except Rejected as error:
            if error.fields and not UNLISTED & {name.lower() for name in error.fields}:
                raise
            answer = self.api.write("PUT", path, listed)
            self._takes_unlisted = False
            return answer

    def _written(self, row: Row, started: datetime) -> Written:
        """Read an answer; one that shows only a part of the record says nothing of the rest, which is not empty.

        It is written by now: a look for its groups that fails must not pass for a write that failed.
        """
        vendor_id, shown = id_of(row), None
        with suppress(VendorError):
            shown = self._shown(row, started) if row.keys() >= ALWAYS_SHOWN else None
        return Written(vendor_id, shown, {"customer": vendor_id})

    def _shown(self, row: Row, started: datetime) -> Shown:
        """Read one row. A create shows `customerGroupDetails` in place of `groups` [KiotViet Public API guide]."""
        details = row.get("customerGroupDetails")
        if "groups" not in row and isinstance(details, list) and details:
            names = self.api.group_names([mapping_of(each).get("groupId") for each in details])
            row = {**row, "groups": names} if names is not None else row
        return self.read(Item(id_of(row), payload_of(row)), started)


def ration(settings: VendorSettings) -> Ration:
    """Return what a retailer may use: 5,000 GETs an hour [KiotViet Public API guide]; writes are not limited."""
    allowance = Allowance(5000, 3600.0, kinds=frozenset({"read"}))
    return Ration(f"kiotviet {settings.options.get('retailer', '')}", (allowance,), WINDOW)


def _api(settings: VendorSettings, parts: Parts) -> Api:
    # Clients send `scopes`, as the guide prints it; `scope` works as well [measured with tap-kiotviet].
    token_url = str(settings.options.get("token_url") or TOKEN_URL)
    auth = credentials_for(settings, parts, token_url, {"scopes": "PublicApi.Access"})
    retailer = {"Retailer": str(settings.options.get("retailer", ""))}
    return Api(
        http_for(settings, parts, ration(settings), headers=retailer, auth=auth), auth, _scope(settings)
    )


def _scope(settings: VendorSettings) -> Pairs:
    pull = settings.options.get("pull") or {}
    wanted = pull if isinstance(pull, Mapping) else vars(pull)
    if set(wanted) - set(SCOPES):
        raise ConfigError(
            [_problem(settings, "pull", "is not understood.", "Write { group = 12 } or { search = … }.")]
        )
    return [(SCOPES[name], str(value)) for name, value in wanted.items() if value is not None]


def _branch(settings: VendorSettings) -> int | None:
    branch = settings.options.get("branch") or None
    if branch is not None and (type(branch) is not int or branch < 0):
        raise ConfigError([_problem(settings, "branch", "is not a number.", "Write the branch's number.")])
    return branch


def _code_is(settings: VendorSettings) -> str:
    if settings.external_id_field in (None, "", "code"):
        return "external_id" if settings.external_id_field else "customer_number"
    what = f"{settings.external_id_field!r} cannot hold external ids."
    raise ConfigError([_problem(settings, "external_id_field", what, 'KiotViet has "code".')])


def _problem(settings: VendorSettings, key: str, what: str, instead: str) -> Problem:
    return Problem(f"connection {settings.name}", key, what, instead)


def _specs(code_is: str, settings: VendorSettings) -> list[FieldSpec]:
    """Return the field table's rows; where null is said to change nothing, what only null could empty stays."""
    named = [replace(spec, name=code_is) if spec.wire == "code" else spec for spec in SPECS]
    if settings.options.get("put_null") != "keep":
        return named
    return [replace(spec, clearable=False) if spec.name in EMPTIED_BY_NULL else spec for spec in named]


def _abilities(code_is: str) -> Abilities:
    return Abilities(
        deletes=True,
        finds=frozenset({"phone", "code" if code_is == "customer_number" else "external_id"}),
        replaces=True,
        answers=True,
        unique=frozenset({code_is}),
        incremental=True,
        reports_removed=True,
        concurrency=WINDOW,
        page_size=PAGE,
    )


def _known(change: Change) -> str:
    vendor_id = change.vendor_id or str(change.progress.get("customer", ""))
    if not vendor_id:
        raise Rejected("The id of the KiotViet customer is not known yet.", "Search for it first.")
    return vendor_id
