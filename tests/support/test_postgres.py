"""The suite's own ground: databases are fresh and apart, and no server outlives its tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.support import postgres
from tests.support.postgres import Migrate, PostgresMissing, Server
from tests.support.stores import Backend

ROOT = Path(__file__).parents[2]

# Started as a program of its own, so that it can be killed as no fixture could kill itself.
# What is started in the background of a shell inherits that SIGINT is ignored.
OWNER = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.support.postgres import running_server
with running_server() as server:
    (data,) = server.connection.execute("SHOW data_directory").fetchone()
    print(server.url.render_as_string(hide_password=False), data, flush=True)
    time.sleep(600)
"""


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def _make_table(url: str) -> None:
    _execute(url, "CREATE TABLE customer (name TEXT)")
    _execute(url, "INSERT INTO customer VALUES ('Nguyễn Thị Ánh')")


def test_two_empty_stores_know_nothing_of_each_other(store_backend: Backend) -> None:
    first, second = store_backend.empty(), store_backend.empty()
    _make_table(first)
    _make_table(second)
    _execute(first, "DELETE FROM customer")
    assert _execute(second, "SELECT name FROM customer") == [("Nguyễn Thị Ánh",)]


def test_a_prepared_store_is_migrated_once_and_copied(prepared_store: Callable[[Migrate], str]) -> None:
    migrated: list[str] = []

    def migrate(url: str) -> None:
        migrated.append(url)
        _make_table(url)

    first = prepared_store(migrate)
    _execute(first, "DELETE FROM customer")
    second = prepared_store(migrate)
    assert _execute(second, "SELECT name FROM customer") == [("Nguyễn Thị Ánh",)]
    assert len(migrated) == 1
    assert {first, second}.isdisjoint(migrated)


def test_a_copy_is_whole_though_the_template_is_in_wal_mode(prepared_store: Callable[[Migrate], str]) -> None:
    def migrate(url: str) -> None:
        if url.startswith("sqlite"):
            _execute(url, "PRAGMA journal_mode=WAL")
        _make_table(url)

    assert _execute(prepared_store(migrate), "SELECT count(*) FROM customer") == [(1,)]


def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres_server: Server) -> None:
    url = postgres_server.create_database()
    engine = create_engine(url)
    with engine.connect() as left_open:
        postgres_server.drop_database(url)
        names = postgres_server.connection.execute("SELECT datname FROM pg_database").fetchall()
        left_open.invalidate()
    engine.dispose()
    assert (make_url(url).database,) not in names


@pytest.mark.skipif(postgres.URL_VARIABLE in os.environ, reason="the server is not the suite's own")
def test_the_server_neither_runs_in_utc_nor_waits_for_disks(postgres_server: Server) -> None:
    shown = [postgres_server.connection.execute(f"SHOW {name}").fetchone() for name in ("timezone", "fsync")]
    assert shown == [("Asia/Ho_Chi_Minh",), ("off",)]


@pytest.mark.skipif(postgres.URL_VARIABLE in os.environ, reason="the server is not the suite's own")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_server_outlives_its_owner(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as owner:
        assert owner.stdout is not None
        url, data = owner.stdout.readline().split()
        assert _execute(url, "SELECT 1") == [(1,)]
        owner.send_signal(how)
    _wait_until_gone(Path(data).parent)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


def _wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while folder.exists():
        assert time.monotonic() < deadline, f"{folder} is still there"
        time.sleep(0.05)


def _pretend_binaries(folder: Path, *programs: str) -> Path:
    folder.mkdir(parents=True)
    for program in programs:
        (folder / program).touch(mode=0o755)
    return folder


def test_the_newest_whole_installation_is_taken(tmp_path: Path) -> None:
    _pretend_binaries(tmp_path / "9" / "bin", "initdb", "postgres")
    newest = _pretend_binaries(tmp_path / "15" / "bin", "initdb", "postgres")
    _pretend_binaries(tmp_path / "17" / "bin", "initdb")  # a client package alone brings no server
    assert postgres.find_binaries(system=tmp_path) == newest


def test_the_path_comes_after_the_system_and_before_the_wheel(tmp_path: Path) -> None:
    on_path = _pretend_binaries(tmp_path / "elsewhere", "initdb", "postgres")
    assert postgres.find_binaries(system=tmp_path, path=str(on_path)) == on_path


def test_the_wheel_is_enough(tmp_path: Path) -> None:
    found = postgres.find_binaries(system=tmp_path, path=str(tmp_path))
    assert subprocess.run([found / "postgres", "--version"], check=True, capture_output=True).stdout


def test_a_machine_without_postgresql_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissing, match=postgres.URL_VARIABLE):
        postgres.find_binaries(system=tmp_path, path=str(tmp_path), wheel="no_such_wheel")
