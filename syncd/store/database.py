"""The two databases a store can live in, and how each is opened.

SQLite: one engine that writes and one that only reads, on the same file. The writer begins with BEGIN IMMEDIATE,
because the driver's own way loses read-modify-writes without an error; WAL lets readers go on meanwhile, and
synchronous=FULL keeps a committed intent through a power cut. Foreign keys are enforced on every connection
except a migration's, where rebuilding a parent table would delete its children.

PostgreSQL: one engine that writes and one that only reads; connections are tested before use, and no statement, lock
or forgotten transaction waits for ever. The server ends a write whose process says nothing for as long as a lease
lasts: one that was stopped would otherwise keep the turn to write from whoever took over. Where the server takes such a
process for busy, whoever waits for its turn has it ended (`Transaction.end_silent_writers`).
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from syncd.errors import StoreError
from syncd.store.lease import TTL

# Seconds. A write may wait for another one this long before the unit is tried again.
PATIENCE: Final = 10.0
_POOL_PATIENCE: Final = 60.0
_STATEMENT_PATIENCE: Final = 300
_READING_PATIENCE: Final = 300
_WRITING_PATIENCE: Final = TTL // timedelta(seconds=1)

_WRITER_CACHE: Final = -16_000  # KiB
_READER_CACHE: Final = -8_000
_WAL_PAGES: Final = 8_000


@dataclass(frozen=True, slots=True)
class Database:
    """An opened database: the engine that writes, the one that reads, and its address without the password."""

    url: URL
    writer: Engine
    reader: Engine
    patience: float

    @property
    def is_postgres(self) -> bool:
        return is_postgres(self.url)

    @property
    def place(self) -> str:
        """Return the address as it may be shown."""
        return place(self.url)

    @property
    def path(self) -> Path | None:
        """Return the file of an SQLite store, None on PostgreSQL."""
        return None if self.is_postgres else sqlite_path(self.url)

    def close(self) -> None:
        """Hang up."""
        self.writer.dispose()
        self.reader.dispose()


def parse(url: str) -> URL:
    """Return a store's address; raise StoreError where it is none."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "store.url is not an address.", "Write sqlite:///var/syncd.db or postgresql://user@host/database."
        ) from error
    backend = parsed.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise StoreError(f"store.url names {backend}.", "A store lives in sqlite or in postgresql.")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("store.url names no file.", "Write the file's path, as in sqlite:///var/syncd.db.")
    return parsed


def is_postgres(url: URL) -> bool:
    """Tell whether an address is one of PostgreSQL."""
    return url.get_backend_name() == "postgresql"


def sqlite_path(url: URL) -> Path:
    """Return the file of an SQLite address."""
    return Path(str(url.database)).expanduser()


def place(url: URL) -> str:
    """Return an address without its password."""
    return url.render_as_string(hide_password=True)


def connect(url: URL, *, patience: float = PATIENCE) -> Database:
    """Return the database at an address; an SQLite file and its folder are made where there are none."""
    if is_postgres(url):
        return Database(
            url, _postgres(url, patience, writes=True), _postgres(url, patience, writes=False), patience
        )
    path = sqlite_path(url)
    _make_file(path)
    return Database(
        url, _sqlite(path, patience, writes=True), _sqlite(path, patience, writes=False), patience
    )


def for_migration(url: URL) -> Engine:
    """Return an engine for one migration: foreign keys off, no limit on the time of a statement."""
    if is_postgres(url):
        return create_engine(_with_driver(url), poolclass=NullPool, connect_args={"connect_timeout": 10})
    path = sqlite_path(url)
    _make_file(path)
    return _sqlite(path, patience=60.0, writes=True, migrates=True)


# --- SQLite --------------------------------------------------------------------------------------


def _make_file(path: Path) -> None:
    """Make the file for its owner alone; SQLite gives its side files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be made: {error.strerror}.",
            "Give the user that runs syncd write access to the folder, or correct store.url.",
        ) from error


def _sqlite(path: Path, patience: float, *, writes: bool, migrates: bool = False) -> Engine:
    # One write at a time is all that SQLite does: waiting for the pool is fairer than polling the file's lock.
    pool: dict[str, Any] = (
        {"pool_size": 1, "max_overflow": 0, "pool_timeout": _POOL_PATIENCE}
        if writes
        else {"pool_size": 4, "max_overflow": 12, "pool_timeout": _POOL_PATIENCE}
    )
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "timeout": patience, "check_same_thread": False},
        **({"poolclass": NullPool} if migrates else pool),
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _: object) -> None:
        _prepare(connection, writes=writes, migrates=migrates)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # straight to the driver: through SQLAlchemy it costs as much as a look-up
        driver: Any = connection.connection.driver_connection
        driver.execute(begin).close()

    return engine


def _prepare(connection: sqlite3.Connection, *, writes: bool, migrates: bool) -> None:
    pragmas = [
        "synchronous = FULL",
        f"foreign_keys = {'OFF' if migrates else 'ON'}",
        f"cache_size = {_WRITER_CACHE if writes else _READER_CACHE}",
        f"wal_autocheckpoint = {_WAL_PAGES}",
        # what is deleted at a person's request is overwritten, not only forgotten
        "secure_delete = ON",
    ]
    if writes and connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        pragmas.insert(0, "journal_mode = WAL")
    if not writes:
        pragmas.append("query_only = ON")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()


# --- PostgreSQL ----------------------------------------------------------------------------------


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg")


def _postgres(url: URL, patience: float, *, writes: bool) -> Engine:
    idle = _WRITING_PATIENCE if writes else _READING_PATIENCE
    limits = {
        "lock_timeout": f"{int(patience * 1000)}ms",
        "statement_timeout": f"{_STATEMENT_PATIENCE}s",
        "idle_in_transaction_session_timeout": f"{idle}s",
    }
    return create_engine(
        _with_driver(url),
        pool_size=4,
        max_overflow=12,
        pool_timeout=_POOL_PATIENCE,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "application_name": "syncd",
            "options": " ".join(f"-c {name}={limit}" for name, limit in limits.items()),
        },
    )
