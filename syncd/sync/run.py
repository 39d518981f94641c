"""The run: one sync from request to report.

    recover what a dead process left → pull, side by side → settle unknown outcomes → reconcile → plan → guard → push

Planning and pushing go round until nothing more is due: a look before a create, or the id of one record that
stamps another, brings the next round. A dry run goes the same way and ends before the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from syncd.errors import SyncdError
from syncd.failpoints import failpoint
from syncd.logs import Logger, bound
from syncd.rules.guard import Verdict
from syncd.store import Reading, Store, Writing
from syncd.sync import settle as settling
from syncd.sync.guarding import guard
from syncd.sync.habits import preview
from syncd.sync.hints import pull_ids
from syncd.sync.look import look
from syncd.sync.outcome import described
from syncd.sync.planning import Planned, content_of
from syncd.sync.progress import Progress, Watch
from syncd.sync.pull import pull
from syncd.sync.push import push
from syncd.sync.reconcile import reconcile
from syncd.sync.scene import Scene, Source
from syncd.values import Held, Operation, Report, Tally

ROUNDS = 4  # a look, a create, what is stamped with its id, and what a read-back revealed
log = Logger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a run was asked to do."""

    run: str
    connections: tuple[str, ...]
    dry_run: bool = False
    full: bool = False
    yes: bool = False
    asked_by: str = "cli"
    only: tuple[str, ...] = ()  # the ids to be read, of the one connection asked for; none: its whole listing


@dataclass(slots=True)
class _Running:
    """One run under way."""

    store: Store
    scene: Scene
    order: Order
    epoch: int
    watch: Watch
    report: Report
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def tally(self, name: str) -> Tally:
        return self.report.connections[name]

    @property
    def asked(self) -> list[Source]:
        names = self.order.connections or tuple(self.scene.sources)
        return [self.scene.sources[name] for name in names]


def execute(store: Store, scene: Scene, order: Order, *, epoch: int, watch: Watch | None = None) -> Report:
    """Run one sync and return its report; a connection that fails does not stop the others."""
    report = Report(order.run, dry_run=order.dry_run, started=scene.clock())
    report.connections = {name: Tally() for name in scene.sources}
    running = _Running(store, scene, order, epoch, watch or Watch(), report)
    with bound(run=order.run):
        settling.recover(store, scene, epoch=epoch)
        _remap(running)
        _take_yes(running)
        _pull_all(running)
        _settle_all(running)
        _rounds(running)
        _conclude(running)
    report.ended = scene.clock()
    return report


def _remap(running: _Running) -> None:
    """Have every customer planned anew where the mapping or the policies changed since the last run."""
    scene = running.scene
    now = "|".join(
        f"{name}:{source.mapping}:{sorted(source.push)}" for name, source in sorted(scene.sources.items())
    )
    now += repr(sorted((slot, repr(policy)) for slot, policy in scene.policies.items()))

    def unit(tx: Writing) -> None:
        if tx.meta.get("mapping") != now:
            tx.meta.set("mapping", now)
            tx.customers.mark_due(None)

    running.store.do(unit, epoch=running.epoch)


def _take_yes(running: _Running) -> None:
    """Have planned anew what is held because it differed before linking: a yes lets it be overwritten."""
    names = [source.name for source in running.asked]
    if running.order.yes:
        running.store.do(
            lambda tx: tx.customers.mark_due(tx.holds.customers_waiting("link", names)), epoch=running.epoch
        )


def _side_by_side(running: _Running, sources: Sequence[Source], work: Callable[[Source], None]) -> None:
    """Do the same for several connections at once; one that fails does not stop the others."""
    if not running.scene.parallel or len(sources) < 2:
        for source in sources:
            _alone(running, source, work)
        return
    with ThreadPoolExecutor(len(sources), thread_name_prefix="connection") as pool:
        list(pool.map(lambda source: _alone(running, source, work), sources))


def _alone(running: _Running, source: Source, work: Callable[[Source], None]) -> None:
    try:
        with bound(run=running.order.run, connection=source.name):
            work(source)
    except SyncdError as error:
        if error.exit_status == 5:
            raise  # the store is somebody else's now: nothing may go on
        running.tally(source.name).error = str(error)
    except Exception as error:
        log.exception("A connection failed inside syncd.", connection=source.name)
        running.tally(source.name).error = f"An error inside syncd: {type(error).__name__}; see the log."


def _pull_all(running: _Running) -> None:
    def work(source: Source) -> None:
        if running.order.only:
            tally, order = running.tally(source.name), running.order
            pull_ids(
                running.store,
                running.scene,
                source,
                order.only,
                run=order.run,
                epoch=running.epoch,
                tally=tally,
            )
            return
        pull(
            running.store,
            running.scene,
            source,
            run=running.order.run,
            epoch=running.epoch,
            full=running.order.full,
            tally=running.tally(source.name),
            watch=running.watch,
        )

    _side_by_side(running, running.asked, work)


