"""One measurement: a command, what its process tree used, and what it asked of the vendor and of PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = Path(__file__).with_name("launch.py")
LONGEST = 4 * 3600.0  # seconds for one command: a million records on a busy machine


class Failed(Exception):
    """A command did not end as it should."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU and of waiting, MB at the peak, requests; `server_cpu` is PostgreSQL's own."""

    cpu: float
    wall: float
    peak: float = 0.0
    server_cpu: float = 0.0
    requests: int = 0
    stub_cpu: float = 0.0
    told: Mapping[str, float] = field(default_factory=dict)  # what the program says of itself

    @property
    def all_cpu(self) -> float:
        """Return the CPU of the client and of the database together."""
        return self.cpu + self.server_cpu


def run(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, accept: frozenset[int] = frozenset({0})
) -> Cost:
    """Run a command from the project's folder and return its cost; what it prints as JSON at last is `told`."""
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as folder:
        into = Path(folder) / "cost.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCH), str(into), *command],
            cwd=ROOT,
            env={**_environment(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        if not into.exists():
            raise Failed(f"{command[0]} could not be started:\n{done.stderr[-2000:]}")
        cost = json.loads(into.read_text(encoding="utf-8"))
    if cost["status"] not in accept:
        raise Failed(
            f"{' '.join(command)} ended with {cost['status']}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )
    return Cost(cost["cpu"], cost["wall"], cost["peak"], told=_told(done.stdout))


def _environment() -> dict[str, str]:
    """Return ours, but for a wish to keep no bytecode: whoever uses a program has it compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def python(module: str, *arguments: str, accept: frozenset[int] = frozenset({0})) -> Cost:
    """Run a module of this benchmark with the Python of the project."""
    return run([sys.executable, "-m", module, *arguments], accept=accept)


def metered(work: Callable[[], Cost], *meters: Callable[[], Mapping[str, float]]) -> Cost:
    """Return the cost of some work together with what the meters (counts that only grow) moved by meanwhile."""
    before = [meter() for meter in meters]
    cost = work()
    for meter, then in zip(meters, before, strict=True):
        moved = {name: value - then.get(name, 0.0) for name, value in meter().items()}
        cost = replace(
            cost,
            requests=cost.requests + int(moved.get("requests", 0)),
            stub_cpu=cost.stub_cpu + moved.get("stub_cpu", 0.0),
            server_cpu=cost.server_cpu + moved.get("server_cpu", 0.0),
        )
    return cost


def _told(printed: str) -> dict[str, float]:
    last = printed.strip().splitlines()[-1:] or [""]
    try:
        found = json.loads(last[0])
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
