"""Walking through a retailer's customers by row offset, so that rows that move meanwhile are not missed.

Pages are asked for in the order of ids and overlap by one row, the anchor: where the anchor is not at the start of
the next page, deletions have moved rows up, and the walk goes back until it stands before the anchor again. A shop
that ignores the order is walked by offset alone, and what moved meanwhile shows in the announced total. Several
pages are asked for at once; what was asked for at a wrong place is thrown away.

The cursor is the server's clock as the first page shows it [KiotViet integrators], and ids that were deleted since
the last cursor stand on the first page only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from syncd.errors import Malformed
from syncd.values import Item, Page, Poison
from syncd.vendors.ahead import Ahead
from syncd.vendors.base import Pass
from syncd.vendors.kiotviet.api import Api, id_of
from syncd.vendors.kiotviet.fields import local_text, moment_of, payload_of
from syncd.vendors.reply import Reply
from syncd.vendors.table import mapping_of, poison_of, whole

PAGE = 100  # the most that the API gives [KiotViet Public API guide]
STRIDE = PAGE - 1
WINDOW = 8  # pages asked for at once
OVERLAP = timedelta(minutes=2)  # a change may become visible a little after the clock that we were shown
MOST_RETURNS = 50
# The guide and the answers spell it in four ways; integrators see the first [KiotViet guide, integrators].
REMOVED = ("removedIds", "removeIds", "removedId", "removeId")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: the row that comes next, the highest id so far, and the clock of its first page."""

    start: int = 0
    anchor: int = 0
    clock: str = ""

    @classmethod
    def of(cls, resume: Mapping[str, Any] | None) -> Place:
        known = mapping_of(resume)
        start, anchor, clock = (known.get(name) for name in ("start", "anchor", "clock"))
        if type(start) is int and type(anchor) is int and isinstance(clock, str) and start >= 0:
            return cls(start, anchor, clock)
        return cls()

    def resume(self) -> dict[str, Any]:
        return {"start": self.start, "anchor": self.anchor, "clock": self.clock}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One answered page: its rows without sums over customers, which stand outside of the listing, and their ids."""

    reply: Reply
    rows: list[Any]
    numbers: list[int | None]  # of each row, None where it has no usable id
    full: bool  # whether it may have as many rows as a page of this shop has
    total: int | None
    ids: tuple[int, ...]
    ordered: bool  # whether the rows stand in the order that was asked for

    @property
    def moved(self) -> int:
        """Return by how many rows of the listing this page moves on."""
        return len(self.rows)

    @property
    def stride(self) -> int:
        """Return by how many rows the next page stands further on: all but the anchor."""
        return max(self.moved - 1, 1)

    def ends(self, start: int) -> bool:
        """Tell whether the listing ends with this page: by its total, else by what a full page has.

        A total that is smaller than what is shown is no total; and where no size is told either, only a page without
        anything new is the end.
        """
        if self.total is None or self.total < start + self.moved:
            return not self.full
        return start + self.moved >= self.total


class Listing:
    """One walk; `pages` may be left at any page."""

    def __init__(self, api: Api, walk: Pass) -> None:
        self.api = api
        self.since = None if walk.full else _since(walk.cursor)
        self.place = Place.of(walk.resume)
        self.ordered = (
            True  # a shop that ignores the order is walked by offset; its total tells what was missed
        )

    def pages(self) -> Iterator[Page]:
        returns, removed = 0, self.place.start == 0
        before: tuple[int, ...] = ()
        with Ahead(self._ask, self.api.http.at_once(WINDOW)) as ahead:
            while True:
                place, sheet = self.place, ahead.take(self.place.start)
                self.ordered = self.ordered and sheet.ordered
                if self._lost(place, sheet):
                    returns += 1
                    self.place, before = self._back(place, sheet, returns), ()
                    continue
                _must_be_new(sheet, before)
                before, last = sheet.ids, sheet.ends(place.start)
                self.place = _after(place, sheet)
                followed = ahead.has(self.place.start)
                if not last:
                    self._must_go_on(place, sheet)
                    ahead.expect(range(place.start + sheet.stride, (sheet.total or 0) - 1, sheet.stride))
                page = self._page(sheet, place.anchor if self.ordered else 0, last=last, removed=removed)
                yield replace(page, followed=followed)
                removed = False
                if last:
                    return

    def _lost(self, place: Place, sheet: Sheet) -> bool:
        """Tell whether rows moved up since the last page, so that some may have been missed."""
        return (
            self.ordered
            and bool(place.start and place.anchor)
            and (not sheet.ids or sheet.ids[0] > place.anchor)
        )

    def _ask(self, start: int) -> Sheet:
        query = [
            ("pageSize", str(PAGE)),
            ("currentItem", str(start)),
            ("orderBy", "id"),
            ("orderDirection", "Asc"),
            ("includeRemoveIds", "true"),
            *self.api.scope,
        ]
        if self.since:
            query.append(("lastModifiedFrom", self.since))
        return _sheet(self.api.customers(query))

    def _back(self, place: Place, sheet: Sheet, returns: int) -> Place:
        """Step back a page: rows before the anchor are gone, and what followed it has moved up past our place."""
        if returns > MOST_RETURNS:
            raise Malformed(
                f"{sheet.reply.source}: the listing moves faster than it can be read.", "Try again later."
            )
        start = max(0, place.start - STRIDE)
        # At the very start there is nothing left to step back over: no row up to the anchor exists any more.
        return Place(start, place.anchor if start else 0, place.clock)

    def _must_go_on(self, place: Place, sheet: Sheet) -> None:
        nothing_new = self.ordered and sheet.ids and sheet.ids[-1] <= place.anchor and sheet.moved < 2
        if sheet.moved == 0 or nothing_new:
            raise Malformed(
                f"{sheet.reply.source} announces {sheet.total} customers and shows none after {place.start}.",
                "Try again later; if it stays, ask KiotViet.",
            )

    def _page(self, sheet: Sheet, anchor: int, *, last: bool, removed: bool) -> Page:
        items, poison = _sorted_out(sheet, anchor)
        clock = self.place.clock
        return Page(
            items=items,
            started=sheet.reply.started,
            last=last,
            resume=None if last else self.place.resume(),
            cursor={"clock": clock} if last and clock else None,
            total=sheet.total,
            removed=_removed(sheet.reply) if removed else (),
            poison=poison,
        )


def _sheet(reply: Reply) -> Sheet:
    document = mapping_of(reply.json())
    rows = document.get("data")
    tells = any(name in document for name in ("total", "pageSize", "timestamp"))
    if not isinstance(rows, list) or not (rows or tells):
        raise Malformed(f"{reply.source} was answered without a list of customers.", "Check base_url.")
    numbers = [whole(row.get("id")) if isinstance(row, dict) else None for row in rows]
    # A sum has the id -1 [KiotViet Public API guide].
    listed = [row for row, number in zip(rows, numbers, strict=True) if number is None or number > 0]
    numbers = [number for number in numbers if number is None or number > 0]
    ids = tuple(number for number in numbers if number is not None)
    ordered = all(one < other for one, other in pairwise(ids))
    full = len(rows) >= max(whole(document.get("pageSize")) or 2, 2)
    return Sheet(reply, listed, numbers, full, whole(document.get("total")), ids, ordered)


def _must_be_new(sheet: Sheet, before: tuple[int, ...]) -> None:
    """Raise Malformed where a page is the one before over again."""
    if len(sheet.ids) > 1 and sheet.ids == before:
        raise Malformed(
            f"{sheet.reply.source} repeats a page for ever.", "Try again later, then ask KiotViet."
        )


def _after(place: Place, sheet: Sheet) -> Place:
    clock = place.clock or _clock(sheet.reply)
    return Place(place.start + sheet.stride, max((place.anchor, *sheet.ids)), clock)


def _clock(reply: Reply) -> str:
    """Return the server's clock: as the page shows it, else of the answer's Date, "" where neither can be read."""
    shown = moment_of(mapping_of(reply.json()).get("timestamp")) or reply.server_date
    return local_text(shown) if shown else ""


def _since(cursor: Mapping[str, Any] | None) -> str | None:
    """Return where an incremental pass begins: a little before the clock of the last one."""
    when = moment_of(mapping_of(cursor).get("clock"))
    return local_text(when - OVERLAP) if when else None


def _sorted_out(sheet: Sheet, anchor: int) -> tuple[tuple[Item, ...], tuple[Poison, ...]]:
    items: list[Item] = []
    poison: list[Poison] = []
    suspect = sheet.reply.suspect
    for row, number in zip(sheet.rows, sheet.numbers, strict=True):
        bad = poison_of(row, number or "", suspect=suspect) if number is None or suspect else None
        if bad is not None:
            poison.append(bad)
        elif number and number > anchor:
            items.append(Item(str(number), payload_of(row)))
    return tuple(items), tuple(poison)


def _removed(reply: Reply) -> tuple[str, ...]:
    document = mapping_of(reply.json())
    lists = [found for name in REMOVED if isinstance(found := document.get(name), list)]
    return tuple(
        dict.fromkeys(number for found in lists for each in found if (number := id_of({"id": each})))
    )
