"""Environments for programs that must not live in syncd's own: made once, from pinned requirements, then reused."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import Failed

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".cache"


def environment(name: str) -> Path:
    """Return the Python of an environment with the packages of requirements-NAME.txt. Raises Failed."""
    wanted = HERE / f"requirements-{name}.txt"
    made = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    folder = CACHE / name
    stamp = folder / ".made"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made:
        shutil.rmtree(folder, ignore_errors=True)
        _do([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        _do([*pip, "--no-deps", "--require-hashes", "-r", str(wanted)])
        compile_all(str(folder / "bin" / "python"))
        stamp.write_text(made, encoding="utf-8")
    return folder / "bin" / "python"


def compile_all(python: str = sys.executable) -> None:
    """Compile what a Python has installed, and this project: a program that is used has been started before."""
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run(
        [python, "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()
    folders = [packages, *(str(HERE.parent / name) for name in ("syncd", "bench", "migrations"))]
    # files of a package that are made for another Python do not compile, and nobody imports them
    subprocess.run([python, "-m", "compileall", "-q", "-q", *folders], check=False)


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
