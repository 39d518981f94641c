"""Those who pull a shop into a fresh store: syncd, the limits, and the peers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.asked import Asked
from bench.installed import Installed, install
from bench.measure import Cost, Failed, python, run
from bench.others import environment
from bench.places import Stub

Work = Callable[[], Cost]
PEERS = "bench/peers"


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

    def peer(self, name: str) -> Work:
        """Return a peer, in its own environment; one that did not load the whole shop has failed."""
        command = [str(environment(name)), f"{PEERS}/{name}_pull.py", self.stub.url, self.shops[0]]

        def work(folder: Path, url: str) -> Cost:
            cost = run([*command, _plain(url), str(folder)])
            if cost.told.get("rows") != self.stub.rows(self.shops[0]):
                raise Failed(f"{name} loaded {cost.told} of {self.stub.rows(self.shops[0])} customers.")
            return cost

        return self._fresh(work)

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
