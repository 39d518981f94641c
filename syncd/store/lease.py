"""The lease: which process works on this store, as one row with an epoch that grows with every takeover.

Every write of a run names its epoch and is refused once somebody else has taken over, however late it wakes up.
So clocks that disagree can cost a takeover too many, but never a write by two. A holder that died on this machine
is replaced at once (its pid is gone, or is another process's by now); one elsewhere, or one that hangs, when its
time is over.

A vendor knows of no epoch. So right before the bytes of each write a holder makes sure that its time is not over by the
monotonic clock, which goes on while a process is stopped; one that wakes up too late asks the store first.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from syncd.errors import LeaseLost
from syncd.failpoints import failpoint
from syncd.store.columns import microseconds, moment_or_none
from syncd.store.transaction import Row, Transaction

# Half of the ten seconds after which a store must be free, and some: renewed every third of it.
TTL: Final = timedelta(seconds=8)
NAME: Final = "syncd"
_CERTAIN: Final = (
    0.75  # the part of its time for which a holder need not ask whether it still holds the store
)

READ: Final = "SELECT holder, host, pid, born, epoch, expires_at FROM lease WHERE name = ?"

_PROC: Final = Path("/proc")

T = TypeVar("T")
Ticks = Callable[[], float]


class Writes(Protocol):
    """What a lease needs of the store: short write transactions outside any epoch."""

    def __call__(self, unit: Callable[[Transaction], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Holding:
    """The lease's row: who holds the store and until when. `expires_at` is None once it was given back."""

    holder: str
    host: str
    pid: int
    born: str
    epoch: int
    expires_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> Holding:
        """Return the holding that READ gives."""
        holder, host, pid, born_at, epoch, expires_at = row
        return cls(holder, host, pid, born_at, epoch, moment_or_none(expires_at))

    def shown(self) -> dict[str, Any]:
        """Return the row as it may be shown."""
        machine = self.host.partition("/")[0]
        return {
            "holder": self.holder,
            "host": machine,
            "pid": self.pid,
            "epoch": self.epoch,
            "expires_at": self.expires_at,
        }

    def is_over(self, now: datetime) -> bool:
        """Tell whether somebody else may take over."""
        return self.expires_at is None or self.expires_at <= now or self._died_here()

    def is_ours(self) -> bool:
        """Tell whether this very process wrote it."""
        return (self.host, self.pid, self.born) == _self()

    def _died_here(self) -> bool:
        return self.host == this_machine() and born(self.pid) != self.born


class Lease:
    """The store, held by this process under one epoch."""

    __slots__ = ("_renewed", "_ticks", "_writes", "epoch", "holder", "ttl")

    def __init__(
        self, writes: Writes, holder: str, epoch: int, ttl: timedelta, ticks: Ticks, renewed: float
    ) -> None:
        self._writes, self._ticks, self._renewed = writes, ticks, renewed
        self.holder = holder
        self.epoch = epoch
        self.ttl = ttl

    def renew(self) -> None:
        """Hold the store for another `ttl`; raise LeaseLost where it was taken over."""
        failpoint("lease.renew")
        began = self._ticks()
        self._writes(lambda tx: extend(tx, self.epoch))
        self._renewed = began

    def hold(self) -> None:
        """Make sure, before what no epoch can refuse, that nobody has taken over; raise LeaseLost where somebody has."""
        if self._ticks() - self._renewed > _CERTAIN * self.ttl.total_seconds():
            self.renew()

    def release(self) -> None:
        """Give the store back; a lease that was taken over is let go silently."""

        def unit(tx: Transaction) -> None:
            tx.change("UPDATE lease SET expires_at = NULL WHERE name = ? AND epoch = ?", NAME, self.epoch)

        self._writes(unit)


