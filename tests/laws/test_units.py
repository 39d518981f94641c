"""What somebody wrote into a unit is what golden says of it afterwards, whatever the other parts were."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import ADDRESS, NAME, same
from syncd.rules.golden import Asked, Policy, decide
from syncd.rules.units import taken_back
from syncd.values import Golden, Statement

WORDS = ("", "An", "Nguyễn", "Nguyễn An", "An Nguyễn", "Zoë", "zoe", "Müller")
PLACES = ("", "Gent", "gent", "Huế", "VN", "9000", "Kerkstraat 1")
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


def said(slot: str, value: dict[str, str], number: int, knew: int, name: str) -> Statement:
    """Return an edit of a unit."""
    return Statement(
        name, "1", slot, value, "edit", number, knew=knew, old_seen=AT, new_seen=AT, pull_ended=AT
    )


names = st.dictionaries(st.sampled_from(NAME), st.sampled_from(WORDS), min_size=1)
addresses = st.dictionaries(st.sampled_from(ADDRESS), st.sampled_from(PLACES), min_size=1)
units = st.tuples(st.just("name"), names, names) | st.tuples(st.just("address"), addresses, addresses)


@given(units)
@example(
    (
        "name",
        {"first_name": "Zoë", "last_name": "Müller", "full_name": ""},  # as an undo leaves it
        {"full_name": "An Nguyễn"},
    )
)
def test_the_last_edit_is_in_golden_word_by_word(case: tuple[str, dict[str, str], dict[str, str]]) -> None:
    slot, before, edit = case
    golden = Golden(before, 5, "undone", holder=said(slot, before, 5, 0, "crm"))
    asked = Asked(
        slot,
        golden,
        [said(slot, edit, 9, 5, "shop")],
        Policy(),
        lambda one: (one.connection,),
        10,
        {"crm": None, "shop": None},
    )
    after = decide(asked).golden
    assert after is not None
    # an empty full name beside parts says nothing: it follows from them
    spoken = {name: text for name, text in edit.items() if text or name != "full_name"}
    wrong = {name: text for name, text in spoken.items() if not same(name, after.value.get(name), text)}
    assert not wrong, (wrong, after.value)


@given(units)
@example(("name", {"full_name": "An Nguyễn"}, {"first_name": "An", "last_name": "Nguyễn"}))
@example(("name", {"first_name": "An", "last_name": "Nguyễn"}, {"full_name": "An Nguyễn"}))
def test_a_change_taken_back_empties_what_it_brought_and_never_a_name(
    case: tuple[str, dict[str, str], dict[str, str]],
) -> None:
    slot, before, after = case
    back = taken_back(slot, before, after)
    assert {name: back.get(name, "") for name in before if before[name]} == {
        name: text for name, text in before.items() if text
    }
    if slot == "address":
        assert back.keys() == before.keys() | after.keys()
        return
    parts = {name: text for name, text in back.items() if name != "full_name"}
    if before.get("full_name") and not any(before.get(name) for name in parts):
        # a part would be emptied at vendors that were never told to; words are only put where they stood
        assert all(parts.values()) or any(not after.get(name) for name in parts)
        assert sorted(" ".join(parts.values()).split()) in ([], sorted(before["full_name"].split()))
    elif before.get("first_name"):
        assert not after.get("last_name") or back["last_name"] == before.get("last_name", "")
