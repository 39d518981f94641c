"""Reconcile: unlinked records find their customers, and new statements become golden values.

First everything that is not linked is identified together, so that the order of pulls and pages does not matter;
then golden is decided customer by customer, in batches, for those that have something new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice

import orjson

from syncd.customer import fold
from syncd.failpoints import failpoint
from syncd.rules.golden import Asked, decide
from syncd.rules.identity import Candidate, Cluster, Decided, Identified, identify
from syncd.store import JournalRow, Reading, Store, Writing
from syncd.sync.contested import contested_emails
from syncd.sync.journal import decided_row
from syncd.sync.moot import withdraw_moot
from syncd.sync.progress import Progress, Watch
from syncd.sync.scene import Scene, candidate
from syncd.values import Customer, Golden, Operation, Record, Review, Statement, Tally

BATCH = 500
EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class Reconciled:
    """What reconciling did: new links by connection, customers decided, reviews opened."""

    linked: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    reviews: list[int] = field(default_factory=list)


def reconcile(store: Store, scene: Scene, *, run: str, epoch: int, watch: Watch) -> Reconciled:
    """Identify what is unlinked and decide what is new."""
    result = Reconciled()
    identified = _identify(store, scene)
    failpoint("reconcile.identified")
    _link(store, identified, epoch, result, watch)
    if identified.reviews:
        result.reviews += store.do(
            lambda tx: tx.reviews.open(_with_customers(tx, identified.reviews), run), epoch=epoch
        )
    _decide_all(store, scene, run, epoch, result, watch)
    return result


# --- identify ------------------------------------------------------------------------------------


def _identify(store: Store, scene: Scene) -> Identified:
    with store.look() as tx:
        unlinked = _unlinked(tx, scene)
        if not unlinked:
            return Identified()
        keys = {key for one in unlinked for key in one.keys}
        mates = {record.key: record for group in tx.records.by_keys(keys).values() for record in group}
        linked = [
            candidate(record) for record in mates.values() if record.customer and record.state != "gone"
        ]
        known = {one.key for one in unlinked}
        candidates = [*unlinked, *(one for one in linked if one.key not in known)]
        decided = _decided(tx, candidates)
    return identify(candidates, match=scene.match, decided=decided, priority=scene.priority)


def _unlinked(tx: Reading, scene: Scene) -> list[Candidate]:
    """Return the records without a customer, but for those that an open create of ours may have made."""
    creates = [op for name in scene.sources for op in tx.operations.open_creates(name)]
    found: list[Candidate] = []
    after = 0
    while batch := tx.records.fresh_unlinked(after, 5_000):
        after = batch[-1].id or 0
        found.extend(
            candidate(record)
            for record in batch
            if record.state != "gone" and record.shadow.seen and not _may_be_ours(record, creates)
        )
    return found


def _may_be_ours(record: Record, creates: Sequence[Operation]) -> bool:
    """Tell whether a record shares the stamp or a key with a create whose outcome is not known yet."""
    return any(op.draft.connection == record.connection and shares(op, record) for op in creates)


def shares(operation: Operation, record: Record) -> bool:
    """Tell whether a record carries the stamp, the e-mail, the phone or the name that a create sent.

    The name counts where the record shows neither e-mail nor phone: a create of several requests may have ended
    before the one that carries them.
    """
    sent = {name: after for name, (_, after) in operation.draft.fields.items()}
    if operation.draft.stamp and record.value("external_id") == operation.draft.stamp:
        return True
    keys = {value for _, value in record.keys}
    told = [sent[name].strip().lower() for name in ("email", "phone") if sent.get(name)]
    if any(value in keys or value == record.value("phone") for value in told):
        return True
    if told and (record.value("email") or record.value("phone")):
        return False
    return bool(called(sent)) and fold(called(sent)) in _names(record)


def called(sent: Mapping[str, str]) -> str:
    """Return the name under which what a create sent would be listed."""
    parts = " ".join(filter(None, (sent.get("first_name"), sent.get("last_name"))))
    return sent.get("company") or sent.get("full_name") or parts


def _names(record: Record) -> set[str]:
    parts = f"{record.value('first_name')} {record.value('last_name')}"
    return {fold(name) for name in (record.value("company"), record.value("full_name"), parts)}


def _decided(tx: Reading, candidates: Iterable[Candidate]) -> Decided:
    keys = [one.key for one in candidates]
    same, different = (tx.decisions.pairs(kind, keys) for kind in ("same", "different"))
    return Decided(frozenset(map(frozenset, same)), frozenset(map(frozenset, different)))


def _link(store: Store, identified: Identified, epoch: int, result: Reconciled, watch: Watch) -> None:
    clusters = iter(identified.clusters)
    done = 0
    while batch := list(islice(clusters, BATCH)):
        store.do(lambda tx, batch=batch: _link_batch(tx, batch, identified, result), epoch=epoch)  # type: ignore[misc]
        failpoint("reconcile.linked")
        done += len(batch)
        watch.tell(Progress("reconcile", "", done, len(identified.clusters)))


def _link_batch(tx: Writing, clusters: Sequence[Cluster], identified: Identified, result: Reconciled) -> None:
    records = _load(tx, [key for cluster in clusters for key in cluster.members])
    existing = sorted({cluster.customer for cluster in clusters if cluster.customer})
    customers = tx.customers.load(existing)
    members = tx.records.of_customers([customer.id for customer in customers.values()])
    fresh_ids = iter(tx.customers.new_ids(sum(cluster.customer is None for cluster in clusters)))
    number = tx.meta.numbers(1)
    saved: list[Record] = []
    for cluster in clusters:
        joining = [
            records[key] for key in cluster.members if key in records and records[key].customer is None
        ]
        if not joining:
            continue
        customer = customers[cluster.customer] if cluster.customer else Customer(next(fresh_ids))
        customers[customer.id] = customer
        _join(customer, members.get(customer.id, []), joining, number, identified)
        saved.extend(joining)
    tx.customers.save({customer.id: customer for customer in customers.values()}.values())
    tx.records.save(saved)
    for record in saved:
        result.linked[record.connection] = result.linked.get(record.connection, 0) + 1


def _load(tx: Writing, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Record]:
    by_connection: dict[str, list[str]] = {}
    for connection, vendor_id in keys:
        by_connection.setdefault(connection, []).append(vendor_id)
    return {
        record.key: record
        for connection, vendor_ids in by_connection.items()
        for record in tx.records.load(connection, vendor_ids).values()
    }


def _join(
    customer: Customer, members: Sequence[Record], joining: list[Record], number: int, identified: Identified
) -> None:
    """Link records to a customer; per connection the oldest is primary where none is yet, the others duplicates."""
    taken = {record.connection for record in members if record.role == "primary" and record.state != "gone"}
    for record in sorted(joining, key=lambda record: candidate(record).seniority):
        record.customer, record.linked_at, record.considered, record.fresh = customer.id, number, 0, True
        record.role = "duplicate" if record.connection in taken else "primary"
        taken.add(record.connection)
        if record.key in identified.uncertain:
            customer.doubts["/".join(record.key)] = identified.uncertain[record.key]
    seen = [record.first_seen for record in joining if record.first_seen]
    customer.first_seen = min([at for at in (customer.first_seen, *seen) if at is not None], default=None)
    customer.due = True


def _with_customers(tx: Writing, reviews: Sequence[Review]) -> list[Review]:
    """Name the customer that each review is about, now that its records are linked."""
    named: list[Review] = []
    for review in reviews:
        connection, _, vendor_id = review.subject.partition("/")
        record = tx.records.one(connection, vendor_id) if vendor_id else None
        named.append(replace(review, customer=record.customer if record else None))
    return named


# --- golden --------------------------------------------------------------------------------------


Parked = Mapping[str, Sequence[Sequence[int]]]


def _decide_all(store: Store, scene: Scene, run: str, epoch: int, result: Reconciled, watch: Watch) -> None:
    after = ""
    while True:
        with store.look() as tx:
            ids = tx.records.fresh_customers(after, BATCH)
        if not ids:
            return
        after = ids[-1]
        result.reviews += store.do(lambda tx, ids=ids: _decide_batch(tx, scene, ids, run), epoch=epoch)  # type: ignore[misc]
        failpoint("reconcile.decided")
        result.customers += len(ids)
        watch.tell(Progress("reconcile", "", result.customers))


def _decide_batch(tx: Writing, scene: Scene, ids: Sequence[str], run: str) -> list[int]:
    customers = tx.customers.load(ids)
    records = tx.records.of_customers(list(customers))
    parked: Parked = orjson.loads(tx.meta.get("parked") or "{}")
    contested, reviews = contested_emails(tx, customers.values(), records)
    first = tx.meta.numbers(len(customers))
    rows: list[JournalRow] = []
    for number, customer in enumerate(customers.values(), first):
        group = records.get(customer.id, [])
        decided, asked = decide_customer(customer, group, scene, number, _withheld(group, parked) | contested)
        rows += [replace(row, run=run, at=tx.now) for row in decided]
        reviews += asked
        customer.due = True
    tx.customers.save(customers.values())
    tx.records.save(record for group in records.values() for record in group)
    tx.journal.append(rows)
    tx.customers.mark_due(ids)
    withdraw_moot(tx, customers.values(), records, reviews)
    return tx.reviews.open(reviews, run) if reviews else []


def decide_customer(
    customer: Customer,
    records: Sequence[Record],
    scene: Scene,
    number: int,
    withheld: frozenset[int] = frozenset(),
    chosen: Mapping[str, int] | None = None,
) -> tuple[list[JournalRow], list[Review]]:
    """Decide every slot of a customer that has something new; return the journal's rows and the reviews.

    `withheld` are numbers of statements that wait for a person. `chosen` are a person's decisions on open conflicts:
    slot → number of the statement that is right. The rows still want their run and time.
    """
    rows: list[JournalRow] = []
    reviews: list[Review] = []
    roles = {record.key: record.role for record in records}
    for slot in scene.slots:
        new = _new_statements(records, slot, withheld)
        reviews += [_duplicate_edit(customer, one) for one in new if _is_duplicates_edit(one, roles)]
        speaking = [one for one in new if not _is_duplicates_edit(one, roles)]
        before = customer.golden.get(slot)
        reopened = slot in (chosen or {}) or (slot in customer.pins and _pin_differs(customer, slot))
        if not speaking and not reopened:
            continue
        asked = Asked(
            slot=slot,
            before=before,
            new=speaking,
            policy=scene.policy(slot),
            rank=lambda one: (roles.get(one.record) == "duplicate", *scene.rank(one)),
            number=number,
            regions=scene.regions,
            pin=customer.pins.get(slot),
            chosen=(chosen or {}).get(slot),
        )
        answer = decide(asked)
        if answer.golden is not None:
            customer.golden[slot] = answer.golden
        if answer.changed:
            customer.refused.clear()  # what a vendor refused was another content
        if answer.journalled:
            rows.append(decided_row(customer.id, slot, before, answer, number, "", EPOCH))
        if answer.golden is not None and answer.golden.conflict and answer.note:
            reviews.append(_conflict(customer, slot, answer.golden))
    _mark_considered(records, withheld)
    return rows, reviews


def _new_statements(records: Sequence[Record], slot: str, withheld: frozenset[int]) -> list[Statement]:
    return [
        one
        for record in records
        if (one := record.shadow.stated.get(slot)) is not None
        and (one.number > record.considered or record.shadow.withheld.get(slot) == one.number)
        and one.number not in withheld
    ]


def _withheld(records: Sequence[Record], parked: Parked) -> frozenset[int]:
    """Return the statements of a mass change that a person has not accepted yet."""
    return frozenset(
        one.number
        for record in records
        for one in record.shadow.stated.values()
        if one.kind != "initial"
        and any(first <= one.number <= last for first, last in parked.get(one.connection, ()))
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
        record.shadow.withheld = {slot: one.number for slot, one in stated.items() if one.number in withheld}
        record.considered = max([record.considered, *(one.number for one in stated.values())])
        record.fresh = bool(record.shadow.withheld)


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


def tally_links(reconciled: Reconciled, tallies: Mapping[str, Tally]) -> None:
    """Add the new links to the report."""
    for connection, count in reconciled.linked.items():
        if connection in tallies:
            tallies[connection].linked += count
