"""The hands: one thread that claims run requests, oldest first, and executes them under the lease.

A run that fails takes nothing else down: what it was asked is recorded as failed, and the next request is taken up.
Losing the lease ends the hands, because another syncd works on the store by then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from syncd.app import App
from syncd.daemon.tidying import Tidying
from syncd.daemon.waiting import PATIENCE, Waiting, go_on
from syncd.errors import LeaseLost, StoreError, SyncdError
from syncd.logs import Logger, bound
from syncd.store import Lease, Run, Writing
from syncd.sync.progress import Progress
from syncd.values import Report

LOG = Logger(__name__)

SHOWN_EVERY = 0.7  # seconds between two showings of a run's progress
IDLE = 0.3  # seconds between looks for a request; a look is one indexed read
INTERRUPTED = "The daemon was stopped in the middle of this run; what was left is done by the next one."


class Told(Protocol):
    """Who wants to know how a run ended: alerts, figures."""

    def __call__(self, run: Run, report: Report | None, error: SyncdError | None, seconds: float) -> None: ...


class Hands:
    """The thread that executes runs while this process holds the store."""

    def __init__(self, app: App, lease: Lease, told: Told, *, patience: float = PATIENCE) -> None:
        """Make the thread; after `patience` seconds a run gives way to others that have waited as long."""
        self._app = app
        self._lease = lease
        self._told = told
        self._patience = patience
        self._stop = threading.Event()
        self._tidy = Tidying(app, lease, self._stop)
        self._thread = threading.Thread(target=self._work, name="work", daemon=True)
        self.beat = time.monotonic()  # when this thread last showed progress
        self._shown = 0.0
        self.busy = ""

    def start(self) -> None:
        """Take up what a process before us left, then work."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the run under way to drain, and take up no other."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread; return whether it ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            self._take_over()
            while not self._stop.is_set():
                self._next()
        except LeaseLost as error:
            LOG.warning("Another syncd has taken over the store", reason=error.what)
        except StoreError as error:
            # the main thread sees that nobody works any more, lets go of the lease and begins anew
            LOG.error("The store cannot be worked on", reason=str(error))

    def _take_over(self) -> None:
        """Close the runs of a dead process, and ask for each of them again."""
        for run in self._app.store.do(_interrupted, epoch=self._lease.epoch):
            LOG.warning("A run was interrupted and is asked for again", run=run.id)

    def _next(self) -> None:
        self.beat = time.monotonic()
        try:
            run = self._claimed()
            if run is None:
                self._tidy()
        except LeaseLost:
            raise
        except StoreError as error:
            LOG.error("The store does not answer", reason=str(error))
            self._stop.wait(5.0)
            return
        if run is None:
            self._stop.wait(IDLE)
            return
        with bound(run=run.id):
            self._execute(run)

    def _claimed(self) -> Run | None:
        with self._app.store.look() as tx:
            if not tx.runs.requested():
                return None
        epoch = self._lease.epoch
        return self._app.store.do(lambda tx: tx.runs.claim(epoch), epoch=epoch)

    def _execute(self, run: Run) -> None:
        began = time.monotonic()
        self.busy = run.id
        report, error = None, None
        try:
            report = self._app.execute(
                run,
                self._lease,
                progress=self._progressed,
                stop=self._stop,
                gives_way=Waiting(self._app.store, self._patience),
            )
            self._app.store.do(lambda tx: go_on(tx, run), epoch=self._lease.epoch)
        except LeaseLost:
            raise
        except SyncdError as failure:
            error = failure
            LOG.error("The run failed", reason=str(failure))
            self._record(run, str(failure))
        except Exception as failure:
            error = SyncdError(
                f"syncd itself failed: {type(failure).__name__}.",
                "The log has the details; please report it.",
            )
            LOG.exception("The run broke")
            self._record(run, str(error))
        finally:
            self.busy = ""
        self._told(run, report, error, time.monotonic() - began)

    def _progressed(self, progress: Progress) -> None:
        """Show how far the run is, about once a second; called from any of its threads."""
        self.beat = time.monotonic()
        if self.beat - self._shown < SHOWN_EVERY:
            return
        self._shown = self.beat
        run, shown = self.busy, asdict(progress)
        try:
            self._app.store.do(lambda tx: tx.runs.progress(run, shown), epoch=self._lease.epoch)
        except StoreError as error:
            # the run itself meets the same store, and says what follows from it
            LOG.warning("The run's progress could not be shown", reason=str(error))

    def _record(self, run: Run, what: str) -> None:
        """Record a failure, unless the run recorded its own end."""
        self._app.store.do(_failed(run.id, what), epoch=self._lease.epoch)


def _interrupted(tx: Writing) -> list[Run]:
    """Record interrupted runs as failed and ask for them again."""
    left = tx.runs.interrupted()
    for run in left:
        tx.runs.finish(run.id, "failed", _report(run, INTERRUPTED), failed=True)
        tx.runs.request(run.connections, run.flags, run.asked_by)
    return left


def _failed(run_id: str, what: str) -> Callable[[Writing], None]:
    def record(tx: Writing) -> None:
        run = tx.runs.get(run_id)
        if run is not None and run.state == "running":
            tx.runs.finish(run_id, "failed", _report(run, what), failed=True)

    return record


def _report(run: Run, error: str) -> dict[str, Any]:
    return {"run": run.id, "status": "failed", "dry_run": bool(run.flags.get("dry_run")), "errors": [error]}
