"""Where a trial's store lives, on either database, and how its past is kept and put back."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import make_url

from tests.support.memory import stay_in_memory
from tests.support.postgres import Server, running_server
from tests.support.stores import ready


class Place(Protocol):
    """A store that can be made as it was."""

    @property
    def url(self) -> str:
        """Return the address of the store as it is now."""

    def keep(self) -> str:
        """Keep the closed store as it is; return what puts it back."""

    def put_back(self, kept: str) -> None:
        """Make the closed store as it was."""

    def bytes(self) -> bytes:
        """Return everything that the closed store holds, as it lies there."""


class FilePlace:
    """A file of SQLite."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "trial.db"
        ready(self.url)
        self._kept = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def keep(self) -> str:
        self._kept += 1
        copied = self.file.with_suffix(f".{self._kept}")
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(copied)) as target:
            source.backup(target)
        return str(copied)

    def put_back(self, kept: str) -> None:
        for side in ("-wal", "-shm"):
            Path(f"{self.file}{side}").unlink(missing_ok=True)
        shutil.copyfile(kept, self.file)

    def bytes(self) -> bytes:
        return self.file.read_bytes()


class DatabasePlace:
    """A database of PostgreSQL; a kept past is a template."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.url = server.create_database("template0")

    def keep(self) -> str:
        return self._server.create_database(make_url(self.url).database or "")

    def put_back(self, kept: str) -> None:
        self._server.drop_database(self.url)
        self.url = self._server.create_database(make_url(kept).database or "")

    def bytes(self) -> bytes:
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            found = connection.execute(
                "SELECT query_to_xml('SELECT * FROM ' || quote_ident(tablename), true, false, '')::text "
                "FROM pg_tables WHERE schemaname = 'public'"
            )
            return "".join(row[0] for row in found).encode()


class FarPlace:
    """A database of PostgreSQL that is reached by another port of this machine."""

    def __init__(self, near: DatabasePlace, port: int) -> None:
        self._near, self._port = near, port

    @property
    def url(self) -> str:
        return make_url(self._near.url).set(port=self._port).render_as_string(hide_password=False)

    def keep(self) -> str:
        return self._near.keep()

    def put_back(self, kept: str) -> None:
        self._near.put_back(kept)

    def bytes(self) -> bytes:
        return self._near.bytes()


@dataclass(frozen=True, slots=True)
class Places:
    """Where stores are made, one after the other, on one of the two databases."""

    name: str
    new: Callable[[], Place]


@contextmanager
def places(name: str) -> Iterator[Places]:
    """Offer stores on a database until the end of the block; files go where no disk is waited for."""
    stay_in_memory()
    if name == "postgresql":
        with running_server() as server:
            yield Places(name, lambda: DatabasePlace(server))
        return
    with tempfile.TemporaryDirectory(prefix="syncd-") as folder:
        yield Places(name, lambda: FilePlace(Path(tempfile.mkdtemp(dir=folder))))
