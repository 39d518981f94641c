"""What vendors do to values on the way in, as switches: a field name and the list of things done to it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

Manglers = dict[str, list[str]]

_TEXT: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "trim": str.strip,
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "phone_digits": lambda text: re.sub(r"[^\d+]", "", text),
    "phone_spaces": lambda text: re.sub(r"(\d{3})(?=\d)", r"\1 ", re.sub(r"[^\d+]", "", text)),
    "phone_zeros": lambda text: re.sub(r"^\+", "00", re.sub(r"[^\d+]", "", text)),
}
NAMES = frozenset({*_TEXT, "cut:N", "null_to_empty", "empty_to_null", "drop", "ignore"})


def check(names: Iterable[str]) -> None:
    """Raises ValueError when a mangler's name is none."""
    for name in names:
        if name not in NAMES and not re.fullmatch(r"cut:\d+", name):
            raise ValueError(f"there is no mangler {name!r}; there are {', '.join(sorted(NAMES))}")


def mangled(fields: dict[str, Any], manglers: Manglers) -> dict[str, Any]:
    """The fields as the vendor stores them: `ignore` leaves the old value, `drop` loses the new one."""
    if not manglers:
        return fields
    kept = {name: value for name, value in fields.items() if "ignore" not in manglers.get(name, ())}
    return {name: _through(value, manglers.get(name, ())) for name, value in kept.items()}


def _through(value: Any, names: Iterable[str]) -> Any:
    for name in names:
        value = _one(value, name)
    return value


def _one(value: Any, name: str) -> Any:
    if name == "drop":
        return "" if isinstance(value, str) else None
    if name == "null_to_empty":
        return "" if value is None else value
    if name == "empty_to_null":
        return None if value == "" else value
    if not isinstance(value, str):
        return value
    if name.startswith("cut:"):
        return value[: int(name[4:])]
    return _TEXT[name](value)
