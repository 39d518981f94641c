"""Setting switches by name, from a command line or the control interface: `perfex.version=2.0`."""

from __future__ import annotations

import difflib
import types
from dataclasses import fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from syncd.sandbox.mangle import check
from syncd.sandbox.vendor import Switches, Vendor


def set_switch(vendor: Vendor, name: str, text: str) -> None:
    """Sets one switch of a vendor from text; ValueError names the nearest right name or the right values."""
    if name.startswith("mangle."):
        _mangle(vendor, name.removeprefix("mangle."), text)
        return
    known = [each.name for each in fields(vendor.switches)]
    if name not in known:
        raise ValueError(f"{vendor.name} has no switch {name!r}{nearest(name, known)}")
    hint = get_type_hints(type(vendor.switches), localns={"Switches": Switches})[name]
    setattr(vendor.switches, name, _value(f"{vendor.name}.{name}", hint, text))


def nearest(name: str, known: list[str]) -> str:
    """The end of a message about a wrong name: the right one that is nearest, or all of them."""
    close = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"


def _mangle(vendor: Vendor, field_name: str, text: str) -> None:
    names = [name.strip() for name in text.split(",") if name.strip()]
    check(names)
    vendor.switches.mangle[field_name] = names


def _value(switch: str, hint: Any, text: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if text.lower() in ("none", "null", ""):
            return None
        return _value(switch, next(each for each in get_args(hint) if each is not type(None)), text)
    if origin is Literal:
        return _chosen(switch, get_args(hint), text)
    if hint is bool:
        return _chosen(switch, (True, False), text)
    if origin is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return _converted(switch, hint, text)


def _chosen(switch: str, allowed: tuple[Any, ...], text: str) -> Any:
    found = [each for each in allowed if str(each).lower() == text.lower()]
    if not found:
        raise ValueError(f"{switch} cannot be {text!r}; it is one of {', '.join(map(str, allowed)).lower()}")
    return found[0]


def _converted(switch: str, hint: Any, text: str) -> Any:
    if hint not in (int, float, str):
        raise ValueError(f"{switch} cannot be set from text; set its parts, as in mangle.company=upper")
    try:
        return hint(text)
    except ValueError as error:
        raise ValueError(f"{switch} cannot be {text!r}; it is a number") from error
