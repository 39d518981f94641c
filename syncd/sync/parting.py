"""Parting: what customers keep of each other where records leave them, and what they give back.

A record takes its own words along. What was only filled in from it is taken out again where nobody else says it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from syncd.errors import UsageError
from syncd.rules.apart import only_filled, speak_for_themselves
from syncd.store import JournalRow, Reading, Writing
from syncd.sync.decide import BY_HAND
from syncd.sync.golden import ask_anew
from syncd.values import UNDER_WAY, Customer, Golden, Record, RecordKey


def leave_behind(tx: Writing, record: Record) -> list[Record]:
    """Take what a record says out of the customer that it is about to leave; return the records that stay."""
    if (before := record.customer) is None:
        return []
    left = [one for one in tx.records.of_customers([before]).get(before, []) if one.key != record.key]
    record.customer = None
    tx.records.save([record])  # first: a customer's primary per connection is unique
    set_roles(left)
    if left:
        customer = tx.customers.load([before])[before]
        forget_words(tx, customer, {record.key})
        for one in left:
            one.considered, one.fresh = 0, True
        part_ways(tx, {customer.id: (customer, left)})
        tx.customers.save([customer])
        tx.records.save(left)
    return left


def refuse_while_created(tx: Reading, customers: Iterable[str]) -> None:
    """Raise UsageError while a record is being made for one of these customers.

    It would be made for somebody who is not there any more, beside another's, or as one whom nobody can tell from a
    new person.
    """
    for operations in tx.operations.open_of(customers).values():
        for operation in operations:
            if operation.draft.kind == "create" and operation.state in UNDER_WAY:
                raise UsageError(
                    f"{operation.draft.customer} is being created in {operation.draft.connection},"
                    " and the outcome is not known yet.",
                    f"Sync and try again; if that does not end it: `syncd operations drop {operation.id}`.",
                )


def drop_plans(tx: Writing, customers: Iterable[str]) -> None:
    """Drop what is planned for customers and not under way: the run that planned it may be about to send it."""
    found = [op for group in tx.operations.open_of(customers).values() for op in group]
    tx.operations.drop([op.id for op in found if op.state not in UNDER_WAY], "planned anew")


def forget_words(tx: Writing, customer: Customer, records: Collection[RecordKey]) -> None:
    """Take what records hold or dispute out of a customer's golden values; who stays is heard anew."""
    customer.golden = {
        slot: golden
        for slot, golden in customer.golden.items()
        if not any(one.record in records for one in (golden.holder, *golden.conflict) if one is not None)
    }
    ask_anew(tx, [customer], {customer.id}, BY_HAND)


def part_ways(tx: Writing, sides: Mapping[str, tuple[Customer, Sequence[Record]]]) -> None:
    """Have each side say what only it can say by now, and give back what was only filled in from the other."""
    number = tx.meta.numbers(1)
    for customer, records in sides.values():
        speak_for_themselves(records, number)
        give_back(tx, customer, records, number)


def keep_nothing_of_others(tx: Writing, record: Record) -> None:
    """Give back what a primary record was only given for another customer."""
    assert record.customer is not None
    customer = tx.customers.load([record.customer])[record.customer]
    group = tx.records.of_customers([customer.id]).get(customer.id, [])
    give_back(tx, customer, [record], tx.meta.numbers(1), beside=group)
    tx.customers.save([customer])


def give_back(
    tx: Writing,
    customer: Customer,
    records: Sequence[Record],
    number: int,
    beside: Sequence[Record] = (),
) -> None:
    """Have what was only filled into records emptied again where neither their customer nor a record beside speaks of it."""
    filled = only_filled(records, customer.golden, beside)
    for slot, empty in filled.items():
        customer.golden[slot] = Golden(empty, number, "decided_by_a_person")
    tx.journal.append(_taken_back(customer, slot, empty, number, tx.now) for slot, empty in filled.items())


def _taken_back(
    customer: Customer, slot: str, empty: Mapping[str, str], number: int, now: datetime
) -> JournalRow:
    return JournalRow(
        number=number,
        customer=customer.id,
        run=BY_HAND,
        at=now,
        slot=slot,
        before={},
        after=dict(empty),
        rule="decided_by_a_person",
        note="it was only filled in from records that are somebody else's",
    )


def set_roles(records: Sequence[Record]) -> None:
    """Make the first record of each connection primary where none is any more."""
    taken = {record.connection for record in records if record.role == "primary" and record.state != "gone"}
    for record in records:
        if record.connection not in taken and record.state != "gone":
            record.role = "primary"
            taken.add(record.connection)
