"""Names of people: their renderings, whether two can be of one person, and how a whole name and its parts follow each other."""

from __future__ import annotations

import re
from collections.abc import Mapping

from syncd.customer.fields import NAME
from syncd.customer.text import fold

_LETTER = re.compile(r"[0-9A-Za-z]")


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
    return not any(_tells(value[part]) for part in NAME if value.get(part))


def _tells(text: str) -> bool:
    """Tell whether a name holds a word; nearly every one holds a letter that no folding takes away."""
    return _LETTER.search(text) is not None or bool(tokens(text))


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
