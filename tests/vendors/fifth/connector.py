"""Pigeon Post, a mailing list: pages by id, an update sends what changed, null empties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack

from syncd.errors import Forbidden, Malformed, VendorError
from syncd.values import Change, FieldSpec, Item, Page, Shown, Written
from syncd.vendors.base import Abilities, Finding, Keys, Pass, VendorSettings
from syncd.vendors.budget import Ration
from syncd.vendors.http import segment
from syncd.vendors.parts import Parts, http_for
from syncd.vendors.reply import Reply, after_writing
from syncd.vendors.table import same_record, table_of, text_of
from tests.vendors.fifth.replies import listed, refusal, single

FIELDS = (
    FieldSpec("email", required=True, clearable=False, wire="email"),
    FieldSpec("first_name", wire="given_name"),
    FieldSpec("last_name", wire="family_name"),
    FieldSpec("phone", wire="mobile"),
    FieldSpec("language", choices=frozenset({"de", "en", "fr", "nl", "vi"}), wire="tongue"),
)


class PigeonPost:
    """One mailing list."""

    vendor = "pigeon_post"
    abilities = Abilities(deletes=True, finds=frozenset({"email"}), answers=True, unique=frozenset({"email"}))

    def __init__(self, settings: VendorSettings, **parts: Unpack[Parts]) -> None:
        self.name, self.fields = settings.name, table_of(FIELDS, settings)
        self.http = http_for(settings, parts, Ration("pigeon"), headers={"X-Key": settings.secrets["key"]})

    @property
    def requests(self) -> int:
        return self.http.requests

    def close(self) -> None:
        self.http.close()

    def pages(self, walk: Pass) -> Iterator[Page]:
        after, more = int((walk.resume or {}).get("after", 0)), True
        while more:
            reply = self._send("GET", "subscribers", query=[("after", str(after))])
            good, aside, total = listed(reply)
            before, more = after, len(good) + len(aside) == 100
            after = max((int(item.vendor_id) for item in good), default=after)
            if more and after <= before:
                raise Malformed(f"{reply.source} repeats a page.", "Ask Pigeon Post.")
            resume = {"after": after} if more else None
            yield Page(good, reply.started, last=not more, resume=resume, total=total, poison=aside)

    def read(self, item: Item, started: datetime) -> Shown:
        shown = {name: text_of(item.payload.get(spec.wire)) for name, spec in self.fields.items()}
        return Shown(item.vendor_id, shown, item.payload, started)

    def get(self, vendor_id: str) -> Shown:
        reply = self._send("GET", f"subscribers/{segment(vendor_id)}")
        return same_record(self.read(single(reply), reply.started), vendor_id, reply.source)

    def find(self, keys: Keys) -> Sequence[Shown]:
        if not keys.email:
            return ()
        good, _, _ = listed(self._send("GET", "subscribers", query=[("email", keys.email)]))
        return tuple(self.get(item.vendor_id) for item in good if item.payload.get("email") == keys.email)

    def steps(self, change: Change) -> tuple[str, ...]:
        return () if change.kind == "update" and not change.fields else (change.kind,)

    def write(self, step: str, change: Change) -> Written:
        path = f"subscribers/{segment(change.vendor_id)}" if change.vendor_id else "subscribers"
        if step == "delete":
            self._send("DELETE", path, kind="write", expect="nothing")
            return Written(change.vendor_id)
        body = {self.fields[name].wire: value or None for name, value in change.fields.items()}
        reply = self._send("POST" if step == "create" else "PATCH", path, json=body, kind="write")
        with after_writing(reply):
            item = single(reply)
        return Written(item.vendor_id, self.read(item, reply.started))

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        raise Forbidden("Pigeon Post has no webhooks.", "Remove its webhook.")

    def check(self) -> Sequence[Finding]:
        try:
            _, _, total = listed(self._send("GET", "subscribers"))
        except VendorError as error:
            return (Finding("read subscribers", ok=False, detail=error.what, fix=error.next_step),)
        return (Finding("read subscribers", ok=True, detail=f"{total} subscribers"),)

    def _send(self, method: str, path: str, **more: Any) -> Reply:
        reply = self.http.send(method, path, **more)
        if not reply.ok:
            raise refusal(reply)
        return reply
