"""Who is separated by a person speaks for itself, and keeps nothing of the other side that was only filled in."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.customer import slot_of
from syncd.rules.apart import only_filled, speak_for_themselves
from syncd.values import Golden, Record, Shadow, Statement, StatementKind

FIELDS = ("phone", "notes", "company", "first_name", "city")
texts = st.sampled_from(("", "a", "b"))


@st.composite
def records(draw: st.DrawFn, vendor_id: str) -> Record:
    """Draw a record of a person's or of our making, some of its fields its own word and some given.

    All but the first may be duplicates, in which somebody edited since.
    """
    record = Record("crm", vendor_id, Shadow(ours=draw(st.booleans())), customer="c-1")
    record.role = "duplicate" if vendor_id != "1" and draw(st.booleans()) else "primary"
    for name in draw(st.sets(st.sampled_from(FIELDS))):
        record.shadow.acked[name] = draw(texts)
        record.shadow.seen[name] = record.shadow.acked[name].upper()
        if draw(st.booleans()):
            record.shadow.given.add(name)
        elif record.shadow.acked[name] and (not record.shadow.ours or record.role == "duplicate"):
            record.shadow.stated[slot_of(name)] = said(
                record, name, draw(st.sampled_from(("edit", "initial")))
            )
    return record


def said(record: Record, name: str, kind: StatementKind) -> Statement:
    return Statement("crm", record.vendor_id, slot_of(name), {name: record.shadow.acked[name]}, kind, 1)


def spoken(side: list[Record]) -> set[str]:
    """Return the slots of which somebody speaks: who edits a duplicate is asked first what is meant."""
    return {
        slot
        for record in side
        for slot, one in record.shadow.stated.items()
        if record.role == "primary" or one.kind == "initial"
    }


sides = st.tuples(records("1"), records("2")).map(list)


@given(sides)
def test_a_record_of_our_making_says_what_nobody_else_on_its_side_says(side: list[Record]) -> None:
    before = spoken(side)
    waiting = {record.key: set(record.shadow.stated) - before for record in side}
    edits = {record.key: dict(record.shadow.stated) for record in side}
    ours = [record for record in side if record.shadow.ours]
    if len(ours) < len(side):  # what it was given came from the other side, or its own side would say it
        before |= {slot_of(name) for name in FIELDS} - {"name"}
    assert speak_for_themselves(side, 7) == ours
    for record in ours:
        shown = {slot_of(name) for name, text in record.shadow.acked.items() if text}
        told = record.shadow.stated.keys() - edits[record.key].keys()
        assert told == shown - before - waiting[record.key]
        assert record.shadow.stated.items() >= edits[record.key].items()


@given(sides)
def test_it_says_what_it_was_given_and_not_what_its_vendor_makes_of_it(side: list[Record]) -> None:
    for record in speak_for_themselves(side, 7):
        for one in (one for one in record.shadow.stated.values() if one.number == 7):
            assert all(record.shadow.acked[name] == text for name, text in one.value.items())
            assert one.kind == "initial"


@given(sides, st.sets(st.sampled_from(FIELDS).map(slot_of)))
def test_only_what_was_filled_in_and_is_nobodys_word_is_taken_back(
    side: list[Record], known: set[str]
) -> None:
    golden = {slot: Golden({}, 1, "agreed") for slot in known}
    taken = only_filled(side, golden)
    for slot, parts in taken.items():
        assert slot not in known
        assert slot != "name"
        assert not any(slot in record.shadow.stated for record in side)
        assert not any(parts.values())
    due = {
        slot_of(name)
        for record in side
        for name in record.shadow.given
        if record.shadow.acked.get(name) and not any(slot_of(name) in one.shadow.stated for one in side)
    }
    assert taken.keys() == due - known - {"name"}
