"""A clean form decides whether two values are the same; it must be stable, and true to what people mean."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import (
    FIELDS,
    SLOTS,
    clean,
    clean_date,
    clean_email,
    clean_phone,
    email_key,
    fold,
    phone_key,
    renders,
    same,
    says_nothing,
    slot_of,
    squash,
    tidy,
)
from tests.laws import words


def test_every_field_belongs_to_exactly_one_slot() -> None:
    parts = [name for slot in SLOTS.values() for name in slot]
    assert sorted(parts) == sorted(FIELDS)
    assert all(name in SLOTS[slot_of(name)] for name in FIELDS)


@given(words.fields, words.values, words.regions)
@example("website", "https://www.www.be//", None)
@example("website", "http://https://example.com", None)
@example("website", "www.www.example.com", None)
@example("points", "10.0.0", None)
@example("points", "1.0\n", None)
@example("language", "-nl", None)
@example("country", "ı", None)
@example("phone", "+84 (0) 912 345 678 ext. 12", "VN")
@example("email", "İ@example.com", None)
@example("email", "an@bücher.example", None)
@example("vat_number", "be 0123.456.789 ß", None)
@example("birth_date", "1990-05-01T00:00:00+07:00", None)
def test_cleaning_twice_is_cleaning_once(name: str, text: str, region: str | None) -> None:
    once = clean(name, text, region)
    assert clean(name, once, region) == once


@given(words.fields, words.values, words.regions)
def test_white_space_around_a_value_says_nothing(name: str, text: str, region: str | None) -> None:
    assert same(name, f" \t{text}\n", text, region)


@given(words.fields | st.just("groups:VIP"), words.values, words.regions)
@example("birth_date", "0000-00-00", None)
@example("website", "https://", None)
@example("vat_number", "-", None)
@example("groups", " | ", None)
@example("groups:VIP", "no", None)
@example("phone", "()", "VN")
def test_a_value_says_nothing_where_its_clean_form_is_empty(name: str, text: str, region: str | None) -> None:
    assert says_nothing(name, text) == (not clean(name, text, region))


@given(words.fields, words.regions)
def test_empty_and_null_are_both_empty(name: str, region: str | None) -> None:
    assert clean(name, None, region) == clean(name, "", region) == clean(name, "  ", region) == ""
    assert same(name, None, "", region)


@given(words.fields, words.values, words.values, words.regions)
def test_same_is_symmetric(name: str, one: str, other: str, region: str | None) -> None:
    assert same(name, one, other, region) == same(name, other, one, region)


@given(words.awkward)
def test_folding_and_tidying_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert squash(squash(text)) == squash(text)
    assert tidy(tidy(text)) == tidy(text)


@given(words.fields, words.values, words.regions)
def test_a_value_renders_itself(name: str, text: str, region: str | None) -> None:
    assert renders(name, text, text, region)


@given(words.fields, words.values.filter(lambda text: bool(tidy(text))), words.regions)
def test_nothing_shown_is_no_rendering_of_something_sent(name: str, text: str, region: str | None) -> None:
    if clean(name, text, region):
        assert not renders(name, text, "", region)
        assert not renders(name, text, None, region)


@given(words.given, words.family, st.sampled_from((str.upper, str.lower, str.title, fold, squash)))
def test_case_accents_spaces_and_punctuation_are_rendering(first: str, last: str, mangle: object) -> None:
    assert callable(mangle)
    full = f"{first} {last}"
    assert renders("full_name", full, mangle(full))


@given(words.given, words.family, st.data())
def test_a_cut_is_a_rendering(first: str, last: str, data: st.DataObject) -> None:
    full = f"{first} {last}"
    at = data.draw(st.integers(1, len(full)))
    assert renders("full_name", full, full[:at])


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("An", "Bo"), ("Nguyễn", "Nguyễn Văn"), ("an@example.com", "an@example.org"), ("x", "🙂")],
)
def test_another_word_is_no_rendering(sent: str, shown: str) -> None:
    assert not renders("company", sent, shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("An@Example.COM", "an@example.com"),
        ("  an@example.com\n", "an@example.com"),
        ("an@bücher.example", "an@xn--bcher-kva.example"),
        ("an@BÜCHER.example", "an@bücher.example"),
        ("jos\u00e9@example.com", "jose\u0301@example.com"),
    ],
)
def test_the_same_address(one: str, other: str) -> None:
    assert clean_email(one) == clean_email(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("strasse@example.com", "straße@example.com"),  # casefold would make one person of two
        ("an+shop@example.com", "an@example.com"),
        ("a.n@example.com", "an@example.com"),
        ("an@example.com", "an@example.org"),
    ],
)
def test_different_addresses(one: str, other: str) -> None:
    assert clean_email(one) != clean_email(other)


@pytest.mark.parametrize(
    "text",
    ["", "an", "an@", "@example.com", "an@example", "a@b@example.com", "an @example.com", "an@exa mple.com",
     "an..b@example.com", "an@example..com", "null", "-@-", "an@.com", ".an@example.com",
     "an.@example.com", "an@127.0.0.1", "x" * 300 + "@example.com"],
)  # fmt: skip
def test_an_invalid_address_is_no_evidence(text: str) -> None:
    assert email_key(text) == ""


@given(words.emails | words.awkward)
def test_the_key_of_an_address_is_clean(text: str) -> None:
    key = email_key(text)
    assert clean_email(key) == key
    assert email_key(key) == key


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("0912 345 678", "VN", "+84912345678"),
        ("+84 912 345 678", None, "+84912345678"),
        ("0084912345678", None, "+84912345678"),
        ("0084912345678", "BE", "+84912345678"),
        ("84912345678", "VN", "+84912345678"),
        ("+84 0912 345 678", "VN", "+84912345678"),
        ("0475/12.34.56", "BE", "+32475123456"),
        ("+32 (0)475 12 34 56", "BE", "+32475123456"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("+1 415 555 2671 ext. 12", "US", "+14155552671;ext=12"),
        ("0912.345.678", None, "0912345678"),
        ("none", "VN", "none"),
        ("", "VN", ""),
    ],
)
def test_the_same_number_by_its_plan(text: str, region: str | None, expected: str) -> None:
    assert clean_phone(text, region) == expected


@pytest.mark.parametrize("text", ["", "none", "555", "0912345678", "+", "+1"])
def test_what_is_no_number_is_no_evidence(text: str) -> None:
    assert phone_key(text, None) == ""


@given(words.phones, words.regions)
def test_a_phone_key_does_not_depend_on_the_region_it_is_read_in_again(text: str, region: str | None) -> None:
    key = phone_key(text, region)
    assert all(phone_key(key, other) == key for other in words.REGIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0000-00-00", ""),
        ("0000-00-00 00:00:00", ""),
        ("1990-00-00", ""),
        ("1990-05-01", "1990-05-01"),
        ("1990-05-01T00:00:00+07:00", "1990-05-01"),
        ("1990-05-01 00:00:00", "1990-05-01"),
        ("2024-02-29T23:59:59Z", "2024-02-29"),
        ("0001-01-01T00:00:00+07:00", "0001-01-01"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31"),
        (" 1990-05-01\n", "1990-05-01"),
        ("", ""),
    ],
)
def test_a_date_stays_a_date(text: str, expected: str) -> None:
    assert clean_date(text) == expected
