"""Units of work: whole or not at all, done again where that helps, one after the other, and reads undisturbed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from syncd.errors import StoreError, StoreHeld
from syncd.store import Store, Writing
from syncd.values import Customer
from tests.store.conftest import NOON, Clock
from tests.store.made import record


def test_a_unit_that_fails_leaves_nothing(store: Store) -> None:
    def unit(tx: Writing) -> None:
        tx.meta.set("a", "b")
        tx.records.save([record("crm", "1")])
        tx.audit.add("lan", "approve", "crm")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.do(unit)
    with store.look() as tx:
        assert tx.meta.get("a") is None
        assert tx.records.count("crm") == 0
        assert tx.audit.list() == []


def test_a_unit_sees_one_time_and_returns_what_it_returns(store: Store, clock: Clock) -> None:
    def unit(tx: Writing) -> bool:
        before = tx.now
        clock.forward(seconds=5)
        return tx.now == before == NOON

    assert store.do(unit) is True


def test_no_read_modify_write_is_lost(store: Store) -> None:
    def count(tx: Writing) -> None:
        first = tx.meta.numbers(1)
        tx.meta.set(f"number {first}", "taken")

    def many() -> None:
        for _ in range(25):
            store.do(count)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.look() as tx:
        assert tx.meta.last_number == 100
        assert all(tx.meta.get(f"number {n}") == "taken" for n in range(1, 101))


def test_what_one_unit_read_no_other_changes_before_it_has_written(store: Store) -> None:
    store.do(lambda tx: tx.customers.save([Customer("x-1")]))

    def pin(number: int) -> None:
        def unit(tx: Writing) -> None:
            customer = tx.customers.load(["x-1"])["x-1"]
            customer.pins[f"pin {number}"] = {"phone": str(number)}
            tx.customers.save([customer])

        store.do(unit)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pin, range(60)))
    with store.look() as tx:
        assert set(tx.customers.load(["x-1"])["x-1"].pins) == {f"pin {number}" for number in range(60)}


def test_numbers_are_taken_in_blocks_and_start_at_one(store: Store) -> None:
    assert store.do(lambda tx: (tx.meta.numbers(3), tx.meta.numbers(2), tx.meta.numbers(1))) == (1, 4, 6)
    assert store.do(lambda tx: tx.customers.new_ids(2)) == [f"{store.instance}-1", f"{store.instance}-2"]


def test_a_look_shows_one_picture(store: Store) -> None:
    store.do(lambda tx: tx.meta.set("a", "before"))
    with store.look() as tx:
        assert tx.meta.get("a") == "before"
        store.do(lambda other: other.meta.set("a", "after"))
        assert tx.meta.get("a") == "before"
    with store.look() as tx:
        assert tx.meta.get("a") == "after"


def test_a_look_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError), store.look() as tx:
        tx.meta.set("a", "b")
    with store.look() as tx:
        assert tx.meta.get("a") is None


def test_an_error_of_the_caller_passes_through_a_look(store: Store) -> None:
    with pytest.raises(KeyError), store.look() as tx:
        raise KeyError(tx.now)


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    with Store.open(postgres_url, clock=lambda: NOON, patience=5.0) as opened:
        yield opened


def test_a_unit_is_done_again_whole_after_the_connection_was_cut(
    postgres_store: Store, postgres_url: str
) -> None:
    tries: list[int] = []

    def unit(tx: Writing) -> int:
        number = tx.meta.numbers(1)
        tries.append(number)
        tx.records.save([record("crm", "1")])
        if len(tries) == 1:
            cut_others(postgres_url)
        return tx.records.count("crm")

    assert postgres_store.do(unit) == 1
    assert tries == [1, 1]


def test_a_unit_in_a_deadlock_with_another_program_is_done_again(
    postgres_store: Store, postgres_url: str
) -> None:
    for key in ("a", "b"):
        postgres_store.do(lambda tx, key=key: tx.meta.set(key, ""))  # type: ignore[misc]
    tries: list[threading.Thread] = []

    with psycopg.connect(_address(postgres_url)) as other:
        # it waits for longer than the unit does, so that PostgreSQL breaks the deadlock at the unit
        other.execute("SET deadlock_timeout = '20s'")
        other.execute("UPDATE meta SET value = 'theirs' WHERE key = 'b'")

        def take_the_other() -> None:
            other.execute("UPDATE meta SET value = 'theirs' WHERE key = 'a'")
            other.commit()

        def unit(tx: Writing) -> None:
            tx.meta.set("a", "ours")
            tries.append(threading.Thread(target=take_the_other))
            if len(tries) == 1:
                tries[0].start()
            tx.meta.set("b", "ours")

        postgres_store.do(unit)
        tries[0].join()
    assert len(tries) >= 2
    with postgres_store.look() as tx:
        assert (tx.meta.get("a"), tx.meta.get("b")) == ("ours", "ours")


def _address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def cut_others(url: str) -> None:
    with psycopg.connect(_address(url), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db", clock=lambda: NOON, patience=1.0) as opened:
        yield opened


def test_a_write_waits_for_another_process_and_then_happens(sqlite_store: Store, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db", clock=lambda: NOON) as other:
        begun, ended = threading.Event(), threading.Event()

        def hold(tx: Writing) -> None:
            begun.set()
            ended.wait(20)
            tx.meta.set("first", "yes")

        thread = threading.Thread(target=lambda: other.do(hold))
        thread.start()
        begun.wait(20)
        threading.Timer(1.0, ended.set).start()
        seen = sqlite_store.do(lambda tx: tx.meta.get("first"))
        thread.join()
    assert seen == "yes"


def test_a_store_that_stays_locked_is_reported_as_held(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with (
        Store.open(url, clock=lambda: NOON, patience=0.1) as one,
        Store.open(url, clock=lambda: NOON) as other,
    ):
        begun, ended = threading.Event(), threading.Event()

        def hold(_: Writing) -> None:
            begun.set()
            ended.wait(20)

        thread = threading.Thread(target=lambda: other.do(hold))
        thread.start()
        begun.wait(20)
        with pytest.raises(StoreHeld) as held:
            one.do(lambda tx: tx.meta.set("a", "b"))
        ended.set()
        thread.join()
    assert held.value.exit_status == 5
    assert held.value.next_step


def test_a_file_that_was_replaced_is_noticed_before_anything_is_written(
    sqlite_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "store.db"
    path.rename(tmp_path / "moved.db")
    with pytest.raises(StoreError, match="replaced"):
        sqlite_store.do(lambda tx: tx.meta.set("a", "b"))
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="replaced"):
        sqlite_store.do(lambda tx: tx.meta.set("a", "b"))


def test_what_is_deleted_leaves_the_file(sqlite_store: Store, tmp_path: Path) -> None:
    secret = record("crm", "1", email="erase-me@example.com")
    sqlite_store.do(lambda tx: tx.records.save([secret]))
    assert traces(tmp_path, b"erase-me@example.com")
    sqlite_store.do(lambda tx: tx.records.delete([secret.id or 0]))
    sqlite_store.leave_no_traces()
    assert not traces(tmp_path, b"erase-me@example.com")


def traces(folder: Path, text: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if text in path.read_bytes()]


def test_a_full_disk_is_explained_and_harms_nothing(sqlite_store: Store) -> None:
    with sqlite_store.database.writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreError, match="disk of the store is full") as full:
        sqlite_store.do(lambda tx: tx.records.save([record("crm", str(n)) for n in range(1_000)]))
    assert full.value.next_step
    with sqlite_store.look() as tx:
        assert tx.records.count("crm") == 0
    sqlite_store.do(lambda tx: tx.records.save([record("crm", "1")]))


@pytest.mark.long
def test_a_unit_survives_restarts_of_the_server_without_being_done_twice(
    postgres_store: Store, postgres_url: str
) -> None:
    stop = threading.Event()

    def cut_now_and_then() -> None:
        while not stop.wait(0.2):
            cut_others(postgres_url)

    thread = threading.Thread(target=cut_now_and_then)
    thread.start()
    for number in range(300):
        # written such that doing it twice does it once
        postgres_store.do(lambda tx, number=number: tx.meta.set(f"fact {number}", "true"))  # type: ignore[misc]
    stop.set()
    thread.join()
    with postgres_store.look() as tx:
        assert all(tx.meta.get(f"fact {number}") == "true" for number in range(300))
