"""Copies and back: whole, private, never over something, and honest about the time that was lost."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import StoreError, StoreHeld, StoreNewer
from syncd.store import ConnectionState, Store, Writing, backup, restore
from tests.store.conftest import NOON
from tests.store.made import operation, record


def opened(path: Path) -> Store:
    return Store.open(f"sqlite:///{path}", clock=lambda: NOON)


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with opened(path) as store:
        store.do(fill)
    return path


def fill(tx: Writing) -> None:
    tx.records.save([record("crm", str(n)) for n in range(50)])
    state = ConnectionState("crm", "perfex", cursor={"a": 1}, full_started=NOON, looked_started=NOON)
    tx.connections.save(state)
    tx.operations.add([operation(), operation("shop", state="sent"), operation("loyalty", state="confirmed")])
    tx.runs.request(["crm"], {}, "schedule")


def test_a_copy_is_made_while_the_store_is_in_use(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with opened(path) as store, store.look() as reading:
        assert reading.records.count("crm") == 50
        store.do(lambda tx: tx.records.save([record("crm", "50")]))
        assert backup(url(path), copy) == copy
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with opened(copy) as again, again.look() as tx:
        assert tx.records.count("crm") == 51
    assert not list(tmp_path.glob(".*"))


def test_a_copy_replaces_nothing(path: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("dear")
    with pytest.raises(StoreError, match="exists already"):
        backup(url(path), tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "dear"


def test_what_is_not_there_cannot_be_copied(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        backup(url(tmp_path / "nothing.db"), tmp_path / "copy.db")
    with pytest.raises(StoreError, match="cannot be written"):
        backup(url(path), tmp_path / "no folder" / "copy.db")


def test_a_damaged_store_gives_no_copy(path: Path, tmp_path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreError):
        backup(url(path), tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_restored_store_looks_everywhere_anew_before_it_writes(path: Path, tmp_path: Path) -> None:
    copy = backup(url(path), tmp_path / "copy.db")
    with opened(path) as store:
        first = store.instance
        store.do(lambda tx: tx.records.save([record("crm", "new")]))
        store.do(lambda tx: tx.meta.set("erasure_key", "k"))
        store.do(lambda tx: tx.erasures.add([b"erased since"]))
    aside = restore(url(path), copy, now=NOON)
    with opened(path) as store, store.look() as tx:
        assert store.instance != first
        assert tx.records.count("crm") == 50
        state = tx.connections.load("crm")
        assert state is not None
        assert (state.cursor, state.full_started, state.looked_started) == (None, None, None)
        states = {each.draft.connection: each.state for each in tx.operations.list()}
        assert states == {"crm": "dropped", "shop": "sent", "loyalty": "confirmed"}
        assert tx.runs.requested() == []
        assert tx.erasures.known([b"erased since"]) == {b"erased since"}
        assert tx.meta.get("erasure_key") == "k"
    assert aside is not None
    with opened(aside) as former, former.look() as tx:
        assert tx.records.count("crm") == 51


def test_a_store_is_restored_where_there_is_none(path: Path, tmp_path: Path) -> None:
    copy = backup(url(path), tmp_path / "copy.db")
    assert restore(url(tmp_path / "new" / "store.db"), copy, now=NOON) is None
    with opened(tmp_path / "new" / "store.db") as store, store.look() as tx:
        assert tx.records.count("crm") == 50


def test_a_store_at_work_is_not_restored(path: Path, tmp_path: Path) -> None:
    copy = backup(url(path), tmp_path / "copy.db")
    with opened(path) as store:
        lease = store.acquire("daemon")
        assert lease is not None
        with pytest.raises(StoreHeld, match="daemon"):
            restore(url(path), copy, now=NOON)
        assert restore(url(path), copy, now=NOON + timedelta(minutes=1)) is not None
        with pytest.raises(StoreError, match="replaced"):
            lease.renew()


def test_only_a_whole_store_of_a_known_version_is_restored(path: Path, tmp_path: Path) -> None:
    copy = backup(url(path), tmp_path / "copy.db")
    (tmp_path / "text").write_text("no store" * 1_000)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE songs (id INTEGER)")
    with closing(sqlite3.connect(copy, isolation_level=None)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    for name, kind in (
        ("text", StoreError),
        ("other.db", StoreError),
        ("copy.db", StoreNewer),
        ("gone", StoreError),
    ):
        with pytest.raises(kind):
            restore(url(path), tmp_path / name, now=NOON)
    assert path.read_bytes() == before


def test_postgresql_is_left_to_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        backup("postgresql://localhost/syncd", tmp_path / "copy")
    assert "pg_dump" in refused.value.next_step
    with pytest.raises(StoreError) as refused:
        restore("postgresql://localhost/syncd", tmp_path / "copy", now=NOON)
    assert "pg_restore" in refused.value.next_step
