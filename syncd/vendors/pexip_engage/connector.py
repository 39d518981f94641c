"""The Pexip Engage connector: which request each task takes, and what a refusal means."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Unpack
from urllib.parse import urlsplit

from syncd.customer import clean
from syncd.errors import (
    AlreadyThere,
    Forbidden,
    Malformed,
    Missing,
    Refused,
    Rejected,
    Unsearchable,
    VendorError,
)
from syncd.values import Change, Item, Page, Shown, Written
from syncd.vendors.ahead import Ahead
from syncd.vendors.auth import ClientCredentials
from syncd.vendors.base import Abilities, Finding, Keys, Pass, VendorSettings
from syncd.vendors.budget import Allowance, Ration
from syncd.vendors.http import segment
from syncd.vendors.parts import Parts, credentials_for, http_for
from syncd.vendors.pexip_engage.fields import body_of, item_in, item_of, plain_fields, shown_of, specs
from syncd.vendors.pexip_engage.listing import Place, listing, page_of
from syncd.vendors.reply import Reply, after_writing
from syncd.vendors.table import counted, mapping_of, poison_of, same_record, table_of

PAGE = 100  # no maximum is published; where so many are refused, the default of 25 is asked for
DEFAULT_PAGE = 25
WINDOW = 3  # pages that are asked for ahead
CONCURRENCY = 4  # from one address [Pexip Engage, rate limiting]
CLASH = ("already", "exist", "unique", "taken", "duplicate")
# What is said of another operation under way may hold a word of the above: "is already being processed".
PASSING = re.compile(
    r"concurren|simultan|in progress|being (?:\w+ )?(?:chang|modif|process|updat|writt|sav)|under way|\block"
    r"|another (?:operation|request)|try again|retry"
)


class PexipEngage:
    """One Pexip Engage enterprise."""

    vendor = "pexip_engage"

    def __init__(self, settings: VendorSettings, **parts: Unpack[Parts]) -> None:
        self.name = settings.name
        self._plain = plain_fields(settings)
        self.abilities = _abilities(self._plain)
        self.fields = table_of(specs(self._plain), settings)
        self._language = str(settings.options.get("language") or "")
        self._time_zone = str(settings.options.get("time_zone") or "")
        self._limit = PAGE
        self._http = http_for(
            settings,
            parts,
            ration(settings),
            base_url=f"{settings.base_url.rstrip('/')}/enterprises/{segment(str(settings.options['enterprise']))}",
            headers=self._headers,
            auth=_credentials(settings, parts),
            busy=_is_busy,
        )

    @property
    def requests(self) -> int:
        return self._http.requests

    def close(self) -> None:
        self._http.close()

    def pages(self, walk: Pass) -> Iterator[Page]:
        place = Place.of(walk.resume)
        with Ahead(lambda offset: self._list([("offset", str(offset))]), self._http.at_once(WINDOW)) as ahead:
            while True:
                reply = ahead.take(place.offset)
                sheet = listing(reply, place.offset)
                if not place.continued_by(sheet.rows):
                    place = place.back(self._limit)
                    continue
                new = sheet.rows[1:] if place.anchor else sheet.rows
                place = place.after(sheet.rows)
                last = sheet.ends(place.end)
                page = page_of(new, reply, place, sheet.total, last=last)
                page = replace(page, followed=ahead.has(place.offset))
                if not last:
                    ahead.expect(range(place.offset, (sheet.total or 0) - 1, max(len(sheet.rows) - 1, 1)))
                yield page
                if last:
                    return

    def read(self, item: Item, started: datetime) -> Shown:
        return shown_of(item, started, self._plain, self._language)

    def get(self, vendor_id: str) -> Shown:
        reply = self._http.send("GET", f"customers/{segment(vendor_id)}")
        if not reply.ok:
            raise self._refusal(reply)
        return same_record(self.read(item_in(reply), reply.started), vendor_id, reply.source)

    def find(self, keys: Keys) -> Sequence[Shown]:
        """Look a customer up by every filter that works. Raises Unsearchable where none of them does."""
        wanted = [("external-id[]", "external_id", key) for key in self._ids(keys)]
        wanted += [("email[]", "email", keys.email)] if keys.email else []
        tried = [self._try(*each) for each in wanted]
        refused = [each for each in tried if isinstance(each, Unsearchable)]
        if refused and len(refused) == len(tried):
            raise refused[0]
        lists = [each for each in tried if not isinstance(each, Unsearchable)]
        found = {shown.vendor_id: shown for each in lists for shown in each}
        return tuple(shown for shown in found.values() if not shown.deleted)

    def _ids(self, keys: Keys) -> Sequence[str]:
        if "external_id" not in self.abilities.finds:
            return ()
        return tuple(dict.fromkeys(key for key in (keys.stamp, keys.external_id) if key))

    def _try(self, name: str, field: str, value: str) -> Sequence[Shown] | Unsearchable:
        """Return the records that one filter finds, or that this filter does not work: no list of them is published."""
        try:
            matching = self._matching(name, value)
        except Unsearchable as error:
            return error
        wanted = clean(field, value)
        return [shown for shown in matching if clean(field, shown.fields.get(field)) == wanted]

    def steps(self, change: Change) -> tuple[str, ...]:
        return () if change.kind == "update" and not change.fields else (change.kind,)

    def write(self, step: str, change: Change) -> Written:
        headers = {"X-Correlation-Id": change.trace} if change.trace else {}
        if step == "create":
            body = self._body(change)
            reply = self._http.send("POST", "customers", json=body, headers=headers, kind="write")
            return self._written(reply, change)
        path = f"customers/{segment(str(change.vendor_id))}"
        if step == "update":
            reply = self._http.send("PATCH", path, json=self._body(change), headers=headers, kind="write")
            return self._written(reply, change)
        reply = self._http.send("DELETE", path, headers=headers, kind="write", expect="nothing")
        if not reply.ok:
            raise self._refusal(reply, change)
        return Written(vendor_id=change.vendor_id)

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        del headers, body, secret, now
        raise Forbidden("Pexip Engage documents no signed webhooks for customers.", "Remove its webhook.")

    def check(self) -> Sequence[Finding]:
        try:
            total = listing(self._list([("offset", "0")], limit=1), 0).total
        except VendorError as error:
            return (Finding("read customers", ok=False, detail=error.what, fix=error.next_step),)
        return (Finding("read customers", ok=True, detail=counted(total)),)

    def _headers(self) -> dict[str, str]:
        # Without `*` a text that has no entry in the asked language is null [Pexip Engage, languages].
        language = f"{self._language} *" if self._language else "*"
        return {"X-Correlation-Id": uuid.uuid4().hex, "Accept-Language": language}

    def _body(self, change: Change) -> dict[str, Any]:
        body = body_of(change, self._plain, self._language)
        if change.kind == "create" and self._time_zone:
            body.setdefault("timeZone", self._time_zone)
        return body

    def _list(self, query: list[tuple[str, str]], limit: int | None = None) -> Reply:
        reply = self._http.send("GET", "customers", query=[*query, ("limit", str(limit or self._limit))])
        if reply.status in {400, 422} and limit is None and self._limit > DEFAULT_PAGE:
            smaller = self._list(query, DEFAULT_PAGE)
            self._limit = DEFAULT_PAGE
            return smaller
        if reply.status == 403:
            raise Refused(
                f"{reply.source} was refused (403).",
                "Give this API client the scope engage:customers:readOnly or engage:customers:readWrite.",
                status=403,
            )
        if reply.status == 404:
            raise Malformed(
                f"{reply.source} does not exist (404).", "Check base_url and enterprise.", status=404
            )
        if not reply.ok:
            raise self._refusal(reply)
        return reply

    def _matching(self, name: str, value: str) -> Sequence[Shown]:
        try:
            reply = self._list([(name, value)])
        except Rejected as error:
            raise Unsearchable(error.what, "Its listing tells.", status=error.status) from error
        sheet = listing(reply, 0)
        if not sheet.ends(len(sheet.rows)):
            raise Unsearchable(f"{reply.source} does not narrow by {name}.", "Its listing tells.")
        good = [
            row
            for row in sheet.rows
            if poison_of(row, mapping_of(row).get("id"), suspect=reply.suspect) is None
        ]
        return [self.read(item_of(row), reply.started) for row in good]

    def _written(self, reply: Reply, change: Change) -> Written:
        if not reply.ok:
            raise self._refusal(reply, change)
        if reply.status == 204:
            return Written(vendor_id=change.vendor_id)
        with after_writing(reply):
            shown = self.read(item_in(reply), reply.started)
        return Written(vendor_id=shown.vendor_id, shown=shown)

    def _refusal(self, reply: Reply, change: Change | None = None) -> VendorError:
        errors = _errors(reply)
        words = self._http.clean(_words(errors))
        what = f"{reply.source} was refused ({reply.status})."
        if reply.status == 403:
            return Forbidden(what, "Check the API client's scopes.", status=403, words=words)
        if reply.status == 404 and errors:
            return Missing(what, status=404, words=words)
        if change is not None or reply.status in {400, 422}:
            # Whether e-mail and external id are unique, and by which code that is told, is not published.
            if change is not None and change.kind == "create" and _clashes(words):
                return AlreadyThere(what, status=reply.status, words=words)
            return Rejected(what, "Correct the value.", status=reply.status, words=words)
        return Malformed(what, "Check base_url and enterprise.", status=reply.status, words=words)


def _abilities(plain: Mapping[str, str]) -> Abilities:
    # There is a filter for externalId; for a customer number none is known [Pexip Engage, its sibling for employees].
    keys = {"email", "external_id"} if plain["external_id"] == "externalId" else {"email"}
    return Abilities(
        deletes=True, finds=frozenset(keys), answers=True, concurrency=CONCURRENCY, page_size=PAGE
    )


def _errors(reply: Reply) -> list[Mapping[str, Any]]:
    shown = mapping_of(reply.words()).get("errors")
    return [mapping_of(each) for each in shown] if isinstance(shown, list) else []


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(f"{each.get('message', '')} ({each.get('code', '')})" for each in errors)


def _clashes(words: str) -> bool:
    lower = words.lower()
    return any(word in lower for word in CLASH) and not PASSING.search(lower)


def _is_busy(reply: Reply) -> bool:
    """Tell whether another operation was under way [requests and responses]; a taken value would be another matter."""
    return reply.status == 409 and not _clashes(_words(_errors(reply)))


def _credentials(settings: VendorSettings, parts: Parts) -> ClientCredentials:
    scope = str(settings.options.get("scope") or "engage:customers:readWrite")
    return credentials_for(settings, parts, str(settings.options["token_url"]), {"scope": scope})


def ration(settings: VendorSettings) -> Ration:
    """Return what one address may ask of the API: 3,000 requests a minute, 4 at once [Pexip Engage, rate limiting]."""
    host = urlsplit(settings.base_url).hostname
    return Ration(f"pexip_engage {host}", (Allowance(3000, 60),), concurrency=CONCURRENCY)
