"""The clean form of every value, by which two are the same, and what a vendor recognisably made of one.

A clean form is only for comparing and for keys; what people wrote is kept as they wrote it. Clean forms are text,
"" where the value is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from syncd.customer.email import clean_email
from syncd.customer.phone import clean_phone
from syncd.customer.sets import clean_answer, elements, is_element
from syncd.customer.text import squash, tidy

_CLOSING_SLASHES = re.compile(r"[\s/]+\Z")
_ADDRESS_PREFIX = re.compile(r"\A(?:\s|[a-z][a-z0-9+.-]*://|//|www\.)+", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")


def clean_date(text: str) -> str:
    """Return YYYY-MM-DD; a date stays a date whatever time stands behind it, and a zero date is empty."""
    text = tidy(text)
    match = _DATE.fullmatch(text)
    if not match:
        return text.lower()
    return "" if "0000" in match[1] or match[2] == "00" or match[3] == "00" else "-".join(match.groups())


def clean_text(text: str) -> str:
    """Return text in NFC, trimmed, with line ends as newlines."""
    text = tidy(text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def clean_lower(text: str) -> str:
    """Return trimmed lower-case text."""
    return tidy(text).lower()


def clean_upper(text: str) -> str:
    """Return trimmed upper-case text."""
    return tidy(text).upper()


def clean_code(text: str) -> str:
    """Return letters and digits only, in upper case: a VAT number or a postal code without its punctuation."""
    return "".join(c for c in tidy(text) if c.isalnum()).upper()


def clean_website(text: str) -> str:
    """Return a web address without scheme, "www." and closing slashes, its host in lower case."""
    rest = _ADDRESS_PREFIX.sub("", tidy(text))
    host, slash, path = _CLOSING_SLASHES.sub("", rest).partition("/")
    return host.lower() + slash + path


def clean_language(text: str) -> str:
    """Return the two-letter language of "nl", "nl-BE" or "nl_BE"."""
    return re.split(r"[-_]", tidy(text).lower(), maxsplit=1)[0]


def clean_number(text: str) -> str:
    """Return a number without a decimal part that says nothing."""
    text = tidy(text)
    return re.sub(r"\.0*$", "", text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


def clean_set(text: str) -> str:
    """Return the elements of "A|B", each tidied, sorted, without repeats."""
    return "|".join(elements(text))


_CLEAN: Mapping[str, Callable[[str], str]] = {
    "email": clean_email,
    "birth_date": clean_date,
    "gender": clean_lower,
    "language": clean_language,
    "country": clean_upper,
    "vat_number": clean_code,
    "postal_code": clean_code,
    "website": clean_website,
    "points": clean_number,
    "groups": clean_set,
}


def clean(name: str, text: str | None, region: str | None = None) -> str:
    """Return the clean form of a field's value, by which two values are the same; "" for None and empty."""
    if not text:
        return ""
    if name == "phone":
        return clean_phone(text, region)
    rule = _CLEAN.get(name) or (clean_answer if is_element(name) else clean_text)
    return rule(text)


# Fields whose clean form may be empty where their text is not: "0000-00-00", "-", "https://", "|".
VANISHING = frozenset({"birth_date", "language", "vat_number", "postal_code", "website", "groups"})

# Those of them whose clean form keeps a letter or digit that their text begins with.
_TOLD_BY_FIRST = frozenset({"language", "vat_number", "postal_code", "groups"})


def says_nothing(name: str, text: str | None) -> bool:
    """Tell whether a value's clean form is empty, without what cleaning costs where that is told at sight."""
    if not text or text.isspace():
        return True
    if name in _TOLD_BY_FIRST and text[0].isalnum():
        return False
    if name == "birth_date" and "-00" not in text and "0000" not in text:
        return False
    return (name in VANISHING or is_element(name)) and not clean(name, text)


def same(name: str, one: str | None, other: str | None, region: str | None = None) -> bool:
    """Tell whether two values of a field are the same once clean."""
    return one == other or clean(name, one, region) == clean(name, other, region)


def renders(name: str, sent: str, shown: str | None, region: str | None = None) -> bool:
    """Tell whether `shown` is recognisably what a vendor made of `sent`.

    It equals it without case, accents, spaces and punctuation, or is a cut or prefix of it.
    """
    if same(name, sent, shown, region):
        return True
    if not shown or not sent:
        return False
    if name == "phone":
        return _same_number(sent, shown, region)
    one, other = squash(sent), squash(shown)
    return bool(other) and (one == other or one.startswith(other))


def _same_number(sent: str, shown: str, region: str | None) -> bool:
    one, other = (re.sub(r"\D", "", clean_phone(text, region)) for text in (sent, shown))
    return bool(other) and (
        one == other or (len(other) >= 7 and (one.endswith(other.lstrip("0")) or one.startswith(other)))
    )
