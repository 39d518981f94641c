"""Walking an Omniwallet listing: where a pass stands, when it is done, and what the next one starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from syncd.errors import Malformed
from syncd.values import Page
from syncd.vendors.omniwallet.fields import item_of, poisoned
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, moment

PAGE = 100  # the largest page[size] [documentation of n8n-nodes-omniwallet]
OVERLAP = timedelta(minutes=2)  # stamps show whole seconds, and a write may show late
STEPS_BACK = 20  # pages read again in one pass before a listing counts as unreadable


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass stands: the page to ask for next, and what the pages so far have shown.

    `began` is the vendor's clock when the pass began and `highest` the latest `updatedAt` seen: the lower of the two
    becomes the next watermark, so that neither a wrong clock nor a row from the future moves it too far.
    """

    number: int = 1
    total: int | None = None
    first: str = ""
    steps_back: int = 0
    began: datetime | None = None
    highest: datetime | None = None

    @classmethod
    def of(cls, resume: Mapping[str, Any] | None) -> Place:
        """Return the place that an earlier pass had come to, or the beginning."""
        if resume is None:
            return cls()
        return cls(
            resume["number"],
            resume["total"],
            began=moment(resume["began"]),
            highest=moment(resume["highest"]),
        )

    def moved_up(self, total: int) -> bool:
        """Tell whether rows were deleted since the page before, so that some of this page's now stand on that one."""
        return self.number > 1 and self.total is not None and total < self.total

    def back(self, total: int) -> Place:
        """Return the place one page earlier. Raises Malformed where that never ends."""
        if self.steps_back >= STEPS_BACK:
            raise Malformed("The listing shrinks while it is read, again and again.", "Try again later.")
        return replace(self, number=self.number - 1, total=total, first="", steps_back=self.steps_back + 1)

    def after(self, rows: Sequence[Any], total: int, reply: Reply) -> Place:
        """Return the place behind a page. Raises Malformed where the vendor repeats a page for ever."""
        first = str(mapping_of(rows[0]).get("id")) if rows else ""
        if first and first == self.first:
            raise Malformed(
                f"{reply.source} repeats a page for ever.", "Try again later, then ask the vendor."
            )
        stamps = [stamp for row in rows if (stamp := _updated(row))]
        highest = max([*stamps, *([self.highest] if self.highest else [])], default=None)
        began = self.began or reply.server_date or reply.started
        return Place(self.number + 1, total, first, self.steps_back, began, highest)

    @property
    def resume(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "total": self.total,
            "began": _iso(self.began),
            "highest": _iso(self.highest),
        }

    @property
    def cursor(self) -> dict[str, Any]:
        known = [when for when in (self.began, self.highest) if when]
        return {"since": _iso(min(known) - OVERLAP)}


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _updated(row: Any) -> datetime | None:
    return moment(mapping_of(mapping_of(row).get("attributes")).get("updatedAt"))


def reached(rows: Sequence[Any], since: datetime) -> bool:
    """Tell whether everything after this page is older than the watermark: only where the sorting was obeyed."""
    stamps = [_updated(row) for row in rows]
    known = [stamp for stamp in stamps if stamp]
    obeyed = len(known) == len(stamps) and known == sorted(known, reverse=True)
    return obeyed and bool(known) and known[-1] < since


def listing(reply: Reply, number: int) -> tuple[list[Any], int, int]:
    """Return a page's rows, the announced total and the last page's number. Raises Malformed."""
    document = mapping_of(reply.json())
    meta = mapping_of(mapping_of(document.get("meta")).get("page"))
    rows, total, last_page = document.get("data"), meta.get("total"), meta.get("lastPage")
    if not isinstance(rows, list) or not isinstance(total, int) or not isinstance(last_page, int):
        raise Malformed(
            f"{reply.source} did not show a page of customers.", "Check base_url; it ends in /v1."
        )
    if not rows and total and number <= last_page:
        raise Malformed(f"{reply.source} announces {total} customers and shows none.", "Try again later.")
    return rows, total, last_page


def page_of(rows: Sequence[Any], reply: Reply, place: Place, *, last: bool) -> Page:
    judged = [(row, poisoned(row, suspect=reply.suspect)) for row in rows]
    return Page(
        items=tuple(item_of(row) for row, poison in judged if poison is None),
        poison=tuple(poison for _, poison in judged if poison is not None),
        started=reply.started,
        last=last,
        resume=None if last else place.resume,
        cursor=place.cursor if last else None,
        total=place.total,
    )
