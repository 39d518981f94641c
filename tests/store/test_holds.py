"""Holds: replaced by customer, counted as new once, however many runs find them again."""

from __future__ import annotations

from syncd.store import Store
from syncd.values import Held


def held(field: str, reason: str = "too long", connection: str = "crm", customer: str = "x-1") -> Held:
    return Held(connection, customer, field, reason, "17", "golden")


def replace(store: Store, run: str, *found: Held, customers: tuple[str, ...] = ("x-1",)) -> int:
    return store.do(lambda tx: tx.holds.replace(customers, found, run))


def test_a_hold_is_new_once_and_again_for_another_reason(store: Store) -> None:
    assert replace(store, "run-1", held("city"), held("notes")) == 2
    assert replace(store, "run-2", held("city"), held("notes")) == 0
    assert replace(store, "run-3", held("city", "refused by the vendor")) == 1
    with store.look() as tx:
        assert tx.holds.of(["x-1", "x-2"]) == [held("city", "refused by the vendor")]


def test_holds_of_other_customers_stay(store: Store) -> None:
    replace(store, "run-1", held("city"))
    replace(store, "run-1", held("city", customer="x-2", connection="shop"), customers=("x-2",))
    assert replace(store, "run-2") == 0
    with store.look() as tx:
        assert tx.holds.list() == [held("city", customer="x-2", connection="shop")]
        assert tx.holds.list("crm") == []
        assert tx.holds.counts() == {"shop": 1}
        assert tx.holds.customers() == 1
        assert tx.holds.grouped() == [("shop", "city", "too long", 1)]
