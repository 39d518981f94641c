"""Joining: records are given their customers, and new customers their golden values and their plan, in one transaction.

What a record's document costs to read and to write is most of what its first reconcile costs, so it is read once and
written once. That may be done where nothing else is to be looked at: the customers are new, and of their records only
initial words are known. All others are linked here, and worked through with what else is due when all links stand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.rules.identity import Candidate, Cluster, Decided, Identified, identify
from syncd.store import Reading, Writing
from syncd.sync.crowd import Crowd
from syncd.sync.golden import decide_crowd
from syncd.sync.planning import Planned, Planner
from syncd.sync.scene import Scene, candidate
from syncd.values import Customer, Record, RecordKey, Review, Tally

Joining = tuple[Cluster, list[Record]]


@dataclass(slots=True)
class Joined:
    """What joining did: new links by connection, how many customers got some, and what was planned of new ones."""

    links: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    customers: int = 0
    planned: Planned = field(default_factory=Planned)

    def add(self, other: Joined, *, keep: bool) -> None:
        """Add what another unit did."""
        for connection, count in other.links.items():
            self.links[connection] += count
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

    @property
    def dry_run(self) -> bool:
        return self.planner.dry_run

    def join_lone(self, tx: Writing, numbers: Collection[int]) -> Joined:
        """Make each of these records a customer of its own, but for those that were erased meanwhile."""
        known = list(tx.records.by_ids(numbers).values())
        # an earlier try of this unit may have linked them: its COMMIT went unanswered
        unlinked = [record for record in known if record.customer is None]
        joining = [(Cluster((record.key,), None, "alone"), [record]) for record in unlinked]
        return self._join(tx, joining, Identified(), known)

    def join_grouped(self, tx: Writing, numbers: Collection[int], ours: Collection[int]) -> Joined:
        """Judge groups of records that share keys, and link them; what an open create may have made is left alone."""
        known = [record for record in tx.records.by_ids(numbers).values() if _takes_part(record)]
        by_key = {record.key: record for record in known}
        candidates = [candidate(record) for record in known if record.id not in ours]
        candidates += _mates(tx, known)
        decided = _decided(tx, [one.key for one in candidates])
        identified = identify(
            candidates, match=self.scene.match, decided=decided, priority=self.scene.priority
        )
        joining = [(cluster, [by_key[key] for key in cluster.members]) for cluster in identified.clusters]
        return self._join(tx, joining, identified, known)

    def _join(
        self, tx: Writing, joining: Sequence[Joining], identified: Identified, of: Sequence[Record]
    ) -> Joined:
        result = Joined(customers=len(joining))
        number = tx.meta.numbers(1)
        known = [(cluster, records) for cluster, records in joining if cluster.customer]
        new = [records for cluster, records in joining if not cluster.customer]
        at_once = not (known or self.dry_run) and all(map(_only_initial, new))
        crowd = _founded(tx, new, number, identified.uncertain)
        if at_once:
            decide_crowd(tx, self.scene, crowd, self.run)
            result.planned = self.planner.work(tx, crowd)
        crowd.save(tx)
        tx.records.link(_joined(tx, known, number, identified.uncertain))
        if identified.reviews:
            tx.reviews.open(_with_customers(tx, identified.reviews), self.run)
        for record in of:
            if record.linked_at > self.since:
                result.links[record.connection] += 1
        return result


def _takes_part(one: Record) -> bool:
    """Tell whether a record is linked, or wants to be and was understood."""
    return one.state != "gone" and (one.customer is not None or (one.fresh and one.observed is not None))


def _only_initial(records: Iterable[Record]) -> bool:
    return all(one.kind == "initial" for record in records for one in record.shadow.stated.values())


def _decided(tx: Reading, keys: Collection[RecordKey]) -> Decided:
    same, different = (tx.decisions.pairs(kind, keys) for kind in ("same", "different"))
    return Decided(frozenset(map(frozenset, same)), frozenset(map(frozenset, different)))


def _mates(tx: Reading, known: Sequence[Record]) -> list[Candidate]:
    """Return the other records of the customers that are touched: they may share no key, and yet be primary."""
    there = {one.key for one in known}
    groups = tx.records.of_customers({one.customer for one in known if one.customer})
    return [
        candidate(record)
        for group in groups.values()
        for record in group
        if record.key not in there and record.state != "gone"
    ]


# --- links ---------------------------------------------------------------------------------------


def _founded(
    tx: Writing, groups: Sequence[list[Record]], number: int, uncertain: Mapping[RecordKey, str]
) -> Crowd:
    """Make each group of records a new customer."""
    crowd = Crowd({}, {}, new=True)
    ids = tx.customers.new_ids(len(groups)) if groups else []
    for customer_id, records in zip(ids, groups, strict=True):
        customer = Customer(customer_id)
        _link(customer, records, set(), number, uncertain)
        crowd.take_in(customer, records)
    return crowd


def _joined(
    tx: Writing, joining: Sequence[Joining], number: int, uncertain: Mapping[RecordKey, str]
) -> list[Record]:
    """Join records to customers that are known; return those that were."""
    if not joining:
        return []
    customers = tx.customers.load(sorted({str(cluster.customer) for cluster, _ in joining}))
    members = tx.records.of_customers([customer.id for customer in customers.values()])
    taken = {
        customer: {one.connection for one in there if one.role == "primary" and one.state != "gone"}
        for customer, there in members.items()
    }
    linked: list[Record] = []
    for cluster, records in joining:
        customer = customers.get(str(cluster.customer))
        if customer is not None:  # one that was erased meanwhile: the next run judges its records anew
            _link(customer, records, taken[customer.id], number, uncertain)
            linked += records
    tx.customers.save(customers.values())
    return linked


def _link(
    customer: Customer,
    records: Sequence[Record],
    taken: set[str],
    number: int,
    uncertain: Mapping[RecordKey, str],
) -> None:
    """Link records to a customer; per connection the oldest is primary where none is yet, the others duplicates."""
    for one in sorted(records, key=_seniority) if len(records) > 1 else records:
        one.customer, one.role = customer.id, "duplicate" if one.connection in taken else "primary"
        # golden has all that they state still before it
        one.linked_at, one.considered, one.fresh = number, 0, True
        taken.add(one.connection)
        if one.key in uncertain:
            customer.doubts["/".join(one.key)] = uncertain[one.key]
    seen = [one.first_seen for one in records if one.first_seen]
    customer.first_seen = min([at for at in (customer.first_seen, *seen) if at is not None], default=None)
    customer.due = True


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
