"""Walking through all customers, page by page, with their primary contacts.

Pages are slices of a list that changes meanwhile. They are asked for in the order of the customers' numbers, so that
only deletions move rows; where the announced total shrinks, as many pages as could have moved are read again. A page
past the end shows the last rows again [Perfex module source], so that only the module's own word ends the walk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from syncd.errors import Malformed
from syncd.values import Item, Page, Poison
from syncd.vendors.base import Pass
from syncd.vendors.perfex.api import MOST_PAGES, PAGE_SIZE, Api, Row, Rows
from syncd.vendors.perfex.contacts import Contact, Contacts, Everyone
from syncd.vendors.perfex.fields import number_of, text_of

SLICE = 500  # rows of a bare array that make one page of ours
MOST_RETURNS = 20


class PayloadOf(Protocol):
    def __call__(self, row: Row, *, single: bool = False) -> dict[str, Any]: ...


class Listing:
    """One walk."""

    def __init__(self, api: Api, contacts: Contacts, payload: PayloadOf) -> None:
        self.api = api
        self.contacts = contacts
        self.payload = payload

    def pages(self, walk: Pass) -> Iterator[Page]:
        number = _start(walk)
        rows = self.api.customers(number)
        with closing(rows):
            everyone = self.contacts.everyone()
            if not rows.paged:
                yield from self._slices(rows, everyone)
                return
        yield from self._paged(rows, number, everyone)

    def _slices(self, rows: Rows, everyone: Everyone) -> Iterator[Page]:
        """Cut a bare array into pages, letting go of what was handed on; it cannot be resumed in its middle."""
        waiting = rows.each()
        piece = list(islice(waiting, SLICE))
        while True:
            following = list(islice(waiting, SLICE))
            page = self._page(rows, piece, everyone, last=not following, resume=None)
            yield replace(page, followed=bool(following))
            if not following:
                return
            piece = following

    def _paged(self, rows: Rows, number: int, everyone: Everyone) -> Iterator[Page]:
        before: list[Any] | None = None
        total, returns = rows.total, 0
        while True:
            gone = (total or 0) - (rows.total or 0)
            if gone > 0 and number > 1 and returns < MOST_RETURNS:
                number, returns = max(1, number - -(-gone // PAGE_SIZE)), returns + 1
                total, before, rows = rows.total, None, self.api.customers(number)
                continue
            total = rows.total
            if rows.rows and rows.rows == before:
                raise Malformed(
                    "Perfex shows the same page of customers again and again.", "Ask the module's author."
                )
            resume = {"page": number + 1} if rows.more else None
            yield self._page(rows, rows.rows, everyone, last=not rows.more, resume=resume)
            if not rows.more:
                return
            if number >= MOST_PAGES:
                raise Malformed("Perfex's list of customers does not end.", "Ask the module's author.")
            number, before, rows = number + 1, rows.rows, self.api.customers(number + 1)

    def _page(
        self,
        rows: Rows,
        piece: Sequence[Any],
        everyone: Everyone,
        *,
        last: bool,
        resume: Mapping[str, Any] | None,
    ) -> Page:
        good, poison = _sorted_out(piece, rows)
        contacts = self.contacts.beside(good, everyone)
        return Page(
            items=tuple(self._item(row, contacts) for row in good),
            started=_earlier(rows.started, everyone.started),
            last=last,
            resume=resume,
            total=rows.total,
            poison=tuple(poison),
        )

    def _item(self, row: Row, contacts: Mapping[str, Contact]) -> Item:
        userid = text_of(row["userid"])
        return Item(userid, {"customer": self.payload(row), "contact": contacts[userid]})


def _start(walk: Pass) -> int:
    page = walk.resume.get("page") if walk.resume else None
    return page if isinstance(page, int) and page > 0 else 1


def _earlier(one: datetime, other: datetime | None) -> datetime:
    """Return the earlier start: a record is only as fresh as the older of its two parts."""
    return one if other is None else min(one, other)


def _sorted_out(piece: Sequence[Any], rows: Rows) -> tuple[list[Row], list[Poison]]:
    good: list[Row] = []
    poison: list[Poison] = []
    for row in piece:
        reason = rows.bad(row) or _without_number(row)
        if reason:
            poison.append(Poison(text_of(row.get("userid")) if isinstance(row, Mapping) else "", reason))
        else:
            good.append(row)
    return good, poison


def _without_number(row: Row) -> str:
    try:
        return "" if number_of(row.get("userid")) > 0 else "has no usable number"
    except Malformed:
        return "has no usable number"
