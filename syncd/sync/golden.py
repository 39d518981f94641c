"""Golden values in the store: what is new in a batch of customers is decided, journalled and asked about.

The rule itself is pure (`syncd.rules.golden`); here are the statements that it is to consider, the ones that wait for
a person, and what becomes of its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from syncd.customer import same, slot_of
from syncd.rules.bounce import swings
from syncd.rules.golden import Answer, Asked, decide, first_word
from syncd.store import JournalRow, Writing
from syncd.sync.contested import contested_emails
from syncd.sync.crowd import Crowd
from syncd.sync.fights import freeze_fought_over
from syncd.sync.journal import decided_row, waiting_row
from syncd.sync.moot import withdraw_moot
from syncd.sync.scene import Scene
from syncd.sync.stamped import changed_stamps
from syncd.values import Customer, Golden, Record, Review, Statement

Parked = Mapping[str, Sequence[Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Occasion:
    """When golden values are decided: under which journal number, in which run, at what time.

    `swung` collects the rows by which one record's edit took the place of another's: it may be a fight.
    """

    number: int
    run: str
    at: datetime
    swung: list[JournalRow] = field(default_factory=list)


def decide_crowd(tx: Writing, scene: Scene, crowd: Crowd, run: str) -> None:
    """Decide what is new in these customers, and ask what only a person can."""
    fresh = {key: group for key, group in crowd.records.items() if any(record.fresh for record in group)}
    if not fresh:
        return
    customers = [crowd.customers[key] for key in fresh]
    parked: Parked = orjson.loads(tx.meta.get("parked") or "{}")
    contested, reviews = contested_emails(tx, customers, fresh)
    first = tx.meta.numbers(len(customers))
    rows: list[JournalRow] = []
    swung: list[JournalRow] = []
    for number, customer in enumerate(customers, first):
        group, occasion = fresh[customer.id], Occasion(number, run, tx.now, swung)
        reviews += changed_stamps(customer, group)
        decided, asked = decide_customer(
            customer, group, scene, occasion, _withheld(group, parked) | contested
        )
        rows += decided
        reviews += asked
        customer.due = True  # until it is planned, which a dry run leaves to the next run
        crowd.moved(customer, group)
    reviews += freeze_fought_over(tx, crowd.customers, swung)
    tx.journal.append(rows)
    withdraw_moot(tx, customers, fresh, reviews)
    if reviews:
        tx.reviews.open(reviews, run)


def decide_customer(
    customer: Customer,
    records: Sequence[Record],
    scene: Scene,
    occasion: Occasion,
    withheld: frozenset[int] = frozenset(),
    chosen: Mapping[str, int] | None = None,
) -> tuple[list[JournalRow], list[Review]]:
    """Decide every slot of a customer that has something new; return the journal's rows and the reviews.

    `withheld` are numbers of statements that wait for a person. `chosen` are a person's decisions on open conflicts:
    slot → number of the statement that is right.
    """
    rows: list[JournalRow] = []
    reviews: list[Review] = []
    roles = {record.key: record.role for record in records}
    news = _new_statements(records, withheld)
    touched = news.keys() | customer.pins.keys() | (chosen or {}).keys()

    def rank(one: Statement) -> tuple[object, ...]:
        return (roles.get(one.record) == "duplicate", *scene.rank(one))

    for slot in scene.spoken(touched):
        new = news.get(slot, [])
        before = customer.golden.get(slot)
        if before is None and len(new) == 1 and slot not in customer.pins and new[0].kind == "initial":
            if scene.policy(slot).hears(new[0].connection):
                rows += _taken(customer, records, slot, first_word(new[0], occasion.number), occasion)
            continue
        asking = [one for one in new if _is_duplicates_edit(one, roles)]
        reviews += [_duplicate_edit(customer, one) for one in asking]
        rows += [
            waiting_row(customer.id, one, before, occasion.number, occasion.run, occasion.at)
            for one in asking
        ]
        speaking = [one for one in new if one not in asking] if asking else new
        reopened = slot in (chosen or {}) or (slot in customer.pins and _pin_differs(customer, slot))
        if not speaking and not reopened:
            continue
        asked = Asked(
            slot=slot,
            before=before,
            new=speaking,
            policy=scene.policy(slot),
            rank=rank,
            number=occasion.number,
            regions=scene.regions,
            pin=customer.pins.get(slot),
            chosen=(chosen or {}).get(slot),
        )
        answer = decide(asked)
        rows += _taken(customer, records, slot, answer, occasion)
        if answer.changed and swings(before, answer.golden):
            occasion.swung.append(rows[-1])
        if answer.golden is not None and answer.golden.conflict and answer.note:
            reviews.append(_conflict(customer, slot, answer.golden))
    _mark_considered(records, withheld)
    return rows, reviews


def _taken(
    customer: Customer, records: Sequence[Record], slot: str, answer: Answer, occasion: Occasion
) -> list[JournalRow]:
    """Take an answer into a customer and return the journal's row of it, none where it says nothing new."""
    before = customer.golden.get(slot)
    if answer.golden is not None:
        customer.golden[slot] = answer.golden
    if answer.changed:
        _forget_refusals(customer, records, slot)
    if not answer.journalled:
        return []
    return [decided_row(customer.id, slot, before, answer, occasion.number, occasion.run, occasion.at)]