def _settle_all(running: _Running) -> None:
    if running.order.dry_run:
        return

    def work(source: Source) -> None:
        settling.settle(
            running.store,
            running.scene,
            source,
            run=running.order.run,
            epoch=running.epoch,
            tally=running.tally(source.name),
        )

    _side_by_side(running, _reachable(running), work)


def _reachable(running: _Running) -> list[Source]:
    """Return the connections that may be written to: not paused, not refused, and reached if they were asked."""
    with running.store.look() as tx:
        states = tx.connections.all()
    closed = {name for name, state in states.items() if state.state in ("paused", "refused", "unreachable")}
    return [source for name, source in running.scene.sources.items() if name not in closed]


def _rounds(running: _Running) -> None:
    for turn in range(ROUNDS):
        planned = _reconcile(running)
        last = turn == ROUNDS - 1
        if not last and planned.looks and _look(running, planned):
            planned = _reconcile(running)
        _report_plan(running, planned)
        if (
            running.order.dry_run
            or running.watch.stopping
            or not _push_all(running)
            or running.watch.gives_way()
        ):
            return


def _reconcile(running: _Running) -> Planned:
    order = running.order
    done = reconcile(
        running.store,
        running.scene,
        run=order.run,
        epoch=running.epoch,
        dry_run=order.dry_run,
        overwrite=order.yes or running.scene.safety.approve == "never",
        watch=running.watch,
    )
    done.joined.tally(running.report.connections)
    running.report.new_holds += done.planned.new_holds
    return done.planned


def _look(running: _Running, planned: Planned) -> bool:
    reachable = {source.name for source in _reachable(running)}
    return look(
        running.store,
        running.scene,
        {name: customers for name, customers in planned.looks.items() if name in reachable},
        run=running.order.run,
        epoch=running.epoch,
        tallies=running.report.connections,
        watch=running.watch,
    )


def _push_all(running: _Running) -> int:
    """Let the guard judge, then execute what may go; return how many operations were sent."""
    order = running.order
    running.verdicts |= running.store.do(
        lambda tx: guard(
            tx,
            running.scene,
            run=order.run,
            yes=order.yes,
            by=order.asked_by,
            named=order.connections,
        ),
        epoch=running.epoch,
    )
    failpoint("guard.judged")
    sent: list[int] = []

    def work(source: Source) -> None:
        sent.append(
            push(
                running.store,
                running.scene,
                source,
                run=order.run,
                epoch=running.epoch,
                tally=running.tally(source.name),
                watch=running.watch,
            )
        )

    _side_by_side(running, _reachable(running), work)
    return sum(sent)


# --- report --------------------------------------------------------------------------------------


def _report_plan(running: _Running, planned: Planned) -> None:
    if running.order.dry_run:
        shown = [
            Operation(content, draft, "planned", content, running.order.run)
            for content, draft in planned.drafts
        ]
        with running.store.look() as tx:
            running.report.plan = _rows(tx, shown)
        running.report.held = [_described_hold(one) for one in planned.held]
        for name, tally in running.report.connections.items():
            tally.held = sum(one.connection == name for one in planned.held)


def _rows(tx: Reading, operations: Sequence[Operation]) -> list[dict[str, Any]]:
    """Return operations as reports show them, with what their vendors will make of the values."""
    states = tx.connections.all()
    return [
        {**described(one), "shows": preview(one.draft, state.fidelity) if state else {}}
        for one in operations
        for state in [states.get(one.draft.connection)]
    ]


def _described_hold(one: Held) -> dict[str, str | None]:
    return {
        "connection": one.connection,
        "customer": one.customer,
        "vendor_id": one.vendor_id,
        "field": one.field,
        "reason": one.reason,
    }


def _conclude(running: _Running) -> None:
    report = running.report
    with running.store.look() as tx:
        report.reviews = tx.reviews.count_open()
        report.customers = tx.customers.count()
        if not report.dry_run:
            report.plan = _rows(tx, tx.operations.of_run(report.run))
            report.held = [_described_hold(one) for one in tx.holds.list()]
            report.drift = tx.holds.customers()
            for name, held in tx.holds.counts().items():
                if name in report.connections:
                    report.connections[name].held = held
        report.new_reviews = tx.reviews.count_open(report.run)
    report.errors = [_named(name, tally.error) for name, tally in report.connections.items() if tally.error]
    report.status, report.exit_status = _verdict(running)


def _named(connection: str, error: str) -> str:
    """Return an error with its connection's name before it, once."""
    return error if error.startswith(f"{connection}:") else f"{connection}: {error}"


def _verdict(running: _Running) -> tuple[str, int]:
    """Return the run's status and exit status: of several, the first of 4, 3, 1."""
    report = running.report
    waits = any(not verdict.go for verdict in running.verdicts.values())
    failed = bool(report.errors) or any(tally.failed for tally in report.connections.values())
    news = bool(report.new_reviews or report.new_holds)
    unreached = any(tally.problem == 4 for tally in report.connections.values())
    status = "failed" if failed else "held" if waits else "attention" if news else "ok"
    return status, 4 if unreached else 3 if waits else 1 if failed or news else 0


__all__ = ["Order", "Progress", "Watch", "content_of", "execute"]
