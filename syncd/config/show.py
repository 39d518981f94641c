"""Settings as rows: every key, the value that holds, and who said it. Secrets show where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from syncd.config.addresses import without_password
from syncd.config.schedule import Schedule
from syncd.config.secret import Secret
from syncd.config.section import Section
from syncd.config.settings import Limit, Settings


class Row(NamedTuple):
    """One setting: its dotted key, its value as JSON can hold it, and who said it."""

    key: str
    value: Any
    source: str


def rows(settings: Settings) -> Iterator[Row]:
    """Yield every setting in the order of the example file."""
    for name in ("store", "safety", "identity", "web", "alerts", "log", "daemon"):
        yield from _section(settings, name, getattr(settings, name))
    for name, policy in settings.fields.items():
        yield from _section(settings, f"fields.{name}", policy)
    for name, connection in settings.connections.items():
        yield from _section(settings, f"connections.{name}", connection)


def _section(settings: Settings, prefix: str, section: Section) -> Iterator[Row]:
    for name in type(section).model_fields:
        if name != "name":
            key = f"{prefix}.{name}"
            yield Row(key, plain(getattr(section, name)), _source(settings, key))


def _source(settings: Settings, key: str) -> str:
    said = settings.sources.get(key)
    inside = (source for known, source in settings.sources.items() if known.startswith(f"{key}."))
    return said or next(inside, "default")


def plain(value: Any) -> Any:
    """Return a setting's value as text, numbers, lists and tables."""
    match value:
        case Secret() | Schedule() | Path():
            return str(value)
        case str():
            return without_password(value)
        case Limit():
            return [value.number, f"{value.percent:g}%"]
        case Section():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case frozenset():
            return sorted(value)
        case tuple():
            return [plain(each) for each in value]
    return value
