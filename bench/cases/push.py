"""Writing: so many customers changed in one shop, and written into another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from bench.asked import Asked
from bench.installed import Installed, install
from bench.measure import Cost, Failed, python
from bench.places import Stub, vendor
from bench.pulling import staged
from bench.race import Aim, Contestant, Heat, Round

SYNCD, BARE = "syncd sync: plan, journal, read, write", "a bare loop of the same GETs and PUTs"
HERE, THERE, ELSEWHERE = "from", "into", "bare"
CUSTOMERS, FEWER = 1_000, 320
LATENCY, THREADS = 0.05, 8


@dataclass(slots=True)
class _Writing:
    """So many writes, with every answer so far away."""

    asked: Asked
    stub: Stub
    installed: Installed
    writes: int
    latency: float
    marks: Iterator[int] = field(default_factory=count)

    def syncd(self) -> Cost:
        """Have people change customers, let syncd see it, and return what writing it into the other shop costs."""
        self.installed.syncd("sync")
        self.stub.change(HERE, self.writes, "comments", f"{self.writes} {next(self.marks)}")
        self.installed.syncd("sync", "--dry-run")
        cost = self._slowed(partial(staged, self.installed))
        if cost.told["updated"] != self.writes:
            raise Failed(f"Of {self.writes} customers syncd wrote {cost.told['updated']:.0f}.")
        return cost

    def bare(self) -> Cost:
        """Return what a loop costs that does nothing else."""
        threads = THREADS if self.latency else 1
        words = (self.stub.url, ELSEWHERE, str(self.writes), str(threads), "read")
        return self._slowed(partial(python, "bench.limits.push", *words))

    def _slowed(self, work: partial[Cost]) -> Cost:
        self.stub.latency(self.latency)
        try:
            return self.asked.metered(self.stub, work)
        finally:
            self.stub.latency(0.0)


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield writing next door, and writing far away."""
    shops = [(name, CUSTOMERS, 1.0) for name in (HERE, THERE, ELSEWHERE)]
    for kind in asked.stores:
        with vendor(*shops) as stub, asked.store(kind) as (folder, url):
            installed = install(folder, stub, (HERE, THERE), url=url, push=(THERE,))
            installed.syncd("sync")
            near = _Writing(asked, stub, installed, CUSTOMERS, 0.0)
            yield Heat(f"{CUSTOMERS:,} writes on {kind}", _racing(near), _near())
            far = _Writing(asked, stub, installed, FEWER, LATENCY)
            title = f"{FEWER} writes on {kind}, every answer {LATENCY * 1000:.0f} ms away"
            yield Heat(title, _racing(far), _far())


def _racing(writing: _Writing) -> list[Contestant]:
    return [Contestant(SYNCD, writing.syncd), Contestant(BARE, writing.bare)]


def _near() -> list[Aim]:
    def rate(costs: Round) -> float:
        bare = costs[BARE].cpu - costs[BARE].told["started"]
        return bare / (costs[SYNCD].told["rest"] + costs[SYNCD].server_cpu)

    return [
        Aim("writes a second of CPU against the bare loop", rate, least=0.6),
        Aim("CPU a write, all after the pull", lambda c: c[SYNCD].told["rest"] / CUSTOMERS * 1e6, unit="µs"),
        Aim(
            "requests against a read and a write each",
            lambda c: c[SYNCD].requests / c[BARE].requests,
            most=1.1,
        ),
    ]


def _far() -> list[Aim]:
    def rate(costs: Round) -> float:
        return costs[BARE].told["seconds"] / costs[SYNCD].told["rest_wall"]

    return [
        Aim("writes a second against the bare loop with eight threads", rate, least=0.8),
        Aim("writes a second", lambda costs: FEWER / costs[SYNCD].told["rest_wall"], unit="/s"),
    ]
