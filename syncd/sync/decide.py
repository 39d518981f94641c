"""Decide: what a person's word does. It outranks every rule, is written down with who said it, and is never asked again.

Nothing here talks to a vendor: what follows from a decision is planned and written by the next run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncd.customer import (
    parts_of,
)
from syncd.errors import UsageError
from syncd.store import JournalRow, Writing
from syncd.sync.golden import Occasion, decide_customer
from syncd.sync.scene import Scene
from syncd.values import Customer, Golden, Record, Review

BY_HAND = "by hand"  # stands for the run in the journal where no run decided


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a decision is made: in one transaction, by one person."""

    tx: Writing
    scene: Scene
    by: str


# --- conflicts and clears ------------------------------------------------------------------------


def decide_conflict(desk: Desk, review: Review, choice: str) -> None:
    customer = customer_of(desk.tx, review)
    decide_again(desk.tx, desk.scene, customer, {str(review.evidence["slot"]): int(choice)})


def decide_again(tx: Writing, scene: Scene, customer: Customer, chosen: Mapping[str, int]) -> None:
    records = tx.records.of_customers([customer.id]).get(customer.id, [])
    occasion = Occasion(tx.meta.numbers(1), BY_HAND, tx.now)
    rows, reviews = decide_customer(customer, records, scene, occasion, chosen=chosen)
    tx.journal.append(rows)
    tx.reviews.open(reviews, BY_HAND)
    customer.due = True
    tx.customers.save([customer])
    tx.records.save(records)


def decide_clear(desk: Desk, review: Review, choice: str) -> None:
    slot = str(review.evidence["slot"])
    record = record_of(desk.tx, review.subject.removesuffix(f"/{slot}"))
    if choice == "put_back":
        record.shadow.cleared.pop(slot, None)
        desk.tx.records.save([record])
    elif choice == "clear_everywhere":
        set_golden(
            desk.tx, customer_of(desk.tx, review), slot, dict.fromkeys(_parts_of(record, slot), ""), desk.by
        )
    desk.tx.customers.mark_due([record.customer] if record.customer else [])


def _parts_of(record: Record, slot: str) -> list[str]:
    return [name for name in parts_of(slot) if name in record.shadow.seen]


def set_golden(tx: Writing, customer: Customer, slot: str, value: Mapping[str, str], by: str) -> None:
    """Set a slot's golden value by a person's word, and write it into the journal."""
    before = customer.golden.get(slot)
    number = tx.meta.numbers(1)
    after = {**(before.value if before else {}), **value}
    customer.golden[slot] = Golden(
        after, number, "decided_by_a_person", holder=before.holder if before else None
    )
    customer.due = True
    tx.customers.save([customer])
    row = JournalRow(
        number=number,
        customer=customer.id,
        run=BY_HAND,
        at=tx.now,
        slot=slot,
        before=dict(before.value) if before else {},
        after=after,
        rule="decided_by_a_person",
        note=f"by {by}",
    )
    tx.journal.append([row])


def decide_bounce(desk: Desk, review: Review, choice: str) -> None:
    """Write a field again that was frozen because two systems fought over it, or leave it frozen."""
    if choice == "release":
        customer = customer_of(desk.tx, review)
        customer.frozen.pop(str(review.evidence["slot"]), None)
        customer.due = True
        desk.tx.customers.save([customer])


# --- looking things up ---------------------------------------------------------------------------


def record_of(tx: Writing, subject: str) -> Record:
    """Return the record that a review is about. Raises UsageError."""
    connection, _, rest = subject.partition("/")
    record = tx.records.one(connection, rest) or tx.records.one(connection, rest.rpartition("/")[0])
    if record is None:
        raise UsageError("The record is not known any more.", "Sync and look at the review again.")
    return record


def customer_of(tx: Writing, review: Review) -> Customer:
    """Return the customer that a review is about. Raises UsageError."""
    asked = review.customer or ""
    customer = tx.customers.load([asked]).get(asked)
    if customer is None:
        raise UsageError("The customer is not known any more.", "Sync and look at the review again.")
    return customer
