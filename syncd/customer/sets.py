"""Sets: fields that hold several elements at once, such as groups.

Each element is a question of its own, "groups:VIP", answered by yes or no; so two people who each add one lose nothing,
and only who takes an element away removes it. Elements are told apart by their spelling, as their vendors do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from syncd.customer.text import tidy

SETS = frozenset({"groups"})
YES, NO = "yes", "no"


def element(name: str, word: str) -> str:
    """Return the name of one element's question."""
    return f"{name}:{word}"


def is_element(name: str) -> bool:
    """Tell whether a name is an element's question and not a field."""
    return ":" in name


def base_of(name: str) -> str:
    """Return the field that an element belongs to; a field belongs to itself."""
    return name.partition(":")[0]


@lru_cache(maxsize=4096)
def elements(text: str | None) -> tuple[str, ...]:
    """Return the elements of "A|B", each tidied, sorted, without repeats."""
    return tuple(sorted({part for part in map(tidy, (text or "").split("|")) if part}))


def clean_answer(text: str) -> str:
    """Return "yes", or "" for every other answer: what nobody put into a set is not in it."""
    return YES if tidy(text).lower() == YES else ""


def says_something(name: str, text: str | None) -> bool:
    """Tell whether a value is more than nothing: neither empty nor the no of a set's element."""
    return bool(text) and not (text == NO and is_element(name))


def asked_of(name: str, questions: Iterable[str]) -> list[str]:
    """Return those of the questions that are about elements of a field, in order."""
    start = f"{name}:"
    return sorted(each for each in questions if each.startswith(start))


def value_in(name: str, told: Mapping[str, str]) -> str:
    """Return a field's value out of what is told of its slots."""
    return told.get(name, "") or gathered(told).get(name, "")


def gathered(values: Mapping[str, str], before: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return values with the elements' answers gathered into their fields as "A|B".

    `before` are the fields as they stood: elements of which nothing is said stay as they were.
    """
    told = {name: text for name, text in values.items() if not is_element(name)}
    for name in sorted({base_of(each) for each in values.keys() - told.keys()}):
        words = set(elements((before or {}).get(name)))
        for each in asked_of(name, values):
            word = each.partition(":")[2]
            (words.add if clean_answer(values[each]) else words.discard)(word)
        told[name] = "|".join(sorted(words))
    return told
