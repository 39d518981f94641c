"""What a vendor makes of our writes is never taken for somebody's word, and somebody's word is never missed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncd.customer import clean, fold, renders, same
from syncd.rules.absorb import absorb
from syncd.rules.ground import Ground
from syncd.rules.written import ReadBack, Sent, adopt, read_back
from syncd.values import Record, Shadow, Shown
from tests.laws import words

Mangler = Callable[[str], str | None]

MANGLERS: dict[str, Mangler] = {
    "keeps": lambda text: text,
    "upper": str.upper,
    "title": str.title,
    "trims": str.strip,
    "cuts at 4": lambda text: text[:4],
    "empty for null": lambda text: text or "",
    "null for empty": lambda text: text or None,
    "drops accents": fold,
    "regroups digits": lambda text: " ".join(text[at : at + 3] for at in range(0, len(text), 3)),
}

START = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIELDS = frozenset({"company", "notes", "phone", "city", "first_name", "last_name"})
texts = (
    st.sampled_from(("An", "Nguyễn", "ACME BV", "acme bv", "+84912345678", "Nguyễn Văn An", ""))
    | words.awkward
)


class Vendor:
    """One record at one vendor that mangles what is written, and syncd's shadow of it."""

    def __init__(self, mangle: Mangler, *, ignores_clear: bool = False) -> None:
        self.mangle = mangle
        self.stored: dict[str, str | None] = {}
        self.record = Record("shop", "1", Shadow())
        self.seconds = count()
        self.numbers = count(1)
        self.ignores_clear = ignores_clear

    def now(self) -> datetime:
        return START + next(self.seconds) * SECOND

    def ground(self) -> Ground:
        return Ground(
            "shop", "VN", FIELDS, FIELDS, lambda _: self.ignores_clear, lambda: next(self.numbers), self.now()
        )

    def shown(self) -> Shown:
        return Shown("1", dict(self.stored), {}, self.now())

    def listed(self) -> list[str]:
        """Pull the record and return the kinds of what it states."""
        shown = self.shown()
        outcome = absorb(self.record, shown, self.ground())
        return [statement.kind for statement in [*outcome.statements, *outcome.ignored]]

    def sent(self, fields: dict[str, str], *, answered: bool = True, **carried: str) -> Sent:
        slots = {"first_name": "name", "last_name": "name", "city": "address"}
        numbers = {slots.get(name, name): next(self.numbers) for name in fields}
        began = self.now()
        return Sent(fields, numbers, began, answered, began + 60 * SECOND, carried)

    def written(self, fields: dict[str, str], *, answered: bool = True) -> ReadBack:
        """Write, as the vendor stores it, and read back at once."""
        sent = self.sent(fields, answered=answered)
        self.stored |= {name: self.mangle(text) for name, text in fields.items()}
        return read_back(self.record, self.shown(), sent, self.ground())


@pytest.mark.parametrize("mangler", MANGLERS)
@given(before=texts, value=texts, edit=texts, name=st.sampled_from(sorted(FIELDS)))
def test_write_read_back_list_edit(mangler: str, before: str, value: str, edit: str, name: str) -> None:
    vendor = Vendor(MANGLERS[mangler])
    vendor.stored = {name: before}
    assert vendor.listed() == (["initial"] if clean(name, before, "VN") else [])
    assume(not same(name, before, vendor.mangle(value), "VN"))
    outcome = vendor.written({name: value})
    assert outcome.confirmed == [name]
    assert outcome.absorbed.statements == []
    assert vendor.record.shadow.acked[name] == value
    assert vendor.listed() == []
    assume(not same(name, vendor.stored[name], edit, "VN"))
    vendor.stored[name] = edit
    assert vendor.listed() == [("edit" if clean(name, edit, "VN") else "clear")]
    assert vendor.listed() == []
    assert same(name, vendor.record.shadow.acked[name], edit, "VN")


@pytest.mark.parametrize("mangler", MANGLERS)
@given(value=texts, edit=texts)
def test_what_our_create_made_is_nobodys_word(mangler: str, value: str, edit: str) -> None:
    vendor = Vendor(MANGLERS[mangler])
    assume(not value.strip() or vendor.mangle(value))  # what is shown empty is doubted instead
    sent = vendor.sent({"company": value})
    vendor.stored = {"company": vendor.mangle(value), "notes": "made by import"}
    assert not adopt(vendor.record, vendor.shown(), sent, vendor.ground()).statements
    assert vendor.listed() == []
    vendor.stored["phone"] = "shown for the first time"
    assert vendor.listed() == []
    assume(not same("company", vendor.stored["company"], edit))
    vendor.stored["company"] = edit
    assert len(vendor.listed()) == 1


