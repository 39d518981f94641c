"""Phone numbers by the plans of their regions. Known common forms take a short way: a plan costs more than storing."""

from __future__ import annotations

import re
from functools import lru_cache

from syncd.customer.text import tidy

# A number that is E.164 beyond doubt: no trunk zero behind a country code of one of these plans.
_PLAIN_E164 = re.compile(
    r"\+(?:84[1-9]\d{8}|32[1-9]\d{7,8}|34[6-9]\d{8}|31[1-9]\d{8}|33[1-9]\d{8}|1[2-9]\d{9})"
)
# Mobile numbers as people write them at home that are valid beyond doubt in these regions' plans [phonenumbers]: region
# to pattern, country code and length of the trunk prefix. All others take the long way, which says the same of these.
_PLAIN_NATIONAL = {
    "VN": (
        re.compile(r"0(?:(?:3\d|5[1689]|7[06-9]|8[1-8]|9[0-8])\d|5(?:2[238]|59)|89[6-9]|99[013-9])\d{6}"),
        "+84",
        1,
    ),
    "BE": (re.compile(r"04[6-9]\d{7}"), "+32", 1),
    "NL": (re.compile(r"06[1-5]\d{7}"), "+31", 1),
    "ES": (re.compile(r"6\d{8}"), "+34", 0),
    "DE": (re.compile(r"01(?:5[0-25-9]\d{8}|7\d{8})"), "+49", 1),
}
# What looks like such a number and stands in no plan: slips of the keyboard, each of which would be parsed for nothing.
_NO_NATIONAL = {"VN": re.compile(r"0(?:89[0-5]|992)\d{6}")}
_SEPARATORS = str.maketrans("", "", " .-")


def clean_phone(text: str, region: str | None = None) -> str:
    """Return a phone number as E.164 by the plan of `region` (ISO alpha-2), its digits where that cannot be told."""
    text = tidy(text)
    return _e164(text, region) or _digits(text) if text else ""


def phone_key(text: str, region: str | None) -> str:
    """Return the phone number as E.164 where it is one, "" otherwise."""
    phone = _e164(tidy(text), region)
    return phone if len(phone) >= 9 else ""


def _e164(text: str, region: str | None) -> str:
    if text.startswith("+") and _PLAIN_E164.fullmatch(text):
        return text
    if region in _PLAIN_NATIONAL:
        plan, code, trunk = _PLAIN_NATIONAL[region]
        digits = text if text.isdecimal() else text.translate(_SEPARATORS)
        if plan.fullmatch(digits):
            return code + digits[trunk:]
        if region in _NO_NATIONAL and _NO_NATIONAL[region].fullmatch(digits):
            return ""
    return _parsed_phone(text, region)


@lru_cache(maxsize=65536)
def _parsed_phone(text: str, region: str | None) -> str:
    import phonenumbers

    written = "+" + text[2:] if text.startswith("00") else text
    try:
        number = phonenumbers.parse(written, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return ""
    # a number written without a country may be of another one than the connection's: only what the plan of that
    # region really has is told apart from a foreign number, which must not get a country that nobody wrote
    fits = phonenumbers.is_possible_number if written.startswith("+") else phonenumbers.is_valid_number
    if not fits(number):
        return ""
    told = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.italian_leading_zero and not _reads_again(told):
        return ""  # a trunk zero too many: read again it would lose one more
    return told + _extension(number.extension)


def _reads_again(told: str) -> bool:
    import phonenumbers

    again = phonenumbers.parse(told, None)
    return phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) == told


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c == "+") or text.lower()


def _extension(extension: str | None) -> str:
    return f";ext={extension}" if extension else ""
