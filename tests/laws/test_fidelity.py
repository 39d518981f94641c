"""What a vendor makes of values is learnt from what it shows, foreseen no further than that, and unlearnt when it ends."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncd.rules.fidelity import Habit, foreseen, learnt, observed
from tests.laws.accounts import MANGLERS, Traits
from tests.laws.world import Member, World

KNOWN = {"keeps": "", "upper": "upper", "title": "title", "trims": "trims", "cuts": "cuts", "plain": "plain"}
texts = st.text(
    alphabet=st.characters(codec="utf-8", categories=["Lu", "Ll", "Nd", "Zs"]), min_size=1, max_size=24
)


# long, in mixed case, with accents, between spaces: every habit shows in it
telling = st.integers(0, 10**12).map(lambda number: f" đỨc An số {number:012d} ")


def after(mangler: str, values: list[str]) -> Habit:
    """Return what is learnt of a vendor that mangles so, from these writes."""
    habit = Habit()
    for value in values:
        habit = learnt(habit, "notes", value, MANGLERS[mangler](value))
    return habit


@pytest.mark.parametrize("mangler", KNOWN)
@given(values=st.lists(telling, min_size=1, max_size=6), then=texts)
def test_a_habit_foresees_what_the_vendor_will_show(mangler: str, values: list[str], then: str) -> None:
    habit = after(mangler, values)
    assert habit.does == KNOWN[mangler]
    assert _composed(foreseen(habit, then)) == _composed(MANGLERS[mangler](then) or "")


def _composed(text: str) -> str:
    """Return a text in the form in which values are kept: some letters have two."""
    return unicodedata.normalize("NFC", text.strip())


@pytest.mark.parametrize("mangler", KNOWN)
@given(values=st.lists(telling, min_size=1, max_size=6), dull=st.sampled_from(("A", "A1", "007")))
def test_a_value_that_cannot_tell_changes_no_habit(mangler: str, values: list[str], dull: str) -> None:
    habit = after(mangler, values)
    kept = MANGLERS[mangler](dull) == dull
    if kept:
        assert learnt(habit, "notes", dull, dull).does == habit.does


@pytest.mark.parametrize("mangler", KNOWN)
@given(values=st.lists(telling, min_size=1, max_size=6), then=telling)
def test_a_vendor_that_keeps_values_from_now_on_has_no_habit(
    mangler: str, values: list[str], then: str
) -> None:
    assert learnt(after(mangler, values), "notes", then, then).does == ""


@given(texts, texts)
def test_what_is_no_rendering_is_somebodys_edit_and_teaches_nothing(sent: str, shown: str) -> None:
    does, _ = observed("notes", sent, shown)
    assume(not does and shown != sent)
    habit = Habit("upper", seen=3)
    assert learnt(habit, "notes", sent, shown) == habit


def test_each_habit_is_known_by_its_name() -> None:
    assert observed("notes", "Đức An", "ĐỨC AN") == ("upper", 0)
    assert observed("notes", "Đức An", "đức an") == ("lower", 0)
    assert observed("notes", " Đức An ", "Đức An") == ("trims", 0)
    assert observed("notes", "Đức An", "duc an") == ("plain", 0)
    assert observed("notes", "Đức An", "Đức") == ("cuts", 3)
    assert observed("notes", "Đức An", None) == ("drops", 0)
    assert observed("phone", "+84912345678", "0912 345 678", "VN") == ("reformats", 0)


def test_a_plan_tells_what_the_vendor_will_show() -> None:
    """The CRM's words are cut and upper-cased by the shop; after the first write the next plan says so."""
    fields = ("email", "first_name", "last_name", "notes")
    shop = Traits(fields, {"notes": "cuts", "last_name": "upper"})
    world = World([Member("crm", Traits(fields)), Member("shop", shop)])
    try:
        known = {"email": "an@example.com", "first_name": "An", "last_name": "Nguyễn"}
        world.create("crm", {**known, "notes": "calls in the morning"}, {})
        world.sync()
        with world.store.look() as tx:
            state = tx.connections.load("shop")
        assert state is not None
        assert state.fidelity == {"notes": {"does": "cuts", "length": 14}, "last_name": {"does": "upper"}}
        world.clock.wait(300)
        world.write("crm", "1", "notes", "calls in the evening only")
        report = world.sync(dry_run=True)
        assert report is not None
        assert [row["shows"] for row in report.plan] == [{"notes": "calls in the e"}]
    finally:
        world.close()
