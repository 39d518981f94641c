"""The store: opening it, and the two ways to work with it, `do` and `look`.

`do` runs a unit in one write transaction. A lost lock, a restarted server or a COMMIT without an answer has the unit done
again whole, unless PostgreSQL knows that it was committed; all the same every unit of a run is written such that doing
it twice does it once.
`look` reads one unchanging picture of the store.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from syncd.errors import StoreError, StoreReplaced
from syncd.failpoints import failpoint
from syncd.store import lease as leases
from syncd.store import migrate as migrations
from syncd.store.backup import backup_before_upgrade, found_damage
from syncd.store.database import PATIENCE, Database, connect, parse
from syncd.store.failures import explained, is_databases, is_kept_out, may_pass
from syncd.store.lease import Lease
from syncd.store.subjects import Reading, Writing
from syncd.store.transaction import Transaction

T = TypeVar("T")
Clock = Callable[[], datetime]

# A unit is tried again for this many times the patience of one write: longer than a PostgreSQL restart takes.
_PATIENCES: Final = 3
_FIRST_WAIT: Final = 0.05


class Store:
    """An opened store. Threads may share it; processes open their own."""

    def __init__(self, database: Database, clock: Clock, instance: str) -> None:
        self._database = database
        self._clock = clock
        self._file = _identity(database.path)
        self.instance = instance

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        migrate: bool = True,
        backup_dir: Path | None = None,
        patience: float = PATIENCE,
    ) -> Store:
        """Open the store at a URL; make or upgrade it first, unless `migrate` is off.

        A backup goes to `backup_dir`, or beside the file, before anything is upgraded. `patience` is how many
        seconds a write waits for another one. Raises StoreNewer for a store of a newer syncd and StoreError for
        one that cannot be used, each with what to do.
        """
        database = connect(parse(url), patience=patience)
        try:
            with _translated(database):
                _bring_up(database, migrate, backup_dir, clock)
                instance = _instance(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock, instance)

    @property
    def url(self) -> str:
        """Return the store's address, without its password."""
        return self._database.place

    @property
    def database(self) -> Database:
        """Return what the store is opened on, for backups."""
        return self._database

    def close(self) -> None:
        """Hang up."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- work ---------------------------------------------------------------------------------

    def do(self, unit: Callable[[Writing], T], *, epoch: int | None = None) -> T:
        """Run a unit in one write transaction and return what it returns.

        With `epoch`, only while that lease lasts: LeaseLost otherwise, and nothing is written.
        """
        tried: list[tuple[int, T]] = []  # PostgreSQL's numbers of earlier tries, and what they returned

        def write(tx: Transaction) -> T:
            number = tx.wait_for_turn()
            for earlier, returned in tried:
                if tx.has_committed(earlier):
                    return returned
            if epoch is not None:
                leases.check(tx, epoch)
            result = unit(Writing(tx))
            if epoch is not None and not tx.is_postgres:
                # a long write kept the renewal waiting; that it commits proves that this process lives
                leases.extend(tx, epoch)
            if number is not None:
                tried.append((number, result))
            return result

        return self._write(write)

    @contextmanager
    def look(self) -> Iterator[Reading]:
        """Open a picture of the store that does not change while it is looked at, and cannot be written."""
        with _translated(self._database), self._reading() as connection:
            yield Reading(Transaction(connection, self._clock()))

    def check(self) -> list[str]:
        """Read the whole store and return what is damaged; on PostgreSQL that is the server's own business."""
        with _translated(self._database):
            return found_damage(self._database)

    def leave_no_traces(self) -> None:
        """After an erasure: have what was deleted leave SQLite's log and file as well."""
        if self._database.is_postgres:
            return
        with _translated(self._database), self._database.writer.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def _write(self, unit: Callable[[Transaction], T]) -> T:
        deadline = time.monotonic() + _PATIENCES * self._database.patience
        wait = _FIRST_WAIT
        kept_out = False
        while True:
            self._check_file()
            failpoint("store.begin")
            try:
                with self._database.writer.begin() as connection:
                    tx = Transaction(connection, self._clock())
                    if kept_out:
                        tx.end_silent_writers(leases.TTL)
                    result = unit(tx)
                    failpoint("store.commit")
                failpoint("store.committed")
                return result
            except Exception as error:
                if not is_databases(error):
                    raise
                if not may_pass(error) or time.monotonic() + wait > deadline:
                    raise explained(error, self.url) from error
                kept_out = is_kept_out(error)
            # not in step with the other one of a deadlock
            time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311
            wait *= 2

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        engine = self._database.reader
        with engine.connect() as connection:
            if self._database.is_postgres:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def _check_file(self) -> None:
        """Raise StoreReplaced where the file was: writes would go into one that nobody sees."""
        if self._file is not None and _identity(self._database.path) != self._file:
            raise StoreReplaced(f"The file of the store {self.url} was replaced.", "Start syncd again.")

    # --- lease --------------------------------------------------------------------------------

    def acquire(
        self, holder: str, ttl: timedelta = leases.TTL, ticks: leases.Ticks = time.monotonic
    ) -> Lease | None:
        """Take the lease under a name to be shown to people; None where another process has it."""
        return leases.acquire(self._write, holder, ttl, ticks)

    def holder(self) -> dict[str, Any] | None:
        """Return who has the lease and until when, None where nobody does."""
        with _translated(self._database), self._reading() as connection:
            now = self._clock()
            held = leases.read(Transaction(connection, now))
        return None if held is None or held.is_over(now) else held.shown()


@contextmanager
def _translated(database: Database) -> Iterator[None]:
    """Raise what the database says as a StoreError with the admin's next step."""
    try:
        yield
    except Exception as error:
        if not is_databases(error):
            raise
        raise explained(error, database.place) from error


def _bring_up(database: Database, migrate: bool, backup_dir: Path | None, clock: Clock) -> None:
    version = migrations.current(database.reader)
    if version == migrations.CHAIN.head:
        return
    if not migrate:
        migrations.check_version(version, database.place)
    migrations.upgrade(database, lambda: backup_before_upgrade(database, backup_dir, version, clock()))


def _instance(database: Database) -> str:
    with database.reader.begin() as connection:
        row = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'instance'").fetchone()
    if row is None:
        raise StoreError(f"The store {database.place} has no instance.", "Restore the newest backup.")
    return str(row[0])


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells one file from another under the same name."""
    if path is None:
        return None
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return found.st_dev, found.st_ino
