"""Failover: two daemons on one store; the one that holds it is killed or stopped in the middle of its work.

The other takes over and finishes; the stopped one is woken then, and must not write another word. Each daemon has its
own door to the vendors, so that it is known whose request came when. Rounds of it, from the command line:
`python -m tests.crash.failover --rounds 20 --db sqlite`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import socket
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from syncd.app import utc_now
from syncd.store import Store
from tests.crash.processes import PATIENCE, Door, Process, Town, town, wait_until
from tests.simulation.places import places

TAKEOVER = 16.0  # seconds: twice the time of a lease
KINDS = (signal.SIGKILL, signal.SIGSTOP)
NEWCOMERS = 3  # people that move in each round
REQUESTS = 30  # so many requests a round makes at least


def _state(pid: int) -> str:
    """Return what a process does: T, it is stopped [proc_pid_stat(5)]."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def is_locked(url: str) -> bool:
    """Tell whether a process is within a write transaction on an SQLite store, which keeps all others out."""
    if not url.startswith("sqlite"):
        return False
    path = make_url(url).database
    assert path is not None
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as store:
        try:
            store.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon and its own door."""

    process: Process
    door: Door

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(frozen=True, slots=True)
class Round:
    """What one round showed: how long the takeover took, and the writes that came in after it by the old holder's door.

    One that is dead sends nothing any more: what comes in later had left before. One that was stopped could send it.
    """

    how: signal.Signals
    took: float
    late: tuple[str, ...]

    @property
    def overlapping(self) -> tuple[str, ...]:
        """Return the writes that the old holder sent after it had been taken over."""
        return self.late if self.how == signal.SIGSTOP else ()


class Failover:
    """Two daemons of one town, one of which holds the store."""

    def __init__(self, here: Town, stack: ExitStack, seed: int) -> None:
        self.here, self._stack = here, stack
        self._dice = random.Random(seed)
        self._folder = stack.enter_context(tempfile.TemporaryDirectory())
        self._numbers = itertools.count()
        self.people = 0
        self.holder = self._new_daemon()
        wait_until(lambda: here.holder() == self.holder.pid, PATIENCE)
        self.waiting = self._new_daemon()

    def _new_daemon(self) -> Daemon:
        door = self.here.another_door()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(f"{self._folder}/{next(self._numbers)}")
            told.settimeout(PATIENCE)
            more = {"NOTIFY_SOCKET": told.getsockname()}
            process = self.here.command("serve", listened_to=False, door=door, more=more)
            self._stack.callback(process.wait)
            self._stack.callback(process.kill)
            while b"READY=1" not in told.recv(1024):  # what it tells systemd once it serves, sd_notify(3)
                pass
        return Daemon(process, door)

    def round(self, how: signal.Signals) -> Round:
        """Strike the holder while it works; let the other one finish and the old one come back."""
        struck, struck_at = self._strike(how)
        wait_until(lambda: self.here.holder() == self.waiting.pid, TAKEOVER + PATIENCE)
        taken = time.monotonic()
        self.holder, old = self.waiting, struck
        if how == signal.SIGSTOP:
            old.process.send_signal(signal.SIGCONT)
            self.waiting = old
        else:
            old.process.wait(PATIENCE)
            self.waiting = self._new_daemon()
        self.finish()
        late = tuple(f"{vendor} {at - taken:.3f} s after" for at, vendor in old.door.writes if at > taken)
        return Round(how, taken - struck_at, late)

    def _strike(self, how: signal.Signals) -> tuple[Daemon, float]:
        """Have people move in and the holder sync them, until the signal hits it at one of its requests."""
        holder = self.holder
        while True:
            self._move_in()
            hit: list[float] = []
            at = self._dice.randrange(5, REQUESTS)
            holder.door.killer.aim(lambda: holder.pid, at, how, hit.append, self._holds_the_file)
            run = self.ask()
            wait_until(lambda: hit or self._is_over(run), PATIENCE)  # noqa: B023 – called at once
            if hit:
                return holder, hit[0]
            assert self.here.holder() == holder.pid, "the other daemon took over, though nothing was struck"

    def _holds_the_file(self, pid: int) -> bool:
        """Tell whether a process was stopped within a write: nobody can take a file's lock from one that lives."""
        wait_until(lambda: _state(pid) == "T", PATIENCE)
        return is_locked(self.here.url)

    def _move_in(self) -> None:
        for _ in range(NEWCOMERS):
            self.people += 1
            letters = "".join(chr(ord("a") + int(digit)) for digit in str(self.people))
            self.here.sandbox.pexip_engage.human_create(
                firstName="Sam",
                lastName=f"Walker{letters}",
                email=f"sam{self.people}@example.com",
                phoneNumber=f"+3247{self.people:07d}",
            )

    def ask(self) -> str:
        """Ask whoever holds the store for a run."""
        flags = {"dry_run": False, "full": False, "yes": False}
        with Store.open(self.here.url, clock=utc_now) as store:
            return store.do(lambda tx: tx.runs.request((), flags, "test")).id

    def _is_over(self, run: str) -> bool:
        with Store.open(self.here.url, clock=utc_now) as store, store.look() as tx:
            found = tx.runs.get(run)
            return found is not None and found.state in ("done", "failed")

    def finish(self) -> None:
        """Run until two runs in a row write nothing."""
        quiet = 0
        for _ in range(12):
            before = self.here.writes()
            run = self.ask()
            wait_until(lambda: self._is_over(run), 2 * PATIENCE)  # noqa: B023 – called at once
            quiet = quiet + 1 if self.here.writes() == before else 0
            if quiet == 2 and not self._is_in_doubt():
                return
        raise AssertionError("still writing after twelve runs")

    def _is_in_doubt(self) -> bool:
        with Store.open(self.here.url, clock=utc_now) as store, store.look() as tx:
            return bool(tx.operations.list(states=("planned", "claimed", "sent", "unknown")))


def rounds(here: Town, count: int, seed: int) -> tuple[list[Round], int]:
    """Play so many rounds, the two signals in turn; return them and how many people live in the town now."""
    with ExitStack() as stack:
        failover = Failover(here, stack, seed)
        played = [failover.round(KINDS[number % 2]) for number in range(count)]
        failover.finish()
        return played, failover.people


def main() -> int:
    """Play the rounds that the command line asks for; fail where a write overlapped or somebody is not there once."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    with places(options.db) as made, town(made.new().url) as here:
        played, people = rounds(here, options.rounds, options.seed)
        wrong = here.not_once(people)
    for one in played:
        print(f"  {one.how.name}: taken over in {one.took:.1f} s", *one.late)
    late = sum(len(one.overlapping) for one in played)
    slowest = max(one.took for one in played)
    print(
        f"failover on {options.db}: {len(played)} rounds, {late} overlapping writes, slowest {slowest:.1f} s"
    )
    print(f"{people} people, {len(wrong)} not everywhere once", *wrong, sep="\n")
    return 1 if late or wrong or slowest > TAKEOVER else 0


if __name__ == "__main__":
    sys.exit(main())
