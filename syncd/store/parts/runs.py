"""Runs: asked for, claimed, done. Ten equal requests make one run, by index and not by looking first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, literal_column, select, update

from syncd.errors import StoreError, UsageError
from syncd.store.columns import sorted_document
from syncd.store.parts.meta import count_on
from syncd.store.parts.naming import ERASED, Named
from syncd.store.tables import runs
from syncd.store.transaction import Transaction
from syncd.values import RecordKey

_c: Final = runs.c

# Between our insert that met an equal request and our look at it, somebody may have claimed that one.
_TRIES: Final = 5


@dataclass(slots=True)
class Run:
    """One sync, from request to report: `state` is requested, running, done or failed."""

    id: str
    connections: tuple[str, ...]
    flags: dict[str, Any]
    asked_by: str
    state: str = "requested"
    status: str = ""
    report: dict[str, Any] | None = None
    asked_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: dict[str, Any] = field(default_factory=dict)
    joined: int = 0  # how many more requests it answers


# Named here, because inside the class `list` is its listing.
Listed = list[Run]


class Runs:
    """The runs of one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def request(self, connections: Sequence[str], flags: Mapping[str, Any], asked_by: str) -> Run:
        """Ask for a run; an equal request that still waits is joined instead."""
        names = tuple(sorted(set(connections)))
        digest = hashlib.blake2b(sorted_document([names, dict(flags)]), digest_size=16).digest()
        for _ in range(_TRIES):
            run = self._insert(names, flags, asked_by, digest) or self._join(digest)
            if run:
                return run
        raise StoreError("The request met others that were taken up at once.", "Ask again.")

    def claim(self, epoch: int) -> Run | None:
        """Start the oldest request that nobody else has started, None where none waits."""
        waiting = select(_c.id).where(_c.state == "requested").order_by(_c.id).limit(1)
        while number := self._tx.execute(waiting).scalar():
            if run := self.start(f"run-{number}", epoch):
                return run
        return None

    def start(self, run: str, epoch: int) -> Run | None:
        """Start one requested run, None where somebody else has."""
        started = self._tx.execute(
            update(runs)
            .where(_c.id == run_number(run), _c.state == "requested")
            .values(state="running", epoch=epoch, started_at=self._tx.now)
        )
        return self.get(run) if started.rowcount == 1 else None

    def progress(self, run: str, progress: Mapping[str, Any]) -> None:
        """Show how far a run has come."""
        self._tx.execute(update(runs).where(_c.id == run_number(run)).values(progress=dict(progress)))

    def finish(
        self, run: str, status: str, report: Mapping[str, Any] | None = None, *, failed: bool = False
    ) -> None:
        """End a run with its report."""
        self._tx.execute(
            update(runs)
            .where(_c.id == run_number(run))
            .values(
                state="failed" if failed else "done",
                status=status,
                report=None if report is None else dict(report),
                ended_at=self._tx.now,
            )
        )

    def forget(self, customers: Iterable[str], records: Iterable[RecordKey]) -> None:
        """Take these customers out of every report, and the records that a vendor's hints named (erasure)."""
        ids, named = set(customers), Named(records)
        self._forget_hints(named)
        for row in self._tx.execute(select(_c.id, _c.report).where(_c.report.is_not(None))).all():
            kept = {
                name: [each for each in part if each.get("customer") not in ids]
                for name, part in row.report.items()
                if name in ("plan", "held")
            }
            if any(len(part) < len(row.report[name]) for name, part in kept.items()):
                self._tx.execute(update(runs).where(_c.id == row.id).values(report={**row.report, **kept}))

    def _forget_hints(self, named: Named) -> None:
        for row in self._tx.execute(select(_c.id, _c.connections, _c.flags)).all():
            only = row.flags.get("only") or []
            kept = [
                ERASED if any((connection, each) in named.keys for connection in row.connections) else each
                for each in only
            ]
            if kept != only:
                flags = {**row.flags, "only": kept}
                self._tx.execute(update(runs).where(_c.id == row.id).values(flags=flags))

    def get(self, run: str) -> Run | None:
        """Return a run by its id, None where there is none."""
        row = self._tx.execute(select(runs).where(_c.id == run_number(run))).first()
        return _read(row) if row else None

    def list(self, after: str = "", limit: int = 100) -> Listed:
        """Return runs, newest first, after one."""
        statement = select(runs).order_by(_c.id.desc()).limit(limit)
        if after:
            statement = statement.where(_c.id < run_number(after))
        return [_read(row) for row in self._tx.execute(statement)]

    def requested(self) -> Listed:
        """Return the runs that wait, oldest first."""
        return self._in_state("requested")

    def interrupted(self) -> Listed:
        """Return the runs that were started and never ended, oldest first: for whoever takes the lease."""
        return self._in_state("running")

    def _in_state(self, state: str) -> Listed:
        found = self._tx.execute(select(runs).where(_c.state == state).order_by(_c.id))
        return [_read(row) for row in found]

    def _insert(
        self, names: tuple[str, ...], flags: Mapping[str, Any], asked_by: str, digest: bytes
    ) -> Run | None:
        statement = (
            self._tx.insert(runs)
            .values(
                id=count_on(self._tx, "runs", 1),
                connections=names,
                flags=dict(flags),
                request=digest,
                joined=0,
                asked_by=asked_by,
                state="requested",
                status="",
                progress={},
                asked_at=self._tx.now,
            )
            .on_conflict_do_nothing()
            .returning(_c.id)
        )
        number = self._tx.execute(statement).scalar()
        return self.get(f"run-{number}") if number else None

    def _join(self, digest: bytes) -> Run | None:
        joined = (
            update(runs)
            .where(_c.request == digest, _c.state == literal_column("'requested'"))
            .values(joined=_c.joined + 1)
            .returning(_c.id)
        )
        number = self._tx.execute(joined).scalar()
        return self.get(f"run-{number}") if number else None


def run_number(run: str) -> int:
    """Return the number of a run's id; raise UsageError where it is none."""
    digits = run.removeprefix("run-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise UsageError(f"{run!r} is not a run.", "Runs are called run-1, run-2 …")
    return int(digits)


def _read(row: Row[Any]) -> Run:
    return Run(
        id=f"run-{row.id}",
        connections=tuple(row.connections),
        flags=row.flags,
        asked_by=row.asked_by,
        state=row.state,
        status=row.status,
        report=row.report,
        asked_at=row.asked_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        progress=row.progress,
        joined=row.joined,
    )
