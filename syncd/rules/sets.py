"""Sets: a field that holds several elements is absorbed, decided and written element by element.

What is shown answers every element that was ever asked of the record: by yes, or by no where it is not shown. An
element that a record is first shown without states nothing, because nobody took it away there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from syncd.customer import NO, SETS, YES, asked_of, element, elements, tidy
from syncd.rules.target import Target
from syncd.values import Customer, FieldSpec, Shadow


def answers_of(
    shadow: Shadow, fields: Mapping[str, str | None], readable: frozenset[str], asked: Iterable[str] = ()
) -> dict[str, str]:
    """Return element → yes or no for the sets that are shown, and note in the shadow what was not asked before."""
    answers: dict[str, str] = {}
    for name in SETS & fields.keys() & readable:
        told = _answered(shadow, name, fields[name], asked)
        if name in shadow.seen:
            for each in told:
                shadow.seen.setdefault(each, NO)
                shadow.acked.setdefault(each, NO)
        if told:
            shadow.seen[name], shadow.acked[name] = fields[name], tidy(fields[name])
        answers |= told
    return answers


def _answered(shadow: Shadow, name: str, text: str | None, asked: Iterable[str]) -> dict[str, str]:
    there = {element(name, word) for word in elements(text)}
    known = asked_of(name, shadow.acked.keys() | {*asked} | there)
    return {each: YES if each in there else NO for each in known}


def spelled(target: Target, customer: Customer) -> Iterator[tuple[str, FieldSpec]]:
    """Yield a connection's fields, in the place of a set each element that golden knows of."""
    for name, spec in target.fields.items():
        if name in SETS:
            yield from ((each, spec) for each in asked_of(name, customer.golden))
        else:
            yield name, spec
