"""Pages asked for ahead: in order, within the window, and thrown away where the place was wrong."""

from __future__ import annotations

import threading
import time

import pytest

from syncd.errors import Unanswered
from syncd.vendors.ahead import Ahead


class Shelf:
    """Answers a place with its own number once the gate is open, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, place: int) -> int:
        self.asked.append(place)
        self.gate.wait(10)
        if place == 13:
            raise Unanswered("page 13 is lost")
        return place


def test_pages_come_in_order_and_each_is_asked_for_once() -> None:
    shelf = Shelf()
    with Ahead(shelf, 3, soon=-1) as ahead:
        taken = []
        for place in range(10):
            taken.append(ahead.take(place))
            ahead.expect(range(place + 1, 10))
    assert taken == list(range(10))
    assert sorted(shelf.asked) == list(range(10))


def test_no_more_are_under_way_than_the_window() -> None:
    shelf = Shelf()
    with Ahead(shelf, 3, soon=-1) as ahead:
        ahead.take(0)
        shelf.gate.clear()
        ahead.expect(range(1, 100))
        ahead.expect(range(1, 100))
        shelf.gate.set()
        assert ahead.take(1) == 1
    assert set(shelf.asked) <= {0, 1, 2, 3}


def test_a_wrong_place_is_asked_for_again() -> None:
    shelf = Shelf()
    with Ahead(shelf, 3, soon=-1) as ahead:
        ahead.take(0)
        ahead.expect(range(100, 200, 100))
        assert ahead.take(99) == 99
        ahead.expect(range(198, 500, 99))
        ahead.expect(range(197, 500, 99))
        assert ahead.take(197) == 197


def test_a_page_is_there_once_it_was_answered() -> None:
    shelf = Shelf()
    with Ahead(shelf, 3, soon=-1) as ahead:
        ahead.take(0)
        assert not ahead.has(1)
        shelf.gate.clear()
        ahead.expect(range(1, 3))
        assert not ahead.has(1)
        shelf.gate.set()
        ahead.take(1)
        while not ahead.has(2):
            time.sleep(0.001)
        assert not ahead.has(3)


def test_where_answers_come_soon_the_next_page_is_as_good_as_there() -> None:
    for soon, there in ((60, True), (-1, False)):
        with Ahead(Shelf(), 3, soon=soon) as ahead:
            ahead.take(0)
            assert ahead.has(1) is there


def test_a_page_that_fails_fails_where_it_is_taken() -> None:
    with Ahead(Shelf(), 3, soon=-1) as ahead:
        ahead.take(12)
        ahead.expect(range(13, 20))
        with pytest.raises(Unanswered):
            ahead.take(13)


def test_threads_are_started_where_answers_take_their_time_and_nowhere_else() -> None:
    started = {}
    for pause in (0.0, 0.05):

        def ask(place: int, pause: float = pause) -> int:
            time.sleep(pause)
            return place

        before = threading.active_count()
        with Ahead(ask, 3) as ahead:
            for place in range(6):
                assert ahead.take(place) == place
                ahead.expect(range(place + 1, 6))
            started[pause] = threading.active_count() - before
    assert started == {0.0: 0, 0.05: 3}


def test_one_page_starts_no_thread() -> None:
    before = threading.active_count()
    with Ahead(Shelf(), 3, soon=-1) as ahead:
        ahead.take(0)
        ahead.expect(range(0))
        assert threading.active_count() == before
