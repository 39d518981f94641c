"""A configuration as it was said: the file, with the environment laid over it, and flags over that.

An override is named by its path, `SYNCD__CONNECTIONS__CRM__TOKEN`: case does not matter, and "_" also stands for
the "-" of a connection's name. Its text is taken as it is unless it begins as a TOML list, table or string does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from syncd.config.places import Key, line_numbers
from syncd.config.secret import EnvironmentText
from syncd.errors import ConfigError, Problem

PREFIX = "SYNCD__"

Tables = dict[str, Any]


@dataclass(slots=True)
class Layers:
    """The tables that hold in the end, and who said what."""

    path: Path
    tables: Tables
    lines: Mapping[Key, int]
    overrides: dict[Key, str] = field(default_factory=dict)

    def said(self) -> dict[str, str]:
        """Return who said each setting, by its dotted key: "flag", "environment NAME" or "FILE:LINE"."""
        return {".".join(key): self.where(key) for key in _leaves(self.tables)}

    def where(self, key: Key) -> str:
        """Return who said a setting, or the nearest place at which it can be mended."""
        for size in range(len(key), 0, -1):
            part = key[:size]
            if part in self.overrides:
                return self.overrides[part]
            if part in self.lines:
                return f"{self.path}:{self.lines[part]}"
            # a table that stands in no file is made by whoever said something in it
            for said, said_by in self.overrides.items():
                if said[:size] == part:
                    return said_by
        return f"{self.path}:1"


def read(path: Path, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Layers:
    """Read a configuration with everything that is laid over it. Raises ConfigError."""
    text = _text(path)
    layers = Layers(path, _parsed(path, text), line_numbers(text))
    for name in sorted(environ):
        if name.upper().startswith(PREFIX):
            key = tuple(name[len(PREFIX) :].split("__"))
            _lay(layers, key, _value(environ[name]), f"environment {name}")
    for name, value in flags.items():
        _lay(layers, tuple(name.split(".")), value, "flag")
    return layers


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(str(path), "file", "it is not UTF-8 text.", "Save it as UTF-8.")
        raise ConfigError([problem]) from error
    except OSError as error:
        problem = Problem(
            str(path),
            "file",
            f"cannot be read: {error.strerror}.",
            "Write one with `syncd init`, or name another with -c.",
        )
        raise ConfigError([problem]) from error


def _parsed(path: Path, text: str) -> Tables:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        line = "".join(c for c in place.partition(",")[0] if c.isdigit()) or text.count("\n") + 1
        problem = Problem(
            f"{path}:{line}", "TOML", f"{what}.", "Text stands in quotes, a list in [ ], a table in [name]."
        )
        raise ConfigError([problem]) from error


def _value(text: str) -> Any:
    if text[:1] in ("[", "{", '"', "'"):
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return EnvironmentText(text)
        return EnvironmentText(value) if isinstance(value, str) else value
    return EnvironmentText(text)


def _lay(layers: Layers, key: Key, value: Any, said_by: str) -> None:
    table, path = layers.tables, []
    for name in key[:-1]:
        path.append(_known(name, table))
        inner = table.setdefault(path[-1], {})
        if not isinstance(inner, dict):
            inner = table[path[-1]] = {}
        table = inner
    path.append(_known(key[-1], table))
    table[path[-1]] = value
    layers.overrides[tuple(path)] = said_by


def _known(name: str, table: Tables) -> str:
    wanted = _folded(name)
    return next((known for known in table if _folded(known) == wanted), name.lower())


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _leaves(table: Tables, above: Key = ()) -> Iterator[Key]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name)
