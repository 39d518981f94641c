"""Reconcile: unlinked records find their customers, new statements become golden values, and what follows is planned.

First everything that is not linked is identified together, and whoever turns out to be a new customer is decided and
planned at once; then customers are worked through in batches, those that have something new or are due for another
reason: decided, planned and saved in one transaction each, because most of what either costs is reading and writing
the same documents. A dry run decides as well, and stores no plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.failpoints import failpoint
from syncd.store import Reading, Store, Writing
from syncd.sync.crowd import Crowd
from syncd.sync.golden import decide_crowd
from syncd.sync.joining import Joined, Joiner
from syncd.sync.linking import link_all
from syncd.sync.planning import Planned, Planner
from syncd.sync.progress import Progress, Watch
from syncd.sync.scene import Scene, targets

BATCH = 500


@dataclass(slots=True)
class Reconciled:
    """What reconciling did: the links and the plan."""

    joined: Joined
    planned: Planned


def reconcile(
    store: Store, scene: Scene, *, run: str, epoch: int, dry_run: bool, overwrite: bool, watch: Watch
) -> Reconciled:
    """Identify what is unlinked, decide what is new, and plan what is due."""
    with store.look() as tx:
        states, since = tx.connections.all(), tx.meta.last_number
    planner = Planner(scene, targets(scene, states), run, overwrite, dry_run)
    joined = link_all(store, scene, Joiner.of(scene, planner, since), epoch=epoch, watch=watch)
    result = Reconciled(joined, joined.planned)
    # they were planned as they were joined, and are due for the next run
    planned_already = {customer for customers in joined.planned.looks.values() for customer in customers}
    after, done = "", 0
    while True:
        with store.look() as tx:
            waiting = _waiting(tx, after)
        if not waiting:
            return result
        after = waiting[-1]
        ids = [customer for customer in waiting if customer not in planned_already]
        if not ids:
            continue
        done += len(ids)
        planned = store.do(
            lambda tx, ids=ids: _work_through(tx, scene, planner, ids, run),  # type: ignore[misc]
            epoch=epoch,
        )
        failpoint("plan.stored")
        result.planned.add(planned, keep=dry_run)
        watch.tell(Progress("plan", "", done))


def _waiting(tx: Reading, after: str) -> list[str]:
    """Return the next customers that have something new or are due, by id."""
    both = {*tx.records.fresh_customers(after, BATCH), *tx.customers.due(after, BATCH)}
    return sorted(both)[:BATCH]


def _work_through(tx: Writing, scene: Scene, planner: Planner, ids: Sequence[str], run: str) -> Planned:
    crowd = Crowd.load(tx, ids)
    decide_crowd(tx, scene, crowd, run)
    failpoint("reconcile.decided")
    planned = planner.work(tx, crowd)
    crowd.save(tx)
    return planned
