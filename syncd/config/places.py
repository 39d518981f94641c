"""Where a configuration may stand, and on which line of it a key is written.

`tomllib` says nothing of lines, so a small scanner walks the text that `tomllib` has already accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from syncd.errors import ConfigError, Problem

Key = tuple[str, ...]

_NAME = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')[ \t]*""")
_BLANK = re.compile(r"(?:\s|#[^\n]*)+")
# What a value is made of, as far as finding its end is concerned.
_PIECE = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n|.',
    re.DOTALL,
)


def candidates(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where a configuration is looked for when nobody names one."""
    home = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '~')}/.config"
    return (
        Path("config/syncd.toml"),
        Path(home).expanduser() / "syncd" / "syncd.toml",
        Path("/etc/syncd/syncd.toml"),
    )


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the configuration: the one named, else SYNCD_CONFIG, else the first that is there. Raises ConfigError."""
    named = path or (Path(environ["SYNCD_CONFIG"]) if environ.get("SYNCD_CONFIG") else None)
    if named is not None:
        return named
    for place in candidates(environ):
        if place.is_file():
            return place
    looked = ", ".join(map(str, candidates(environ)))
    instead = "Write one with `syncd init`, or name one with -c FILE or SYNCD_CONFIG."
    raise ConfigError([Problem("configuration", "file", f"there is none at {looked}.", instead)])


def line_numbers(text: str) -> dict[Key, int]:
    """Return the line on which each table and key of a valid TOML text stands, counted from 1."""
    lines: dict[Key, int] = {}
    for key, position in _statements(text):
        lines.setdefault(key, text.count("\n", 0, position) + 1)
    return lines


def _statements(text: str) -> Iterator[tuple[Key, int]]:
    table: Key = ()
    position = _after_blank(text, 0)
    while position < len(text):
        start = position
        header = text[position] == "["
        if header:
            position += 2 if text.startswith("[[", position) else 1
        key, position = _key(text, position)
        if header:
            table = key
        yield (key if header else table + key), start
        position = _after_blank(text, _statement_end(text, position))


def _after_blank(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def _key(text: str, position: int) -> tuple[Key, int]:
    names: list[str] = []
    while match := _NAME.match(text, position):
        names.append(next(group for group in match.groups() if group is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(names), position


def _statement_end(text: str, position: int) -> int:
    depth = 0
    for piece in _PIECE.finditer(text, position):
        sign = piece.group()
        depth += (sign in "[{") - (sign in "]}") if len(sign) == 1 else 0
        if sign == "\n" and depth <= 0:
            return piece.end()
    return len(text)
