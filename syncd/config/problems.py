"""What pydantic finds, in the words of an admin: the key, what is wrong with it, and what to write instead.

What was written is not repeated, because a secret may have been pasted into the wrong place.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from syncd.config.connections import VENDORS, ConnectionSettings
from syncd.config.layers import Layers
from syncd.config.places import Key
from syncd.config.secret import Fault
from syncd.errors import Problem

_TYPES = (
    (("int", "float", "decimal"), "must be a number"),
    (("bool",), "must be true or false"),
    (("string",), "must be text in quotes"),
    (("tuple", "list", "set", "frozen_set", "iterable"), "must be a list in [ ]"),
    (("dict", "mapping", "model"), "must be a table"),
    (("path",), "must be a path in quotes"),
)
_BOUNDS: Mapping[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
}


def of_section(error: ValidationError, model: type[BaseModel], key: Key, layers: Layers) -> Iterator[Problem]:
    """Yield one problem for each thing that is wrong with a table."""
    seen: set[Key] = set()
    for detail in error.errors(include_url=False, include_input=False):
        place = tuple(str(part) for part in detail["loc"] if part != "[key]")
        if place in seen:
            continue
        seen.add(place)
        what, instead = _words(detail, model, place)
        yield Problem(layers.where(key + place), ".".join(key + place), what, instead)


def unknown(name: str, known: Collection[str], what: str = "setting") -> tuple[str, str]:
    """Return the words for a name that does not exist, with the nearest one that does."""
    near = nearest(name, known)
    instead = (
        f"Did you mean {near}?"
        if near
        else f"There {'are' if len(known) > 1 else 'is'} {', '.join(sorted(known))}."
    )
    return f"there is no such {what}.", instead


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was probably meant."""
    found = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _words(detail: ErrorDetails, model: type[BaseModel], place: Key) -> tuple[str, str]:
    kind, context = detail["type"], detail.get("ctx", {})
    fault = context.get("error")
    if isinstance(fault, Fault):
        return f"{fault.what}.", fault.instead
    if kind == "extra_forbidden":
        return _unknown_setting(model, place)
    if kind == "missing":
        return "is missing.", _example(model, place)
    if kind == "literal_error":
        return f"must be {_quoted(context['expected'])}.", ""
    if kind in _BOUNDS:
        return f"{_BOUNDS[kind].format(**context)}.", _example(model, place)
    return f"{_type(kind, detail)}.", _example(model, place)


def _unknown_setting(model: type[BaseModel], place: Key) -> tuple[str, str]:
    elsewhere = [vendor for vendor, other in VENDORS.items() if place[-1] in other.model_fields]
    if len(place) == 1 and issubclass(model, ConnectionSettings) and elsewhere:
        return f"is a setting of {' and '.join(elsewhere)}.", "Remove it here."
    return unknown(place[-1], _settings(model, place[:-1]))


def _type(kind: str, detail: ErrorDetails) -> str:
    for beginnings, words in _TYPES:
        if kind.startswith(tuple(f"{beginning}_" for beginning in beginnings)):
            return words
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _quoted(expected: str) -> str:
    return expected.replace("'", '"')


def _settings(model: type[BaseModel], place: Key) -> list[str]:
    inner = model
    for name in place:
        inner = next((kind for kind in _models(inner.model_fields.get(name))), inner)
    return [name for name in inner.model_fields if name != "name"]


def _models(info: FieldInfo | None) -> Iterator[type[BaseModel]]:
    kinds: tuple[Any, ...] = getattr(info.annotation, "__args__", (info.annotation,)) if info else ()
    yield from (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))


def _example(model: type[BaseModel], place: Key) -> str:
    info = model.model_fields.get(place[0]) if place else None
    written = info.examples[0] if info and info.examples else ""
    return f"Write for example {place[0]} = {written}." if written else ""
