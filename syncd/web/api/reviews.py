"""Reviews over the API."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from syncd.values import Review
from syncd.web.act import decide_review
from syncd.web.api.once import OnceRoute
from syncd.web.api.shapes import NUMBER, ChoiceAsked, Limit, ReviewOut, ReviewsOut
from syncd.web.problems import answers
from syncd.web.site import Site, SiteOf
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(
    prefix="/api/v1/reviews", tags=["reviews"], dependencies=[Depends(reader)], route_class=OnceRoute
)
Number = Annotated[int, Path(ge=1, le=NUMBER)]


@ROUTER.get("", responses=answers())
def list_reviews(
    site: SiteOf,
    state: Literal["open", "resolved", "closed"] = "open",
    kind: Annotated[str | None, Query(max_length=40)] = None,
    after: Annotated[int, Query(ge=0, le=NUMBER)] = 0,
    limit: Limit = 50,
) -> ReviewsOut:
    """List reviews, oldest first."""
    with site.app.store.look() as tx:
        found = tx.reviews.list(state, after, limit, kind=kind)
    return ReviewsOut(
        reviews=[_out(one) for one in found], next=found[-1].id if len(found) == limit else None
    )


@ROUTER.get("/{number}", responses=answers(404))
def get_review(site: SiteOf, number: Number) -> ReviewOut:
    """Return one review with its evidence and choices."""
    return _out(_known(site, number))


@ROUTER.post("/{number}/resolve", responses=answers(404, 409))
def resolve(site: SiteOf, visitor: Admin, number: Number, asked: ChoiceAsked) -> ReviewOut:
    """Decide a review; whoever comes second is told so with 409."""
    _known(site, number)
    decide_review(site.app, number, asked.choice, visitor.name)
    return _out(_known(site, number))


def _known(site: Site, number: int) -> Review:
    with site.app.store.look() as tx:
        review = tx.reviews.get(number)
    if review is None:
        raise HTTPException(404, f"There is no review {number}.")
    return review


def _out(review: Review) -> ReviewOut:
    return ReviewOut(
        id=review.id or 0,
        kind=review.kind,
        subject=review.subject,
        state=review.state,
        connection=review.connection,
        customer=review.customer,
        evidence=dict(review.evidence),
        choices=list(review.choices),
    )
