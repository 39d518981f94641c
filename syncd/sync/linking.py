"""Linking: which unlinked records are of which customer, and the links in the store.

Everything that is not linked is identified together, so that the order of pulls and pages does not matter. A record
that shares no key with any other is a customer of its own and needs no judgement; only the groups of records that
share keys are loaded and judged, group by group, so that memory does not follow the number of records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from syncd.failpoints import failpoint
from syncd.rules.identity import Candidate, Cluster, Decided, Identified, identify
from syncd.store import Reading, Store, Writing
from syncd.sync import made
from syncd.sync.progress import Progress, Watch
from syncd.sync.scene import Scene, candidate
from syncd.values import NOTED, Customer, Operation, Review, Sketch, Tally

BATCH = 2_000


@dataclass(slots=True)
class Linked:
    """What linking did: new links by connection."""

    links: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def tally(self, tallies: Mapping[str, Tally]) -> None:
        """Add the new links to the report."""
        for connection, count in self.links.items():
            if connection in tallies:
                tallies[connection].linked += count


def link_all(store: Store, scene: Scene, *, run: str, epoch: int, watch: Watch) -> Linked:
    """Give every unlinked record its customer, but for those that an open create of ours may have made."""
    linking = _Linking(store, scene, run, epoch, watch)
    groups = linking.link_the_lone()
    failpoint("reconcile.identified")
    linking.link_the_grouped(groups)
    return linking.result


# --- groups of records that share keys ------------------------------------------------------------


class Groups:
    """Union-find over record numbers; only those that share something with another stand in it."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._parent

    def root(self, number: int) -> int:
        """Return the number that stands for a record's group."""
        parent = self._parent
        while (up := parent.setdefault(number, number)) != number:
            parent[number] = number = parent[up]
        return number

    def join(self, numbers: Iterable[int]) -> None:
        """Put records into one group."""
        first, *others = map(self.root, numbers)
        for other in others:
            low, high = sorted((self.root(first), other))
            self._parent[high] = low

    def numbers(self) -> list[int]:
        """Return the records that stand in any group."""
        return list(self._parent)

    def batches(self, size: int) -> Iterator[list[int]]:
        """Yield whole groups, several at once, until they have `size` records together."""
        members: dict[int, list[int]] = defaultdict(list)
        for number in sorted(self._parent):
            members[self.root(number)].append(number)
        batch: list[int] = []
        for group in members.values():
            batch.extend(group)
            if len(batch) >= size:
                yield batch
                batch = []
        if batch:
            yield batch


class _Linking:
    """One pass over what is unlinked."""

    def __init__(self, store: Store, scene: Scene, run: str, epoch: int, watch: Watch) -> None:
        self.store, self.scene, self.run, self.epoch, self.watch = store, scene, run, epoch, watch
        self.result = Linked()
        self.ours: set[int] = set()  # what an open create may have made: left alone
        self.done = 0

    # --- records that share no key with any other -------------------------------------------------

    def link_the_lone(self) -> Groups:
        """Link every record that shares nothing with another; return the groups of the others."""
        groups, after = Groups(), 0
        with self.store.look() as tx:
            creates = [op for name in self.scene.sources for op in tx.operations.open_creates(name)]
            _join_decided(tx, groups)
        while True:
            with self.store.look() as tx:
                batch = tx.records.unlinked(after, BATCH)
                shown = self._leave_ours(tx, batch, creates)
                lone = self._part(tx, batch, groups)
            if not batch:
                break
            after = batch[-1].id
            if shown:
                self.store.do(partial(made.note, shown=shown), epoch=self.epoch)
            self._link([Cluster((one.key,), None, "alone") for one in lone], lone, Identified())
        self._join_customers(groups)
        return groups

    def _leave_ours(
        self, tx: Reading, batch: Sequence[Sketch], creates: Sequence[Operation]
    ) -> dict[str, list[str]]:
        """Leave alone what open creates may have made; return operation → such records that it has not noted yet."""
        asked = {op.draft.connection for op in creates}
        doubtful = [one.id for one in batch if one.connection in asked]
        shown: dict[str, list[str]] = {}
        for one in tx.records.sketches(doubtful) if doubtful else ():
            for op in (op for op in creates if op.draft.connection == one.connection):
                if made.may_have_made(op, one):
                    self.ours.add(one.id)
                    if one.vendor_id not in op.progress.get(NOTED, ()):
                        shown.setdefault(op.id, []).append(one.vendor_id)
        return shown

    def _part(self, tx: Reading, batch: Sequence[Sketch], groups: Groups) -> list[Sketch]:
        """Put what shares a key into groups; return the records that share none."""
        batch = [one for one in batch if one.id not in self.ours]
        holders = tx.records.holders({key for one in batch for key in one.keys})
        for one in batch:
            together = {one.id, *(number for key in one.keys for number in holders[key])} - self.ours
            if len(together) > 1:
                groups.join(sorted(together))
        return [one for one in batch if one.id not in groups]

    def _join_customers(self, groups: Groups) -> None:
        """Put the groups that touch one customer together."""
        first: dict[str, int] = {}
        with self.store.look() as tx:
            for number, customer in tx.records.customers_of(groups.numbers()):
                groups.join((first.setdefault(customer, number), number))

    # --- groups ----------------------------------------------------------------------------------

    def link_the_grouped(self, groups: Groups) -> None:
        """Judge each group of records that share keys, and link them."""
        for numbers in groups.batches(BATCH):
            with self.store.look() as tx:
                known = [one for one in tx.records.sketches(numbers) if _takes_part(one)]
                candidates = [candidate(one) for one in known if one.id not in self.ours]
                candidates += _mates(tx, known)
                decided = _decided(tx, [one.key for one in candidates])
            identified = identify(
                candidates, match=self.scene.match, decided=decided, priority=self.scene.priority
            )
            self._link(identified.clusters, known, identified)

    def _link(self, clusters: Iterable[Cluster], known: Sequence[Sketch], identified: Identified) -> None:
        by_key = {one.key: one for one in known}
        waiting = iter(clusters)
        reviews = list(identified.reviews)
        while (batch := list(islice(waiting, BATCH))) or reviews:
            unit = _Unit(batch, by_key, identified.uncertain, reviews, self.run)
            self.store.do(unit.work, epoch=self.epoch)
            failpoint("reconcile.linked")
            reviews = []
            for connection, _ in (key for cluster in batch for key in cluster.members):
                self.result.links[connection] += 1
            self.done += len(batch)
            self.watch.tell(Progress("reconcile", "", self.done))


