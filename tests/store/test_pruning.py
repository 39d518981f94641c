"""Pruning: what is old and finished goes; what is open, young, or the reason of a value stays."""

from __future__ import annotations

import threading

from syncd.store import JournalRow, Store, Writing, prune
from syncd.store.pruning import BATCH
from syncd.values import Customer, Review
from tests.store.conftest import NOON, Clock
from tests.store.made import operation


def _question(subject: str) -> Review:
    return Review("conflict", subject, {"value": "0912345678"}, ("1", "2"))


def _lived(tx: Writing) -> None:
    """Leave a run, operations in three states, reviews in three states, a deed and a change of a value."""
    tx.runs.request(("crm",), {}, "lan")
    run = tx.runs.claim(1)
    assert run is not None
    tx.runs.finish(run.id, "ok", {"plan": []})
    states = ("confirmed", "rejected", "planned")
    tx.operations.add([operation(customer=f"x-{n}", state=state) for n, state in enumerate(states)])
    decided, withdrawn, _ = tx.reviews.open([_question(name) for name in ("one", "two", "three")], run.id)
    tx.reviews.resolve(decided, "1", "lan")
    assert withdrawn
    tx.reviews.close("conflict", ["two"], "gone")
    tx.audit.add("lan", "pin", "x-1")
    tx.customers.save([Customer("x-1")])
    tx.journal.append([JournalRow(1, "x-1", run.id, NOON, "phone", {}, {"phone": "1"}, "latest_edit")])


def test_what_is_old_goes_and_what_is_open_or_explains_a_value_stays(store: Store, clock: Clock) -> None:
    store.do(_lived)
    assert sum(prune(store, 1).values()) == 0
    clock.forward(days=90, hours=1)
    store.do(lambda tx: tx.runs.request(("shop",), {}, "lan"))
    gone = prune(store, 90)
    assert gone == {
        "operations": 2, "runs": 1, "reviews": 1, "audit": 1, "login_failures": 0, "evidence": 1, "ended": 0,
    }  # fmt: skip
    with store.look() as tx:
        assert [run.connections for run in tx.runs.list()] == [("shop",)]
        assert [each.state for each in tx.operations.list()] == ["planned"]
        assert [(each.subject, each.state) for each in tx.reviews.list(None)] == [
            ("one", "resolved"),
            ("three", "open"),
        ]
        assert len(tx.journal.of("x-1")) == 1
    assert sum(prune(store, 90).values()) == 0


def test_a_question_is_not_asked_again_because_its_evidence_was_forgotten(store: Store, clock: Clock) -> None:
    store.do(_lived)
    clock.forward(days=10)
    prune(store, 5)
    assert store.do(lambda tx: tx.reviews.open([_question("one")], "run-9")) == []


def test_more_than_fits_into_one_transaction_goes_too_and_a_stop_is_obeyed(
    store: Store, clock: Clock
) -> None:
    def said(tx: Writing) -> None:
        for number in range(BATCH + 5):
            tx.audit.add("lan", "looked", str(number))

    store.do(said)
    clock.forward(days=3)
    stop = threading.Event()
    stop.set()
    assert sum(prune(store, 2, stop=stop).values()) == 0
    assert prune(store, 2)["audit"] == BATCH + 5
