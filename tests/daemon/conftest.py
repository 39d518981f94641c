"""Daemons as programs: started as an admin starts them, watched from outside, and stopped with signals."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncd.cli.sandboxed import configuration, environment
from syncd.sandbox import RunningSandbox, Sandbox
from tests.cli.conftest import people
from tests.support.stores import ready

PATIENCE = 45.0


def until(met: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so, and fail with its name where it is not in time."""
    ends = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < ends, f"not in {seconds:g} s: {what}"
        time.sleep(0.05)


@dataclass
class Daemon:
    """One `syncd serve`, and what it has written to standard error."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, words: str, seconds: float = PATIENCE) -> None:
        """Wait until the daemon has said something."""
        until(lambda: words in self.said, f"{words!r} in:\n{self.said}", seconds)

    @property
    def address(self) -> str:
        """Return where its page is."""
        self.says("The admin page is at")
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert found
        return found.group()

    def send(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, seconds: float = 35.0) -> int:
        """Send SIGTERM and return the exit status."""
        self.send(signal.SIGTERM)
        return self.process.wait(seconds)


# Nothing happens by itself after the first runs.
IDLE = {
    f"SYNCD__CONNECTIONS__{name}__SCHEDULE": "every 100 days"
    for name in ("CRM", "SHOP", "LOYALTY", "BOOKING")
}


@dataclass
class Place:
    """The vendors, the store, and the daemons started on it."""

    running: RunningSandbox
    folder: Path
    environ: dict[str, str]
    daemons: list[Daemon] = field(default_factory=list)

    @property
    def sandbox(self) -> Sandbox:
        return self.running.sandbox

    def start(self, **variables: str) -> Daemon:
        """Start a daemon."""
        log = self.folder / f"daemon-{len(self.daemons)}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD")}
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncd", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**kept, **self.environ, **variables},
                cwd=self.folder,
            )
        self.daemons.append(Daemon(process, log))
        return self.daemons[-1]

    def runs(self) -> list[tuple[int, str, str, str]]:
        """Return number, state, status and asker of every run, none before a daemon has made the store."""
        if not any("This daemon holds the store" in daemon.said for daemon in self.daemons):
            return []
        with sqlite3.connect(f"file:{self.folder}/syncd.db?mode=ro", uri=True, timeout=10) as store:
            return store.execute("SELECT id, state, status, asked_by FROM runs ORDER BY id").fetchall()

    def done(self) -> int:
        """Return how many runs have ended."""
        return sum(state in {"done", "failed"} for _, state, _, _ in self.runs())

    def requests(self) -> int:
        """Return how many requests the vendors were sent."""
        return sum(entry.by == "api" for vendor in self.sandbox.vendors.values() for entry in vendor.ledger)

    def customers(self) -> dict[str, int]:
        """Return how many customers each vendor has."""
        return {name: len(vendor.snapshot()) for name, vendor in self.sandbox.vendors.items()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Four vendors with three people, a store of its own, and schedules of a second; nothing is started yet."""
    sandbox = Sandbox.empty()
    people(sandbox)
    with sandbox.serve() as running:
        environ = environment(running) | {
            "SYNCD_CONFIG": str(configuration()),
            "SYNCD__STORE__URL": ready(f"sqlite:///{tmp_path}/syncd.db"),
            "SYNCD__STORE__BACKUPS": str(tmp_path / "backups"),
            "SYNCD__WEB__PORT": "0",
            "SYNCD__LOG__FORMAT": "json",
            "SYNCD__CONNECTIONS__CRM__SCHEDULE": "every 1 second",
            "SYNCD__CONNECTIONS__SHOP__SCHEDULE": "every 2 seconds",
            "SYNCD__CONNECTIONS__LOYALTY__SCHEDULE": "every 2 seconds",
            "SYNCD__CONNECTIONS__BOOKING__SCHEDULE": "every 3 seconds",
        }
        place = Place(running, tmp_path, environ)
        try:
            yield place
        finally:
            for daemon in place.daemons:
                if daemon.process.poll() is None:
                    daemon.process.kill()
                    daemon.process.wait(10)