def _takes_part(one: Sketch) -> bool:
    """Tell whether a record is linked, or wants to be."""
    return one.state != "gone" and (one.customer is not None or one.fresh)


def _join_decided(tx: Reading, groups: Groups) -> None:
    """Put records that a person called the same into one group."""
    pairs = tx.decisions.pairs_of("same")
    numbers = tx.records.numbers({key for pair in pairs for key in pair})
    for one, other in pairs:
        if one in numbers and other in numbers:
            groups.join((numbers[one], numbers[other]))


def _decided(tx: Reading, keys: Collection[tuple[str, str]]) -> Decided:
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


# --- writing links -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Unit:
    """One batch of clusters, linked in one transaction, with the questions that came up."""

    clusters: Sequence[Cluster]
    known: Mapping[tuple[str, str], Sketch]
    uncertain: Mapping[tuple[str, str], str]
    reviews: Sequence[Review]
    run: str

    def work(self, tx: Writing) -> None:
        """Link the records and ask what came up."""
        joining = self._joining(tx)
        number = tx.meta.numbers(1)
        old = [(cluster, records) for cluster, records in joining if cluster.customer and records]
        new = [(cluster, records) for cluster, records in joining if not cluster.customer and records]
        rows = [*self._into_new(tx, new), *self._into_known(tx, old)]
        tx.records.link(rows, number)
        if self.reviews:
            tx.reviews.open(_with_customers(tx, self.reviews), self.run)

    def _joining(self, tx: Writing) -> list[tuple[Cluster, list[Sketch]]]:
        """Return each cluster's records without a customer, but for those that have found one, or were erased, meanwhile.

        An earlier try of this unit may have linked them: its COMMIT went unanswered.
        """
        numbers = [self.known[key].id for cluster in self.clusters for key in cluster.members]
        unlinked = tx.records.without_customer(numbers)
        return [
            (cluster, [one for key in cluster.members if (one := self.known[key]).id in unlinked])
            for cluster in self.clusters
        ]

    def _into_new(
        self, tx: Writing, joining: Sequence[tuple[Cluster, list[Sketch]]]
    ) -> list[tuple[Sketch, str, str]]:
        ids = tx.customers.new_ids(len(joining)) if joining else []
        customers: list[Customer] = []
        rows: list[tuple[Sketch, str, str]] = []
        for customer_id, (_, records) in zip(ids, joining, strict=True):
            customer = Customer(customer_id, due=True)
            rows += self._join(customer, records, set())
            customers.append(customer)
        tx.customers.add(customers)
        return rows

    def _into_known(
        self, tx: Writing, joining: Sequence[tuple[Cluster, list[Sketch]]]
    ) -> list[tuple[Sketch, str, str]]:
        if not joining:
            return []
        customers = tx.customers.load(sorted({str(cluster.customer) for cluster, _ in joining}))
        members = tx.records.of_customers([customer.id for customer in customers.values()])
        rows: list[tuple[Sketch, str, str]] = []
        taken = {
            customer: {one.connection for one in there if one.role == "primary" and one.state != "gone"}
            for customer, there in members.items()
        }
        for cluster, records in joining:
            customer = customers.get(str(cluster.customer))
            if customer is not None:  # one that was erased meanwhile: the next run judges its records anew
                rows += self._join(customer, records, taken[customer.id])
        tx.customers.save(customers.values())
        return rows

    def _join(
        self, customer: Customer, records: Sequence[Sketch], taken: set[str]
    ) -> Iterator[tuple[Sketch, str, str]]:
        """Join records to a customer; per connection the oldest is primary where none is yet, the others duplicates."""
        for one in sorted(records, key=_seniority) if len(records) > 1 else records:
            yield one, customer.id, "duplicate" if one.connection in taken else "primary"
            taken.add(one.connection)
            if one.key in self.uncertain:
                customer.doubts["/".join(one.key)] = self.uncertain[one.key]
        seen = [one.first_seen for one in records if one.first_seen]
        customer.first_seen = min([at for at in (customer.first_seen, *seen) if at is not None], default=None)
        customer.due = True


def _seniority(one: Sketch) -> tuple[object, ...]:
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
