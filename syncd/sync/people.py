"""Merge, split and move: a person says who is who; everything can be taken back, and old ids stay valid.

A merge starts as fill too: a record's own word that differs is held until an edit newer than the merge becomes
golden, or somebody approves. What both sides had is kept with the decision, so that a split gives each side its own
again wherever no statement touched it since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.errors import UsageError
from syncd.rules.golden import Asked, decide
from syncd.store import HumanDecision, JournalRow, Writing
from syncd.store.documents import read_customer, write_customer
from syncd.sync.decide import BY_HAND, Desk
from syncd.sync.golden import ask_anew
from syncd.sync.journal import decided_row
from syncd.sync.kinship import leave_no_plan, move
from syncd.sync.parting import drop_plans, forget_words, part_ways, set_roles
from syncd.sync.scene import Scene
from syncd.values import Customer, Golden, Record, RecordKey, Review, Statement


def merge(tx: Writing, scene: Scene, survivor_id: str, other_id: str, by: str) -> Customer:
    """Merge a customer into another; the merged one's id lives on as an alias. Raises UsageError."""
    survivor, other = existing(tx, survivor_id), existing(tx, other_id)
    if survivor.id == other.id:
        raise UsageError("They are one customer already.", "`syncd customers show` shows its ids.")
    leave_no_plan(tx, [survivor.id, other.id])
    sides = tx.records.of_customers([survivor.id, other.id])
    mine, theirs = sides.get(survivor.id, []), sides.get(other.id, [])
    before = _both_sides(survivor, other, [*mine, *theirs])
    number = tx.meta.numbers(1)
    rows = _merge_golden(survivor, other, scene, number)
    _bring_over(mine, theirs, survivor.id, number)
    survivor.first_seen = min((at for at in (survivor.first_seen, other.first_seen) if at), default=None)
    survivor.doubts, survivor.due = {}, True
    other.alias_of, other.due = survivor.id, False
    tx.reviews.close("bounce", [f"{other.id}/{slot}" for slot in other.frozen], "it was merged")
    other.frozen = {}  # its two sides are duplicates now, which are not written
    tx.holds.replace([other.id], [], BY_HAND)
    tx.records.save(theirs)  # first: a customer's primary per connection is unique
    tx.records.save(mine)
    tx.customers.save([survivor, other])
    tx.journal.append(replace(row, run=BY_HAND, at=tx.now) for row in rows)
    subject = {
        "customers": [survivor.id, other.id],
        "records": [list(record.key) for record in theirs],
        "number": number,
    }
    tx.decisions.add(HumanDecision("merge", subject, by, before))
    duplicates = [_duplicate(record, [*mine, *theirs]) for record in theirs if record.role == "duplicate"]
    tx.reviews.open(duplicates, BY_HAND)
    ask_anew(tx, [survivor], {survivor.id, other.id}, BY_HAND)
    tx.audit.add(by, "merge", survivor.id, {"merged": other.id})
    return survivor


def existing(tx: Writing, customer_id: str) -> Customer:
    """Return a customer by its id or an alias. Raises UsageError."""
    found = tx.customers.load([customer_id]).get(customer_id)
    if found is None:
        raise UsageError(f"There is no customer {customer_id}.", "`syncd customers list` shows them.")
    return found


def _both_sides(survivor: Customer, other: Customer, records: Iterable[Record]) -> dict[str, Any]:
    return {
        "survivor": write_customer(survivor),
        "other": write_customer(other),
        "records": [[*record.key, record.role, record.linked_at] for record in records],
    }