@given(texts, texts)
def test_an_observation_from_before_the_last_one_is_dropped(one: str, other: str) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": one}
    late = vendor.shown()
    vendor.stored = {"notes": other}
    vendor.listed()
    outcome = absorb(vendor.record, late, vendor.ground())
    assert outcome.dropped
    assert vendor.record.shadow.seen["notes"] == other


@given(texts, texts)
def test_an_observation_from_before_our_write_is_dropped(before: str, value: str) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": before}
    vendor.listed()
    late = vendor.shown()
    assume(not same("notes", before, value))
    vendor.written({"notes": value})
    assert absorb(vendor.record, late, vendor.ground()).dropped
    assert vendor.listed() == []


@given(texts, texts.filter(bool), st.booleans())
def test_the_old_value_in_a_read_back_is_doubted_not_believed(
    before: str, value: str, answered: bool
) -> None:
    """A vendor that lags shows the old value first; it is no edit back, and nothing is written meanwhile."""
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": before}
    vendor.listed()
    assume(not same("notes", before, value))
    sent = vendor.sent({"notes": value}, answered=answered)
    outcome = read_back(vendor.record, vendor.shown(), sent, vendor.ground())
    assert outcome.doubtful == ["notes"]
    assert vendor.record.shadow.acked["notes"] == before.strip() or same(
        "notes", before, vendor.record.shadow.acked["notes"]
    )
    vendor.stored["notes"] = value
    assert vendor.listed() == []  # before the settle time nothing is decided
    for _ in range(60):
        vendor.now()
    assert vendor.listed() == []
    assert vendor.record.shadow.acked["notes"] == value
    assert not vendor.record.shadow.doubtful


@given(st.booleans())
def test_a_write_that_never_shows_is_repeated_once_and_then_not_kept(answered: bool) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": "old"}
    vendor.listed()
    for attempt in (1, 2):
        sent = vendor.sent({"notes": "new"}, answered=answered)
        read_back(vendor.record, vendor.shown(), sent, vendor.ground())
        for _ in range(60):
            vendor.now()
        assert vendor.listed() == []
        doubt = vendor.record.shadow.doubtful.get("notes")
        if attempt == 1 or not answered:
            assert doubt is not None
            assert doubt.settle is None
    assert ("notes" in vendor.record.shadow.not_kept) == answered


@given(texts, texts)
def test_after_an_unknown_outcome_only_a_rendering_is_ours(value: str, shown: str) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": "old"}
    vendor.listed()
    assume(not same("notes", "old", shown))
    sent = vendor.sent({"notes": value}, answered=False)
    vendor.stored["notes"] = shown
    outcome = read_back(vendor.record, vendor.shown(), sent, vendor.ground())
    ours = renders("notes", value, shown, "VN")
    assert (outcome.confirmed == ["notes"]) == ours
    assert (len(outcome.absorbed.statements) == 1) == (not ours)


def test_a_field_whose_renderings_are_known_reveals_an_edit_in_its_read_back() -> None:
    vendor = Vendor(MANGLERS["upper"])
    vendor.stored = {"notes": "old"}
    vendor.listed()
    vendor.written({"notes": "first word"})
    sent = vendor.sent({"notes": "second word"})
    vendor.stored["notes"] = "typed by somebody"
    outcome = read_back(vendor.record, vendor.shown(), sent, vendor.ground())
    assert [(one.kind, dict(one.value)) for one in outcome.absorbed.statements] == [
        ("edit", {"notes": "typed by somebody"})
    ]


