"""Names decide who is who: two spellings of one person agree, two people never do, and nothing splits by guess."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.customer import (
    follow_full,
    follow_parts,
    full_name,
    is_rendering_of_name,
    name_is_empty,
    names_agree,
    split_name,
    tokens,
)
from syncd.rules.units import agree, merged
from tests.laws import words

Name = Mapping[str, str]

parted = st.fixed_dictionaries({"first_name": words.given, "last_name": words.family})
whole = st.builds(
    lambda one, other, turned: {"full_name": f"{other} {one}" if turned else f"{one} {other}"},
    words.given, words.family, st.booleans(),
)  # fmt: skip
single = st.builds(lambda word: {"full_name": word}, words.given | words.family)
odd = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("first_name", "last_name", "full_name"), words.awkward)
)
names = parted | whole | single | odd
known_names = names.filter(lambda name: not name_is_empty(name))


def parts(first: str, last: str) -> dict[str, str]:
    return {"first_name": first, "last_name": last}


def full(text: str) -> dict[str, str]:
    return {"full_name": text}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (parts("An", "Nguyễn"), full("Nguyễn An")),
        (parts("Văn An", "Nguyễn"), full("Nguyễn Văn An")),
        (parts("An", "Nguyễn"), full("Nguyễn Văn An")),
        (parts("An", "Nguyễn"), parts("Nguyễn", "An")),
        (parts("An", "Nguyễn Văn"), parts("Văn An", "Nguyễn")),
        (parts("Jan", "de Smet"), full("Jan De Smet")),
        (parts("Jan", "de Smet"), full("DE SMET JAN")),
        (parts("José", "García Márquez"), full("Jose Garcia")),
        (parts("Zoë", ""), parts("Zoe", "Janssens")),
        (full("Đức"), full("Trần Duc")),
        (full("Jan"), full("Jan Peeters")),
        (full("Jan-Peter Smit"), full("Jan Peter Smit")),
        (full("O'Brien Ann"), full("Ann O’Brien")),
        ({"last_name": "Nguyễn", "full_name": "-"}, full("Nguyễn An")),
    ],
)
def test_one_person_written_two_ways(one: Name, other: Name) -> None:
    assert names_agree(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (parts("An", "Nguyễn"), parts("Bình", "Nguyễn")),
        (parts("An", "Nguyễn"), full("Nguyễn Bình")),
        (parts("An", "Nguyễn"), parts("An", "Trần")),
        (parts("Văn An", "Nguyễn"), parts("Thị An", "Nguyễn")),
        (full("Jan Smet"), full("Piet Smet")),
        (full("Jan Smet"), full("Jan Peeters")),
        (full("Nguyễn Văn An"), full("Nguyễn Thị An")),
        (full("Jan"), full("Piet")),
        (full("Smet"), parts("Jan", "Smet")),
        (full("Jan Smet"), full("Jan Smet-Janssens Piet")),
        (full("ACME BV"), full("Jan Smet")),
    ],
)
def test_two_people(one: Name, other: Name) -> None:
    assert not names_agree(one, other)


@given(known_names, known_names)
def test_agreeing_is_symmetric(one: Name, other: Name) -> None:
    assert names_agree(one, other) == names_agree(other, one)


@given(known_names)
def test_a_name_agrees_with_itself(one: Name) -> None:
    assert names_agree(one, one)


@given(parted, st.sampled_from((str.upper, str.lower, str.title)), st.booleans())
def test_case_and_order_do_not_part_a_person(one: Name, write: object, turned: bool) -> None:
    assert callable(write)
    order = "family_first" if turned else "given_first"
    assert names_agree(one, full(write(full_name(one, order))))


@given(words.family, words.family, words.given, words.given)
def test_another_given_name_is_another_person(family: str, other: str, given: str, another: str) -> None:
    if tokens(given) != tokens(another) and not set(tokens(given)) & set(tokens(f"{other} {another}")):
        assert not names_agree(parts(given, family), parts(another, other))


@given(words.given | words.family | words.awkward, st.sampled_from(("given_first", "family_first")))
def test_a_split_name_is_the_name(text: str, order: str) -> None:
    split = split_name(text, order)
    assert full_name(split, order).split() == text.split()
    if not name_is_empty(full(text)):
        assert is_rendering_of_name(text, split)


@given(parted, words.given, st.booleans())
def test_a_full_name_moves_one_part_and_keeps_the_other(known: Name, new: str, family_first: bool) -> None:
    changed = {**known, "first_name": new}
    text = full_name(changed, "family_first" if family_first else "given_first")
    aligned = follow_full(text, known)
    if aligned is None:
        return
    assert full_name(aligned, "given_first").split() == text.split() or (
        full_name(aligned, "family_first").split() == text.split()
    )
    kept = [name for name in known if tokens(aligned[name]) == tokens(known[name])]
    assert kept


@given(names, names)
def test_a_full_name_never_gives_words_that_it_does_not_have(one: Name, other: Name) -> None:
    aligned = follow_full(one.get("full_name", ""), other)
    if aligned is not None:
        assert sorted(" ".join(aligned.values()).split()) == sorted(one.get("full_name", "").split())


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("Nguyễn Bình", parts("An", "Nguyễn"), parts("Bình", "Nguyễn")),
        ("An Trần", parts("An", "Nguyễn"), parts("An", "Trần")),
        ("AN NGUYỄN", parts("An", "Nguyễn"), parts("AN", "NGUYỄN")),
        ("Nguyễn Văn An", parts("An", "Nguyễn"), None),
        ("Bình Trần", parts("An", "Nguyễn"), None),
        ("Bình", {}, None),
    ],
)
def test_parts_follow_a_full_name_only_where_it_aligns(text: str, known: Name, expected: Name | None) -> None:
    assert follow_full(text, known) == expected


@given(parted, words.given)
def test_a_full_name_follows_its_parts_in_its_own_order(known: Name, new: str) -> None:
    for order in ("given_first", "family_first"):
        before = {**known, "full_name": full_name(known, order)}
        after = follow_parts({**known, "first_name": new}, before)
        assert is_rendering_of_name(after, {**known, "first_name": new})
        if sorted(tokens(known["first_name"])) != sorted(tokens(known["last_name"])):
            assert after == full_name({**known, "first_name": new}, order)


@given(parted, st.booleans())
def test_either_order_of_known_parts_is_no_difference(known: Name, family_first: bool) -> None:
    text = full_name(known, "family_first" if family_first else "given_first")
    assert agree("name", known, full(text))
    assert agree("name", full(text), known)


@given(names, names)
def test_saying_the_same_is_symmetric(one: Name, other: Name) -> None:
    assert agree("name", one, other) == agree("name", other, one)


@given(parted, whole | single)
def test_a_full_name_leaves_the_parts_or_holds_them(known: Name, stated: Name) -> None:
    value, held = merged("name", known, stated)
    assert value["full_name"] == stated["full_name"]
    aligned = is_rendering_of_name(stated["full_name"], {k: v for k, v in value.items() if k != "full_name"})
    assert aligned or set(held) == {name for name in known if known[name]}
    assert all(value[name] == known[name] for name in held)


@given(names, parted)
def test_parts_carry_a_stated_full_name_along(known: Name, stated: Name) -> None:
    value, held = merged("name", known, stated)
    assert not held
    assert {name: value[name] for name in stated} == dict(stated)
    if value.get("full_name"):
        assert is_rendering_of_name(value["full_name"], stated)


@given(names | st.fixed_dictionaries({"full_name": st.text(max_size=6), "first_name": st.text(max_size=3)}))
def test_a_name_is_empty_where_none_of_its_parts_holds_a_word(value: Name) -> None:
    assert name_is_empty(value) == (not any(tokens(text) for text in value.values()))
