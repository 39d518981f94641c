"""What is shipped: pins that fit the declared ranges, and a wheel with everything syncd needs."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import syncd

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
SHIPPED = {"syncd": "syncd", "migrations": "syncd/migrations"}
SAMPLE = "syncd/samples/sandbox.toml"  # the demonstration's configuration, the only one that a wheel needs


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _pins(file: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall((ROOT / file).read_text())}


def _declared(file: str) -> list[Requirement]:
    project = _project()
    extras, groups = project["project"]["optional-dependencies"], project["dependency-groups"]
    asked = [*project["project"]["dependencies"], *extras["postgres"], *groups["build"]]
    if file == "requirements-dev.txt":
        asked += [text for extra in extras.values() for text in extra]
        asked += [text for group in groups.values() for text in group if isinstance(text, str)]
    found = [Requirement(text) for text in asked]
    return [requirement for requirement in found if requirement.name != "syncd"]


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_declared_package_is_pinned_within_its_range(file: str) -> None:
    pins = _pins(file)
    outside = [
        str(asked)
        for asked in _declared(file)
        if not asked.specifier.contains(pins.get(canonicalize_name(asked.name), "0"))
    ]
    assert not outside, f"run `make lock`: {outside}"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_pins_carry_hashes_and_name_no_registry(file: str) -> None:
    text = (ROOT / file).read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", text.strip()))


def test_both_sets_pin_the_same_versions() -> None:
    run, dev = _pins("requirements.txt"), _pins("requirements-dev.txt")
    assert run.items() <= dev.items()


def test_nothing_replaces_urllib3_under_requests() -> None:
    # niquests installs a fork under urllib3's own name, and the timeouts set on urllib3 go unheard.
    assert {"niquests", "urllib3-future"}.isdisjoint(_pins("requirements-dev.txt"))


def test_the_version_stands_in_one_place() -> None:
    assert metadata.version("syncd") == syncd.__version__


def test_the_wheel_holds_the_package_and_its_migrations(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert inside == _tracked() | {SAMPLE}


def _tracked() -> set[str]:
    return {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, inside in SHIPPED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