def acquire(writes: Writes, holder: str, ttl: timedelta = TTL, ticks: Ticks = time.monotonic) -> Lease | None:
    """Take the lease where nobody has it; return None where somebody does. `ticks` are seconds that only grow."""
    began = ticks()
    tried: list[tuple[int, datetime]] = []  # what earlier tries wrote: their COMMIT may have gone unanswered

    def unit(tx: Transaction) -> int | None:
        held = read(tx)
        if held is not None and held.is_ours() and (held.epoch, held.expires_at) in tried:
            return held.epoch
        epoch = None
        if held is None:
            epoch = _first(tx, holder, ttl)
        elif held.is_over(tx.now):
            # where it was not given back, the last write of whoever had it would keep the row
            if held.expires_at is not None:
                tx.end_silent_writers(ttl / 4)
            epoch = _take_over(tx, held, holder, ttl)
        if epoch is not None:
            tried.append((epoch, tx.now + ttl))
        return epoch

    epoch = writes(unit)
    return None if epoch is None else Lease(writes, holder, epoch, ttl, ticks, began)


def read(tx: Transaction) -> Holding | None:
    """Return the lease's row, None before the first lease."""
    row = tx.row(READ, NAME)
    return None if row is None else Holding.of(row)


def check(tx: Transaction, epoch: int) -> None:
    """Raise LeaseLost where this epoch is over; otherwise keep it until the end of the transaction."""
    # SQLite: nobody else writes before this transaction ends. PostgreSQL: the row's key stays as it is.
    lock = " FOR KEY SHARE" if tx.is_postgres else ""
    row = tx.row(f"SELECT epoch FROM lease WHERE name = ?{lock}", NAME)
    if row is None or row[0] != epoch:
        raise lost()


def extend(tx: Transaction, epoch: int) -> None:
    """Push the end of the lease away by its ttl; raise LeaseLost where this epoch is over."""
    extended = tx.change(
        "UPDATE lease SET expires_at = ttl + ? WHERE name = ? AND epoch = ?",
        microseconds(tx.now),
        NAME,
        epoch,
    )
    if extended != 1:
        raise lost()


def lost() -> LeaseLost:
    """Return the error of a process that was taken over."""
    return LeaseLost(
        "Another syncd has taken over this store.",
        "Leave the work to it: `syncd status` shows who holds the store.",
    )


def _first(tx: Transaction, holder: str, ttl: timedelta) -> int | None:
    # Two processes may be first at once: the index lets one of them in.
    added = tx.change(
        "INSERT INTO lease (name, holder, host, pid, born, epoch, ttl, expires_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?) "
        "ON CONFLICT (name) DO NOTHING",
        NAME,
        holder,
        *_self(),
        *_time(tx.now, ttl),
    )
    return 1 if added == 1 else None


def _take_over(tx: Transaction, held: Holding, holder: str, ttl: timedelta) -> int | None:
    taken = tx.change(
        "UPDATE lease SET holder = ?, host = ?, pid = ?, born = ?, epoch = epoch + 1, ttl = ?, expires_at = ? "
        "WHERE name = ? AND epoch = ? AND (expires_at IS NULL OR expires_at <= ?)",
        holder,
        *_self(),
        *_time(tx.now, ttl),
        NAME,
        held.epoch,
        # the row as it was read: who renews between our look and our write keeps the lease
        0 if held.expires_at is None else microseconds(held.expires_at),
    )
    return held.epoch + 1 if taken == 1 else None


def _time(now: datetime, ttl: timedelta) -> tuple[int, int]:
    length = ttl // timedelta(microseconds=1)
    return length, microseconds(now) + length


# --- processes -----------------------------------------------------------------------------------


def _self() -> tuple[str, int, str]:
    pid = os.getpid()
    return this_machine(), pid, born(pid) or ""


@cache
def this_machine() -> str:
    """Return what tells the processes of this machine from others: name, boot and pid namespace."""
    return "/".join((socket.gethostname(), _boot(), _pid_namespace()))


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def born(pid: int) -> str | None:
    """Return when a process of this machine started, in the system's own count; None where it does not run."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None if _PROC.joinpath("self").exists() else _answers(pid)
    # the name in parentheses may hold spaces; after it: state (Z is a zombie), and start time as 20th [proc(5)]
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def _answers(pid: int) -> str | None:
    # Without /proc all that can be asked is whether there is such a process.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    return ""
