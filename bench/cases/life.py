"""One store through its life: loaded once, left alone, changed, and looked at; for sizes at which loading takes an hour.

What the other cases tell with a fresh store for every contestant and round, this one tells once. It runs only where it
is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from bench.asked import Asked
from bench.cases.changes import CHANGES, RAW, against_raw, changed, raw
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
            with ExitStack() as stack:
                stub = stack.enter_context(vendor(*((name, size // len(SHOPS), SHARED) for name in SHOPS)))
                folder, url = stack.enter_context(asked.store(kind))
                installed = install(folder, stub, SHOPS, url=url)
                again = partial(asked.metered, stub, partial(staged, installed))
                clustering = partial(asked.metered, stub, partial(python, "bench.limits.unionfind", url))
                first = [Contestant(SYNCD, again), Contestant(CLUSTERING, clustering)]
                yield Heat(f"first sync of {size:,} on {kind}", first, aims(size), 1)
                quiet = Aim("CPU", lambda costs: costs[QUIET].all_cpu, unit="s")
                yield Heat(f"nothing changed in {size:,} on {kind}", [Contestant(QUIET, again)], [quiet])
                bare = Contestant(RAW, raw(stack, asked, kind, installed, stub))
                work = partial(asked.metered, stub, partial(changed, installed, stub, "mark"))
                changing = [Contestant(CHANGED, work), bare]
                yield Heat(f"{CHANGES:,} changes in {size:,} on {kind}", changing, _aims(size), 1)
                yield from looks(asked, stub, installed, size, kind)


def _aims(size: int) -> list[Aim]:
    return [
        against_raw(CHANGED, size),
        Aim("CPU after the pull, a change", lambda c: c[CHANGED].told["rest"] / CHANGES * 1e6, unit="µs"),
        Aim("memory at the peak", lambda costs: costs[CHANGED].peak, unit="MB"),
    ]