def _forget_refusals(customer: Customer, records: Sequence[Record], slot: str) -> None:
    """Forget what was refused and is not wanted any more: it is tried again when somebody wants it once more."""
    customer.refused.clear()  # that was another content
    wanted = customer.golden[slot].value if slot in customer.golden else {}
    for record in [record for record in records if record.shadow.refused]:
        record.shadow.refused = {
            name: said
            for name, said in record.shadow.refused.items()
            if slot_of(name) != slot or same(name, wanted.get(name), said[0])
        }


def _new_statements(records: Sequence[Record], withheld: frozenset[int]) -> dict[str, list[Statement]]:
    """Return, by slot, the statements that golden has not considered and that need not wait."""
    new: dict[str, list[Statement]] = {}
    for record in records:
        waited = record.shadow.withheld
        for slot, one in record.shadow.stated.items():
            if (
                one.number > record.considered or waited.get(slot) == one.number
            ) and one.number not in withheld:
                new.setdefault(slot, []).append(one)
    return new


def _withheld(records: Sequence[Record], parked: Parked) -> frozenset[int]:
    """Return the statements of a mass change that a person has not accepted yet."""
    return frozenset(
        one.number
        for record in records
        if record.connection in parked
        for one in record.shadow.stated.values()
        if one.kind != "initial"
        and any(first <= one.number <= last for first, last in parked[record.connection])
    )


def _is_duplicates_edit(one: Statement, roles: Mapping[tuple[str, str], str]) -> bool:
    return one.kind != "initial" and roles.get(one.record) == "duplicate"


def _pin_differs(customer: Customer, slot: str) -> bool:
    golden = customer.golden.get(slot)
    pinned = customer.pins[slot]
    return golden is None or any(golden.value.get(name) != text for name, text in pinned.items())


def _mark_considered(records: Sequence[Record], withheld: frozenset[int]) -> None:
    """Note what golden has considered; what is withheld is looked at again by the next run."""
    for record in records:
        stated = record.shadow.stated
        record.shadow.withheld = (
            {slot: one.number for slot, one in stated.items() if one.number in withheld} if withheld else {}
        )
        record.considered = max([record.considered, *(one.number for one in stated.values())])
        record.fresh = bool(record.shadow.withheld)


def ask_anew(tx: Writing, living: Iterable[Customer], ids: Collection[str], run: str) -> None:
    """Ask of exactly those conflicts that customers have after a person said who is who.

    `ids` are all whose questions may have become moot, also of one that is merged away.
    """
    asked = [
        _conflict(customer, slot, golden)
        for customer in living
        for slot, golden in customer.golden.items()
        if golden.conflict
    ]
    subjects = {review.subject for review in asked}
    mine = {each for each in tx.reviews.open_subjects("conflict") if each.partition("/")[0] in ids}
    tx.reviews.close("conflict", mine - subjects, "a person said who is who")
    tx.reviews.open(asked, run)


def _conflict(customer: Customer, slot: str, golden: Golden) -> Review:
    sides = [
        {
            "connection": one.connection,
            "vendor_id": one.vendor_id,
            "number": one.number,
            "value": dict(one.value),
        }
        for one in golden.conflict
    ]
    return Review(
        kind="conflict",
        subject=f"{customer.id}/{slot}",
        evidence={"slot": slot, "golden": dict(golden.value), "sides": sides},
        choices=tuple(str(side["number"]) for side in sides),
        customer=customer.id,
    )


def _duplicate_edit(customer: Customer, one: Statement) -> Review:
    return Review(
        kind="duplicate_edit",
        subject=f"{one.connection}/{one.vendor_id}/{one.slot}",
        evidence={"slot": one.slot, "value": dict(one.value), "number": one.number},
        choices=("make_primary", "leave"),
        connection=one.connection,
        customer=customer.id,
    )