@given(texts, texts, texts)
def test_fields_carried_unchanged_state_nothing_and_were_not_given(
    kept: str, before: str, value: str
) -> None:
    """A PUT of the whole sends every field; what the vendor makes of the others is nobody's word either."""
    vendor = Vendor(MANGLERS["upper"])
    vendor.stored = {"notes": before, "company": kept}
    vendor.listed()
    acked = vendor.record.shadow.acked["company"]
    sent = vendor.sent({"notes": value}, company=kept)
    vendor.stored = {"notes": value.upper(), "company": kept.upper()}
    outcome = read_back(vendor.record, vendor.shown(), sent, vendor.ground())
    if renders("company", kept, kept.upper()):
        assert outcome.absorbed.statements == []
    assert vendor.record.shadow.acked["company"] == acked
    assert vendor.listed() == []


@given(texts, texts)
def test_another_field_in_a_read_back_is_absorbed_like_any_pull(value: str, edit: str) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": "old", "company": "ACME"}
    vendor.listed()
    assume(not same("company", "ACME", edit))
    sent = vendor.sent({"notes": value})
    vendor.stored = {"notes": value, "company": edit}
    outcome = read_back(vendor.record, vendor.shown(), sent, vendor.ground())
    assert [one.slot for one in outcome.absorbed.statements] == ["company"]
    assert vendor.listed() == []


@given(st.lists(st.tuples(st.sampled_from(sorted(FIELDS)), texts), max_size=8))
def test_a_pull_states_exactly_what_moved(edits: list[tuple[str, str]]) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = dict.fromkeys(FIELDS, "first")
    vendor.listed()
    for name, text in edits:
        moved = not same(name, vendor.stored[name], text, "VN")
        vendor.stored[name] = text
        assert len(vendor.listed()) == moved


@given(texts.filter(lambda text: bool(text.strip())))
def test_an_ignored_clear_keeps_the_records_word(text: str) -> None:
    vendor = Vendor(MANGLERS["keeps"], ignores_clear=True)
    vendor.stored = {"notes": text}
    vendor.listed()
    stated = vendor.record.shadow.stated["notes"]
    vendor.stored["notes"] = None
    assert vendor.listed() == ["clear"]
    assert vendor.record.shadow.stated["notes"] == stated
    assert vendor.record.shadow.cleared["notes"] > stated.number
    assert vendor.listed() == []


def test_what_is_absent_is_unknown_and_never_a_clear() -> None:
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"notes": "there", "phone": "0912 345 678"}
    vendor.listed()
    del vendor.stored["phone"]
    assert vendor.listed() == []
    assert vendor.record.shadow.seen["phone"] == "0912 345 678"


@given(st.sampled_from(words.PHONES), st.sampled_from((None, "VN", "BE")))
def test_another_region_or_spelling_rule_is_no_edit(text: str, region: str | None) -> None:
    """`seen` is kept as shown, so that a new library or setting compares it anew on both sides."""
    vendor = Vendor(MANGLERS["keeps"])
    vendor.stored = {"phone": text}
    vendor.listed()
    ground = vendor.ground()
    other = Ground("shop", region, FIELDS, FIELDS, lambda _: False, ground.number, ground.now)
    assert not absorb(vendor.record, vendor.shown(), other).statements


@given(value=texts, shown=texts)
def test_a_create_found_later_may_have_met_a_person(value: str, shown: str) -> None:
    """Its answer was lost, so what it was sent and does not render is somebody's edit; what is empty is in doubt."""
    vendor = Vendor(MANGLERS["keeps"])
    sent = vendor.sent({"company": value}, answered=False)
    vendor.stored = {"company": shown, "notes": "made by import"}
    stated = adopt(vendor.record, vendor.shown(), sent, vendor.ground()).statements
    shadow = vendor.record.shadow
    if not clean("company", shown) and clean("company", value):
        assert "company" in shadow.doubtful
    elif renders("company", value, shown):
        assert (stated, shadow.acked["company"]) == ([], value)
    else:
        assert [(one.kind, dict(one.value)["company"]) for one in stated] == [
            ("edit", shadow.acked["company"])
        ]
    assert vendor.listed() == []


@given(shown=texts)
def test_a_created_record_that_could_not_be_read_back_may_have_met_a_person(shown: str) -> None:
    vendor = Vendor(MANGLERS["keeps"])
    shadow = vendor.record.shadow
    shadow.ours, shadow.acked, shadow.given = True, {"company": "Sent BV"}, {"company"}
    vendor.stored = {"company": shown}
    edited = bool(clean("company", shown)) and not renders("company", "Sent BV", shown)
    assert vendor.listed() == (["edit"] if edited else [])
