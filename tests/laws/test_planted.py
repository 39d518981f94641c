"""Every planted fault is caught by the laws that stand for its promise, within their usual number of examples."""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.laws.planted import FAULTS, Planted
from tests.laws.planting import planted_in

ROOT = Path(__file__).parents[2]
FAILED = 1  # pytest's status where tests ran and some failed


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.name)
def fault(request: pytest.FixtureRequest) -> Planted:
    """Each fault in turn."""
    planted: Planted = request.param
    return planted


def test_it_can_still_be_planted(fault: Planted) -> None:
    spec = find_spec(fault.place.partition(":")[0])
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    before = ast.dump(tree)
    planted_in(tree, fault)
    assert ast.dump(tree) != before


@pytest.mark.long
def test_it_is_caught(fault: Planted) -> None:
    environment = {
        **os.environ,
        "SYNCD_TEST_PLANTED": fault.name,
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.laws.planting",
            "-x",
            "-q",
            "--timeout=1200",
            fault.caught_by,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == FAILED, f"{fault.name} was not caught:\n{done.stdout}\n{done.stderr}"
    assert "AssertionError" in done.stdout or "Failed:" in done.stdout, done.stdout
