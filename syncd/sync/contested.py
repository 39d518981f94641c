"""Contested e-mails: an edit that gives a customer the e-mail of another one waits for a person.

Same person or shared address? Until that is said it does not become golden. Two customers that swap their e-mails are
one question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncd.customer import email_key
from syncd.store import Reading
from syncd.values import Customer, Record, Review, Statement


def contested_emails(
    tx: Reading, customers: Iterable[Customer], records: Mapping[str, Sequence[Record]]
) -> tuple[frozenset[int], list[Review]]:
    """Return the numbers of e-mail edits that name another customer's address, and the reviews that ask about them."""
    edits = {
        customer.id: [one for record in records.get(customer.id, ()) if (one := _new_email(record))]
        for customer in customers
    }
    asked = {("email", email_key(one.value["email"])) for group in edits.values() for one in group}
    holders = tx.records.by_keys({key for key in asked if key[1]}) if asked else {}
    contested: set[int] = set()
    reviews: dict[str, Review] = {}
    for customer_id, group in edits.items():
        for one in group:
            held = holders.get(("email", email_key(one.value["email"])), ())
            others = {
                other
                for other in _others(held, customer_id)
                if not _settled(tx, customer_id, other) and not _different(tx, one, held, other)
            }
            if others:
                contested.add(one.number)
                review = _review(customer_id, min(others), one)
                reviews.setdefault(review.subject, review)
    return frozenset(contested), list(reviews.values())


def _new_email(record: Record) -> Statement | None:
    one = record.shadow.stated.get("email")
    new = one is not None and (
        one.number > record.considered or record.shadow.withheld.get("email") == one.number
    )
    return one if new and one is not None and one.kind == "edit" and one.value.get("email") else None


def _others(holders: Sequence[Record], customer_id: str) -> set[str]:
    return {
        record.customer
        for record in holders
        if record.customer and record.customer != customer_id and record.state != "gone"
    }


def _settled(tx: Reading, one: str, other: str) -> bool:
    """Tell whether a person said that these two share an address."""
    said = tx.decisions.all_of(customers=[one])
    return any(decision.kind == "shared_address" and other in decision.customers for decision in said)


def _different(tx: Reading, one: Statement, holders: Sequence[Record], other: str) -> bool:
    """Tell whether a person said that all records of the other customer with this e-mail are of somebody else."""
    said = [
        decision for decision in tx.decisions.all_of(records=[one.record]) if decision.kind == "different"
    ]
    apart = {key for decision in said for key in decision.records}
    return bool(said) and all(record.key in apart for record in holders if record.customer == other)


def _review(customer_id: str, other: str, one: Statement) -> Review:
    first, second = sorted((customer_id, other))
    return Review(
        kind="same_email",
        subject=f"{first}/{second}",
        evidence={"customers": [first, second], "by": [one.connection, one.vendor_id]},
        choices=("same", "shared"),
        customer=customer_id,
    )
