"""Tabs: every customer is where it belongs, page by page."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from syncd.store import Store, Writing
from syncd.store.parts.tabs import TABS
from syncd.values import Customer, Held, Review
from tests.store.conftest import NOON
from tests.store.made import operation, record


def _people(tx: Writing) -> None:
    tx.customers.save(Customer(f"x-{number}") for number in range(7))
    held = [
        Held("crm", "x-1", "phone", "the vendor does not know this value"),
        Held("crm", "x-2", "", "parked: the customer is not among those that crm is limited to"),
    ]
    tx.holds.replace(["x-1", "x-2"], held, "run-1")
    tx.operations.add([operation(customer="x-3"), operation(customer="x-4", state="confirmed")])
    tx.reviews.open([Review("conflict", "x-5 phone", {}, ("1",), customer="x-5")], "run-1")
    aside, unlinked = record("crm", "9"), record("shop", "10")
    aside.customer, aside.problem = "x-6", "its date is no date"
    unlinked.fresh = True
    tx.records.save([aside, unlinked])


@pytest.mark.parametrize(
    ("tab", "ids"),
    [
        ("synced", ["x-0", "x-4", "x-5", "x-6"]),
        ("held", ["x-1"]),
        ("excluded", ["x-2"]),
        ("pending", ["x-3"]),
        ("conflict", ["x-5"]),
        ("aside", ["x-6"]),
    ],
)
def test_a_tab_has_its_customers(store: Store, tab: str, ids: list[str]) -> None:
    store.do(_people)
    with store.look() as tx:
        assert tx.tabs.page(tab, "", 10) == ids
        assert tx.tabs.page(tab, ids[0], 10) == ids[1:]
        if tab != "synced":
            assert tx.tabs.counts()[tab] == len(ids)


def test_a_record_of_nobody_is_unlinked(store: Store) -> None:
    store.do(_people)
    with store.look() as tx:
        found = tx.tabs.unlinked(0, 10)
        assert [(one.connection, one.vendor_id) for one in found] == [("shop", "10")]
        assert tx.tabs.unlinked(found[0].id or 0, 10) == []
        assert tx.tabs.counts()["unlinked"] == 1


@pytest.mark.parametrize(("tab", "index"), [("excluded", "ix_holds_parked"), ("aside", "ix_records_problem")])
def test_a_tab_of_few_is_found_among_many_without_reading_them(tmp_path: Path, tab: str, index: str) -> None:
    path = tmp_path / "syncd.db"
    Store.open(f"sqlite:///{path}", clock=lambda: NOON).close()
    with sqlite3.connect(path) as raw:
        plan = raw.execute(f"EXPLAIN QUERY PLAN {TABS[tab]} LIMIT 9", ("",)).fetchall()
    assert index in " ".join(row[3] for row in plan)
