"""Operations: one open per customer and connection, claimed once, found by what the push asks for."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import StoreError, UsageError
from syncd.store import Store, Writing
from syncd.values import NOTED, Operation
from tests.store.conftest import NOON, Clock
from tests.store.made import draft, operation


def add(store: Store, *operations: Operation) -> list[str]:
    store.do(lambda tx: tx.operations.add(operations))
    return [each.id for each in operations]


def test_an_operation_comes_back_whole(store: Store) -> None:
    saved = replace(
        operation(state="sent"),
        steps=("customer", "contact"),
        step=1,
        attempts=2,
        intent_at=NOON,
        settle_at=NOON + timedelta(seconds=120),
        not_before=NOON + timedelta(seconds=1),
        approved_by="lan",
        error="422: email",
        progress={"userid": "17"},
    )
    assert add(store, saved, operation("shop")) == ["op-1", "op-2"]
    with store.look() as tx:
        assert tx.operations.get("op-1") == saved
        assert tx.operations.get("op-9") is None


def test_what_happens_to_an_operation_is_saved(store: Store) -> None:
    saved = operation("loyalty", vendor_id=None, kind="create")
    add(store, saved)
    saved.state, saved.step, saved.progress, saved.intent_at = "sent", 1, {"id": "9"}, NOON
    saved.steps = ("customer", "contact")
    saved.draft = replace(saved.draft, vendor_id="9")
    store.do(lambda tx: tx.operations.save([saved]))
    with store.look() as tx:
        assert tx.operations.get(saved.id) == saved


@pytest.mark.parametrize("state", ["planned", "waiting", "claimed", "sent", "unknown"])
def test_a_customer_has_one_open_operation_at_a_connection(store: Store, state: str) -> None:
    add(store, operation(state=state))
    with pytest.raises(StoreError):
        add(store, operation(vendor_id=None, kind="create"))
    add(store, operation("shop"), operation(customer="x-2"))


@pytest.mark.parametrize("state", ["confirmed", "rejected", "dropped"])
def test_a_closed_operation_stands_in_no_ones_way(store: Store, state: str) -> None:
    add(store, operation(state=state), operation())


def test_a_unit_drops_and_plans_anew(store: Store) -> None:
    (old,) = add(store, operation())

    def unit(tx: Writing) -> None:
        assert tx.operations.drop([old], "a person edited it") == {old}
        tx.operations.add([operation()])

    store.do(unit)
    with store.look() as tx:
        assert [each.id for each in tx.operations.open_of(["x-1", "x-2"])["x-1"]] == ["op-2"]
        dropped = tx.operations.get(old)
    assert dropped is not None
    assert (dropped.state, dropped.error) == ("dropped", "a person edited it")


def test_what_is_on_its_way_is_not_dropped(store: Store) -> None:
    (sent,) = add(store, operation(state="sent"))
    assert store.do(lambda tx: tx.operations.drop([sent], "no")) == set()


def test_an_operation_is_claimed_once_however_many_try(store: Store) -> None:
    ids = add(store, *(operation(customer=f"x-{n}") for n in range(60)))
    claimed: list[set[str]] = []
    threads = [
        threading.Thread(target=lambda: claimed.append(store.do(lambda tx: tx.operations.claim(ids, 1))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each for one in claimed for each in one) == sorted(ids)
    assert store.do(lambda tx: tx.operations.release("shop")) == 0
    assert store.do(lambda tx: tx.operations.release()) == 60


def test_only_what_is_planned_and_due_is_ready(store: Store, clock: Clock) -> None:
    later = replace(operation(customer="x-2"), not_before=NOON + timedelta(seconds=30))
    others = [operation(customer=f"x-{state}", state=state) for state in ("waiting", "claimed", "confirmed")]
    add(store, operation(), later, operation("shop"), *others)
    with store.look() as tx:
        assert [each.id for each in tx.operations.ready("crm", 9, clock.now)] == ["op-1"]
        later_on = clock.now + timedelta(seconds=30)
        assert [each.id for each in tx.operations.ready("crm", 9, later_on)] == ["op-1", "op-2"]
        assert [each.id for each in tx.operations.ready("crm", 1, later_on)] == ["op-1"]


def test_open_creates_and_unsettled_outcomes_are_found(store: Store) -> None:
    created = [
        replace(operation(customer=f"x-{state}", vendor_id=None, kind="create", state=state), settle_at=NOON)
        for state in ("planned", "claimed", "sent", "unknown")
    ]
    add(store, *created, operation(customer="x-9", state="sent"))
    with store.look() as tx:
        assert [each.state for each in tx.operations.open_creates("crm")] == ["claimed", "sent", "unknown"]
        assert tx.operations.open_creates("shop") == []
        assert [each.id for each in tx.operations.unknown_due("crm", NOON)] == ["op-4"]
        assert tx.operations.unknown_due("crm", NOON - timedelta(seconds=1)) == []
        assert [each.id for each in tx.operations.stranded(NOON)] == ["op-3", "op-5"]
        assert tx.operations.open_counts()["crm", "sent"] == 2


def test_open_operations_are_found_by_record(store: Store) -> None:
    add(store, operation(vendor_id="1", state="sent"), operation(customer="x-2", vendor_id="2"))
    add(store, operation(customer="x-3", vendor_id="3", state="confirmed"))
    with store.look() as tx:
        found = tx.operations.open_on_records("crm", ["1", "2", "3"])
        assert {vendor_id: each.id for vendor_id, each in found.items()} == {"1": "op-1", "2": "op-2"}
        assert set(tx.operations.open_on_records("crm", ["1", "2"], ("sent", "unknown"))) == {"1"}
        assert tx.operations.open_on_records("shop", ["1"]) == {}


def test_the_limits_count_what_is_planned_or_was_done_without_a_persons_yes(
    store: Store, clock: Clock
) -> None:
    clearing = replace(draft("crm", "x-5", "5"), fields={"phone": ("+84912345678", ""), "notes": ("", "x")})
    add(
        store,
        operation(vendor_id=None, kind="create"),
        operation(customer="x-2", state="confirmed"),
        replace(operation(customer="x-3"), approved_by="lan"),
        operation(customer="x-4", state="waiting"),
        Operation("", clearing, "unknown", "c", "run-1"),
        operation("shop"),
    )
    day_ago = NOON - timedelta(days=1)
    with store.look() as tx:
        assert tx.operations.counts("crm", day_ago) == {
            "create": 1,
            "update": 2,
            "clear": 1,
            "field:phone": 2,
        }
        assert tx.operations.counts("crm", day_ago, approved=True)["update"] == 3
        # what was done before the day began no longer counts, what is planned still does
        assert tx.operations.counts("crm", NOON + timedelta(seconds=1)) == {"create": 1}


def test_what_was_given_up_counts_for_the_limits_where_it_had_been_sent(store: Store) -> None:
    add(
        store,
        operation(state="dropped"),
        replace(operation(customer="x-2", state="dropped"), intent_at=NOON),
    )
    with store.look() as tx:
        assert tx.operations.counts("crm", NOON - timedelta(days=1))["update"] == 1


def test_whoever_is_erased_is_noted_with_no_create_any_more(store: Store) -> None:
    create = operation(vendor_id=None, kind="create", state="unknown")
    add(
        store,
        replace(create, progress={NOTED: ["1", "2"], "newer_than": "7"}),
        replace(operation("shop", vendor_id=None, kind="create", state="unknown"), progress={NOTED: ["1"]}),
    )
    store.do(lambda tx: tx.operations.forget_noted([("crm", "1"), ("crm", "9")]))
    with store.look() as tx:
        noted = {each.draft.connection: each.progress for each in tx.operations.list()}
    assert noted == {"crm": {NOTED: ["2"], "newer_than": "7"}, "shop": {NOTED: ["1"]}}


def test_operations_are_listed_newest_first_in_pages(store: Store) -> None:
    add(store, operation(), operation("shop"), operation(customer="x-2", state="rejected"))
    with store.look() as tx:
        assert [each.id for each in tx.operations.list(limit=2)] == ["op-3", "op-2"]
        assert [each.id for each in tx.operations.list(after="op-2")] == ["op-1"]
        assert [each.id for each in tx.operations.list(connection="crm", states=["rejected"])] == ["op-3"]
        assert [each.id for each in tx.operations.list(customer="x-1", kind="update")] == ["op-2", "op-1"]
        assert tx.operations.list(run="run-2") == []
        assert len(tx.operations.of_run("run-1")) == 3


@pytest.mark.parametrize("name", ["run-7", "op-", "op-x", "op-²", "op-99999999999999999999"])
def test_a_name_that_is_no_operation_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UsageError), store.look() as tx:
        tx.operations.get(name)


def test_verdicts_hold_for_contents_and_the_last_one_counts(store: Store) -> None:
    store.do(lambda tx: tx.operations.approve(["a", "b"], "lan"))
    store.do(lambda tx: tx.operations.discard(["b", "c"], "lan"))
    with store.look() as tx:
        assert tx.operations.verdicts(["a", "b", "c", "d"]) == {
            "a": "approved",
            "b": "discarded",
            "c": "discarded",
        }
    store.do(lambda tx: tx.operations.forget(["a"]))
    with store.look() as tx:
        assert tx.operations.verdicts(["a"]) == {}
