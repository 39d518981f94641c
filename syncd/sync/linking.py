"""Linking: which unlinked records are of which customer.

Everything that is not linked is identified together, so that the order of pulls and pages does not matter. A record
that shares no key with any other is a customer of its own and needs no judgement; only the groups of records that
share keys are judged, group by group, so that memory does not follow the number of records. Whom a record without
a shared key belongs to depends on no other, so its customer may be planned before the groups are judged; and of a
group, all are judged before any is planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from syncd.failpoints import failpoint
from syncd.store import Reading, Store, Unlinked, Writing
from syncd.sync import made
from syncd.sync.joining import Joined, Joiner
from syncd.sync.progress import Progress, Watch
from syncd.sync.scene import Scene
from syncd.values import NOTED, Operation

SEEN_AT_ONCE = 2_000
BATCH = 1_000


def link_all(store: Store, scene: Scene, joiner: Joiner, *, epoch: int, watch: Watch) -> Joined:
    """Give every unlinked record its customer, but for those that an open create of ours may have made."""
    linking = _Linking(store, scene, joiner, epoch, watch)
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

    def __init__(self, store: Store, scene: Scene, joiner: Joiner, epoch: int, watch: Watch) -> None:
        self.store, self.scene, self.joiner, self.epoch, self.watch = store, scene, joiner, epoch, watch
        self.result = Joined()
        self.ours: set[int] = set()  # what an open create may have made: left alone

    # --- records that share no key with any other -------------------------------------------------

    def link_the_lone(self) -> Groups:
        """Link every record that shares nothing with another; return the groups of the others."""
        groups, after = Groups(), 0
        with self.store.look() as tx:
            creates = [op for name in self.scene.sources for op in tx.operations.open_creates(name)]
            _join_decided(tx, groups)
        while True:
            with self.store.look() as tx:
                seen = tx.records.unlinked(after, SEEN_AT_ONCE)
                shown = self._leave_ours(tx, seen, creates)
                lone = self._part(tx, seen, groups)
            if not seen:
                break
            after = seen[-1].id
            if shown:
                self.store.do(partial(made.note, shown=shown), epoch=self.epoch)
            for start in range(0, len(lone), BATCH):
                self._do(partial(self.joiner.join_lone, numbers=lone[start : start + BATCH]))
        self._join_customers(groups)
        return groups

    def _leave_ours(
        self, tx: Reading, batch: Sequence[Unlinked], creates: Sequence[Operation]
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

    def _part(self, tx: Reading, batch: Sequence[Unlinked], groups: Groups) -> list[int]:
        """Put what shares a key into groups; return the records that share none."""
        batch = [one for one in batch if one.id not in self.ours]
        holders = tx.records.holders({key for one in batch for key in one.keys})
        for one in batch:
            together = {one.id, *(number for key in one.keys for number in holders[key])} - self.ours
            if len(together) > 1:
                groups.join(sorted(together))
        return [one.id for one in batch if one.id not in groups]

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
            self._do(partial(self.joiner.join_grouped, numbers=numbers, ours=self.ours))

    def _do(self, unit: Callable[[Writing], Joined]) -> None:
        self.result.add(self.store.do(unit, epoch=self.epoch), keep=self.joiner.dry_run)
        failpoint("reconcile.linked")
        self.watch.tell(Progress("reconcile", "", self.result.customers))


def _join_decided(tx: Reading, groups: Groups) -> None:
    """Put records that a person called the same into one group."""
    pairs = tx.decisions.pairs_of("same")
    numbers = tx.records.numbers({key for pair in pairs for key in pair})
    for one, other in pairs:
        if one in numbers and other in numbers:
            groups.join((numbers[one], numbers[other]))
