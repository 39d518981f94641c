"""Those who pull a shop into a fresh store: syncd, the limits, and dlt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.asked import Asked
from bench.installed import Installed, install
from bench.measure import Cost, python, run
from bench.others import environment
from bench.places import Stub

Work = Callable[[], Cost]
DLT = "bench/peers/dlt_pull.py"


def staged(installed: Installed, *flags: str) -> Cost:
    """Run one sync of an installed syncd that tells its stages apart."""
    cost = python("bench.staged", str(installed.config), *flags)
    if cost.told["failed"]:
        raise RuntimeError(f"A sync failed inside the benchmark: {cost.told}")
    return cost


@dataclass(frozen=True, slots=True)
class Pulling:
    """Where it is pulled from and what kind of store it goes to; every piece of work has a new one."""

    asked: Asked
    stub: Stub
    kind: str
    shops: tuple[str, ...] = ("shop",)

    def syncd(self, *arguments: str) -> Work:
        """Return a sync from the command line."""
        return self._fresh(lambda folder, url: self._installed(folder, url).syncd("sync", *arguments))

    def staged(self) -> Work:
        """Return a sync that tells its stages apart."""
        return self._fresh(lambda folder, url: staged(self._installed(folder, url)))

    def limit(self, module: str, *flags: str) -> Work:
        """Return one of the limits."""
        name = f"bench.limits.{module}"
        return self._fresh(lambda _, url: python(name, self.stub.url, self.shops[0], url, *flags))

    def dlt(self, *flags: str) -> Work:
        """Return dlt, in its own environment."""
        command = [str(environment("dlt")), DLT, self.stub.url, self.shops[0]]
        return self._fresh(lambda folder, url: run([*command, _plain(url), str(folder), *flags]))

    def _installed(self, folder: Path, url: str) -> Installed:
        return install(folder, self.stub, self.shops, url=url)

    def _fresh(self, work: Callable[[Path, str], Cost]) -> Work:
        def measured() -> Cost:
            with self.asked.store(self.kind) as (folder, url):
                return self.asked.metered(self.stub, lambda: work(folder, url))

        return measured


def _plain(url: str) -> str:
    """Return a database's address without the name of SQLAlchemy's driver."""
    return url.replace("postgresql+psycopg", "postgresql")
