"""What all commands share: -c anywhere, errors as sentences, and quick help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from syncd.cli.root import hoist, worst

HEAVY = {"sqlalchemy", "requests", "fastapi", "alembic", "apscheduler", "structlog", "rich", "werkzeug"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["sync"], ["sync"]),
        (["sync", "-c", "f"], ["-c", "f", "sync"]),
        (["-c", "f", "sync", "crm"], ["-c", "f", "sync", "crm"]),
        (
            ["runs", "show", "--config=f", "run-1", "--json"],
            ["--config=f", "runs", "show", "run-1", "--json"],
        ),
        (["sync", "--config", "f", "--full"], ["--config", "f", "sync", "--full"]),
        (["sync", "-c"], ["-c", "sync"]),
        (
            ["customers", "pin", "1", "notes", "--", "-c", "f"],
            ["customers", "pin", "1", "notes", "--", "-c", "f"],
        ),
    ],
)
def test_the_configuration_may_be_named_anywhere(typed: list[str], read: list[str]) -> None:
    assert hoist(typed) == read


@pytest.mark.parametrize(
    ("statuses", "told"), [([], 0), ([0, 1], 1), ([1, 3], 3), ([3, 4, 1], 4), ([4, 2], 2), ([2, 5], 5)]
)
def test_the_worst_status_is_told(statuses: list[int], told: int) -> None:
    assert worst(statuses) == told


@pytest.mark.parametrize("words", [["--help"], ["sync", "--help"], ["customers", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom syncd.cli import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout
    assert HEAVY & set(eval(done.stderr.splitlines()[-1])) == set()


def test_help_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "-h"], capture_output=True, text=True, check=True, timeout=60
    )
    named = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}
    assert named >= {
        "demo", "init", "check", "doctor", "migrate", "sync", "serve", "worker", "backup", "restore", "config", "status",
        "runs", "customers", "reviews", "operations", "sandbox",
    }  # fmt: skip


def test_the_shell_proposes_connections() -> None:
    from syncd.cli.sandboxed import configuration

    words = ("syncd check l", "syncd sync crm l", "syncd customers list --connection l")
    for line in words:
        environ = {
            **os.environ,
            "SYNCD_CONFIG": str(configuration()),
            "_SYNCD_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split()) - 1),
        }
        done = subprocess.run(
            [sys.executable, "-c", "from syncd.cli import app; app(prog_name='syncd')"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=environ,
        )
        assert done.stdout.split() == ["loyalty"], (line, done.stderr)
