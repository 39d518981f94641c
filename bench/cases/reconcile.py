"""Who is who in four shops that share customers, decided, journalled and planned: for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.installed import install
from bench.measure import Failed, python
from bench.places import vendor
from bench.pulling import Pulling
from bench.race import Aim, Contestant, Heat, Round

SYNCD, CLUSTERING = "syncd sync, told apart by stage", "keys out of the store + union-find"
SHOPS = ("one", "two", "three", "four")
SHARED = 0.48  # of each shop: 64 customers for 100 records


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield the heats, each size on each kind of store."""
    for size in asked.sizes:
        with vendor(*((name, size // len(SHOPS), SHARED) for name in SHOPS)) as stub:
            for kind in asked.stores:
                pulling = Pulling(asked, stub, kind, SHOPS)
                with asked.store(kind) as (folder, url):
                    install(folder, stub, SHOPS, url=url).syncd("sync")
                    clustering = partial(python, "bench.limits.unionfind", url)
                    racing = [
                        Contestant(SYNCD, pulling.staged()),
                        Contestant(CLUSTERING, partial(asked.metered, stub, clustering)),
                    ]
                    yield Heat(f"first reconcile of {size:,} on {kind}", racing, aims(size))


def aims(size: int) -> list[Aim]:
    """Return what is aimed at for so many records."""

    def beside(costs: Round) -> float:
        _same(costs)
        syncd, clustering = costs[SYNCD], costs[CLUSTERING]
        rest = syncd.told["rest"] + max(0.0, syncd.server_cpu - syncd.told["server_pull"])
        return (rest - 2 * (clustering.told["work"] + clustering.server_cpu)) / size * 1e6

    return [
        Aim("CPU a record beside twice the clustering, all after the pull", beside, most=100, unit="µs"),
        Aim("CPU of the pull a record, start-up left out", partial(_pull, size), unit="µs"),
        Aim("memory at the peak", lambda costs: costs[SYNCD].peak, most=500, unit="MB"),
    ]


def _pull(size: int, costs: Round) -> float:
    told = costs[SYNCD].told
    return (told["pull"] - told["started"] + told["server_pull"]) / size * 1e6


def _same(costs: Round) -> None:
    """Raise where syncd and the clustering do not find the same people."""
    found, wanted = costs[SYNCD].told["customers"], costs[CLUSTERING].told["clusters"]
    if found != wanted:
        raise Failed(f"syncd finds {found:.0f} customers where the clustering finds {wanted:.0f}.")