def _merge_golden(survivor: Customer, other: Customer, scene: Scene, number: int) -> list[JournalRow]:
    """Decide each slot between the two holders, as if the other's were new."""
    rows: list[JournalRow] = []
    for slot, theirs in other.golden.items():
        before = survivor.golden.get(slot)
        if before is None or theirs.holder is None:
            survivor.golden.setdefault(slot, replace(theirs, number=number))
            continue
        asked = Asked(
            slot=slot,
            before=before,
            new=_sides(theirs.holder, theirs),
            policy=scene.policy(slot),
            rank=scene.rank,
            number=number,
            regions=scene.regions,
            pin=survivor.pins.get(slot),
        )
        answer = decide(asked)
        if answer.golden is not None:
            survivor.golden[slot] = answer.golden
        if answer.journalled:
            rows.append(decided_row(survivor.id, slot, before, answer, number, "", scene.clock()))
    return rows


def _sides(holder: Statement, golden: Golden) -> list[Statement]:
    """Return who holds a golden value and who disputes it."""
    return [holder, *(one for one in golden.conflict if one.number != holder.number)]


def _bring_over(mine: Sequence[Record], theirs: Sequence[Record], survivor_id: str, number: int) -> None:
    """Link the other's records here: where a connection has a primary already, they become duplicates."""
    taken = {record.connection for record in mine if record.role == "primary" and record.state != "gone"}
    for record in theirs:
        record.customer = survivor_id
        if record.connection in taken:
            record.role = "duplicate"
    for record in [*mine, *theirs]:
        record.linked_at = number


def _duplicate(record: Record, group: Sequence[Record]) -> Review:
    primaries = (one for one in group if one.role == "primary" and one.connection == record.connection)
    primary = next((one.key for one in primaries if one.state != "gone"), (record.connection, ""))
    return Review(
        kind="duplicate",
        subject=f"{record.connection}/{record.vendor_id}",
        evidence={"primary": list(primary), "duplicate": list(record.key), "by": "merge"},
        choices=("keep", "make_primary"),
        connection=record.connection,
        customer=record.customer,
    )


def decide_stamp(desk: Desk, review: Review, choice: str) -> None:
    """Take a person's word on a stamp that was changed: it is the record's id now, or the record is somebody else's."""
    connection, _, vendor_id = review.subject.partition("/")
    customer = existing(desk.tx, review.customer or "")
    if choice == "different":
        split(desk.tx, customer.id, [(connection, vendor_id)], desk.by)
        return
    record = desk.tx.records.one(connection, vendor_id)
    if record is not None:
        customer.stamps[connection] = record.value("external_id")
        desk.tx.customers.save([customer])


# --- split ---------------------------------------------------------------------------------------


def split(tx: Writing, customer_id: str, records: Sequence[RecordKey], by: str) -> str:
    """Take records out of a customer into one of their own; return its id.

    Where exactly these records once came by a merge, the merge is undone: the old id lives again.
    """
    customer = existing(tx, customer_id)
    group = tx.records.of_customers([customer.id]).get(customer.id, [])
    leaving = [record for record in group if record.key in set(records)]
    if not leaving or len(leaving) == len(group):
        raise UsageError(
            "A split takes some of a customer's records, not none or all.", "Name CONNECTION/ID of each."
        )
    staying = [record for record in group if record not in leaving]
    drop_plans(tx, [customer.id])
    undone = _merge_of(tx, customer, leaving)
    made = (
        _part(tx, customer, leaving, staying)
        if undone is None
        else _unmerge(tx, customer, undone, leaving, staying)
    )
    for one in leaving:
        _apart(tx, one, staying, by)
    parted = [f"{one.connection}/{one.vendor_id}" for one in leaving if one.role == "primary"]
    tx.reviews.close("duplicate", parted, "it was split off")
    tx.audit.add(
        by, "split", customer.id, {"records": [list(record.key) for record in leaving], "into": made}
    )
    return made


def _apart(tx: Writing, one: Record, staying: Sequence[Record], by: str) -> None:
    for other in staying:
        tx.decisions.add(HumanDecision("different", {"records": [list(one.key), list(other.key)]}, by))


def _merge_of(tx: Writing, customer: Customer, leaving: Sequence[Record]) -> HumanDecision | None:
    """Return the merge that brought exactly these records, if any."""
    keys = {record.key for record in leaving}
    merges = [one for one in tx.decisions.all_of(customers=[customer.id]) if one.kind == "merge"]
    return next((one for one in reversed(merges) if set(one.records) == keys), None)


