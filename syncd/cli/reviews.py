"""`syncd reviews`: what only a person should decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson, Limit
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.values import Review

ReviewId = Annotated[
    int, typer.Argument(metavar="REVIEW", help="The review's number, as `reviews list` shows it.")
]

commands = typer.Typer(no_args_is_help=True, help="Look at what waits for a person, and decide it.")


@commands.command("list")
def list_reviews(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided too.")] = False,
    after: Annotated[int, typer.Option("--after", help="Continue behind this number.")] = 0,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List reviews, the oldest first."""
    with opening.looking(ctx) as tx:
        found = tx.reviews.list(None if everything else "open", after, limit, kind=kind)
    if as_json:
        say.document([as_document(review) for review in found])
        return
    rows = [
        (review.id, review.kind, review.state, review.connection, review.customer, ", ".join(review.choices))
        for review in found
    ]
    columns = ("review", "kind", "state", "connection", "customer", "choices")
    say.table(columns, rows, empty="Nothing waits for a person.")


def as_document(review: Review) -> dict[str, Any]:
    """Return a review as programs read it."""
    return {
        "id": review.id,
        "kind": review.kind,
        "state": review.state,
        "subject": review.subject,
        "connection": review.connection,
        "customer": review.customer,
        "choices": review.choices,
        "evidence": review.evidence,
    }


@commands.command("show")
def show_review(ctx: typer.Context, review_id: ReviewId, as_json: AsJson = False) -> None:
    """Show a review with its evidence and its choices."""
    with opening.looking(ctx) as tx:
        review = tx.reviews.get(review_id)
        outcome = tx.reviews.outcome(review_id)
    if review is None:
        raise UsageError(f"There is no review {review_id}.", "`syncd reviews list` shows the open ones.")
    if as_json:
        say.document({**as_document(review), **outcome})
        return
    say.line(f"Review {review.id}: {review.kind}, {review.state}, about {review.subject}")
    for name, value in review.evidence.items():
        say.line(f"  {name}: {value if isinstance(value, str) else say.encoded(value)}")
    if review.state == "open":
        say.note(f"Decide with: syncd reviews resolve {review.id} {' | '.join(review.choices)}")
    else:
        say.line(
            f"  decided: {outcome.get('choice') or outcome.get('why', '')} {outcome.get('by', '')}".rstrip()
        )


@commands.command("resolve")
def resolve(
    ctx: typer.Context,
    review_id: ReviewId,
    choice: Annotated[str, typer.Argument(help="One of the review's choices.")],
    as_json: AsJson = False,
) -> None:
    """Decide a review."""
    with opening.opened(ctx) as app:
        done = app.resolve(review_id, choice, by=opening.who())
    if as_json:
        say.document(done)
        return
    say.line(f"Review {review_id} is decided: {choice}. The next sync acts on it.")
