"""A fight is told from a change of mind: by values that return, each time by the other one's hand, within a day."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.bounce import WITHIN, Swing, bounces, swings
from syncd.values import Golden, Statement

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CRM, SHOP = ("crm", "1"), ("shop", "1")


def fight(turns: int, every: timedelta = MINUTE) -> list[Swing]:
    """Return so many changes by two records in turn, between the same two values."""
    words = ({"notes": "a"}, {"notes": "b"})
    return [
        Swing(START + turn * every, words[turn % 2], words[(turn + 1) % 2], (CRM, SHOP)[turn % 2])
        for turn in range(turns)
    ]


@given(st.integers(0, 20))
def test_every_return_by_the_other_one_counts(turns: int) -> None:
    assert bounces("notes", fight(turns), START + turns * MINUTE) == max(0, turns - 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.just(CRM)), max_size=8))
def test_whoever_changes_his_own_mind_fights_with_nobody(words: list[tuple[str, tuple[str, str]]]) -> None:
    past = [Swing(START, {"notes": "x"}, {"notes": text}, by) for text, by in words]
    assert bounces("notes", past, START) == 0


@given(st.integers(2, 8))
def test_new_values_are_no_fight(turns: int) -> None:
    past = [
        Swing(START, {"notes": f"{turn}"}, {"notes": f"{turn + 1}"}, (CRM, SHOP)[turn % 2])
        for turn in range(turns)
    ]
    assert bounces("notes", past, START) == 0


def test_another_spelling_of_the_same_number_is_no_return() -> None:
    past = [
        Swing(START, {"phone": "+84912345678"}, {"phone": "+84 912 345 678"}, CRM),
        Swing(START, {"phone": "+84 912 345 678"}, {"phone": "+84912345678"}, SHOP),
    ]
    assert bounces("phone", past, START) == 0


@given(st.integers(2, 8))
def test_what_is_long_ago_or_before_a_persons_word_is_forgotten(turns: int) -> None:
    past = fight(turns)
    ended = past[-1].at
    assert bounces("notes", past, ended + WITHIN + MINUTE) == 0
    assert bounces("notes", past, ended, since=ended) == 0
    assert bounces("notes", fight(turns, every=WITHIN + MINUTE), ended + turns * (WITHIN + MINUTE)) == 0


def golden(record: tuple[str, str], kind: str, at: datetime) -> Golden:
    said = Statement(*record, "notes", {}, kind, 1, new_seen=at)  # type: ignore[arg-type]
    return Golden({}, 1, "latest_edit", holder=said)


def test_only_an_edit_over_anothers_recent_edit_is_looked_into() -> None:
    later = golden(SHOP, "edit", START + MINUTE)
    assert swings(golden(CRM, "edit", START), later)
    assert not swings(golden(SHOP, "edit", START), later)
    assert not swings(golden(CRM, "initial", START), later)
    assert not swings(golden(CRM, "edit", START - WITHIN), later)
    assert not swings(None, later)
