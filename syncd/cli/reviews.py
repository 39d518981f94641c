"""`syncd reviews`: what only a person should decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson, Limit
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.store import Reading
    from syncd.values import Review

_RECORDS = ("primary", "duplicate", "record", "records", "others")  # evidence that names records

ReviewId = Annotated[
    int,
    typer.Argument(
        metavar="REVIEW", min=1, max=2**53, help="The review's number, as `reviews list` shows it."
    ),
]

commands = typer.Typer(no_args_is_help=True, help="Look at what waits for a person, and decide it.")


@commands.command("list")
def list_reviews(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided too.")] = False,
    after: Annotated[int, typer.Option("--after", min=0, max=2**53, help="Continue behind this number.")] = 0,
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
        (review.id, review.kind, review.state, _about(review), review.customer, ", ".join(review.choices))
        for review in found
    ]
    columns = ("review", "kind", "state", "about", "customer", "choices")
    say.table(columns, rows, empty="No review fits." if kind or after else "Nothing waits for a person.")


def _about(review: Review) -> str:
    """Return what a review is about: an address, a record, a field, or a connection as a whole."""
    slot = review.evidence.get("slot")
    kind, colon, rest = review.subject.partition(":")
    subject = rest if colon and review.kind == f"shared_{kind}" else review.subject
    return f"{slot} of {review.customer}" if slot and review.customer else subject


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
        shown = _beside(tx, review) if review else []
    if review is None:
        raise UsageError(f"There is no review {review_id}.", "`syncd reviews list` shows the open ones.")
    if as_json:
        say.document({**as_document(review), **outcome})
        return
    say.line(f"Review {review.id}: {review.kind}, {review.state}, about {_about(review)}")
    for name, value in review.evidence.items():
        for line in _lines(name, value):
            say.line(f"  {line}")
    if shown:
        head, *rows = shown
        say.table(head, rows, empty="")
    if review.state == "open":
        say.note(f"Decide with: syncd reviews resolve {review.id} {' | '.join(review.choices)}")
    else:
        say.line(
            f"  decided: {outcome.get('choice') or outcome.get('why', '')} {outcome.get('by', '')}".rstrip()
        )


def _lines(name: str, value: Any) -> Iterator[str]:
    """Yield a piece of evidence as a person reads it."""
    if name == "sides" and isinstance(value, Mapping):
        yield from (f"{record} writes {_words(said)}" for record, said in value.items())
    elif name == "sides":
        for side in value:
            yield f"{side['number']}: {side['connection']}/{side['vendor_id']} says {_words(side['value'])}"
    elif name in _RECORDS and isinstance(value, Sequence):
        yield f"{name}: {', '.join(f'{connection}/{record}' for connection, record in _keys(value))}"
    else:
        yield f"{name}: {_words(value)}"


def _words(value: Any) -> str:
    match value:
        case str():
            return value or "(empty)"
        case Mapping():
            return ", ".join(f"{name} “{each}”" for name, each in value.items() if each) or "(empty)"
        case list() | tuple():
            return ", ".join(map(_words, value))
    return str(value)


def _keys(value: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the records that a piece of evidence names: one (connection, vendor id), or a list of them."""
    pairs = [value] if value and isinstance(value[0], str) else value
    return [(str(connection), str(vendor_id)) for connection, vendor_id in pairs]


def _beside(tx: Reading, review: Review) -> list[Sequence[str]]:
    """Return the records of the evidence side by side, a field a row, the head first; nothing where it names none."""
    from syncd.customer import FIELDS

    named = [review.evidence[name] for name in _RECORDS if isinstance(review.evidence.get(name), list)]
    keys = [key for each in named for key in _keys(each)]
    found = [record for key in keys if (record := tx.records.one(*key))]
    rows = [(name, *(record.value(name) or "" for record in found)) for name in FIELDS]
    said = [row for row in rows if any(row[1:])]
    return [("field", *("/".join(record.key) for record in found)), *said] if said else []


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
