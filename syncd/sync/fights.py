"""Fights: a field that two systems write over in turn is frozen, and a person is asked who is right.

Golden goes on following what is edited, so that nothing is lost; only the writing stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from syncd.rules.bounce import MOST, Swing, bounces
from syncd.store import JournalRow, Reading
from syncd.values import Customer, Review

WHY = "two systems write over each other's value in turn; a review asks which is right"


def freeze_fought_over(
    tx: Reading, customers: Mapping[str, Customer], changed: Iterable[JournalRow]
) -> list[Review]:
    """Freeze the fields whose golden value came back too often; return the reviews that ask about them."""
    reviews: list[Review] = []
    for row in changed:
        customer = customers[row.customer]
        past = [
            one for one in tx.journal.of(row.customer) if one.slot == row.slot and one.number < row.number
        ]
        told = [swing for one in [*past, row] if (swing := _swing(one))]
        if bounces(row.slot, told, row.at, _released(tx, customer, row.slot)) >= MOST:
            customer.frozen[row.slot] = WHY
            reviews.append(_review(customer, row, told))
    return reviews


def _swing(row: JournalRow) -> Swing | None:
    if row.by is None or row.before == row.after:
        return None
    return Swing(row.at, row.before, row.after, (row.by[0], row.by[1]))


def _released(tx: Reading, customer: Customer, slot: str) -> datetime | None:
    """Return when a person last released this field, None where nobody did."""
    said = tx.reviews.list(state="resolved", kind="bounce", customer=customer.id, limit=1_000)
    times = [
        tx.reviews.outcome(review.id or 0).get("closed_at")
        for review in said
        if review.evidence["slot"] == slot
    ]
    return max((at for at in times if at is not None), default=None)


def _review(customer: Customer, row: JournalRow, told: Iterable[Swing]) -> Review:
    sides = {"/".join(swing.by): dict(swing.after) for swing in told}
    return Review(
        kind="bounce",
        subject=f"{customer.id}/{row.slot}",
        evidence={"slot": row.slot, "golden": dict(row.after), "sides": sides, "number": row.number},
        choices=("release", "stay_frozen"),
        customer=customer.id,
    )
