"""Walking a Pexip Engage listing: where a pass stands, and whether rows have moved under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syncd.errors import Malformed
from syncd.values import Page
from syncd.vendors.pexip_engage.fields import item_of
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, poison_of, sorted_out, whole

STEPS_BACK = 20  # pages read again in one pass before a listing counts as unreadable


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass stands: the row to ask for next, and the row that must stand there again."""

    offset: int = 0
    anchor: str = ""
    end: int = 0
    steps_back: int = 0

    @classmethod
    def of(cls, resume: Mapping[str, Any] | None) -> Place:
        """Return the place that an earlier pass had come to, or the beginning."""
        return cls(resume["offset"], resume["anchor"]) if resume else cls()

    def continued_by(self, rows: Sequence[Any]) -> bool:
        """Tell whether a page begins with the row that the page before ended with."""
        return not self.anchor or (bool(rows) and _id(rows[0]) == self.anchor)

    def back(self, limit: int) -> Place:
        """Return the place one page earlier. Raises Malformed where that never ends."""
        if self.steps_back >= STEPS_BACK:
            raise Malformed("The listing changes while it is read, again and again.", "Try again later.")
        return replace(self, offset=max(0, self.offset - limit), anchor="", steps_back=self.steps_back + 1)

    def after(self, rows: Sequence[Any]) -> Place:
        """Return the place behind a page, one row back where there is more than one, so that pages overlap."""
        end = self.offset + len(rows)
        if len(rows) < 2:
            return Place(end, "", end, self.steps_back)
        return Place(end - 1, _id(rows[-1]), end, self.steps_back)


def _id(row: Any) -> str:
    return str(mapping_of(row).get("id"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answered page: its rows, and what it says of the listing, None where it says nothing."""

    rows: list[Any]
    total: int | None
    limit: int | None

    def ends(self, end: int) -> bool:
        """Tell whether the listing ends with this page, whose last row is number `end`.

        A total that is smaller than what is shown is no total; then a page that is not full is the last one, and
        where no limit is told either, one without anything new.
        """
        if self.total is None or self.total < end:
            return len(self.rows) < max(self.limit or 2, 2)
        return end >= self.total


def listing(reply: Reply, offset: int) -> Sheet:
    """Return a page. Raises Malformed."""
    document = mapping_of(reply.json())
    rows, meta = document.get("data"), mapping_of(document.get("meta"))
    if not isinstance(rows, list) or (not rows and not meta):
        raise Malformed(f"{reply.source} did not show a page of customers.", "Check base_url and enterprise.")
    total = whole(meta.get("totalCount"))
    if not rows and total is not None and offset < total:
        raise Malformed(f"{reply.source} announces {total} customers and shows none.", "Try again later.")
    return Sheet(rows, total, whole(meta.get("limit")))


def page_of(rows: Sequence[Any], reply: Reply, place: Place, total: int | None, *, last: bool) -> Page:
    """Return a page; `rows` are without the one that the page before has shown already."""
    items, poison = sorted_out(
        rows, lambda row: poison_of(row, mapping_of(row).get("id"), suspect=reply.suspect), item_of
    )
    return Page(
        items=items,
        poison=poison,
        started=reply.started,
        last=last,
        resume=None if last else {"offset": place.offset, "anchor": place.anchor},
        total=total,
    )
