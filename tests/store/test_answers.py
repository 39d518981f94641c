"""Writes that name themselves by a key: one is done, its twin gets the same answer."""

from __future__ import annotations

from datetime import timedelta

from syncd.store import Store
from syncd.store.parts.answers import DEAD
from tests.store.conftest import NOON, Clock

KEY, REQUEST = b"k" * 32, b"r" * 16


def test_the_second_of_two_gets_the_first_ones_answer(store: Store) -> None:
    assert store.do(lambda tx: tx.answers.begin(KEY, REQUEST)) is None
    under_way = store.do(lambda tx: tx.answers.begin(KEY, REQUEST))
    assert under_way is not None
    assert under_way.status is None
    store.do(lambda tx: tx.answers.finish(KEY, 202, {"location": "/api/v1/runs/run-1"}, '{"id":"run-1"}'))
    known = store.do(lambda tx: tx.answers.begin(KEY, b"another"))
    assert known is not None
    assert (known.status, known.request, known.body) == (202, REQUEST, '{"id":"run-1"}')
    assert known.headers == {"location": "/api/v1/runs/run-1"}


def test_a_write_whose_process_died_may_be_taken_up_again_after_a_while(store: Store, clock: Clock) -> None:
    store.do(lambda tx: tx.answers.begin(KEY, REQUEST))
    clock.forward(seconds=DEAD.total_seconds() - 1)
    assert store.do(lambda tx: tx.answers.begin(KEY, REQUEST)) is not None
    clock.forward(seconds=2)
    assert store.do(lambda tx: tx.answers.begin(KEY, REQUEST)) is None
    assert store.do(lambda tx: tx.answers.begin(KEY, REQUEST)) is not None


def test_a_write_that_came_to_nothing_frees_its_key(store: Store) -> None:
    store.do(lambda tx: tx.answers.begin(KEY, REQUEST))
    store.do(lambda tx: tx.answers.drop(KEY))
    assert store.do(lambda tx: tx.answers.begin(KEY, b"another")) is None


def test_an_answer_that_names_an_erased_customer_goes_with_it(store: Store) -> None:
    for key, body in ((KEY, '{"id":"ab-7"}'), (b"o" * 32, '{"id":"ab-8"}')):
        store.do(lambda tx, key=key: tx.answers.begin(key, REQUEST))  # type: ignore[misc]
        store.do(lambda tx, key=key, body=body: tx.answers.finish(key, 200, {}, body))  # type: ignore[misc]
    store.do(lambda tx: tx.answers.delete_of(["ab-7"]))
    assert store.do(lambda tx: tx.answers.begin(KEY, REQUEST)) is None
    assert store.do(lambda tx: tx.answers.begin(b"o" * 32, REQUEST)) is not None


def test_answers_are_forgotten_by_their_age(store: Store, clock: Clock) -> None:
    store.do(lambda tx: tx.answers.begin(KEY, REQUEST))
    assert store.do(lambda tx: tx.answers.forget(NOON)) == 0
    clock.forward(days=1)
    assert store.do(lambda tx: tx.answers.forget(tx.now - timedelta(hours=1))) == 1
