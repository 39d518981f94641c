"""Joining: records are given their customers, and new customers their golden values and their plan, in one transaction.

What a record's document costs to read and to write is most of what its first reconcile costs, so it is read once and
written once. That may be done where nothing else is to be looked at: the customers are new, and of their records only
initial words are known. All others are linked here, and worked through with what else is due when all links stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.rules.founding import Founding
from syncd.rules.identity import Candidate, Decided, Identified, identify
from syncd.store import Reading, Writing
from syncd.sync.crowd import Crowd
from syncd.sync.golden import decide_crowd
from syncd.sync.planning import Planned, Planner
from syncd.sync.scene import Scene, candidate
from syncd.values import Customer, Founded, Record, RecordKey, Review, Sketch, Tally

Group = tuple[str | None, list[Sketch]]  # the customer that it is of, None for a new one, and who joins
Joining = tuple[str, list[Sketch]]  # a customer's id, and who joins it


@dataclass(slots=True)
class Joined:
    """What joining did: new links by connection, how many customers got some, and what was planned of new ones."""

    links: Counter[str] = field(default_factory=Counter)
    customers: int = 0
    planned: Planned = field(default_factory=Planned)

    def add(self, other: Joined, *, keep: bool) -> None:
        """Add what another unit did."""
        self.links.update(other.links)
        self.customers += other.customers
        self.planned.add(other.planned, keep=keep)

    def tally(self, tallies: Mapping[str, Tally]) -> None:
        """Add the new links to the report."""
        for connection, count in self.links.items():
            if connection in tallies:
                tallies[connection].linked += count


@dataclass(frozen=True, slots=True)
class Joiner:
    """How records are joined to customers in one run, whose links have numbers past `since`."""

    scene: Scene
    planner: Planner
    run: str
    since: int
    founding: Founding | None

    @classmethod
    def of(cls, scene: Scene, planner: Planner, since: int) -> Joiner:
        """Return how records are joined in the run that is planned so."""
        founding = Founding.of(scene.slots, scene.policy, planner.targets, scene.regions)
        # a dry run plans nothing that is stored, so all of it is left to be worked through
        return cls(scene, planner, planner.run, since, None if planner.dry_run else founding)

    @property
    def dry_run(self) -> bool:
        return self.planner.dry_run

    def join_lone(self, tx: Writing, numbers: Collection[int]) -> Joined:
        """Make each of these records a customer of its own, but for those that were erased meanwhile."""
        known = tx.records.sketches(numbers)
        # an earlier try of this unit may have linked them: its COMMIT went unanswered
        groups: list[Group] = [(None, [one]) for one in known if one.customer is None]
        return self._join(tx, known, groups, Identified())

    def join_grouped(self, tx: Writing, numbers: Collection[int], ours: Collection[int]) -> Joined:
        """Judge groups of records that share keys, and link them; what an open create may have made is left alone."""
        known = [one for one in tx.records.sketches(numbers) if _takes_part(one)]
        candidates = [candidate(one) for one in known if one.id not in ours]
        candidates += _mates(tx, known)
        decided = _decided(tx, [one.key for one in candidates])
        identified = identify(
            candidates, match=self.scene.match, decided=decided, priority=self.scene.priority
        )
        by_key = {one.key: one for one in known}
        groups = [(each.customer, [by_key[key] for key in each.members]) for each in identified.clusters]
        return self._join(tx, known, groups, identified)

    def _join(
        self, tx: Writing, known: Sequence[Sketch], groups: Sequence[Group], identified: Identified
    ) -> Joined:
        alone = [members for customer, members in groups if customer is None]
        ids = tx.customers.new_ids(len(alone)) if alone else []
        links = _Links(tx.meta.numbers(1), identified.uncertain)
        left = self._found(tx, list(zip(ids, alone, strict=True)), links)
        old = [(customer, members) for customer, members in groups if customer is not None]
        result = Joined(customers=len(groups), planned=self._weigh(tx, left, old, links))
        if identified.reviews:
            tx.reviews.open(_with_customers(tx, identified.reviews), self.run)
        joined = {one.id for _, members in groups for one in members}
        # those, too, that an earlier try of this unit has linked: its COMMIT went unanswered
        joined |= {one.id for one in known if one.linked_at > self.since}
        result.links.update(Counter(one.connection for one in known if one.id in joined))
        return result

    def _found(self, tx: Writing, new: Sequence[Joining], links: _Links) -> Sequence[Joining]:
        """Make customers of newcomers of whom nothing is to be weighed; return the others."""
        if self.founding is None:
            return new
        founded: list[Founded] = []
        left: list[Joining] = []
        for customer_id, members in new:
            plain = all(one.is_newcomer and one.key not in links.uncertain for one in members)
            made = self.founding.founded(customer_id, members) if plain else None
            if made is None:
                left.append((customer_id, members))
            else:
                founded.append(made)
        if founded:
            tx.foundings.write(founded, tx.meta.numbers(len(founded)), links.number, self.run)
        return left

    def _weigh(self, tx: Writing, new: Sequence[Joining], old: Sequence[Joining], links: _Links) -> Planned:
        """Link records to customers; new ones are decided and planned at once where only initial words are known."""
        planned = Planned()
        if not (new or old):
            return planned
        records = tx.records.by_ids([one.id for _, members in (*new, *old) for one in members])
        crowd = Crowd({}, {}, new=True)
        for customer_id, members in new:
            customer, group = Customer(customer_id), [records[one.id] for one in members]
            links.link(customer, group, set())
            crowd.take_in(customer, group)
        if not (old or self.dry_run) and all(map(_only_initial, records.values())):
            decide_crowd(tx, self.scene, crowd, self.run)
            planned = self.planner.work(tx, crowd)
        crowd.save(tx)
        _join_known(
            tx, [(customer, [records[one.id] for one in members]) for customer, members in old], links
        )
        return planned


@dataclass(frozen=True, slots=True)
class _Links:
    """The links that one unit makes: under which journal number, and of whom it is uncertain who they are."""

    number: int
    uncertain: Mapping[RecordKey, str]

    def link(self, customer: Customer, records: Sequence[Record], taken: set[str]) -> None:
        """Link records to a customer; per connection the oldest is primary where none is yet, the others duplicates."""
        for one in sorted(records, key=_seniority) if len(records) > 1 else records:
            one.customer, one.role = customer.id, "duplicate" if one.connection in taken else "primary"
            # golden has all that they state still before it
            one.linked_at, one.considered, one.fresh = self.number, 0, True
            taken.add(one.connection)
            if one.key in self.uncertain:
                customer.doubts["/".join(one.key)] = self.uncertain[one.key]
        seen = [one.first_seen for one in records if one.first_seen]
        customer.first_seen = min([at for at in (customer.first_seen, *seen) if at is not None], default=None)
        customer.due = True


def _join_known(tx: Writing, joining: Sequence[tuple[str, list[Record]]], links: _Links) -> None:
    """Join records to customers that are known."""
    if not joining:
        return
    customers = tx.customers.load(sorted({customer for customer, _ in joining}))
    members = tx.records.of_customers([customer.id for customer in customers.values()])
    taken = {
        customer: {one.connection for one in there if one.role == "primary" and one.state != "gone"}
        for customer, there in members.items()
    }
    linked: list[Record] = []
    for customer_id, records in joining:
        customer = customers.get(customer_id)
        if customer is not None:  # one that was erased meanwhile: the next run judges its records anew
            links.link(customer, records, taken[customer.id])
            linked += records
    tx.customers.save(customers.values())
    tx.records.link(linked)


def _takes_part(one: Sketch) -> bool:
    """Tell whether a record is linked, or wants to be."""
    return one.state != "gone" and (one.customer is not None or one.fresh)


def _only_initial(record: Record) -> bool:
    return all(one.kind == "initial" for one in record.shadow.stated.values())


def _decided(tx: Reading, keys: Collection[RecordKey]) -> Decided:
    same, different = (tx.decisions.pairs(kind, keys) for kind in ("same", "different"))
    return Decided(frozenset(map(frozenset, same)), frozenset(map(frozenset, different)))


def _mates(tx: Reading, known: Sequence[Sketch]) -> list[Candidate]:
    """Return the other records of the customers that are touched: they may share no key, and yet be primary."""
    there = {one.key for one in known}
    groups = tx.records.of_customers({one.customer for one in known if one.customer})
    return [
        candidate(record)
        for group in groups.values()
        for record in group
        if record.key not in there and record.state != "gone"
    ]


def _seniority(one: Record) -> tuple[object, ...]:
    return candidate(one).seniority


def _with_customers(tx: Writing, reviews: Sequence[Review]) -> list[Review]:
    """Name the customer that each review is about, now that its records are linked."""
    parted = [review.subject.partition("/") for review in reviews]
    keys = [(connection, vendor_id) for connection, _, vendor_id in parted]
    numbers = tx.records.numbers(key for key in keys if key[1])
    customers = dict(tx.records.customers_of(numbers.values()))
    return [
        replace(review, customer=customers.get(numbers.get(key, 0)))
        for review, key in zip(reviews, keys, strict=True)
    ]
