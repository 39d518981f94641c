"""Safe copies of an SQLite store, and back. PostgreSQL has tools of its own, which the errors here name.

A copy is made with VACUUM INTO while syncd goes on working, is checked before it gets its name, and can be read by
its owner alone. A store that comes back from a copy knows less than the vendors do: it looks everywhere anew before
it creates anything, plans anew what it had planned, gives its new customers ids that the lost time cannot have
given, and still knows what was erased meanwhile.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import text

from syncd.errors import StoreError, StoreHeld
from syncd.store import lease as leases
from syncd.store import migrate
from syncd.store.database import Database, is_postgres, parse, sqlite_path
from syncd.store.failures import explained
from syncd.store.tables import IS_OPEN

# A key of `meta` that belongs to what was erased, not to the state of the store.
ERASURE_KEY: Final = "erasure_key"

_AFTER_RESTORE: Final = (
    "UPDATE connections SET cursor = NULL, resume = NULL, full_started = NULL, looked_started = NULL",
    "UPDATE operations SET state = 'dropped', error = 'the store was restored from a backup' "
    f"WHERE {IS_OPEN} AND state IN ('planned', 'waiting', 'claimed')",
    "UPDATE runs SET state = 'failed', status = 'failed' WHERE state IN ('requested', 'running')",
    "UPDATE lease SET expires_at = NULL",
)


def backup(url: str, path: Path) -> Path:
    """Copy the store at a URL into a new file and return its path."""
    source = _file(url, "Use pg_dump: `pg_dump --format=custom --file=FILE DATABASE`.")
    if not source.exists():
        raise StoreError(f"There is no store at {source}.", "Check store.url.")
    _copy(source, path)
    return path


def restore(url: str, path: Path, *, now: datetime) -> Path | None:
    """Put a copy in the place of the store at a URL; return where the store that stood there was put aside."""
    target = _file(url, "Use pg_restore: `pg_restore --clean --dbname=DATABASE FILE`.")
    _check_copy(path)
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _install(path, target, None)
        return None
    with _kept_still(target, now):
        aside = _free_name(target, f"before-restore-{now:%Y%m%d-%H%M%S}")
        _copy(target, aside)
        _install(path, target, aside)
    return aside


def backup_before_upgrade(
    database: Database, folder: Path | None, version: str | None, now: datetime
) -> Path | None:
    """Copy an SQLite store before it is upgraded; on PostgreSQL the upgrade is taken back whole if it fails."""
    if database.path is None:
        return None
    target = (folder or database.path.parent) / database.path.name
    path = _free_name(target, f"before-upgrade-from-{version}-{now:%Y%m%d-%H%M%S}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _copy(database.path, path)
    return path


def found_damage(database: Database) -> list[str]:
    """Return what SQLite's own checks find wrong in a store."""
    if database.is_postgres:
        return []
    with database.reader.begin() as connection:
        said = connection.execute(text("PRAGMA quick_check(20)")).scalars().all()
        orphans = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    return [line for line in said if line != "ok"] + [
        f"a row of {row[0]} refers to a missing row of {row[2]}" for row in orphans
    ]


# --- copies --------------------------------------------------------------------------------------


def _file(url: str, instead: str) -> Path:
    parsed = parse(url)
    if is_postgres(parsed):
        raise StoreError("Copies of a store in PostgreSQL are made by PostgreSQL.", instead)
    return sqlite_path(parsed)


def _free_name(target: Path, what: str) -> Path:
    name = target.with_name(f"{target.stem}-{what}{target.suffix}")
    return name if not name.exists() else name.with_name(f"{name.stem}-{secrets.token_hex(3)}{name.suffix}")


def _copy(source: Path, path: Path) -> None:
    """Copy a store that may be in use; the file appears under its name only when it is whole."""
    if path.exists():
        raise StoreError(f"{path} exists already.", "Choose another name; a copy replaces nothing.")
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with _connected(source) as store:
            # VACUUM INTO takes an existing file if it is empty, and so keeps the mode that it was made with
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            store.execute("VACUUM INTO ?", (str(partial),))
        _check_copy(partial)
        _persist(partial)
        partial.rename(path)
    except OSError as error:
        raise StoreError(
            f"The copy {path} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _check_copy(path: Path) -> None:
    """Raise StoreError where a file is no whole store that this syncd can use."""
    if not path.is_file():
        raise StoreError(f"There is no file {path}.", "Name a file that `syncd backup` made.")
    with _connected(path) as copy:
        said = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if said != ("ok",):
            raise StoreError(f"{path} is damaged.", "Take an older copy.")
        version = _version(copy, path)
    migrate.refuse_newer(version, str(path))


def _version(copy: sqlite3.Connection, path: Path) -> str:
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        raise StoreError(f"{path} is not a store.", "Name a file that `syncd backup` made.")
    return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _install(copy: Path, target: Path, replaced: Path | None) -> None:
    """Put a copy in place in one step, made ready for a world that went on without it."""
    fresh = target.with_name(f".{target.name}.restored")
    fresh.unlink(missing_ok=True)
    try:
        _copy(copy, fresh)
        with _connected(fresh) as store, store:
            _make_ready(store, replaced)
        _persist(fresh)
        for side in ("-wal", "-shm"):
            target.with_name(target.name + side).unlink(missing_ok=True)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _make_ready(store: sqlite3.Connection, replaced: Path | None) -> None:
    for statement in _AFTER_RESTORE:
        store.execute(statement)
    # Customers made after the copy are stamped at the vendors under the old instance: no new one may get their id.
    store.execute("UPDATE meta SET value = ? WHERE key = 'instance'", (secrets.token_hex(3),))
    if replaced is None:
        return
    with _connected(replaced) as former:
        erased = former.execute("SELECT digest, at FROM erasures").fetchall()
        key = former.execute("SELECT key, value FROM meta WHERE key = ?", (ERASURE_KEY,)).fetchall()
    store.executemany("INSERT INTO erasures (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING", erased)
    store.executemany("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING", key)


@contextmanager
def _kept_still(target: Path, now: datetime) -> Iterator[None]:
    """Keep everybody from writing the store, and refuse where a syncd is at work on it."""
    with _connected(target) as store:
        store.execute("BEGIN IMMEDIATE")
        row = store.execute(leases.READ, (leases.NAME,)).fetchone()
        if row and not leases.Holding.of(row).is_over(now):
            raise StoreHeld(f"{row[0]} (process {row[2]}) works on the store.", "Stop it before restoring.")
        yield


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise explained(error, str(path)) from error


def _persist(path: Path) -> None:
    """Have the disk keep a file and its name through a power cut."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
