"""What field tables have in common: values as text, times as UTC, and directions from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast, get_args

from syncd.errors import ConfigError, Malformed, Problem
from syncd.values import Direction, Item, Poison, Shown
from syncd.vendors.base import FieldSpec, VendorSettings
from syncd.vendors.reply import unusable


def table_of(specs: Iterable[FieldSpec], settings: VendorSettings) -> Mapping[str, FieldSpec]:
    """Return the field table with the directions that the settings ask for. Raises ConfigError."""
    table = {spec.name: spec for spec in specs}
    problems = [_problem(name, word, settings, table) for name, word in settings.fields.items()]
    if any(problems):
        raise ConfigError([problem for problem in problems if problem])
    for name, word in settings.fields.items():
        table[name] = replace(table[name], direction=cast(Direction, word))
    return table


def _problem(
    name: str, word: str, settings: VendorSettings, table: Mapping[str, FieldSpec]
) -> Problem | None:
    where, key = f"connection {settings.name}", f"fields.{name}"
    if name not in table:
        return Problem(where, key, f"{settings.vendor} has no such field.", f"It has {', '.join(table)}.")
    if word not in get_args(Direction):
        return Problem(
            where, key, f"{word!r} is no direction.", f"Use one of {', '.join(get_args(Direction))}."
        )
    return None


def text_of(value: object) -> str | None:
    """Return a JSON value as text, None for null. Raises Malformed for a list or an object."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        number = Decimal(repr(value))
        return str(int(number)) if number == number.to_integral_value() else f"{number:f}"
    raise Malformed(f"A value is a {type(value).__name__} where text was expected.")


def whole(value: object) -> int | None:
    """Return a whole number however JSON spells it (7, "7", 7.0), None where it is none."""
    if isinstance(value, str):
        return (
            int(value)
            if value.isascii() and value.removeprefix("-").isdecimal() and len(value) < 20
            else None
        )
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if type(value) is int else None


def yes(value: object) -> bool | None:
    """Return a mark however it is spelled (true, "true", 1, "1"), None where it is neither on nor off."""
    if value is True or value is False:
        return value
    if isinstance(value, int | str):
        return _MARKS.get(str(value).lower())
    return None


_MARKS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


def same_record(shown: Shown, vendor_id: str, source: str) -> Shown:
    """Return the record that was asked for. Raises Malformed where the answer shows another one."""
    if fold_id(shown.vendor_id) != fold_id(vendor_id):
        raise Malformed(
            f"{source} was answered by another record.", "Try again; if it stays, ask the vendor."
        )
    return shown


def fold_id(vendor_id: str) -> str:
    """Return an id as it is compared: of an e-mail the case says nothing."""
    return vendor_id.lower() if "@" in vendor_id else vendor_id


def counted(total: int | None) -> str:
    """Return what a check says of how many customers there are."""
    return "readable" if total is None else f"{total} customers"


def moment(value: object) -> datetime | None:
    """Return an ISO time with an offset as UTC, None where it cannot be read."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
        return when.astimezone(UTC) if when and when.tzinfo else None
    except (ValueError, OverflowError):
        return None  # year 0001 with an offset leaves the calendar


def poison_of(row: object, vendor_id: object, *, suspect: bool) -> Poison | None:
    """Return why a row of a listing must be set aside, None where it is good."""
    if not isinstance(row, Mapping):
        return Poison("?", "is not an object")
    if isinstance(vendor_id, bool) or not isinstance(vendor_id, str | int) or vendor_id in {"", 0}:
        return Poison("?", "has no usable id")
    reason = unusable(row) if suspect else ""
    return Poison(str(vendor_id).encode("utf-8", "replace").decode(), reason) if reason else None


def sorted_out(
    rows: Sequence[Any], poisoned: Callable[[Any], Poison | None], item: Callable[[Any], Item]
) -> tuple[tuple[Item, ...], tuple[Poison, ...]]:
    """Return the good rows of a page as items, and why the others are set aside."""
    judged = [(row, poisoned(row)) for row in rows]
    good = tuple(item(row) for row, poison in judged if poison is None)
    return good, tuple(poison for _, poison in judged if poison is not None)


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return an object as it is and anything else as an empty one, for looking into foreign documents."""
    return value if isinstance(value, Mapping) else {}
