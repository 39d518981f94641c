"""Decide: what a person's word does. It outranks every rule, is written down with who said it, and is never asked again.

Nothing here talks to a vendor: what follows from a decision is planned and written by the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from syncd.customer import (
    FIELDS,
    NO,
    SETS,
    YES,
    asked_of,
    base_of,
    element,
    elements,
    is_element,
    parts_of,
    slot_of,
)
from syncd.errors import UsageError
from syncd.store import ConnectionState, HumanDecision, JournalRow, Writing
from syncd.sync.golden import Occasion, decide_customer
from syncd.sync.scene import Scene, candidate
from syncd.values import Customer, Golden, Operation, Record, Review

UNDER_WAY = ("claimed", "sent", "unknown")
BY_HAND = "by hand"  # stands for the run in the journal where no run decided


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a decision is made: in one transaction, by one person."""

    tx: Writing
    scene: Scene
    by: str


# --- conflicts and clears ------------------------------------------------------------------------


def decide_conflict(desk: Desk, review: Review, choice: str) -> None:
    customer = _customer(desk.tx, review)
    _decide_again(desk.tx, desk.scene, customer, {str(review.evidence["slot"]): int(choice)})


def _decide_again(tx: Writing, scene: Scene, customer: Customer, chosen: Mapping[str, int]) -> None:
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
    record = _record(desk.tx, review.subject.removesuffix(f"/{slot}"))
    if choice == "put_back":
        record.shadow.cleared.pop(slot, None)
        desk.tx.records.save([record])
    elif choice == "clear_everywhere":
        set_golden(
            desk.tx, _customer(desk.tx, review), slot, dict.fromkeys(_parts_of(record, slot), ""), desk.by
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
        customer = _customer(desk.tx, review)
        customer.frozen.pop(str(review.evidence["slot"]), None)
        customer.due = True
        desk.tx.customers.save([customer])


# --- who is who ----------------------------------------------------------------------------------


def decide_duplicate(desk: Desk, review: Review, choice: str) -> None:
    pair = [tuple(review.evidence["primary"]), tuple(review.evidence["duplicate"])]
    if choice == "make_primary":
        make_primary(desk.tx, _record(desk.tx, review.subject), desk.by)
    elif choice == "different":
        _say_of_pair(desk.tx, "different", pair, desk.by)
        split_off(desk.tx, _record(desk.tx, review.subject))


def make_primary(tx: Writing, record: Record, by: str) -> None:
    """Make a duplicate the record that is written, and the primary one a duplicate."""
    if record.customer is None:
        raise UsageError("The record is linked to no customer.", "Sync first.")
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


def split_off(tx: Writing, record: Record) -> None:
    """Take a record out of its customer: the next run finds or makes its own."""
    before = record.customer
    record.customer, record.role, record.fresh, record.considered = None, "primary", True, 0
    tx.records.save([record])
    if before:
        tx.customers.mark_due([before])


def _say_of_pair(tx: Writing, kind: str, pair: Sequence[Sequence[str]], by: str) -> None:
    tx.decisions.add(HumanDecision(kind, {"records": [list(key) for key in pair]}, by))


def decide_possible(desk: Desk, review: Review, choice: str) -> None:
    record = _record(desk.tx, review.subject)
    others = [tuple(key) for key in review.evidence["others"]]
    _forget_doubts(desk.tx, [record])
    if choice == "different":
        for other in others:
            _say_of_pair(desk.tx, "different", [record.key, other], desk.by)
        return
    _say_of_pair(desk.tx, "same", [record.key, *others], desk.by)
    target = _only_customer(desk.tx, others, record)
    if target is not None:
        move(desk.tx, record, target)


def _only_customer(tx: Writing, others: Sequence[Sequence[str]], record: Record) -> str | None:
    """Return the one customer that the other records are of, None where there are several or none."""
    found = {other.customer for key in others if (other := tx.records.one(key[0], key[1])) and other.customer}
    found.discard(record.customer)
    if len(found) > 1:
        raise UsageError("They are several customers by now.", "Merge those first: `syncd customers merge`.")
    return next(iter(found), None)


def leave_no_plan(tx: Writing, customers: Sequence[str]) -> None:
    """Drop what is planned for customers that change who they are; it is planned anew. Raises UsageError.

    A create under way would make a record for somebody who is not there any more, or a second one beside the other's.
    """
    found = [op for group in tx.operations.open_of(customers).values() for op in group]
    for op in found:
        if op.draft.kind == "create" and op.state in UNDER_WAY:
            raise UsageError(
                f"{op.draft.customer} is being created in {op.draft.connection}, and the outcome is not known yet.",
                "Sync and try again.",
            )
    tx.operations.drop([op.id for op in found if op.state not in UNDER_WAY], "planned anew")


def move(tx: Writing, record: Record, customer_id: str) -> None:
    """Move a record, with its own statements, to another customer; an empty customer's id lives on as an alias."""
    before = record.customer
    leave_no_plan(tx, [customer_id, *([before] if before else [])])
    there = tx.records.of_customers([customer_id]).get(customer_id, [])
    taken = any(
        one.connection == record.connection and one.role == "primary" and one.state != "gone" for one in there
    )
    record.customer, record.role = customer_id, "duplicate" if taken else "primary"
    record.linked_at, record.considered, record.fresh = tx.meta.numbers(1), 0, True
    tx.records.save([record])
    tx.customers.mark_due([customer_id, *([before] if before else [])])
    if before and not tx.records.of_customers([before]).get(before):
        empty = tx.customers.load([before], follow=False)[before]
        empty.alias_of, empty.due = customer_id, False
        tx.customers.save([empty])


def decide_shared(desk: Desk, review: Review, choice: str) -> None:
    keys = [tuple(key) for key in review.evidence["records"]]
    records = [record for key in keys if (record := desk.tx.records.one(key[0], key[1]))]
    _forget_doubts(desk.tx, records)
    if choice == "same" and records:
        _say_of_pair(desk.tx, "same", keys, desk.by)
        first, *rest = sorted(records, key=lambda record: candidate(record).seniority)
        for record in rest:
            if first.customer and record.customer != first.customer:
                move(desk.tx, record, first.customer)


def _forget_doubts(tx: Writing, records: Sequence[Record]) -> None:
    customers = tx.customers.load([record.customer for record in records if record.customer])
    for customer in customers.values():
        for record in records:
            customer.doubts.pop("/".join(record.key), None)
        customer.due = True
    tx.customers.save({customer.id: customer for customer in customers.values()}.values())


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
        make_primary(desk.tx, _record(desk.tx, review.subject), desk.by)


def decide_deleted(desk: Desk, review: Review, choice: str) -> None:
    """Have a customer created again where its record was deleted, or leave it as it is."""
    if choice == "restore":
        record = _record(desk.tx, review.subject)
        record.role = "duplicate"
        desk.tx.records.save([record])
        desk.tx.customers.mark_due([record.customer] if record.customer else [])


# --- limits and mass changes ---------------------------------------------------------------------


def decide_limits(desk: Desk, review: Review, choice: str) -> None:
    connection = review.connection or ""
    if choice == "approve":
        approve(desk.tx, desk.scene, desk.by, connection=connection)
    else:
        discard(desk.tx, desk.by, connection=connection)


def approve(
    tx: Writing, scene: Scene, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = ""
) -> int:
    """Approve what waits: of a connection (which may then be written to), of a run, or by operation."""
    waiting = _waiting(tx, connection, operations, run)
    tx.operations.approve([op.content for op in waiting], by)
    for op in waiting:
        op.state, op.approved_by = "planned", by
    tx.operations.save(waiting)
    whole = {op.draft.connection for op in waiting} if not operations else set()
    for name in whole | ({connection} if connection else set()):
        _open_connection(tx, scene, name)
    tx.audit.add(by, "approve", connection or run or "operations", {"operations": len(waiting)})
    return len(waiting)


def _open_connection(tx: Writing, scene: Scene, name: str) -> None:
    source = scene.sources.get(name)
    if source is None:
        return
    state = tx.connections.load(name) or ConnectionState(name, source.connector.vendor)
    state.approved, state.mapping = True, source.mapping
    tx.connections.save(state)
    tx.reviews.close("limits", [name], "approved")


def discard(
    tx: Writing, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = ""
) -> int:
    """Discard what waits: its content stays held until golden changes."""
    waiting = _waiting(tx, connection, operations, run)
    tx.operations.discard([op.content for op in waiting], by)
    tx.operations.drop([op.id for op in waiting], f"discarded by {by}")
    tx.customers.mark_due({op.draft.customer for op in waiting})
    for name in {op.draft.connection for op in waiting} if not operations else ():
        tx.reviews.close("limits", [name], "discarded")
    tx.audit.add(by, "discard", connection or run or "operations", {"operations": len(waiting)})
    return len(waiting)


def _waiting(tx: Writing, connection: str, operations: Sequence[str], run: str) -> list[Operation]:
    found = tx.operations.list(
        connection=connection or None, run=run or None, states=("waiting",), limit=1_000_000
    )
    if operations:
        found = [op for op in found if op.id in set(operations)]
    if not found and (operations or run):
        raise UsageError("Nothing of that waits for approval.", "`syncd operations list` shows what does.")
    return found


def decide_mass_change(desk: Desk, review: Review, choice: str) -> None:
    name = review.connection or ""
    parked = orjson.loads(desk.tx.meta.get("parked") or "{}")
    span = list(review.evidence["numbers"])
    parked[name] = [one for one in parked.get(name, []) if one != span]
    desk.tx.meta.set("parked", orjson.dumps(parked).decode())
    if choice == "refuse":
        _refuse_statements(desk.tx, name, span)


def _refuse_statements(tx: Writing, connection: str, span: Sequence[int]) -> None:
    """Let statements go no further: golden stays, and is written back where the limits allow it."""
    after = ""
    while ids := tx.records.fresh_customers(after, 500):
        after = ids[-1]
        for group in tx.records.of_customers(ids).values():
            refused = [
                record for record in group if record.connection == connection and _states_within(record, span)
            ]
            for record in refused:
                record.considered, record.fresh = max(record.considered, span[1]), False
            tx.records.save(refused)
        tx.customers.mark_due(ids)


def _states_within(record: Record, span: Sequence[int]) -> bool:
    return any(span[0] <= one.number <= span[1] for one in record.shadow.stated.values())


def retry(tx: Writing, operation_id: str, by: str) -> None:
    """Forget that a vendor refused an operation, so that the next run plans it again. Raises UsageError."""
    operation = tx.operations.get(operation_id)
    if operation is None:
        raise UsageError(f"There is no operation {operation_id}.", "`syncd operations list` shows them.")
    if operation.state not in ("rejected", "dropped"):
        raise UsageError(
            f"{operation_id} is {operation.state}.", "Only what was refused or dropped is tried again."
        )
    draft = operation.draft
    tx.operations.forget([operation.content])
    record = tx.records.one(draft.connection, draft.vendor_id) if draft.vendor_id else None
    if record is not None:
        kept = {name: said for name, said in record.shadow.refused.items() if name not in draft.fields}
        record.shadow.refused = kept
        for name in draft.fields:
            record.shadow.not_kept.pop(name, None)
        tx.records.save([record])
    customer = tx.customers.load([draft.customer]).get(draft.customer)
    if customer is not None:
        customer.refused.pop(draft.connection, None)
        customer.due = True
        tx.customers.save([customer])
    tx.audit.add(by, "retry", operation_id, {})


# --- pins and pauses -----------------------------------------------------------------------------


def pin(tx: Writing, scene: Scene, customer_id: str, name: str, value: str | None, by: str) -> None:
    """Pin a field to a value, or let it go (None): a pin wins over every statement."""
    if base_of(name) not in (SETS if is_element(name) else FIELDS):
        raise UsageError(f"There is no field {name!r}.", f"There are {', '.join(FIELDS)}.")
    customer = tx.customers.load([customer_id]).get(customer_id)
    if customer is None:
        raise UsageError(f"There is no customer {customer_id}.", "`syncd customers list` shows them.")
    wishes = _wishes(customer, name, value)
    before = {each: text for pins in customer.pins.values() for each, text in pins.items() if each in wishes}
    for each, wish in wishes.items():
        _pin_one(customer, each, wish)
    kind = "pin" if value is not None else "unpin"
    tx.decisions.add(HumanDecision(kind, {"customers": [customer.id], "field": name}, by, {"pins": before}))
    tx.audit.add(by, kind, customer.id, {"field": name})
    _decide_again(tx, scene, customer, {})


def _wishes(customer: Customer, name: str, value: str | None) -> dict[str, str | None]:
    """Return what is to be pinned or let go; a set is pinned as a whole, what is not named being out of it."""
    if name not in SETS:
        return {name: value}
    known = asked_of(name, customer.golden.keys() | customer.pins.keys())
    if value is None:
        return dict.fromkeys(known)
    there = [element(name, word) for word in elements(value)]
    return {**dict.fromkeys(known, NO), **dict.fromkeys(there, YES)}


def _pin_one(customer: Customer, name: str, value: str | None) -> None:
    slot = slot_of(name)
    pins = {field: text for field, text in customer.pins.get(slot, {}).items() if field != name}
    if value is not None:
        pins[name] = value
    customer.pins[slot] = pins
    if not pins:
        del customer.pins[slot]
    customer.frozen.pop(slot, None)  # a pin says who is right


def pause(tx: Writing, scene: Scene, connection: str, by: str, *, paused: bool) -> None:
    """Pause a connection, or let it go on: its operations wait meanwhile and nothing is lost."""
    source = scene.sources.get(connection)
    if source is None:
        raise UsageError(f"There is no connection {connection!r}.", f"There are {', '.join(scene.sources)}.")
    state = tx.connections.load(connection) or ConnectionState(connection, source.connector.vendor)
    state.state, state.reason = ("paused", f"paused by {by}") if paused else ("ok", "")
    state.not_before, state.failures = None, 0
    tx.connections.save(state)
    tx.audit.add(by, "pause" if paused else "resume", connection, {})


# --- looking things up ---------------------------------------------------------------------------


def _record(tx: Writing, subject: str) -> Record:
    connection, _, rest = subject.partition("/")
    record = tx.records.one(connection, rest) or tx.records.one(connection, rest.rpartition("/")[0])
    if record is None:
        raise UsageError("The record is not known any more.", "Sync and look at the review again.")
    return record


def _customer(tx: Writing, review: Review) -> Customer:
    asked = review.customer or ""
    customer = tx.customers.load([asked]).get(asked)
    if customer is None:
        raise UsageError("The customer is not known any more.", "Sync and look at the review again.")
    return customer