def _unmerge(
    tx: Writing,
    survivor: Customer,
    merged: HumanDecision,
    leaving: Sequence[Record],
    staying: Sequence[Record],
) -> str:
    """Undo a merge: each side gets its own values back wherever no statement touched them since."""
    other_id = str(merged.subject["customers"][1])
    other = tx.customers.load([other_id], follow=False)[other_id]
    theirs = read_customer(str(merged.before["other"]), other.id, None, other.first_seen, True, other.version)
    mine = read_customer(
        str(merged.before["survivor"]), survivor.id, None, survivor.first_seen, True, survivor.version
    )
    since = int(merged.subject["number"])
    keys = {record.key for record in leaving}
    other.golden = _own_side(survivor.golden, theirs.golden, since, lambda key: key in keys)
    survivor.golden = _own_side(survivor.golden, mine.golden, since, lambda key: key not in keys)
    other.alias_of, other.due, survivor.due = None, True, True
    other.pins = theirs.pins
    roles = {
        (connection, vendor_id): (role, linked)
        for connection, vendor_id, role, linked in merged.before["records"]
    }
    for record in leaving:
        record.customer = other.id
    for record in [*leaving, *staying]:
        record.role, record.linked_at = roles.get(record.key, (record.role, record.linked_at))
    part_ways(tx, {other.id: (other, leaving), survivor.id: (survivor, staying)})
    tx.customers.save([other, survivor])
    ask_anew(tx, [other, survivor], {other.id, survivor.id}, BY_HAND)
    tx.records.save(leaving)
    tx.records.save(staying)
    tx.decisions.undo(merged.id, BY_HAND)
    return other.id


def _own_side(
    now: Mapping[str, Golden], before: Mapping[str, Golden], since: int, is_mine: Callable[[RecordKey], bool]
) -> dict[str, Golden]:
    """Return one side's golden slots: its old ones, but what its own records said since the merge."""
    since_then = {
        slot: value
        for slot, value in now.items()
        if value.number > since
        and value.holder is not None
        and all(is_mine(one.record) for one in _sides(value.holder, value))
    }
    return {**before, **since_then}


def _part(tx: Writing, customer: Customer, leaving: Sequence[Record], staying: Sequence[Record]) -> str:
    """Part records that matched by a rule: both sides are decided anew from their own statements."""
    made = Customer(
        tx.customers.new_ids(1)[0],
        first_seen=min((r.first_seen for r in leaving if r.first_seen), default=None),
    )
    tx.customers.save([made])
    keys = {record.key for record in leaving}
    number = tx.meta.numbers(1)
    for record in leaving:
        record.customer, record.linked_at = made.id, number
    forget_words(tx, customer, keys)
    for record in [*leaving, *staying]:
        record.considered, record.fresh = 0, True
    set_roles(leaving)
    set_roles(staying)
    part_ways(tx, {customer.id: (customer, staying), made.id: (made, leaving)})
    customer.due = made.due = True
    tx.customers.save([customer, made])
    tx.records.save(leaving)
    tx.records.save(staying)
    return made.id


def move_record(tx: Writing, connection: str, vendor_id: str, customer_id: str, by: str) -> None:
    """Move one record, with its own statements, to another customer. Raises UsageError."""
    record = tx.records.one(connection, vendor_id)
    if record is None:
        raise UsageError(
            f"There is no record {connection}/{vendor_id}.", "`syncd customers show` names them."
        )
    target = existing(tx, customer_id)
    if record.customer == target.id:
        raise UsageError("The record is that customer's already.")
    before = record.customer
    move(tx, record, target.id)
    subject = {"records": [list(record.key)], "customers": [target.id]}
    tx.decisions.add(HumanDecision("move", subject, by, {"customer": before}))
    tx.audit.add(by, "move", f"{connection}/{vendor_id}", {"from": before, "to": target.id})
