"""Planning: the customers that are due, one plan each, and what becomes of it in the store.

A plan that is still the same keeps its operations, and with them what a person said of them; a stale one is
replaced, never executed as it was. A dry run stores no operation.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from syncd.customer import clean
from syncd.rules.plan import Ack, Plan, plan
from syncd.rules.remove import edited_and_deleted
from syncd.rules.target import Target, World, wanted
from syncd.store import Reading, Writing
from syncd.sync.crowd import Crowd
from syncd.sync.scene import Scene
from syncd.values import UNDER_WAY, Customer, Draft, Held, Operation, Record, Review


@dataclass(slots=True)
class Planned:
    """What planning gave: how much is new, which customers wait for a look and, in a dry run, drafts and holds."""

    drafts: list[tuple[str, Draft]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    new_holds: int = 0
    looks: dict[str, list[str]] = field(default_factory=dict)  # connection → customers
    stored: Counter[str] = field(default_factory=Counter)  # connection → operations that are new

    def add(self, other: Planned, *, keep: bool) -> None:
        """Add the outcome of one batch; its drafts and holds, which the store has too, only where they are kept."""
        if keep:
            self.drafts.extend(other.drafts)
            self.held.extend(other.held)
        self.new_holds += other.new_holds
        self.stored.update(other.stored)
        for connection, customers in other.looks.items():
            self.looks.setdefault(connection, []).extend(customers)


def content_of(draft: Draft) -> str:
    """Return a digest of what a draft does, to which approval and discard attach."""
    place = draft.vendor_id or draft.customer
    parts = [
        draft.connection,
        place,
        draft.kind,
        sorted((name, list(pair)) for name, pair in draft.fields.items()),
    ]
    return hashlib.blake2b(orjson.dumps(parts), digest_size=12).hexdigest()


Plans = Mapping[str, Plan]
Claim = tuple[str, str, str]  # connection, field and value: a value that its vendor keeps unique


@dataclass(frozen=True, slots=True)
class Planner:
    """How customers are planned in one run."""

    scene: Scene
    targets: Sequence[Target]
    run: str
    overwrite: bool
    dry_run: bool

    def work(self, tx: Writing, crowd: Crowd) -> Planned:
        """Plan the customers of a crowd; store operations, holds and what records know by now, unless it is dry."""
        under_way = tx.operations.open_of(crowd.customers)
        plans = self._plans(tx, crowd, under_way)
        result = Planned()
        result.drafts = [(content_of(draft), draft) for made in plans.values() for draft in made.drafts]
        result.held = [one for made in plans.values() for one in made.held]
        for one in result.held:
            if one.waits == "look":
                result.looks.setdefault(one.connection, []).append(one.customer)
        if not self.dry_run:
            self._store(tx, crowd, plans, under_way, result)
        return result

    def _plans(self, tx: Reading, crowd: Crowd, open_operations: Mapping[str, list[Operation]]) -> Plans:
        taken = self._taken(tx, crowd.customers.values())
        plans: dict[str, Plan] = {}
        for customer in crowd.customers.values():
            under_way = [op for op in open_operations.get(customer.id, ()) if op.state in UNDER_WAY]
            world = World(
                targets=self.targets,
                regions=self.scene.regions,
                taken=taken,
                open_creates=frozenset(op.draft.connection for op in under_way if op.draft.kind == "create"),
                overwrite=self.overwrite,
            )
            made = plan(customer, crowd.records.get(customer.id, []), world)
            _leave_under_way(made, {op.draft.connection for op in under_way})
            plans[customer.id] = made
        _hold_discarded(tx, plans)
        self._hold_rivals(tx, plans)
        return plans

    def _taken(
        self, tx: Reading, customers: Iterable[Customer]
    ) -> dict[tuple[str, str, str], frozenset[str]]:
        """Return who holds the values that these customers want in fields that a vendor keeps unique."""
        asked: dict[tuple[str, str], set[str]] = {}
        for customer in customers:
            for target in self.targets:
                for name in target.unique:
                    value = clean(name, wanted(customer, name, target, self.scene.regions), target.region)
                    if value:
                        asked.setdefault((name, value), set()).add(target.name)
        taken: dict[tuple[str, str, str], set[str]] = {}
        for (name, value), held in tx.records.held_by(asked).items() if asked else ():
            for connection, vendor_id in held:
                if connection in asked[name, value]:
                    taken.setdefault((connection, name, value), set()).add(vendor_id)
        return {place: frozenset(ids) for place, ids in taken.items()}

    def _hold_rivals(self, tx: Reading, plans: Plans) -> None:
        """Let only the first of several creates have a value that its vendor keeps unique."""
        creates = [
            (made, draft, self._claims(draft))
            for made in plans.values()
            for draft in made.drafts
            if draft.kind == "create"
        ]
        given = self._given(tx, plans, {claim for _, _, claims in creates for claim in claims})
        for made, draft, claims in creates:
            if claims & given:
                made.drafts.remove(draft)
                reason = f"{draft.connection} allows it once, and another customer goes first"
                made.held.append(Held(draft.connection, draft.customer, "", reason, None, "settle"))
            given |= claims

    def _claims(self, draft: Draft) -> set[Claim]:
        unique = next(target.unique for target in self.targets if target.name == draft.connection)
        return {
            (draft.connection, name, clean(name, draft.fields[name][1]))
            for name in unique
            if name in draft.fields
        }

    def _given(self, tx: Reading, plans: Plans, claims: Collection[Claim]) -> set[Claim]:
        """Return what of these claims a create of a customer has already that is not planned just now."""
        holders = tx.records.holders({(name, value) for _, name, value in claims}) if claims else {}
        shared = {number for numbers in holders.values() if len(numbers) > 1 for number in numbers}
        customers = {customer for _, customer in tx.records.customers_of(shared)}
        return {
            claim
            for customer, operations in tx.operations.open_of(sorted(customers)).items()
            for op in operations
            if op.draft.kind == "create" and (customer not in plans or op.state in UNDER_WAY)
            for claim in self._claims(op.draft)
        }

    def _store(
        self,
        tx: Writing,
        crowd: Crowd,
        plans: Plans,
        open_operations: Mapping[str, list[Operation]],
        result: Planned,
    ) -> None:
        added: list[Operation] = []
        for customer_id, made in plans.items():
            before = [op for op in open_operations.get(customer_id, ()) if op.state in ("planned", "waiting")]
            if made.drafts or before:
                added += self._replace(tx, made, before)
            if made.acks:
                crowd.noted(_note_acks(made.acks, crowd.records[customer_id]))
        tx.operations.add(added)
        result.stored.update(op.draft.connection for op in added)
        result.new_holds = tx.holds.replace(list(plans), result.held, self.run)
        self._ask_about_deleted(tx, crowd)
        _keep_due(tx, crowd, plans)

    def _ask_about_deleted(self, tx: Writing, crowd: Crowd) -> None:
        """Ask a person where a record was deleted in one place and its customer edited in another."""
        targets = {target.name: target for target in self.targets}
        reviews = [
            _deleted_review(customer_id, *each)
            for customer_id, group in crowd.records.items()
            if any(record.state == "gone" for record in group)
            for each in edited_and_deleted(crowd.customers[customer_id], group, targets, self.scene.regions)
        ]
        if reviews:
            tx.reviews.open(reviews, self.run)

    def _replace(self, tx: Writing, made: Plan, before: Sequence[Operation]) -> list[Operation]:
        """Keep the operations that are still planned; drop the others and return the new ones."""
        wanted_now = {content_of(draft): draft for draft in made.drafts}
        kept = {op.content for op in before if op.content in wanted_now}
        tx.operations.drop([op.id for op in before if op.content not in kept], "planned anew")
        return [
            Operation(id="", draft=draft, state="planned", content=content, run=self.run)
            for content, draft in wanted_now.items()
            if content not in kept
        ]


def _leave_under_way(made: Plan, connections: set[str]) -> None:
    """Leave a record alone whose last operation has no outcome yet."""
    for draft in [draft for draft in made.drafts if draft.connection in connections]:
        made.drafts.remove(draft)
        reason = "the outcome of the last write is not known yet"
        made.held.append(Held(draft.connection, draft.customer, "", reason, draft.vendor_id, "settle"))


def _hold_discarded(tx: Reading, plans: Plans) -> None:
    contents = {content_of(draft): (made, draft) for made in plans.values() for draft in made.drafts}
    for content, verdict in tx.operations.verdicts(list(contents)).items() if contents else ():
        if verdict == "discarded":
            made, draft = contents[content]
            made.drafts.remove(draft)
            made.held.append(
                Held(draft.connection, draft.customer, "", "discarded by a person", draft.vendor_id)
            )


def _keep_due(tx: Writing, crowd: Crowd, plans: Plans) -> None:
    """Look again at customers that wait for something which time or another connection brings."""
    waiting = {
        customer_id
        for customer_id, made in plans.items()
        if any(one.waits in ("look", "settle", "stamp") for one in made.held)
    }
    for customer in crowd.customers.values():
        customer.due = customer.id in waiting
    unsaved = crowd.customers.keys() - crowd.changed_customers.keys()
    tx.customers.mark_due(unsaved & waiting)
    tx.customers.mark_done(unsaved - waiting)


def _deleted_review(customer: str, record: Record, slots: Sequence[str]) -> Review:
    return Review(
        kind="deleted_and_edited",
        subject=f"{record.connection}/{record.vendor_id}",
        evidence={"deleted_in": record.connection, "vendor_id": record.vendor_id, "edited": list(slots)},
        choices=("restore", "leave"),
        connection=record.connection,
        customer=customer,
    )


def _note_acks(acks: Sequence[Ack], group: Sequence[Record]) -> list[Record]:
    """Take into records what they know of golden already, without a write."""
    by_key = {record.key: record for record in group}
    changed: dict[tuple[str, str], Record] = {}
    for ack in acks:
        record = by_key[ack.connection, ack.vendor_id]
        record.shadow.acked.update(ack.fields)
        record.shadow.knew[ack.slot] = max(ack.number, record.shadow.knew.get(ack.slot, 0))
        changed[record.key] = record
    return list(changed.values())
