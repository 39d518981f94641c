"""Runs join, reviews are asked once, people's decisions stand until they are undone."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from syncd.errors import StaleChoice, UsageError
from syncd.store import HumanDecision, Run, Store
from syncd.values import Review
from tests.store.conftest import NOON

PLAIN: dict[str, Any] = {"dry_run": False, "full": False, "yes": False}


def request(store: Store, connections: list[str], flags: dict[str, Any], by: str = "cli") -> Run:
    return store.do(lambda tx: tx.runs.request(connections, flags, by))


def test_ten_clicks_at_once_make_one_run(store: Store) -> None:
    got: list[str] = []
    barrier = threading.Barrier(10)

    def click() -> None:
        barrier.wait()
        got.append(request(store, ["crm", "shop"], PLAIN, "web").id)

    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 10
    assert len(set(got)) == 1
    with store.look() as tx:
        run = tx.runs.get(got[0])
        assert run is not None
        assert (run.joined, len(tx.runs.list())) == (9, 1)


def test_requests_join_only_when_they_are_equal(store: Store) -> None:
    first = request(store, ["shop", "crm"], PLAIN)
    assert request(store, ["crm", "shop", "crm"], PLAIN, "schedule").id == first.id
    assert request(store, ["crm"], PLAIN).id != first.id
    assert request(store, ["crm", "shop"], {**PLAIN, "full": True}).id != first.id


def test_a_run_that_has_begun_is_not_joined(store: Store) -> None:
    first = request(store, ["crm"], PLAIN)
    started = store.do(lambda tx: tx.runs.claim(1))
    assert started is not None
    assert (started.id, started.state, started.started_at) == (first.id, "running", NOON)
    assert request(store, ["crm"], PLAIN).id != first.id


def test_runs_are_claimed_once_oldest_first(store: Store) -> None:
    ids = [request(store, [name], PLAIN).id for name in ("a", "b", "c")]
    claimed: list[str | None] = []

    def take() -> None:
        run = store.do(lambda tx: tx.runs.claim(1))
        claimed.append(run.id if run else None)

    take()
    assert claimed == [ids[0]]
    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run for run in claimed if run) == ids
    assert store.do(lambda tx: tx.runs.start(ids[0], 1)) is None


def test_a_run_shows_its_progress_and_its_report(store: Store) -> None:
    run = request(store, ["crm"], PLAIN)
    store.do(lambda tx: tx.runs.claim(1))
    store.do(lambda tx: tx.runs.progress(run.id, {"crm": {"pulled": 7}}))
    with store.look() as tx:
        assert [each.progress for each in tx.runs.interrupted()] == [{"crm": {"pulled": 7}}]
    store.do(lambda tx: tx.runs.finish(run.id, "attention", {"reviews": 1}))
    with store.look() as tx:
        done = tx.runs.get(run.id)
        assert tx.runs.interrupted() == tx.runs.requested() == []
    assert done is not None
    assert (done.state, done.status, done.report, done.ended_at) == (
        "done",
        "attention",
        {"reviews": 1},
        NOON,
    )


def test_runs_are_listed_newest_first_in_pages(store: Store) -> None:
    for name in ("a", "b", "c"):
        request(store, [name], PLAIN)
    with store.look() as tx:
        assert [run.id for run in tx.runs.list(limit=2)] == ["run-3", "run-2"]
        assert [run.id for run in tx.runs.list(after="run-2")] == ["run-1"]
    with pytest.raises(UsageError), store.look() as tx:
        tx.runs.get("op-1")


def review(subject: str = "crm/1 crm/2", **evidence: Any) -> Review:
    return Review("duplicate", subject, evidence, ("same", "different"), "crm", "x-1")


def ask(store: Store, *asked: Review) -> list[int]:
    return store.do(lambda tx: tx.reviews.open(asked, "run-1"))


def test_a_question_is_open_once_and_keeps_the_newest_evidence(store: Store) -> None:
    (number,) = ask(store, review(names=["Lan", "Lan N."]))
    assert ask(store, review(names=["Lan", "Lan N."]), review(names=["Lan"])) == []
    with store.look() as tx:
        assert tx.reviews.list() == [replace(review(names=["Lan"]), id=number)]
        assert tx.reviews.count_open() == 1
        assert tx.reviews.open_subjects("duplicate") == {"crm/1 crm/2"}
        assert tx.reviews.open_subjects("conflict") == set()


def test_what_was_resolved_is_asked_again_only_upon_other_evidence(store: Store) -> None:
    (number,) = ask(store, review(a=1, b=2))
    resolved = store.do(lambda tx: tx.reviews.resolve(number, "different", "lan"))
    assert resolved.state == "resolved"
    assert ask(store, review(b=2, a=1)) == []
    assert len(ask(store, review(a=1, b=3))) == 1
    with store.look() as tx:
        outcome = tx.reviews.outcome(number)
    assert (outcome["choice"], outcome["by"], outcome["closed_at"]) == ("different", "lan", NOON)


def test_what_was_withdrawn_is_asked_again(store: Store) -> None:
    ask(store, review(), review("other"))
    assert store.do(lambda tx: tx.reviews.close("duplicate", ["crm/1 crm/2"], "one is gone")) == 1
    assert len(ask(store, review())) == 1


def test_the_second_of_two_admins_is_told_to_look_again(store: Store) -> None:
    (number,) = ask(store, review())
    outcomes: list[str] = []

    def decide(choice: str) -> None:
        try:
            store.do(lambda tx: tx.reviews.resolve(number, choice, "lan"))
            outcomes.append("decided")
        except StaleChoice:
            outcomes.append("stale")

    threads = [threading.Thread(target=decide, args=(choice,)) for choice in ("same", "different")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided", "stale"]


def test_a_choice_that_is_not_offered_is_refused(store: Store) -> None:
    (number,) = ask(store, review())
    with pytest.raises(UsageError, match="same, different"):
        store.do(lambda tx: tx.reviews.resolve(number, "perhaps", "lan"))
    with pytest.raises(UsageError):
        store.do(lambda tx: tx.reviews.resolve(404, "same", "lan"))


def test_reviews_are_listed_in_pages_by_state_kind_and_customer(store: Store) -> None:
    numbers = ask(store, review("a"), review("b"), replace(review("c"), kind="conflict", customer="x-2"))
    with store.look() as tx:
        assert [each.id for each in tx.reviews.list(limit=2)] == numbers[:2]
        assert [each.id for each in tx.reviews.list(after=numbers[1])] == numbers[2:]
        assert [each.id for each in tx.reviews.list(kind="conflict")] == numbers[2:]
        assert [each.id for each in tx.reviews.list(customer="x-2")] == numbers[2:]
        assert tx.reviews.list("resolved") == []


ONE, OTHER, THIRD = ("crm", "1"), ("shop", "1"), ("shop", "2")


def decide(store: Store, kind: str, **subject: Any) -> int:
    return store.do(lambda tx: tx.decisions.add(HumanDecision(kind, subject, "lan", {"customer": "x-1"})))


def test_decisions_are_found_by_the_records_and_customers_they_are_about(store: Store) -> None:
    different = decide(store, "different", records=[ONE, OTHER])
    merged = decide(store, "merge", customers=["x-1", "x-2"])
    pinned = decide(store, "pin", customers=["x-3"], slot="phone")
    with store.look() as tx:
        assert [each.id for each in tx.decisions.all_of([ONE], ["x-2"])] == [different, merged]
        assert [each.id for each in tx.decisions.all_of(customers=["x-3", "x-1"])] == [merged, pinned]
        assert tx.decisions.all_of([("crm", "x-1")]) == []
        assert tx.decisions.pairs("different", [OTHER]) == {(ONE, OTHER)}
        assert tx.decisions.pairs("same", [OTHER]) == set()
        found = tx.decisions.get(different)
    assert found is not None
    assert (found.records, found.by, found.at, found.before) == (
        (ONE, OTHER),
        "lan",
        NOON,
        {"customer": "x-1"},
    )


def test_a_decision_about_three_records_speaks_for_every_two(store: Store) -> None:
    decide(store, "same", records=[THIRD, ONE, OTHER])
    with store.look() as tx:
        assert tx.decisions.pairs("same", [ONE]) == {(ONE, OTHER), (ONE, THIRD), (OTHER, THIRD)}


def test_a_decision_that_was_undone_no_longer_holds_and_stays_on_record(store: Store) -> None:
    number = decide(store, "different", records=[ONE, OTHER])
    assert store.do(lambda tx: tx.decisions.undo(number, "minh")).undone_by == "minh"
    with store.look() as tx:
        assert tx.decisions.all_of([ONE]) == []
        assert [each.undone_at for each in tx.decisions.list()] == [NOON]
    with pytest.raises(StaleChoice):
        store.do(lambda tx: tx.decisions.undo(number, "minh"))
    with pytest.raises(UsageError):
        store.do(lambda tx: tx.decisions.undo(404, "minh"))
