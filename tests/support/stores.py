"""Stores for tests, the same on SQLite and on PostgreSQL.

A test asks for an empty store, or for one that was prepared: migrated once a session and copied
for each test, which on either database is many times quicker than migrating again.
"""

import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from sqlalchemy.engine import make_url

from syncd.store import Store
from tests.support.postgres import Migrate, Server

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # every clock of a test is later


def ready(url: str) -> str:
    """Put a new store of this version where a file of SQLite is to be, unless one is there; return the address.

    To migrate once a test costs as much as what most tests do with the store.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database and not Path(address.database).exists():
        file = Path(address.database)
        file.touch(mode=0o600)
        file.write_bytes(_migrated())
    return url


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        Store.open(f"sqlite:///{file}", clock=lambda: BEFORE).close()
        return file.read_bytes()


class Backend(Protocol):
    """Where one test's stores are made."""

    def empty(self) -> str:
        """Return the URL of a new and empty store."""
        ...

    def prepared(self, migrate: Migrate) -> str:
        """Return the URL of a new store as `migrate` leaves an empty one."""
        ...


class SqliteTemplates:
    """The files that were prepared so far in this session, one for each way to prepare."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared: dict[Migrate, Path] = {}

    def prepared(self, migrate: Migrate) -> Path:
        """Return the file that `migrate` was given once; every later call reuses it."""
        if migrate not in self._prepared:
            template = _new_file(self._folder)
            migrate(f"sqlite:///{template}")
            self._prepared[migrate] = template
        return self._prepared[migrate]


class SqliteBackend:
    """Stores as files in the test's own folder."""

    def __init__(self, folder: Path, templates: SqliteTemplates) -> None:
        self._folder = folder
        self._templates = templates

    def empty(self) -> str:
        """Return the URL of a file that does not exist yet."""
        return f"sqlite:///{_new_file(self._folder)}"

    def prepared(self, migrate: Migrate) -> str:
        """Return the URL of a copy of the file that `migrate` was given once."""
        template, copy = self._templates.prepared(migrate), _new_file(self._folder)
        # SQLite's own copy, so that a write-ahead log beside the file is not forgotten.
        with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return f"sqlite:///{copy}"


def _new_file(folder: Path) -> Path:
    return folder / f"syncd-{secrets.token_hex(4)}.db"


class PostgresBackend:
    """Stores as databases of one server, dropped when the test is over."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._made: list[str] = []

    def empty(self) -> str:
        """Return the URL of a new database."""
        return self._made_of("template0")

    def prepared(self, migrate: Migrate) -> str:
        """Return the URL of a copy of the database that `migrate` was given once."""
        return self._made_of(self._server.prepared_template(migrate))

    def drop_all(self) -> None:
        """Drop every database made here."""
        while self._made:
            self._server.drop_database(self._made.pop())

    def _made_of(self, template: str) -> str:
        self._made.append(self._server.create_database(template))
        return self._made[-1]
