"""The composition root: from settings to everything that works together, and the ways in for page, API and command line.

Only here the clock of the machine is read.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from syncd.app.keeping import kept
from syncd.app.reports import as_plain, report_of
from syncd.app.scene import make_scene
from syncd.config import Settings
from syncd.errors import LeaseLost, StoreHeld, UsageError
from syncd.store import Lease, Run, Shelf, Store, Writing
from syncd.sync import approvals, decide, people, pins
from syncd.sync.erase import Erased, erase
from syncd.sync.hints import absorb_one
from syncd.sync.progress import Progress, Watch
from syncd.sync.resolve import resolve
from syncd.sync.run import Order, execute
from syncd.sync.scene import Scene, Source
from syncd.sync.undo import Undone, undo_run
from syncd.values import Report, Review, Shown
from syncd.vendors import Adapter
from syncd.vendors.base import Finding, GivesCards
from syncd.vendors.budget import Budgets

if TYPE_CHECKING:
    from syncd.metrics import Metrics

UNANSWERED = timedelta(seconds=20)  # a holder that takes up no request for so long does not answer
Tell = Callable[[Progress], None]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class App:
    """syncd, put together: settings, store, connections."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        scene: Scene,
        clock: Callable[[], datetime],
        metrics: Metrics | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self.settings = settings
        self._metrics = metrics
        self.store = store
        self.scene = scene
        self.clock = clock
        self.stop = stop or threading.Event()

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        adapters: Mapping[str, Adapter] | None = None,
        budgets: Budgets | None = None,
        metrics: Metrics | None = None,
        stop: threading.Event | None = None,
    ) -> App:
        """Open the store, bring it to this version, and make the connectors; nothing is asked of a vendor yet.

        `stop` ends the waits of connectors too, where one is given; requests are counted where `metrics` are.
        """
        store = Store.open(settings.store.url, clock=clock, backup_dir=settings.store.backups)
        try:
            shelf = Shelf(store, settings.store.key.reveal() if settings.store.key else "")
            budgets = budgets or Budgets(stop=stop, shelf=shelf, wall=clock)
            scene = make_scene(settings, clock, adapters or {}, metrics, budgets, stop, shelf)
            return cls(settings, store, scene, clock, metrics, stop)
        except BaseException:
            store.close()
            raise

    def __enter__(self) -> App:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def metrics(self) -> Metrics:
        """Return this process's figures; a command that nobody asks for them was opened without any."""
        # a twentieth of what a command costs to start
        from syncd.metrics import Metrics

        return self._metrics or Metrics()

    def close(self) -> None:
        """Let go of the vendors and the store."""
        for source in self.scene.sources.values():
            source.connector.close()
        self.store.close()

    # --- runs ------------------------------------------------------------------------------------

    def sync(
        self,
        connections: Sequence[str] = (),
        *,
        dry_run: bool = False,
        full: bool = False,
        yes: bool = False,
        asked_by: str = "cli",
        progress: Tell | None = None,
        timeout: float = 3600.0,
    ) -> Report:
        """Sync now: in this process, or by the daemon that holds the store; wait for the report.

        Raises StoreHeld where another syncd holds the store and does not take the request up.
        """
        self._known(connections)
        flags = {"dry_run": dry_run, "full": full, "yes": yes}
        run = self.store.do(lambda tx: self._asked(tx, connections, flags, asked_by))
        return self._carried_out(run, progress, timeout)

    @staticmethod
    def _asked(tx: Writing, connections: Sequence[str], flags: Mapping[str, bool], by: str) -> Run:
        """Ask for a run; a yes beforehand is something that a person did."""
        run = tx.runs.request(connections, flags, by)
        if flags["yes"]:
            tx.audit.add(by, "approve", run.id, {"connections": ", ".join(connections) or "all"})
        return run

    def _known(self, connections: Sequence[str]) -> None:
        for name in connections:
            if name not in self.scene.sources:
                raise UsageError(
                    f"There is no connection {name!r}.", f"There are {', '.join(self.scene.sources)}."
                )

    def _carried_out(self, run: Run, progress: Tell | None, timeout: float) -> Report:
        """Carry a request out as soon as the store is free, unless its holder does so first."""
        started = waited = time.monotonic()
        while True:
            lease = self.store.acquire(f"sync {os.getpid()}")
            if lease is not None:
                return self._own_run(run, lease, progress)
            with self.store.look() as tx:
                now = tx.runs.get(run.id)
            if now is not None and now.state in ("done", "failed"):
                return report_of(now)
            if now is not None and now.state == "running":
                waited = time.monotonic()
            if time.monotonic() - waited > UNANSWERED.total_seconds() or time.monotonic() - started > timeout:
                raise self._held(run)
            self.stop.wait(0.2)

    def _held(self, run: Run) -> StoreHeld:
        holder = self.store.holder() or {}
        return StoreHeld(
            f"Another syncd holds the store ({holder.get('holder', '?')} on {holder.get('host', '?')}) "
            f"and has not taken up {run.id}.",
            "Look at its log, or stop it; the request stays and is carried out by whoever holds the store next.",
        )

    def _own_run(self, run: Run, lease: Lease, progress: Tell | None) -> Report:
        try:
            with self.store.look() as tx:
                now = tx.runs.get(run.id)
            if now is not None and now.state in ("done", "failed"):
                return report_of(now)
            started = self.store.do(lambda tx: tx.runs.start(run.id, lease.epoch), epoch=lease.epoch) or run
            return self.execute(started, lease, progress=progress)
        finally:
            lease.release()

    def execute(
        self,
        run: Run,
        lease: Lease,
        *,
        progress: Tell | None = None,
        stop: threading.Event | None = None,
        gives_way: Callable[[], bool] | None = None,
    ) -> Report:
        """Carry out a run that was claimed under a lease; keep the lease meanwhile; write the report down."""
        watch = Watch(stop=stop or self.stop, hold=lease.hold)
        watch.tell, watch.gives_way = progress or watch.tell, gives_way or watch.gives_way
        order = Order(
            run.id,
            run.connections,
            dry_run=bool(run.flags.get("dry_run")),
            full=bool(run.flags.get("full")),
            yes=bool(run.flags.get("yes")),
            asked_by=run.asked_by,
            only=tuple(run.flags.get("only") or ()),
        )
        with kept(lease, watch):
            try:
                report = execute(self.store, self.scene, order, epoch=lease.epoch, watch=watch)
            except LeaseLost:
                raise
            except BaseException as error:
                what = f"{type(error).__name__}: the run ended before its end"
                self.store.do(lambda tx: tx.runs.finish(run.id, "failed", {"error": what}, failed=True))
                raise
            document = as_plain(report)
            self.store.do(lambda tx: tx.runs.finish(run.id, report.status, document), epoch=lease.epoch)
        return report

    # --- vendors ---------------------------------------------------------------------------------

    def check(self, names: Sequence[str] = ()) -> dict[str, list[Finding]]:
        """Reach every connection with the cheapest requests and say what works."""
        self._known(names)
        chosen = names or tuple(self.scene.sources)
        return {name: list(self.scene.sources[name].connector.check()) for name in chosen}

    def pull_one(self, connection: str, vendor_id: str) -> dict[str, Any]:
        """Fetch one record now and absorb it; what follows from it is the next run's."""
        self._known([connection])
        source = self.scene.sources[connection]
        return self._absorbed(source, source.connector.get(vendor_id))

    def new_card(self, connection: str, vendor_id: str, by: str) -> dict[str, Any]:
        """Have a loyalty programme give a customer a new card. Raises UsageError where that is not to be asked for."""
        self._known([connection])
        source = self.scene.sources[connection]
        if not isinstance(source.connector, GivesCards):
            raise UsageError(f"{connection} gives no cards.", "Name a connection to Omniwallet.")
        if "update" not in source.push:
            raise UsageError(f"{connection} is read only.", 'Add "update" to its push.')
        self.store.do(lambda tx: tx.audit.add(by, "new-card", connection, {}))
        return self._absorbed(source, source.connector.new_card(vendor_id))

    def _absorbed(self, source: Source, shown: Shown) -> dict[str, Any]:
        record = absorb_one(self.store, self.scene, source, shown, run=decide.BY_HAND)
        if record is None:
            raise UsageError(
                "This person was erased at their own wish; nothing was taken in.",
                f"Delete the customer at {source.name}.",
            )
        return {
            "connection": source.name,
            "vendor_id": record.vendor_id,
            "customer": record.customer,
            "fields": {name: text or "" for name, text in shown.fields.items()},
        }

    def hint(self, connection: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a webhook: ask for a run that reads the ids it names, and return how many those are.

        Raises Forbidden where the signature does not fit, UsageError where the connection takes no webhooks.
        """
        self._known([connection])
        secret = self.settings.connections[connection].secrets.get("webhook_secret")
        if secret is None:
            raise UsageError(f"{connection} has no webhook_secret.", "Set it in the configuration.")
        ids = self.scene.sources[connection].connector.hint(headers, body, secret.reveal(), self.clock())
        if ids:
            flags = {"dry_run": False, "full": False, "yes": False, "only": sorted(set(ids))}
            self.store.do(lambda tx: tx.runs.request([connection], flags, "webhook"))
        return len(ids)

    # --- people ----------------------------------------------------------------------------------

    def resolve(self, review: int, choice: str, by: str) -> Review:
        """Resolve a review. Raises UsageError, StaleChoice."""
        return self.store.do(lambda tx: resolve(tx, self.scene, review, choice, by))

    def approve(self, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = "") -> int:
        """Approve what waits for a person; return how many operations."""
        return self.store.do(
            lambda tx: approvals.approve(
                tx, self.scene, by, connection=connection, operations=operations, run=run
            )
        )

    def discard(self, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = "") -> int:
        """Discard what waits for a person; return how many operations."""
        return self.store.do(
            lambda tx: approvals.discard(tx, by, connection=connection, operations=operations, run=run)
        )

    def pin(self, customer: str, name: str, value: str | None, by: str) -> None:
        """Pin a field of a customer, or let it go (None)."""
        self.store.do(lambda tx: pins.pin(tx, self.scene, customer, name, value, by))

    def merge(self, survivor: str, other: str, by: str) -> str:
        """Merge a customer into another; return the id that both have now."""
        return self.store.do(lambda tx: people.merge(tx, self.scene, survivor, other, by).id)

    def split(self, customer: str, records: Sequence[tuple[str, str]], by: str) -> str:
        """Take records (connection, vendor id) out of a customer; return the id of the customer they are now."""
        return self.store.do(lambda tx: people.split(tx, customer, records, by))

    def move(self, connection: str, vendor_id: str, customer: str, by: str) -> None:
        """Move a record to another customer."""
        self.store.do(lambda tx: people.move_record(tx, connection, vendor_id, customer, by))

    def erase(self, customer: str, by: str) -> Erased:
        """Forget a person for good; return what is left to do at each vendor."""
        titles = {name: each.title for name, each in self.settings.connections.items()}
        erased = self.store.do(lambda tx: erase(tx, customer, titles, by))
        self.store.leave_no_traces()
        return erased

    def retry(self, operation: str, by: str) -> None:
        """Try an operation again that was refused or dropped, with the next run."""
        self.store.do(lambda tx: approvals.retry(tx, operation, by))

    def undo(self, run: str, by: str) -> Undone:
        """Take back what a run made golden, wherever nobody has edited since."""
        return self.store.do(lambda tx: undo_run(tx, run, by))

    def pause(self, connection: str, by: str) -> None:
        """Pause a connection; its operations wait."""
        self.store.do(lambda tx: approvals.pause(tx, self.scene, connection, by, paused=True))

    def resume(self, connection: str, by: str) -> None:
        """Let a paused connection go on."""
        self.store.do(lambda tx: approvals.pause(tx, self.scene, connection, by, paused=False))
