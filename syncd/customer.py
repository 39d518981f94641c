"""The canonical customer: its fields, the slots that change together, and the clean form of every value.

A clean form is only for comparing and for keys; what people wrote is kept as they wrote it. Clean forms are text,
"" where the value is empty. Known common forms take a short way, because cleaning costs more than storing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

FIELDS = (
    "email", "phone", "first_name", "last_name", "full_name", "company", "vat_number", "website", "birth_date",
    "gender", "language", "time_zone", "notes", "street1", "street2", "city", "state", "postal_code", "country",
    "external_id", "customer_number", "groups", "points", "level", "card",
)  # fmt: skip

NAME = ("first_name", "last_name", "full_name")
ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")

# Read only unless the settings name one connection as their source.
OWNED = frozenset({"points", "level", "card", "customer_number", "external_id", "groups"})


_SLOT_OF = {name: name for name in FIELDS} | dict.fromkeys(NAME, "name") | dict.fromkeys(ADDRESS, "address")

SLOTS: Mapping[str, tuple[str, ...]] = {
    "name": NAME,
    "address": ADDRESS,
    **{name: (name,) for name, slot in _SLOT_OF.items() if slot == name},
}


def slot_of(name: str) -> str:
    """Return the slot that a field belongs to: `name`, `address`, or the field itself."""
    return _SLOT_OF.get(name, name)


_SPACES = re.compile(r"\s+")
# An address that is valid beyond doubt; all others take the long way.
_SIMPLE_EMAIL = re.compile(
    r"[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_LONGEST_EMAIL = 254  # RFC 5321, erratum 1690
_CLOSING_SLASHES = re.compile(r"[\s/]+\Z")
_ADDRESS_PREFIX = re.compile(r"\A(?:\s|[a-z][a-z0-9+.-]*://|//|www\.)+", re.IGNORECASE)
# A number that is E.164 beyond doubt: no trunk zero behind a country code of one of these plans.
_PLAIN_E164 = re.compile(
    r"\+(?:84[1-9]\d{8}|32[1-9]\d{7,8}|34[6-9]\d{8}|31[1-9]\d{8}|33[1-9]\d{8}|1[2-9]\d{9})"
)
# Mobile numbers as people write them at home that are valid beyond doubt in these regions' plans [phonenumbers]: region
# to pattern, country code and length of the trunk prefix. All others take the long way, which says the same of these.
_PLAIN_NATIONAL = {
    "VN": (re.compile(r"0(?:3\d|7[06-9]|8[1-8]|9[0-8])\d{7}"), "+84", 1),
    "BE": (re.compile(r"04[6-9]\d{7}"), "+32", 1),
    "NL": (re.compile(r"06[1-5]\d{7}"), "+31", 1),
    "ES": (re.compile(r"6\d{8}"), "+34", 0),
    "DE": (re.compile(r"01(?:5[0-25-9]\d{8}|7\d{8})"), "+49", 1),
}
_SEPARATORS = str.maketrans("", "", " .-")
_E164 = re.compile(r"\+[1-9]\d{7,14}(?:;ext=\d+)?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")


def tidy(text: str | None) -> str:
    """Return text in NFC without outer white space, "" for None."""
    if not text:
        return ""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text).strip()


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return text without case, accents, punctuation and doubled spaces: what two renderings have in common."""
    if not text.isascii():
        # Vietnamese Đ has no decomposition, ß and Kelvin sign fold by casefold
        text = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
        text = "".join(c for c in text if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() else " " for c in text.casefold())
    return _SPACES.sub(" ", kept).strip()


def squash(text: str) -> str:
    """Return the folded text without any spaces, for comparing what vendors reformat."""
    return fold(text).replace(" ", "")


def clean_email(text: str) -> str:
    """Return an e-mail trimmed and lower-cased, its domain by UTS 46 where it is not ASCII."""
    text = tidy(text)
    if text.isascii() or "@" not in text:
        return text.lower()
    local, _, domain = text.rpartition("@")
    return f"{local.lower()}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return domain.lower()


def email_key(text: str) -> str:
    """Return the e-mail as evidence of identity, "" where it is not a valid address."""
    email = clean_email(text)
    if len(email) <= _LONGEST_EMAIL and _SIMPLE_EMAIL.fullmatch(email):
        return email
    return _checked_email(email) if "@" in email else ""


