"""A phone number that takes the short way to E.164 is what the plan of its region makes of it on the long way."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import phone_key

REGIONS = ("VN", "BE", "NL", "ES", "DE")


def by_the_plan(text: str, region: str) -> str:
    """Return what the library of all plans makes of a number that is written without a country."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@st.composite
def national_numbers(draw: st.DrawFn) -> str:
    """Draw numbers that look like those of a mobile at home, with the separators that people write."""
    start = draw(st.sampled_from(["03", "04", "05", "06", "07", "08", "09", "015", "017", "6", "7"]))
    rest = draw(st.text("0123456789", min_size=6, max_size=9))
    gap = draw(st.sampled_from(["", " ", ".", "-"]))
    return gap.join((start, rest[:3], rest[3:]))


@pytest.mark.parametrize("region", REGIONS)
@given(text=national_numbers())
@example(text="0912 345 678")
@example(text="0475.12.34.56")
def test_the_short_way_says_what_the_plan_says(region: str, text: str) -> None:
    assert phone_key(text, region) == by_the_plan(text, region)
