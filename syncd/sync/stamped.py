"""Stamps: an external id that we wrote into a record of our making, and that somebody changed since.

The id is evidence of who the record is, so what the change means is for a person to say; the link stays meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syncd.customer import clean
from syncd.values import Customer, Record, Review

FIELD = "external_id"


def changed_stamps(customer: Customer, records: Iterable[Record]) -> Iterator[Review]:
    """Yield a question for each record whose stamp somebody has just changed."""
    for record in records if customer.stamps else ():
        said = record.shadow.stated.get(FIELD)
        if said is None or said.kind == "initial" or said.number <= record.considered:
            continue
        if record.role == "primary" and record.state != "gone" and not bears_stamp(customer, record):
            yield _review(customer, record, said.number)


def bears_stamp(customer: Customer, record: Record) -> bool:
    """Tell whether a record shows the id that we wrote there, or was never given one."""
    stamp = customer.stamps.get(record.connection)
    return stamp is None or clean(FIELD, stamp) == clean(FIELD, record.value(FIELD))


def _review(customer: Customer, record: Record, number: int) -> Review:
    return Review(
        kind="stamp",
        subject="/".join(record.key),
        evidence={
            "stamp": customer.stamps[record.connection],
            "shown": record.value(FIELD),
            "number": number,
        },
        choices=("leave", "different"),
        connection=record.connection,
        customer=customer.id,
    )
