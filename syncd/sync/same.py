"""Same: a person's word on records that may be one person's, or only share an address."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.errors import UsageError
from syncd.store import HumanDecision, Writing
from syncd.sync.decide import Desk, record_of
from syncd.sync.kinship import move, say_of_pair
from syncd.sync.people import merge
from syncd.sync.scene import candidate
from syncd.values import Record, Review


def decide_possible(desk: Desk, review: Review, choice: str) -> None:
    record = record_of(desk.tx, review.subject)
    others = [tuple(key) for key in review.evidence["others"]]
    _forget_doubts(desk.tx, [record])
    if choice == "different":
        for other in others:
            say_of_pair(desk.tx, "different", [record.key, other], desk.by)
        return
    say_of_pair(desk.tx, "same", [record.key, *others], desk.by)
    target = _only_customer(desk.tx, others, record)
    if target is not None:
        _join(desk, record, target)


def _join(desk: Desk, record: Record, customer: str) -> None:
    """Give a record to a customer, together with all that belongs to the one that it has."""
    if record.customer is None:
        move(desk.tx, record, customer)
    else:
        merge(desk.tx, desk.scene, customer, record.customer, desk.by)


def _only_customer(tx: Writing, others: Sequence[Sequence[str]], record: Record) -> str | None:
    """Return the one customer that the other records are of, None where there are several or none."""
    found = {other.customer for key in others if (other := tx.records.one(key[0], key[1])) and other.customer}
    found.discard(record.customer)
    if len(found) > 1:
        raise UsageError("They are several customers by now.", "Merge those first: `syncd customers merge`.")
    return next(iter(found), None)


def decide_shared(desk: Desk, review: Review, choice: str) -> None:
    keys = [tuple(key) for key in review.evidence["records"]]
    records = [record for key in keys if (record := desk.tx.records.one(key[0], key[1]))]
    _forget_doubts(desk.tx, records)
    if choice == "same" and records:
        say_of_pair(desk.tx, "same", keys, desk.by)
        first, *rest = sorted(records, key=lambda record: candidate(record).seniority)
        for record in rest:
            now = desk.tx.records.one(*record.key)  # an earlier one may have brought it along
            if first.customer and now is not None and now.customer != first.customer:
                _join(desk, now, first.customer)


def _forget_doubts(tx: Writing, records: Sequence[Record]) -> None:
    customers = tx.customers.load([record.customer for record in records if record.customer])
    for customer in customers.values():
        for record in records:
            customer.doubts.pop("/".join(record.key), None)
        customer.due = True
    tx.customers.save({customer.id: customer for customer in customers.values()}.values())


def decide_same_email(desk: Desk, review: Review, choice: str) -> None:
    """Take a person's word on two customers with one e-mail: one person, or a shared address."""
    first, second = review.evidence["customers"]
    if choice == "same":
        merge(desk.tx, desk.scene, str(first), str(second), desk.by)
        return
    desk.tx.decisions.add(HumanDecision("shared_address", {"customers": [first, second]}, desk.by))
    desk.tx.customers.mark_due([first, second])
