"""Every page of the documentation: its links lead somewhere, its commands, settings and metrics exist."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from syncd.cli.main import app
from syncd.config import VENDORS
from syncd.config.section import Section
from syncd.config.settings import Alerts, Daemon, Identity, Log, Safety, Store, Web
from syncd.metrics import Metrics
from syncd.store.backup import _AFTER_RESTORE

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])
SECTIONS: dict[str, type[Section]] = {
    "store": Store,
    "safety": Safety,
    "identity": Identity,
    "web": Web,
    "alerts": Alerts,
    "log": Log,
    "daemon": Daemon,
}
page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


@page
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", _text(path))
    # the pictures of docs/img are taken by another tool and may not have been taken yet
    here = [each for each in targets if "://" not in each and not each.startswith("docs/img/")]
    assert [each for each in here if not (path.parent / each).exists()] == []


# --- commands -------------------------------------------------------------------------------------


def _commands(text: str) -> Iterator[str]:
    """Yield every command line of syncd: those in blocks, and those that stand between backticks."""
    lines = [line for block in _blocks(text, "") for line in block.splitlines()]
    for line in [*lines, *re.findall(r"`(syncd [^`]+)`", text)]:
        found = re.match(r"(?:\$ )?(?:\S*/)?(syncd( [^#&|…]*)?)", line.strip())
        if found and not line.strip().startswith("syncd keeps"):
            yield found[1].strip()


@page
def test_commands_and_their_options_exist(path: Path) -> None:
    for line in _commands(_text(path)):
        words = [word.strip("[],") for word in shlex.split(line)[1:]]
        _follow(words, line)


@cache
def _all_commands() -> Any:
    return typer.main.get_command(app)


def _follow(words: list[str], line: str) -> None:
    command = _all_commands()
    while (inner := getattr(command, "commands", None)) and words and not words[0].startswith("-"):
        assert words[0] in inner, line
        command = inner[words.pop(0)]
    known = {option for each in command.params for option in each.opts} | {"-c", "--config", "--help"}
    assert [word for word in words if word.startswith("-") and word not in known] == [], line


def test_an_unknown_command_is_noticed() -> None:
    for line in ("syncd dance", "syncd sync --backwards", "syncd runs dance"):
        with pytest.raises(AssertionError):
            _follow(shlex.split(line)[1:], line)


# --- settings, metrics, statements ----------------------------------------------------------------


@page
def test_settings_exist(path: Path) -> None:
    for block in _blocks(_text(path), "toml"):
        for name, table in tomllib.loads(_dedented(block)).items():
            if name == "connections":
                for each in table.values():
                    assert set(each) <= set(VENDORS[each["vendor"]].model_fields)
            else:
                assert set(table) <= set(SECTIONS[name].model_fields), name


def _dedented(block: str) -> str:
    return "\n".join(line.strip() for line in block.splitlines())


@page
def test_metrics_exist(path: Path) -> None:
    shown = Metrics().render().decode()
    named = set(re.findall(r"`(syncd_[a-z_]+)(?:\{[a-z,]+\})?`", _text(path)))
    assert {name for name in named if f"# HELP {name} " not in shown and name + "_info" not in shown} == set()


def test_a_restored_postgresql_store_is_made_ready_like_a_restored_sqlite_one() -> None:
    said = _statements(_text(ROOT / "docs" / "after-pg-restore.sql"))
    wanted = [_statements(statement)[0] for statement in _AFTER_RESTORE]
    open_states = "state IN ('planned', 'waiting', 'claimed', 'sent', 'unknown') AND "
    epoch = ", epoch = greatest(epoch, extract(epoch FROM now())::bigint)"  # a file is another one, a database is not
    assert [statement.replace(epoch, "") for statement in said[:-1]] == [
        statement.replace(open_states, "") for statement in wanted
    ]
    assert said[-1].startswith("UPDATE meta SET value = ")


def _statements(sql: str) -> list[str]:
    plain = re.sub(r"--.*", "", sql)
    return [" ".join(statement.split()) for statement in plain.split(";") if statement.strip()]


def test_the_fifth_vendor_is_as_small_as_its_page_says() -> None:
    for path in (ROOT / "tests" / "vendors" / "fifth").glob("*.py"):
        assert sum(bool(line.strip()) for line in _text(path).splitlines()) < 100, path.name


@page
def test_named_tests_exist(path: Path) -> None:
    written = "\n".join(_text(each) for each in (ROOT / "tests").rglob("*.py"))
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", _text(path)))
    assert {name for name in named if f"def {name}(" not in written} == set()


def test_all_items_of_asvs_level_1_are_answered_once() -> None:
    chapter = _text(ROOT / "docs" / "security.md").partition("## OWASP ASVS")[2]
    rows = re.findall(r"^\| ([\d., ]+) \|", chapter, re.MULTILINE)
    items = [item for row in rows for item in row.split(", ")]
    assert len(items) == len(set(items)) == 55
