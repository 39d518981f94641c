"""Reviews: what is open, and one with its evidence and its choices."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.web.act import decide_review
from syncd.web.show.reviews import review_shown
from syncd.web.site import Number, SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
_TABS = (("open", "Open"), ("resolved", "Decided"), ("closed", "No longer asked"))


@ROUTER.get("/reviews")
def reviews_page(
    request: Request, site: SiteOf, visitor: Reader, state: str = "open", kind: str = "", after: Number = 0
) -> HTMLResponse:
    """List reviews."""
    with site.app.store.look() as tx:
        found = tx.reviews.list(state, after, PAGE, kind=kind or None)
        rows = [review_shown(tx, review) for review in found]
        count = tx.reviews.count_open()
    tabs = [
        {
            "word": word,
            "href": f"/reviews?state={key}",
            "here": key == state,
            "count": count if key == "open" else None,
        }
        for key, word in _TABS
    ]
    more = (
        f"/reviews?{urlencode({'state': state, 'kind': kind, 'after': rows[-1].id})}"
        if len(rows) == PAGE
        else ""
    )
    word = dict(_TABS).get(state, "open").lower()
    return site.page(request, visitor, "reviews.html", rows=rows, tabs=tabs, next=more, word=word)


@ROUTER.get("/reviews/{number}")
def review_page(request: Request, site: SiteOf, visitor: Reader, number: Number) -> HTMLResponse:
    """Show one review."""
    with site.app.store.look() as tx:
        review = tx.reviews.get(number)
        if review is None:
            raise HTTPException(404, f"There is no review {number}.")
        shown = review_shown(tx, review, whole=True)
    return site.page(request, visitor, "review.html", review=shown)


@ROUTER.post("/reviews/{number}")
def decide(
    site: SiteOf, visitor: Admin, number: Number, choice: Annotated[str, Form(max_length=200)]
) -> Response:
    """Decide a review; whoever comes second is told so."""
    decide_review(site.app, number, choice, visitor.name)
    return done(f"/reviews/{number}", "decided")