def _checked_email(email: str) -> str:
    import email_validator

    try:
        parts = email_validator.validate_email(email, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError:
        return ""
    return clean_email(parts.normalized)


def clean_phone(text: str, region: str | None = None) -> str:
    """Return a phone number as E.164 by the plan of `region` (ISO alpha-2), its digits where that cannot be told."""
    text = tidy(text)
    return _e164(text, region) or _digits(text) if text else ""


def phone_key(text: str, region: str | None) -> str:
    """Return the phone number as E.164 where it is one, "" otherwise."""
    phone = _e164(tidy(text), region)
    return phone if len(phone) >= 9 else ""


def _e164(text: str, region: str | None) -> str:
    if _PLAIN_E164.fullmatch(text):
        return text
    if region in _PLAIN_NATIONAL:
        plan, code, trunk = _PLAIN_NATIONAL[region]
        digits = text.translate(_SEPARATORS)
        if plan.fullmatch(digits):
            return code + digits[trunk:]
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
    return "|".join(sorted({part for part in map(tidy, text.split("|")) if part}))


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
    return clean_phone(text, region) if name == "phone" else _CLEAN.get(name, clean_text)(text)


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


# --- names ---------------------------------------------------------------------------------------


def tokens(text: str) -> tuple[str, ...]:
    """Return the folded words of a name."""
    return tuple(fold(text).split())


def full_name(value: Mapping[str, str], order: str = "given_first") -> str:
    """Return the full name of a name slot: as stated, else its parts in the given order."""
    if value.get("full_name"):
        return value["full_name"]
    first, last = value.get("first_name", ""), value.get("last_name", "")
    parts = (last, first) if order == "family_first" else (first, last)
    return " ".join(part for part in parts if part)


def is_rendering_of_name(full: str, value: Mapping[str, str]) -> bool:
    """Tell whether a full name is one of the renderings of a name slot: its own, or its parts in either order."""
    words = tokens(full)
    if not words:
        return not any(value.values())
    first, last = tokens(value.get("first_name", "")), tokens(value.get("last_name", ""))
    known = {tokens(value.get("full_name", ""))} if not (first or last) else {first + last, last + first}
    if value.get("full_name"):
        known.add(tokens(value["full_name"]))
    return words in known


def names_agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two names can be of the same person, neither being empty.

    The given name matches and no other part contradicts, accents and case removed. With a full name of unknown
    order on one side the words decide: the same words in any order, or the words of the shorter name all standing
    in the longer one together with its given name.
    """
    parts_a, parts_b = _parts(one), _parts(other)
    if parts_a and parts_b:
        return _parts_agree(parts_a, parts_b)
    words_a, words_b = _words(one), _words(other)
    if sorted(words_a) == sorted(words_b):
        return True
    if parts_a or parts_b:
        parts, words = (parts_a, words_b) if parts_a else (parts_b or ((), ()), words_a)
        return _parts_fit_words(parts, words)
    return _words_agree(words_a, words_b)


def _words(value: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of a name; a full name of punctuation only ("-") says less than the parts."""
    return tokens(full_name(value)) or tokens(full_name({**value, "full_name": ""}))


Parts = tuple[tuple[str, ...], tuple[str, ...]]


def _parts(value: Mapping[str, str]) -> Parts | None:
    first, last = tokens(value.get("first_name", "")), tokens(value.get("last_name", ""))
    return (first, last) if first else None


def _parts_agree(a: Parts, b: Parts) -> bool:
    (first_a, last_a), (first_b, last_b) = a, b
    if first_a == first_b and (not last_a or not last_b or last_a == last_b or _within(last_a, last_b)):
        return True
    # the same words, written with the parts the other way round or cut elsewhere (Nguyễn | Văn An, Nguyễn Văn | An)
    return bool(last_a and last_b) and sorted(first_a + last_a) == sorted(first_b + last_b)


def _within(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    short, long = sorted((a, b), key=len)
    return all(word in long for word in short)


def _parts_fit_words(parts: Parts, words: tuple[str, ...]) -> bool:
    first, last = parts
    if len(words) == 1:
        return words == first
    if len(words) < len(first) or not (words[: len(first)] == first or words[-len(first) :] == first):
        return False
    rest = words[len(first) :] if words[: len(first)] == first else words[: -len(first)]
    return not last or not rest or _within(rest, last)


def _words_agree(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    short, long = sorted((a, b), key=len)
    if len(short) == 1:
        return short[0] in (long[0], long[-1])
    return short[0] == long[0] and short[-1] == long[-1] and _within(short, long)


def name_is_empty(value: Mapping[str, str]) -> bool:
    """Tell whether nothing is known of a name."""
    return not any(tokens(value.get(part, "")) for part in NAME)


def split_name(full: str, order: str) -> dict[str, str]:
    """Split a full name for a vendor that demands its parts; the caller marks them as derived.

    `given_first`: the last word is the family name; `family_first` (Vietnamese): the last word is the given name.
    A single word is the given name.
    """
    words = full.split()
    if len(words) < 2:
        return {"first_name": full.strip(), "last_name": ""}
    head, tail = " ".join(words[:-1]), words[-1]
    return (
        {"first_name": tail, "last_name": head}
        if order == "family_first"
        else {"first_name": head, "last_name": tail}
    )


def follow_full(full: str, known: Mapping[str, str]) -> dict[str, str] | None:
    """Return the parts that a changed full name gives, where it aligns word by word with the known parts.

    None where it does not align: then the parts are held, because guessing a split over a known one invents.
    """
    first, last = known.get("first_name", "").split(), known.get("last_name", "").split()
    words = full.split()
    if not first and not last:
        return None
    if len(words) != len(first) + len(last):
        return None
    for parts in _alignments(words, first, last):
        if _shares(parts, first, last):
            return {"first_name": " ".join(parts[0]), "last_name": " ".join(parts[1])}
    return None


def _alignments(words: list[str], first: list[str], last: list[str]) -> list[tuple[list[str], list[str]]]:
    given = (words[: len(first)], words[len(first) :])
    family = (words[len(last) :], words[: len(last)])
    return [given, family]


def _shares(parts: tuple[list[str], list[str]], first: list[str], last: list[str]) -> bool:
    """Tell whether at least one whole known part stands where this alignment puts it."""
    return any(
        known and tokens(" ".join(part)) == tokens(" ".join(known))
        for part, known in zip(parts, (first, last), strict=True)
    )


def follow_parts(parts: Mapping[str, str], known: Mapping[str, str]) -> str:
    """Return the full name after a change of its parts, in the order that the known full name was written in."""
    full = known.get("full_name", "")
    first, last = tokens(known.get("first_name", "")), tokens(known.get("last_name", ""))
    order = (
        "family_first" if full and last and tokens(full) == last + first and first != last else "given_first"
    )
    return full_name({**parts, "full_name": ""}, order)
