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
        self._lock = threading.Lock()

    def aim(self, victim: Callable[[], int | None], at: int, with_signal: int = signal.SIGKILL) -> None:
        """Strike at the `at`-th request from now."""
        with self._lock:
            self.count, self._at, self._victim = 0, at, victim
            self._signal = signal.Signals(with_signal)

    def strike(self) -> None:
        """Count one processed request."""
        with self._lock:
            self.count += 1
            victim = self._victim() if self.count == self._at else None
        if victim is not None:
            os.kill(victim, self._signal)


class Deadly:
    """A vendor in front of which a killer stands."""

    def __init__(self, vendor: WSGIApplication, killer: Killer) -> None:
        self._vendor, self._killer = vendor, killer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._vendor(environ, start_response)
        self._killer.strike()
        return answer


class Town:
    """Four vendors on real ports, a store, and the commands that work on them."""

    def __init__(self, url: str, urls: dict[str, str], sandbox: Sandbox, killer: Killer) -> None:
        self.url, self.sandbox, self.killer = url, sandbox, killer
        self.environment = {**os.environ, **sandbox.secrets(), **_addresses(urls)}
        self.environment["SYNCD__STORE__URL"] = url
        self.environment["SYNCD__SAFETY__SETTLE_SECONDS"] = f"{SETTLE:g}"
        self.environment["SYNCD__WEB__PORT"] = "0"

    def command(self, *words: str, listened_to: bool = True) -> Process:
        """Start a command; what nobody listens to goes nowhere."""
        said = subprocess.PIPE if listened_to else subprocess.DEVNULL
        line = [sys.executable, "-m", "syncd", "-c", str(CONFIG), *words]
        return subprocess.Popen(
            line,
            cwd=ROOT,
            env=self.environment,
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
    sandbox, killer = Sandbox.empty(), Killer()
    with ExitStack() as stack:
        urls = {}
        for name, vendor in sandbox.vendors.items():
            server = Server(Deadly(vendor, killer))
            stack.callback(server.stop)
            urls[name] = f"http://{server.host}:{server.port}"
        yield Town(url, urls, sandbox, killer)


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
    return f"sqlite:///{folder / 'town.db'}"
