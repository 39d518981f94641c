"""Moot questions: what people settled at a vendor is asked no more.

A question that is open for long is answered by somebody who did not see what happened since. Where a later edit
settled a conflict, filled a field again that was emptied, or gave up an e-mail that is another customer's, the answer
would undo that edit; so the question is withdrawn in the transaction that takes the edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncd.customer import SLOTS, is_element
from syncd.store import Writing
from syncd.sync.stamped import bears_stamp
from syncd.values import Customer, Record, Review

WHY = "a later edit settled it"


def withdraw_moot(
    tx: Writing,
    customers: Iterable[Customer],
    records: Mapping[str, Sequence[Record]],
    asked: Iterable[Review],
) -> None:
    """Withdraw what is open about these customers and does not arise from what their records say now."""
    group = {customer.id: customer for customer in customers}
    if conflicts := tx.reviews.open_subjects("conflict"):
        tx.reviews.close("conflict", conflicts & _agreed(group.values()), WHY)
    if clears := tx.reviews.open_subjects("clear"):
        mine = [record for customer in group for record in records.get(customer, ())]
        tx.reviews.close("clear", clears & _filled(mine), WHY)
    if stamps := tx.reviews.open_subjects("stamp"):
        tx.reviews.close("stamp", stamps & _stamped(group, records), WHY)
    pairs = tx.reviews.open_subjects("same_email") - {review.subject for review in asked}
    touched = [pair for pair in pairs if group.keys() & set(pair.split("/"))]
    tx.reviews.close("same_email", [pair for pair in touched if not _disputed(tx, pair, records)], WHY)


def _agreed(customers: Iterable[Customer]) -> set[str]:
    return {
        f"{customer.id}/{slot}"
        for customer in customers
        for slot, golden in customer.golden.items()
        if not golden.conflict
    }


def _filled(records: Iterable[Record]) -> set[str]:
    return {
        f"{record.connection}/{record.vendor_id}/{slot}"
        for record in records
        for slot in (*SLOTS, *filter(is_element, record.shadow.stated))
        if slot not in record.shadow.cleared
    }


def _stamped(customers: Mapping[str, Customer], records: Mapping[str, Sequence[Record]]) -> set[str]:
    return {
        "/".join(record.key)
        for customer in customers.values()
        for record in records.get(customer.id, ())
        if bears_stamp(customer, record)
    }


def _disputed(tx: Writing, pair: str, records: Mapping[str, Sequence[Record]]) -> bool:
    """Tell whether one of two customers still has an edit of its e-mail that waits; `records` are not yet stored."""
    customers = pair.split("/")
    stored = tx.records.of_customers([customer for customer in customers if customer not in records])
    groups = [*stored.values(), *(records[customer] for customer in customers if customer in records)]
    return any("email" in record.shadow.withheld for group in groups for record in group)
