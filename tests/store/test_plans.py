"""Every look-up of a run goes through an index: none reads all records, customers, keys, operations or journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from syncd.store import Reading, Store, Writing
from tests.store.conftest import NOON
from tests.store.made import operation, record

BIG = ("records", "customers", "keys", "words", "operations", "journal", "reviews", "verdicts")

LOOKS: dict[str, Callable[[Reading], object]] = {
    "digests": lambda tx: tx.records.digests("crm", ["1", "2"]),
    "load": lambda tx: tx.records.load("crm", ["1", "2"]),
    "one": lambda tx: tx.records.one("crm", "1"),
    "payload": lambda tx: tx.records.payload("crm", "1"),
    "by_ids": lambda tx: tx.records.by_ids([1, 2]),
    "by_keys": lambda tx: tx.records.by_keys([("email", "a"), ("phone", "b")]),
    "of_customers": lambda tx: tx.records.of_customers(["x-1", "x-2"]),
    "count": lambda tx: tx.records.count("crm"),
    "live_ids": lambda tx: list(tx.records.live_ids("crm")),
    "fresh_unlinked": lambda tx: tx.records.fresh_unlinked(1, 10),
    "fresh_customers": lambda tx: tx.records.fresh_customers("x-1", 10),
    "problems": lambda tx: tx.records.problems("crm", 10),
    "all problems": lambda tx: tx.records.problems(None, 10),
    "key pairs": lambda tx: list(tx.records.iterate_key_pairs(["email"])),
    "search": lambda tx: tx.records.search("lan", 10),
    "customers": lambda tx: tx.customers.load(["x-1", "x-2"]),
    "aliases": lambda tx: tx.customers.aliases("x-1"),
    "customers due": lambda tx: tx.customers.due("x-1", 10),
    "list customers": lambda tx: tx.customers.list("x-1", 10),
    "journal": lambda tx: tx.journal.of("x-1"),
    "journal of a run": lambda tx: tx.journal.of_run("run-1"),
    "operation": lambda tx: tx.operations.get("op-1"),
    "open of customers": lambda tx: tx.operations.open_of(["x-1", "x-2"]),
    "open on records": lambda tx: tx.operations.open_on_records("crm", ["1"], ["sent"]),
    "open creates": lambda tx: tx.operations.open_creates("crm"),
    "ready": lambda tx: tx.operations.ready("crm", 10, NOON),
    "unknown due": lambda tx: tx.operations.unknown_due("crm", NOON),
    "stranded": lambda tx: tx.operations.stranded(NOON),
    "counts": lambda tx: tx.operations.counts("crm", NOON),
    "operations of a run": lambda tx: tx.operations.of_run("run-1"),
    "operations of a customer": lambda tx: tx.operations.list(customer="x-1"),
    "verdicts": lambda tx: tx.operations.verdicts(["a", "b"]),
    "open reviews": lambda tx: tx.reviews.open_subjects("conflict"),
    "list reviews": lambda tx: tx.reviews.list(),
    "count reviews": lambda tx: tx.reviews.count_open(),
    "holds": lambda tx: tx.holds.of(["x-1"]),
}

WRITES: dict[str, Callable[[Writing], object]] = {
    "save records": lambda tx: tx.records.save([record("crm", "1")]),
    "claim": lambda tx: tx.operations.claim(["op-1", "op-2"], 1),
    "drop": lambda tx: tx.operations.drop(["op-1"], "no"),
    "save operations": lambda tx: tx.operations.save([_numbered()]),
    "release": lambda tx: tx.operations.release("crm"),
    "release all": lambda tx: tx.operations.release(),
    "rename": lambda tx: tx.records.rename("crm", "1", "2"),
    "mark due": lambda tx: tx.customers.mark_due(["x-1"]),
}


def _numbered() -> Any:
    saved = operation()
    saved.id = "op-1"
    return saved


@contextmanager
def said() -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that the block executes, with their values."""
    heard: list[tuple[str, Any]] = []

    def hear(_: object, __: object, statement: str, values: Any, ___: object, many: bool) -> None:
        heard.append((statement, values[0] if many else values))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db", clock=lambda: NOON) as opened:
        yield opened


def plan_of(store: Store, statement: str, values: Any) -> list[str]:
    with store.database.reader.begin() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    return [str(row[3]) for row in rows]


def scans(store: Store, heard: list[tuple[str, Any]]) -> list[str]:
    return [
        f"{line}: {statement}"
        for statement, values in heard
        if statement.lstrip().split()[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}
        for line in plan_of(store, statement, values)
        if any(line.startswith(f"SCAN {table}") for table in BIG) and not _reads_little(line)
    ]


def _reads_little(line: str) -> bool:
    """Tell whether a scan is of a partial index that holds only what is asked for."""
    indexes = ("ix_operations_state", "ix_records_unlinked", "ix_records_fresh", "ix_records_problem")
    return any(f"INDEX {index}" in line for index in indexes)


@pytest.mark.parametrize("name", LOOKS)
def test_no_look_reads_everything(sqlite_store: Store, name: str) -> None:
    with said() as heard, sqlite_store.look() as tx:
        LOOKS[name](tx)
    assert heard
    assert scans(sqlite_store, heard) == []


@pytest.mark.parametrize("name", WRITES)
def test_no_write_reads_everything(sqlite_store: Store, name: str) -> None:
    with said() as heard:
        sqlite_store.do(WRITES[name])
    assert heard
    assert scans(sqlite_store, heard) == []


def test_the_test_sees_a_scan(sqlite_store: Store) -> None:
    assert scans(sqlite_store, [("SELECT id FROM records WHERE role = 'primary'", ())]) != []


@pytest.mark.parametrize("name", ["digests", "load", "by_keys", "of_customers", "fresh_unlinked", "ready"])
def test_postgresql_takes_the_index_too(postgres_url: str, name: str) -> None:
    with Store.open(postgres_url, clock=lambda: NOON) as store:
        with said() as heard, store.look() as tx:
            LOOKS[name](tx)
        with store.database.reader.begin() as connection:
            # a planner may prefer a scan of an empty table; what matters is whether it could do without
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plans = [
                str(row[0])
                for statement, values in heard
                if statement.startswith("SELECT")
                for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)
            ]
    assert any("Index" in line for line in plans)
    assert [line for line in plans if "Seq Scan" in line] == []
