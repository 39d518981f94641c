"""Tabs: every customer is where it belongs, page by page."""

from __future__ import annotations

import pytest

from syncd.store import Store, Writing
from syncd.values import Customer, Held, Review
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
