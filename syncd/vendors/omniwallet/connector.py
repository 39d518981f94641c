"""The Omniwallet connector: which request each task takes, and what a refusal means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Unpack
from urllib.parse import urlsplit

from syncd.errors import (
    AlreadyThere,
    Busy,
    Forbidden,
    Malformed,
    Missing,
    Refused,
    Rejected,
    VendorError,
)
from syncd.values import Change, Item, Page, Shown, Written
from syncd.vendors.ahead import Ahead
from syncd.vendors.base import Abilities, Finding, Keys, Pass, VendorSettings
from syncd.vendors.budget import Ration
from syncd.vendors.call import address_of
from syncd.vendors.omniwallet.fields import ATTRIBUTES, added_points, same_email, shown_of, single, specs
from syncd.vendors.omniwallet.listing import PAGE, Place, listing, page_of, reached
from syncd.vendors.omniwallet.words import hinted, refused_fields, says_why
from syncd.vendors.parts import Parts, http_for
from syncd.vendors.reply import Reply, after_writing
from syncd.vendors.table import counted, mapping_of, moment, same_record, table_of

TAKEN = frozenset({409, 422})  # by which of the two a duplicate is told is not documented
MEDIA = "application/vnd.api+json"
CONCURRENCY = 4  # nothing is published
WINDOW = 3  # pages of a full pass that are asked for ahead


class Omniwallet:
    """One Omniwallet account."""

    vendor = "omniwallet"
    abilities = Abilities(
        deletes=True,
        finds=frozenset({"email"}),
        answers=True,
        unique=frozenset({"email"}),
        keyed_by="email",
        incremental=True,
        concurrency=CONCURRENCY,
        page_size=PAGE,
    )

    def __init__(self, settings: VendorSettings, **parts: Unpack[Parts]) -> None:
        self.name = settings.name
        self.fields = table_of(specs(settings), settings)
        # Whether null or "" clears an attribute is not documented.
        self._nothing = "" if settings.options.get("clear_with") == "empty" else None
        self._http = http_for(settings, parts, ration(settings), headers=_headers(settings))

    @property
    def requests(self) -> int:
        return self._http.requests

    def close(self) -> None:
        self._http.close()

    def pages(self, walk: Pass) -> Iterator[Page]:
        since = None if walk.full else moment(mapping_of(walk.cursor).get("since"))
        sort = "-updatedAt" if since else "createdAt"
        with Ahead(lambda number: self._list(number, sort), self._http.at_once(WINDOW)) as ahead:
            yield from self._walk(Place.of(walk), since, ahead)

    def _walk(self, place: Place, since: datetime | None, ahead: Ahead[Reply]) -> Iterator[Page]:
        while True:
            reply = ahead.take(place.number)
            sheet = listing(reply, place.number)
            if place.moved_up(sheet.total):
                place = place.back(sheet.total)
                continue
            last = sheet.ends(place.number) or (since is not None and reached(sheet.rows, since))
            place = place.after(sheet.rows, sheet.total, reply)
            page = replace(page_of(sheet.rows, reply, place, last=last), followed=ahead.has(place.number))
            if not last and since is None:
                ahead.expect(range(place.number, (sheet.last_page or 0) + 1))
            yield page
            if last:
                return

    def read(self, item: Item, started: datetime) -> Shown:
        return shown_of(item, started)

    def get(self, vendor_id: str) -> Shown:
        reply = self._http.send("GET", f"customers/{address_of(vendor_id)}")
        if not reply.ok:
            raise self._refusal(reply)
        return same_record(single(reply), vendor_id, reply.source)

    def find(self, keys: Keys) -> Sequence[Shown]:
        if not keys.email:
            return ()
        try:
            shown = self.get(keys.email)
        except Missing:
            return ()
        return (shown,) if same_email(shown.fields.get("email"), keys.email) else ()

    def steps(self, change: Change) -> tuple[str, ...]:
        if change.kind != "update":
            return ("customer",)
        return (
            *(["customer"] if self._attributes(change) else []),
            *(["points"] if added_points(change) else []),
        )

    def write(self, step: str, change: Change) -> Written:
        if step == "points":
            return self._add_points(change)
        if change.kind == "create":
            return self._create(change)
        if change.kind == "update":
            return self._update(change)
        return self._delete(change)

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        return hinted(headers, body, secret, now)

    def check(self) -> Sequence[Finding]:
        try:
            total = listing(self._list(1, "createdAt", size=1), 1).total
        except VendorError as error:
            return (Finding("read customers", ok=False, detail=error.what, fix=error.next_step),)
        return (Finding("read customers", ok=True, detail=counted(total)),)

    def _list(self, number: int, sort: str, size: int = PAGE) -> Reply:
        query = [("page[size]", str(size)), ("page[number]", str(number)), ("sort", sort)]
        reply = self._http.send("GET", "customers", query=query)
        if reply.status == 404:
            raise Malformed(
                f"{reply.source} does not exist (404).", "Check base_url; it ends in /v1.", status=404
            )
        if not reply.ok:
            raise self._refusal(reply)
        return reply

    def _attributes(self, change: Change) -> dict[str, Any]:
        """Render what a POST or PATCH carries: never points, and never an empty card."""
        return {
            ATTRIBUTES[name]: value or self._nothing
            for name, value in change.fields.items()
            if name in ATTRIBUTES
            and name != "points"
            and (value or (change.kind == "update" and name != "card"))
        }

    def _create(self, change: Change) -> Written:
        document = {"data": {"type": "customers", "attributes": self._attributes(change)}}
        reply = self._http.send("POST", "customers", json=document, kind="write")
        return self._written(reply, change)

    def _update(self, change: Change) -> Written:
        address = _address(change)
        document = {"data": {"type": "customers", "id": address, "attributes": self._attributes(change)}}
        reply = self._http.send("PATCH", f"customers/{address_of(address)}", json=document, kind="write")
        return self._written(reply, change)

    def new_card(self, vendor_id: str) -> Shown:
        """Ask for a new card by an empty one, as nothing else ever does [documentation of n8n-nodes-omniwallet]."""
        before = self.get(vendor_id)
        document = {"data": {"type": "customers", "id": vendor_id, "attributes": {"card": ""}}}
        reply = self._http.send("PATCH", f"customers/{address_of(vendor_id)}", json=document, kind="write")
        if not reply.ok:
            raise self._refusal(reply, writing=True)
        shown = self.get(vendor_id)
        if shown.fields.get("card") in (None, "", before.fields.get("card")):
            what = f"{self.name}: Omniwallet gave no new card."
            raise Rejected(what, "Look at the customer there.", fields={"card": "no new card"})
        return shown

    def _delete(self, change: Change) -> Written:
        path = f"customers/{address_of(_address(change))}"
        reply = self._http.send("DELETE", path, kind="write", expect="nothing")
        if not reply.ok:
            raise self._refusal(reply, writing=True)
        return Written(vendor_id=change.vendor_id)

    def _add_points(self, change: Change) -> Written:
        number = added_points(change)
        word = "add-points" if number > 0 else "subtract-points"
        body = {"points": abs(number), "type": "syncd", "external_id": change.key}
        path = f"customers/{address_of(_address(change))}/{word}"
        reply = self._http.send("POST", path, json=body, kind="write")
        if reply.status in TAKEN and _is_known_transaction(refused_fields(reply, self._http.clean)[0], reply):
            return Written(vendor_id=_address(change))  # an earlier try arrived: its id is our operation's
        return self._written(reply, change)

    def _written(self, reply: Reply, change: Change) -> Written:
        if not reply.ok:
            raise self._write_refusal(reply, change)
        if reply.status == 204:
            return Written(vendor_id=change.vendor_id)
        with after_writing(reply):
            shown = single(reply)
        return Written(vendor_id=shown.vendor_id, shown=shown, progress={"vendor_id": shown.vendor_id})

    def _write_refusal(self, reply: Reply, change: Change) -> VendorError:
        error = self._refusal(reply, writing=True)
        email = change.fields.get("email")
        if not email or reply.status not in TAKEN:
            return error
        if isinstance(error, Rejected) and error.fields and "email" not in error.fields:
            return error
        # A refusal of the e-mail may mean "taken" or "not an e-mail"; only looking tells. Where that look fails, the
        # write was refused all the same: it is no write of unknown outcome.
        try:
            found = isinstance(error, AlreadyThere) or bool(self.find(Keys(email=email)))
        except VendorError as failed:
            return Busy(failed.what, failed.next_step, status=reply.status, words=error.words)
        return self._taken(change, error) if found else error

    def _taken(self, change: Change, error: VendorError) -> VendorError:
        """Return what a taken e-mail means: a create meets its record, an update has to go without the new address."""
        what = f"{self.name}: Omniwallet has this e-mail already."
        told: dict[str, Any] = {"status": error.status, "words": error.words}
        if change.kind == "create":
            return AlreadyThere(what, **told)
        fields = {"email": error.words or "belongs to another customer"}
        return Rejected(what, "Look at the customer that has it.", fields=fields, **told)

    def _refusal(self, reply: Reply, *, writing: bool = False) -> VendorError:
        fields, words = refused_fields(reply, self._http.clean)
        what = f"{reply.source} was refused ({reply.status})."
        if reply.status == 401:
            return Refused(
                what, "Make a new API key under Integrations and set it as token.", status=401, words=words
            )
        if reply.status == 403:
            return Forbidden(what, "Check what the API key and the account may do.", status=403, words=words)
        if reply.status == 404 and says_why(reply):
            return Missing(what, status=404, words=words)
        if reply.status == 409:
            return AlreadyThere(what, status=409, words=words)
        if writing or reply.status in {400, 422}:
            return Rejected(what, "Correct the value.", fields=fields, status=reply.status, words=words)
        return Malformed(what, "Check base_url; it ends in /v1.", status=reply.status, words=words)


def _is_known_transaction(fields: Mapping[str, str], reply: Reply) -> bool:
    return reply.status == 409 or "external_id" in fields


def _address(change: Change) -> str:
    """Return the e-mail by which Omniwallet knows the record now: an earlier step may have changed it."""
    return str(change.progress.get("vendor_id") or change.vendor_id)


def _headers(settings: VendorSettings) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {settings.secrets['token']}",
        "Accept": MEDIA,
        "Content-Type": MEDIA,
    }
    # The older host, https://ACCOUNT.omniwallet.net/api/v1, tells accounts apart by its name [Omniwallet API docs].
    if not settings.base_url.rstrip("/").endswith("/api/v1"):
        headers["X-Omniwallet-Account"] = str(settings.options.get("account", ""))
    return headers


def ration(settings: VendorSettings) -> Ration:
    """Return what one account may use: nothing is published, so only few requests at a time."""
    host = urlsplit(settings.base_url).hostname
    return Ration(f"omniwallet {settings.options.get('account', '')}@{host}", concurrency=CONCURRENCY)
