"""Each planted bug is seen: its gate is green on the code as it stands and red on a copy with the bug in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.planted import PLANTED, Planted

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("syncd", "tests", "migrations", "config", "pyproject.toml")
FAILED = 1  # pytest's exit status when tests ran and some failed

each_bug = pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)


@each_bug
def test_what_is_to_be_broken_stands_in_the_code_once(bug: Planted) -> None:
    assert (ROOT / bug.path).read_text(encoding="utf-8").count(bug.sound) == 1


def _copied(folder: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name
            )  # with what Python compiled, which is half of a gate's time
        else:
            shutil.copy(source, folder / name)
    return folder


def _gate(tree: Path, gate: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "900",
        "-m",
        "",
        gate,
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.timeout(0)
@each_bug
def test_a_planted_bug_is_seen(tmp_path: Path, bug: Planted) -> None:
    tree = _copied(tmp_path)
    broken = tree / bug.path
    broken.write_text(broken.read_text(encoding="utf-8").replace(bug.sound, bug.broken), encoding="utf-8")
    ran = _gate(tree, bug.gate)
    assert ran.returncode == FAILED, ran.stdout[-3000:]
