"""What an admin waits for: commands that only look, and every page, on a store of the size asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.cases.reconcile import SHARED, SHOPS
from bench.installed import Installed, install
from bench.measure import python
from bench.places import Stub, vendor
from bench.race import Aim, Contestant, Heat, Round
from bench.visit import PAGES

HELP, STATUS, LIST = "syncd --help", "syncd status", "syncd customers list --json-lines"
VISIT = "syncd serve, a visitor"


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield commands and pages, each size on each kind of store."""
    for size in asked.sizes:
        with vendor(*((name, size // len(SHOPS), SHARED) for name in SHOPS)) as stub:
            for kind in asked.stores:
                with asked.store(kind) as (folder, url):
                    installed = install(folder, stub, SHOPS, url=url)
                    installed.syncd("sync")
                    yield from looks(asked, stub, installed, size, kind)


def looks(asked: Asked, stub: Stub, installed: Installed, size: int, kind: str) -> Iterator[Heat]:
    """Yield commands and pages on a store that is there."""
    words = {HELP: ["--help"], STATUS: ["status"], LIST: ["customers", "list", "--json-lines"]}
    looking = [
        Contestant(name, partial(asked.metered, stub, partial(installed.syncd, *each)))
        for name, each in words.items()
    ]
    yield Heat(f"looking at {size:,} records on {kind}", looking, _commands(size))
    visit = partial(python, "bench.visit", str(installed.config))
    yield Heat(f"pages on {size:,} records on {kind}", [Contestant(VISIT, visit)], _pages(), 1)


def _commands(size: int) -> list[Aim]:
    return [
        Aim("CPU of --help", lambda costs: costs[HELP].all_cpu, most=0.3, unit="s"),
        Aim("CPU of status", lambda costs: costs[STATUS].all_cpu, most=0.6, unit="s"),
        Aim("CPU of the list, a record", lambda costs: costs[LIST].all_cpu / size * 1e6, unit="µs"),
        Aim("memory of the list", lambda costs: costs[LIST].peak, unit="MB"),
    ]


def _pages() -> list[Aim]:
    def took(name: str, costs: Round) -> float:
        return costs[VISIT].told[name]

    return [Aim(name, partial(took, name), most=200, unit="ms") for name in (*PAGES, "one customer")]
