"""Walking an Omniwallet listing: where a pass stands, when it is done, and what the next one starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from syncd.errors import Malformed
from syncd.values import Page
from syncd.vendors.base import Pass
from syncd.vendors.omniwallet.fields import item_of, poisoned
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, moment, sorted_out, whole

PAGE = 100  # the largest page[size] [documentation of n8n-nodes-omniwallet]
OVERLAP = timedelta(minutes=2)  # stamps show whole seconds, and a write may show late
STEPS_BACK = 20  # pages read again in one pass before a listing counts as unreadable


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass stands: the page to ask for next, and what the pages so far have shown.

    `asked` and `began` are our clock and the vendor's when the pass began, `highest` the latest `updatedAt` seen, and
    `former` is the cursor of the pass before. The lower of `began` and `highest` becomes the next mark, so that neither
    a wrong clock nor a row from the future moves it too far.
    """

    number: int = 1
    total: int | None = None
    first: str = ""
    steps_back: int = 0
    asked: datetime | None = None
    began: datetime | None = None
    highest: datetime | None = None
    former: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, walk: Pass) -> Place:
        """Return the place that an interrupted pass had come to, or the beginning."""
        former = walk.cursor or {}
        if walk.resume is None:
            return cls(former=former)
        resume = walk.resume
        return cls(
            resume["number"],
            resume["total"],
            asked=moment(resume["asked"]),
            began=moment(resume["began"]),
            highest=moment(resume["highest"]),
            former=former,
        )

    def moved_up(self, total: int | None) -> bool:
        """Tell whether rows were deleted since the page before, so that some of this page's now stand on that one."""
        return self.number > 1 and self.total is not None and total is not None and total < self.total

    def back(self, total: int | None) -> Place:
        """Return the place one page earlier. Raises Malformed where that never ends."""
        if self.steps_back >= STEPS_BACK:
            raise Malformed("The listing shrinks while it is read, again and again.", "Try again later.")
        return replace(self, number=self.number - 1, total=total, first="", steps_back=self.steps_back + 1)

    def after(self, rows: Sequence[Any], total: int | None, reply: Reply) -> Place:
        """Return the place behind a page. Raises Malformed where it cannot be believed: repeated, or suddenly empty."""
        before = self.former.get("total") or 0
        nobody = total == 0 if total is not None else not rows and self.number == 1
        if nobody and before > 1:
            raise Malformed(
                f"{reply.source} shows nobody; there were {before} customers.",
                "Look at the vendor; if they are really gone, run `syncd sync --full`.",
            )
        first = str(mapping_of(rows[0]).get("id")) if rows else ""
        if first and first == self.first:
            raise Malformed(
                f"{reply.source} repeats a page for ever.", "Try again later, then ask the vendor."
            )
        stamps = [stamp for row in rows if (stamp := _updated(row))]
        highest = max([*stamps, *([self.highest] if self.highest else [])], default=None)
        return replace(
            self,
            number=self.number + 1,
            total=total,
            first=first,
            asked=self.asked or reply.started,
            began=self.began or reply.server_date or reply.started,
            highest=highest,
        )

    @property
    def resume(self) -> dict[str, Any]:
        """Return what an interrupted pass goes on from."""
        times = {"asked": _iso(self.asked), "began": _iso(self.began), "highest": _iso(self.highest)}
        return {"number": self.number, "total": self.total, **times}

    @property
    def cursor(self) -> dict[str, Any]:
        """Return what the next incremental pass starts from.

        It looks back behind the mark for what shows late. Where a later pass finds the mark where it was, everything
        up to it has been looked at again by then, and looking back ends: after an import of thousands in one minute,
        passes would read all of them for ever.
        """
        mark = min(when for when in (self.began, self.highest) if when)
        first_asked = (
            moment(self.former.get("asked")) if self.former.get("mark") == _iso(mark) else self.asked
        )
        settled = bool(first_asked and self.asked and self.asked - first_asked >= OVERLAP)
        return {
            "since": _iso(mark if settled else mark - OVERLAP),
            "mark": _iso(mark),
            "asked": _iso(first_asked),
            "total": self.total,
        }


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


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answered page: its rows, and what it says of the listing, None where it says nothing."""

    rows: list[Any]
    total: int | None
    last_page: int | None
    size: int | None  # of a full page
    follows: bool | None  # whether it links to a next page

    def ends(self, number: int) -> bool:
        """Tell whether the listing ends with this page: by its last page's number, its links, or what is not full.

        A last page before this one is not believed. Where nothing is told, only an empty page is the end.
        """
        if not self.rows:
            return True
        if self.last_page is not None and self.last_page >= number:
            return number == self.last_page
        if self.follows is not None:
            return not self.follows
        return len(self.rows) < (self.size or 1)


def listing(reply: Reply, number: int) -> Sheet:
    """Return a page. Raises Malformed."""
    document = mapping_of(reply.json())
    meta = _numbers(document)
    rows, links = document.get("data"), document.get("links")
    if not isinstance(rows, list) or (not rows and not meta):
        raise Malformed(
            f"{reply.source} did not show a page of customers.", "Check base_url; it ends in /v1."
        )
    total, last_page, size = (whole(meta.get(name)) for name in ("total", "last_page", "per_page"))
    follows = bool(links.get("next")) if isinstance(links, Mapping) else None
    if not rows and total and (last_page is None or number <= last_page):
        raise Malformed(f"{reply.source} announces {total} customers and shows none.", "Try again later.")
    return Sheet(rows, total, last_page, size, follows)


def _numbers(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what an answer tells of its pages, by Laravel's own names.

    In `meta.page` and in camel case [Omniwallet API documentation]; Laravel itself puts them flat into `meta`, or beside
    the rows.
    """
    meta = mapping_of(document.get("meta"))
    told = (
        mapping_of(meta.get("page")) or meta or {name: document[name] for name in _FLAT if name in document}
    )
    return {_SNAKE.get(name, name): value for name, value in told.items()}


_FLAT = ("current_page", "last_page", "per_page", "total")
_SNAKE = {"lastPage": "last_page", "perPage": "per_page", "currentPage": "current_page"}


def page_of(rows: Sequence[Any], reply: Reply, place: Place, *, last: bool) -> Page:
    items, poison = sorted_out(rows, lambda row: poisoned(row, suspect=reply.suspect), item_of)
    return Page(
        items=items,
        poison=poison,
        started=reply.started,
        last=last,
        resume=None if last else place.resume,
        cursor=place.cursor if last else None,
        total=place.total,
    )
