"""One store through its life: loaded once, left alone, changed, and looked at; for sizes at which loading takes an hour.

What the other cases tell with a fresh store for every contestant and round, this one tells once. It runs only where it
is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.cases.changes import CHANGES, changed
from bench.cases.page import looks
from bench.cases.reconcile import CLUSTERING, SHARED, SHOPS, SYNCD, aims
from bench.installed import install
from bench.measure import python
from bench.places import vendor
from bench.pulling import staged
from bench.race import Aim, Contestant, Heat

QUIET, CHANGED = "syncd sync, nothing changed", f"syncd sync, {CHANGES:,} changes"


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield a store's first sync, a quiet one, one with a thousand changes, and the looks at it."""
    for size in asked.sizes:
        for kind in asked.stores:
            with (
                vendor(*((name, size // len(SHOPS), SHARED) for name in SHOPS)) as stub,
                asked.store(kind) as (folder, url),
            ):
                installed = install(folder, stub, SHOPS, url=url)
                again = partial(asked.metered, stub, partial(staged, installed))
                clustering = partial(asked.metered, stub, partial(python, "bench.limits.unionfind", url))
                first = [Contestant(SYNCD, again), Contestant(CLUSTERING, clustering)]
                yield Heat(f"first sync of {size:,} on {kind}", first, aims(size), 1)
                quiet = Aim("CPU", lambda costs: costs[QUIET].all_cpu, unit="s")
                yield Heat(f"nothing changed in {size:,} on {kind}", [Contestant(QUIET, again)], [quiet])
                work = partial(asked.metered, stub, partial(changed, installed, stub, "mark"))
                yield Heat(
                    f"{CHANGES:,} changes in {size:,} on {kind}", [Contestant(CHANGED, work)], _aims(), 1
                )
                yield from looks(asked, stub, installed, size, kind)


def _aims() -> list[Aim]:
    return [
        Aim("CPU after the pull, a change", lambda c: c[CHANGED].told["rest"] / CHANGES * 1e6, unit="µs"),
        Aim("memory at the peak", lambda costs: costs[CHANGED].peak, unit="MB"),
    ]
