"""Kinship: a person says which records are one customer's, and which of them is written to."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.errors import UsageError
from syncd.store import HumanDecision, Writing
from syncd.sync.decide import BY_HAND, Desk, record_of
from syncd.sync.parting import (
    drop_plans,
    keep_nothing_of_others,
    leave_behind,
    refuse_while_created,
)
from syncd.values import Record, Review


def decide_duplicate(desk: Desk, review: Review, choice: str) -> None:
    pair = [tuple(review.evidence["primary"]), tuple(review.evidence["duplicate"])]
    if choice == "make_primary":
        make_primary(desk.tx, record_of(desk.tx, review.subject), desk.by)
    elif choice == "different":
        say_of_pair(desk.tx, "different", pair, desk.by)
        split_off(desk.tx, record_of(desk.tx, review.subject))


def make_primary(tx: Writing, record: Record, by: str) -> None:
    """Make a duplicate the record that is written, and the primary one a duplicate."""
    if record.customer is None:
        raise UsageError("The record is linked to no customer.", "Sync first.")
    if record.state == "gone":
        raise UsageError("The record is deleted there by now.", "Leave the one that is written as it is.")
    group = tx.records.of_customers([record.customer])[record.customer]
    for other in group:
        if other.connection == record.connection and other.key != record.key and other.role == "primary":
            other.role = "duplicate"
            tx.records.save([other])
    record.role, record.considered, record.fresh = "primary", 0, True
    record.linked_at = tx.meta.numbers(1)
    tx.records.save([record])
    tx.decisions.add(HumanDecision("primary", {"records": [list(record.key)]}, by))
    tx.customers.mark_due([record.customer])
    keep_nothing_of_others(tx, record)


def split_off(tx: Writing, record: Record) -> None:
    """Take a record out of its customer: the next run finds or makes its own."""
    before = record.customer
    leave_behind(tx, record)
    record.role, record.fresh, record.considered = "primary", True, 0
    tx.records.save([record])
    if before:
        tx.customers.mark_due([before])


def say_of_pair(tx: Writing, kind: str, pair: Sequence[Sequence[str]], by: str) -> None:
    tx.decisions.add(HumanDecision(kind, {"records": [list(key) for key in pair]}, by))


def leave_no_plan(tx: Writing, customers: Sequence[str]) -> None:
    """Drop what is planned for customers that change who they are; it is planned anew. Raises UsageError."""
    refuse_while_created(tx, customers)
    drop_plans(tx, customers)


def move(tx: Writing, record: Record, customer_id: str) -> None:
    """Move a record, with its own statements, to another customer; an empty customer's id lives on as an alias."""
    before = record.customer
    leave_no_plan(tx, [customer_id, *([before] if before else [])])
    there = tx.records.of_customers([customer_id]).get(customer_id, [])
    taken = any(
        one.connection == record.connection and one.role == "primary" and one.state != "gone" for one in there
    )
    left = leave_behind(tx, record)
    record.customer, record.role = customer_id, "duplicate" if taken else "primary"
    record.linked_at, record.considered, record.fresh = tx.meta.numbers(1), 0, True
    tx.records.save([record])
    tx.customers.mark_due([customer_id, *([before] if before else [])])
    if record.role == "primary":
        keep_nothing_of_others(tx, record)
    if before and not left:
        tx.holds.replace([before], [], BY_HAND)
        empty = tx.customers.load([before], follow=False)[before]
        empty.alias_of, empty.due = customer_id, False
        tx.customers.save([empty])


def decide_duplicate_edit(desk: Desk, review: Review, choice: str) -> None:
    if choice == "make_primary":
        subject = review.subject.removesuffix(f"/{review.evidence['slot']}")
        connection, _, vendor_id = subject.partition("/")
        record = desk.tx.records.one(connection, vendor_id)
        if record is not None:
            make_primary(desk.tx, record, desk.by)


def decide_promotion(desk: Desk, review: Review, choice: str) -> None:
    """Let a duplicate take the place of the primary record that is gone."""
    if choice == "make_primary":
        make_primary(desk.tx, record_of(desk.tx, review.subject), desk.by)


def decide_deleted(desk: Desk, review: Review, choice: str) -> None:
    """Have a customer created again where its record was deleted, or leave it as it is."""
    if choice == "restore":
        record = record_of(desk.tx, review.subject)
        record.role = "duplicate"
        desk.tx.records.save([record])
        desk.tx.customers.mark_due([record.customer] if record.customer else [])
