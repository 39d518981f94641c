"""Real processes: the installed command against vendors on real ports, one of which may kill it.

A vendor kills after it has processed a request and before it answers: the moment at which a process that dies knows
least of what it did.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.app import utc_now
from syncd.sandbox import Sandbox
from syncd.sandbox.server import Server
from syncd.store import Store
from tests.simulation.trial import CONFIG, NAMES
from tests.support.stores import ready

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = CONFIG.parents[1]
SETTLE = 1.0
PATIENCE = 60.0
Process = subprocess.Popen[str]


class Killer:
    """Counts the requests to all vendors and kills a process when one of them is processed."""

    def __init__(self) -> None:
        self.count = 0
        self._at = 0
        self._victim: Callable[[], int | None] = lambda: None
        self._signal = signal.SIGKILL
        self._hit: Callable[[float], None] = lambda _: None
        self._spared: Callable[[int], bool] = lambda _: False
        self._lock = threading.Lock()

    def aim(
        self,
        victim: Callable[[], int | None],
        at: int,
        with_signal: int = signal.SIGKILL,
        hit: Callable[[float], None] = lambda _: None,
        spared: Callable[[int], bool] = lambda _: False,
    ) -> None:
        """Strike at the `at`-th request from now; tell `hit` when that was.

        A process for which `spared` holds once it is stopped goes on, and is struck at its next request.
        """
        with self._lock:
            self._spared = spared
            self.count, self._at, self._victim, self._hit = 0, at, victim, hit
            self._signal = signal.Signals(with_signal)

    def strike(self) -> None:
        """Count one processed request."""
        with self._lock:
            self.count += 1
            victim = self._victim() if self.count == self._at else None
        if victim is not None:
            os.kill(victim, self._signal)
            if self._signal == signal.SIGSTOP and self._spared(victim):
                os.kill(victim, signal.SIGCONT)
                with self._lock:
                    self._at = self.count + 1
                return
            self._hit(time.monotonic())


class Door:
    """One process's own way to the four vendors: a killer stands in it, and it is known when a request came in by it."""

    def __init__(self, sandbox: Sandbox, stack: ExitStack) -> None:
        self.killer = Killer()
        self.writes: list[
            tuple[float, str]
        ] = []  # when, and to which vendor, a request came in that may write
        self.urls: dict[str, str] = {}
        for name, vendor in sandbox.vendors.items():
            server = Server(_Way(vendor, name, self))
            stack.callback(server.stop)
            self.urls[name] = f"http://{server.host}:{server.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings that lead through this door."""
        return _addresses(self.urls)


class _Way:
    """A vendor behind a door."""

    def __init__(self, vendor: WSGIApplication, name: str, door: Door) -> None:
        self._vendor, self._name, self._door = vendor, name, door

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" and "token" not in environ["PATH_INFO"]:
            self._door.writes.append((time.monotonic(), self._name))
        answer = self._vendor(environ, start_response)
        self._door.killer.strike()
        return answer


class Town:
    """Four vendors on real ports, a store, and the commands that work on them."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url, self.sandbox, self._stack = url, Sandbox.empty(), stack
        self.door = self.another_door()
        self.killer = self.door.killer
        self.environment = {**os.environ, **self.sandbox.secrets()}
        self.environment["SYNCD__STORE__URL"] = url
        self.environment["SYNCD__SAFETY__SETTLE_SECONDS"] = f"{SETTLE:g}"
        self.environment["SYNCD__WEB__PORT"] = "0"

    def another_door(self) -> Door:
        """Return a way to the vendors for one process alone."""
        return Door(self.sandbox, self._stack)

    def command(
        self,
        *words: str,
        listened_to: bool = True,
        door: Door | None = None,
        more: dict[str, str] | None = None,
    ) -> Process:
        """Start a command; what nobody listens to goes nowhere. `more` is its own environment."""
        said = subprocess.PIPE if listened_to else subprocess.DEVNULL
        line = [sys.executable, "-m", "syncd", "-c", str(CONFIG), *words]
        return subprocess.Popen(
            line,
            cwd=ROOT,
            env=self.environment | (door or self.door).environment | (more or {}),
            stdout=said,
            stderr=said,
            text=True,
        )

    def sync(self) -> int:
        """Sync once, in a process of its own; return its exit status."""
        process = self.command("sync", "--json")
        try:
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert process.returncode in (0, 1), f"exit status {process.returncode}: {said[-2000:]}"
        return process.returncode

    def sync_and_die(self, at: int) -> bool:
        """Sync and be killed at the nth request; False where the sync was over before."""
        process = self.command("sync", "--json")
        self.killer.aim(lambda: process.pid, at)
        try:
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            self.killer.aim(lambda: None, 0)
        return process.returncode == -signal.SIGKILL

    def settle(self) -> None:
        """Sync until nothing is written any more."""
        for _ in range(8):
            time.sleep(SETTLE + 0.2)
            before = self.writes()
            self.sync()
            if self.writes() == before:
                return
        raise AssertionError("still writing after eight syncs")

    def writes(self) -> int:
        """Return how many writes all vendors have carried out."""
        return sum(len(vendor.ledger.writes()) for vendor in self.sandbox.vendors.values())

    def not_once(self, people: int) -> list[str]:
        """Return where not everybody of so many people stands exactly once."""
        wrong = []
        for name, vendor in self.sandbox.vendors.items():
            rows, made = len(vendor.snapshot()), sum(one.kind == "create" for one in vendor.ledger.writes())
            if rows != people or made not in (0, people):
                wrong.append(f"{name}: {rows} customers, {made} of them made by syncd")
        contacts = [len(row["contacts"]) for row in self.sandbox.perfex.snapshot().values()]
        if contacts != [1] * people:
            wrong.append(f"perfex: {contacts} contacts")
        return wrong

    def holder(self) -> int | None:
        """Return the pid of the process that holds the store."""
        with Store.open(self.url, clock=utc_now) as store:
            held = store.holder()
        return int(held["pid"]) if held else None

    @contextmanager
    def daemon(self) -> Iterator[Process]:
        """Run a daemon until the end of the block."""
        process = self.command("serve", listened_to=False)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def town(url: str) -> Iterator[Town]:
    """Open four empty vendors on this machine until the end of the block."""
    with ExitStack() as stack:
        yield Town(url, stack)


def wait_until(true: Callable[[], Any], within: float) -> float:
    """Wait until something is true and return the seconds it took; fail after `within` seconds."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"not true after {within:g} s"
        time.sleep(0.05)
    return time.monotonic() - began


def _addresses(urls: dict[str, str]) -> dict[str, str]:
    told = {}
    for vendor, url in urls.items():
        path = "/v1" if vendor == "omniwallet" else ""
        told[f"SYNCD__CONNECTIONS__{NAMES[vendor].upper()}__BASE_URL"] = url + path
    told["SYNCD__CONNECTIONS__SHOP__TOKEN_URL"] = urls["kiotviet"] + "/connect/token"
    tokens = "/realms/acme/protocol/openid-connect/token"
    told["SYNCD__CONNECTIONS__BOOKING__TOKEN_URL"] = urls["pexip_engage"] + tokens
    return told


def at_home(folder: Path) -> str:
    """Return the address of an SQLite store in a folder."""
    return ready(f"sqlite:///{folder / 'town.db'}")
