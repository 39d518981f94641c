"""The daemon's main thread: it keeps the lease, minds the clock and the hands, and obeys signals.

Signals are blocked and waited for, so that no handler runs in the middle of anything: TERM and INT drain, HUP reads
the configuration again. Whoever does not hold the store stands by, shows the page, and takes over when it is free.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import orjson
from starlette.types import ASGIApp

from syncd.app import App, utc_now
from syncd.config import Settings
from syncd.daemon.listen import Door, Listener, bind
from syncd.daemon.systemd import Systemd
from syncd.daemon.timetable import Timetable, Watch
from syncd.daemon.told import Teller
from syncd.daemon.work import Hands
from syncd.errors import LeaseLost, StoreError, StoreReplaced, SyncdError, UsageError
from syncd.logs import Logger
from syncd.metrics import Metrics
from syncd.store import Lease, Writing

LOG = Logger(__name__)

SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
TICK = 0.5
STALLED = 900.0  # seconds without any progress of the hands, after which the watchdog is no longer fed
ON_SCHEDULE = {"dry_run": False, "full": False, "yes": False}
TIMETABLE = "timetable"  # where in the store's meta the next times stand, for the page


class MakesWeb(Protocol):
    """What makes the admin page of an App, and says what to tell the admin about it at start."""

    def __call__(self, app: App) -> ASGIApp: ...


def to_stdout(line: str) -> None:
    """Say a line to whoever started the daemon: where its page is belongs to its result, the log goes beside it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(
    settings: Settings,
    *,
    make_web: MakesWeb | None = None,
    greet: Callable[[App, str], list[str]] | None = None,
    reload: Callable[[], Settings] | None = None,
    clock: Callable[[], datetime] = utc_now,
    say: Callable[[str], None] = to_stdout,
) -> int:
    """Run the daemon until it is told to stop, and return its exit status.

    `make_web` makes the page, `greet` returns the lines to say about its address at start, `reload` reads the
    configuration again. To be called in a process's main thread.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    systemd = Systemd.of(os.environ, os.getpid())
    systemd.extend(600)
    with App.open(settings, clock=clock, metrics=Metrics()) as app:
        return Daemon(app, systemd, make_web, greet, reload, say).run()


class Daemon:
    """One daemon and the state it is in: standing by, or holding the store with its clock and hands."""

    def __init__(
        self,
        app: App,
        systemd: Systemd,
        make_web: MakesWeb | None,
        greet: Callable[[App, str], list[str]] | None,
        reload: Callable[[], Settings] | None,
        say: Callable[[str], None],
    ) -> None:
        self.app = app
        self._systemd = systemd
        self._make_web = make_web
        self._greet = greet
        self._reload = reload
        self._say = say
        self._lease: Lease | None = None
        self.hands: Hands | None = None
        self._timetable: Timetable | None = None
        self._listener: Listener | None = None
        self._door: Door | None = None
        self._teller = Teller(app)
        self._watch = Watch(app.clock(), time.monotonic())
        self._shown: dict[str, datetime] = {}
        self._waiting_for = ""
        self._renewed = 0.0
        self._asked = 0  # how many requests vendors had been sent when it was looked last

    def run(self) -> int:
        """Serve until a signal ends it; return the exit status."""
        self._open_page(first=True)
        try:
            self._serve()
        except StoreReplaced as error:
            LOG.error("This daemon ends, to be started anew", reason=str(error))
            self._drain()
            return error.exit_status
        return self._drain()

    def _serve(self) -> None:
        self._tick()
        self._systemd.ready(self._words())
        while (caught := self._signal()) not in {signal.SIGTERM, signal.SIGINT}:
            if caught == signal.SIGHUP:
                self._read_again()
            self._tick()

    def _signal(self) -> int | None:
        caught = signal.sigtimedwait(SIGNALS, TICK)
        return caught.si_signo if caught else None

    def _tick(self) -> None:
        try:
            self._keep_lease()
            self._mind_clock()
            self._show_times()
        except LeaseLost:
            self._stand_by()
        except StoreReplaced:
            raise
        except StoreError as error:
            LOG.error("The store does not answer", reason=str(error))
        self._open_page()
        if self.is_sound():
            self._systemd.alive()

    # --- the lease ----------------------------------------------------------------------------

    def _keep_lease(self) -> None:
        if self._lease is None:
            self._try_to_hold()
        elif self.hands is None or not self.hands.alive:
            self._stand_by()
        elif time.monotonic() - self._renewed > self._lease.ttl.total_seconds() / 4:
            self._lease.renew()
            self._renewed = time.monotonic()

    def _try_to_hold(self) -> None:
        lease = self.app.store.acquire(f"daemon {os.getpid()}")
        if lease is None:
            self._say_waiting()
            return
        self._lease, self._waiting_for, self._renewed = lease, "", time.monotonic()
        LOG.info("This daemon holds the store", epoch=lease.epoch)
        self.hands = Hands(self.app, lease, self._teller)
        self.hands.start()
        self._start_clock()
        self._systemd.status(self._words())

    def _say_waiting(self) -> None:
        holder = self.app.store.holder() or {}
        name = f"{holder.get('holder', 'another syncd')} on {holder.get('host', 'an unknown machine')}"
        if name != self._waiting_for:
            self._waiting_for = name
            LOG.warning("Another syncd holds the store; standing by", holder=name)
            self._systemd.status(self._words())

    def _stand_by(self, why: str = "another syncd may hold it by now") -> None:
        """Stop working on the store and let go of it."""
        LOG.warning("This daemon lets go of the store", reason=why)
        self._stop_clock()
        if self.hands:
            self.hands.stop()
            self.hands.join(5.0)
        if self._lease:
            with suppress(SyncdError):
                self._lease.release()
        self._lease, self.hands = None, None

    def _words(self) -> str:
        if self._waiting_for:
            return f"Standing by: the store is held by {self._waiting_for}"
        return f"Holding the store; {len(self.app.settings.connections)} connections"

    # --- the clock ----------------------------------------------------------------------------

    def _start_clock(self) -> None:
        self._timetable = Timetable(self._ask, self._teller.missed, self.app.settings.daemon.time_zone)
        self._plan_times()
        self._timetable.start()

    def _plan_times(self) -> None:
        assert self._timetable is not None
        with self.app.store.look() as tx:
            last = {name: state.last_attempt for name, state in tx.connections.all().items()}
        self._timetable.plan(self.app.settings.connections, last, self.app.clock())

    def _stop_clock(self) -> None:
        if self._timetable:
            self._timetable.stop()
        self._timetable = None

    def _mind_clock(self) -> None:
        jump = self._watch.jumped(self.app.clock(), time.monotonic())
        if jump and self._timetable:
            LOG.warning("The clock has jumped; the timetable is made anew", seconds=jump.total_seconds())
            self._plan_times()

    def _ask(self, name: str) -> None:
        """Ask for a run of a connection whose time has come; a paused one is left alone."""
        now = self.app.clock()

        def ask(tx: Writing) -> None:
            state = tx.connections.load(name)
            if state and (state.state == "paused" or (state.not_before and state.not_before > now)):
                return
            tx.runs.request((name,), ON_SCHEDULE, "schedule")

        self.app.store.do(ask)

    def _show_times(self) -> None:
        """Keep the next times in the store, where the page of any daemon finds them."""
        times = self._timetable.next_times() if self._timetable else {}
        if self._lease is None or times == self._shown:
            return
        text = orjson.dumps(times).decode()
        self.app.store.do(lambda tx: tx.meta.set(TIMETABLE, text), epoch=self._lease.epoch)
        self._shown = times

    # --- the page -----------------------------------------------------------------------------

    def _open_page(self, *, first: bool = False) -> None:
        if self._listener or not self._make_web:
            return
        web = self.app.settings.web
        bound = bind(web.host, web.port)
        if bound is None:
            if first and not self._held_elsewhere():
                raise UsageError(
                    f"{web.host}:{web.port} is taken by another program.", "Choose another [web] port."
                )
            return
        self._listen(self._make_web(self.app), bound)

    def _held_elsewhere(self) -> bool:
        return self.app.store.holder() is not None

    def _listen(self, web: ASGIApp, bound: socket.socket) -> None:
        self._door = Door(web)
        self._listener = Listener(self._door, bound)
        self._listener.start()
        for line in self._greet(self.app, self._listener.address) if self._greet else ():
            self._say(line)

    # --- reload -------------------------------------------------------------------------------

    def _read_again(self) -> None:
        """Read the configuration again; where it is broken, say so and go on with the one there was."""
        if not self._reload:
            return
        self._systemd.reloading(time.monotonic_ns() // 1000)
        try:
            settings = self._reload()
            self._change_to(settings)
            LOG.info("The configuration was read again", connections=sorted(settings.connections))
        except SyncdError as error:
            LOG.error("The configuration cannot be used; going on with the one before", reason=str(error))
        self._systemd.ready(self._words())

    def _change_to(self, settings: Settings) -> None:
        """Let the run under way finish, then begin anew with other settings."""
        if (settings.web.host, settings.web.port) != (self.app.settings.web.host, self.app.settings.web.port):
            LOG.warning("The page's address changes only with a restart")
        new = App.open(settings, clock=self.app.clock, metrics=Metrics())
        self._drain_hands(time.monotonic() + self.app.settings.daemon.drain_seconds)
        self._stand_by("to begin anew with the changed configuration")
        old, self.app = self.app, new
        self._teller = Teller(new)
        if self._door and self._make_web:
            self._door.app = self._make_web(new)
        old.close()

    # --- the end ------------------------------------------------------------------------------

    def is_sound(self) -> bool:
        """Return whether every part of the daemon makes progress."""
        if self.hands is None:
            return True
        asked = sum(source.connector.requests for source in self.app.scene.sources.values())
        if asked != self._asked:
            # a vendor that takes its time with every answer is no thread that hangs
            self._asked, self.hands.beat = asked, time.monotonic()
        silent = time.monotonic() - self.hands.beat
        if silent > STALLED:
            LOG.error("The run under way makes no progress", run=self.hands.busy, seconds=int(silent))
        return silent <= STALLED

    def _drain(self) -> int:
        """Finish what is under way, for as long as is allowed, and let go of the store."""
        self._systemd.stopping()
        LOG.info("Draining")
        ends = time.monotonic() + self.app.settings.daemon.drain_seconds
        self._stop_clock()
        if self._listener:
            self._listener.leave()
        drained = self._drain_hands(ends)
        if self._listener:
            self._listener.join(max(ends - time.monotonic(), 0.1))
        if self._lease:
            with suppress(SyncdError):
                self._lease.release()
        LOG.info("Stopped")
        if not drained:
            # A thread that waits for a vendor would hold the process back; what it sent has its committed intent.
            os._exit(0)
        return 0

    def _drain_hands(self, ends: float) -> bool:
        if self.hands is None:
            return True
        self.hands.stop()
        while not self.hands.join(0.5):
            if time.monotonic() > ends:
                LOG.warning("The run under way did not drain in time", run=self.hands.busy)
                return False
            if self._lease:
                with suppress(SyncdError):
                    self._lease.renew()
        return True
