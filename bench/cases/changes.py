"""The work follows what changed and not how much there is: the same thousand changes on a small and on a large store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count

from bench.asked import Asked
from bench.cases.reconcile import SHARED, SHOPS
from bench.installed import Installed, install
from bench.measure import Cost, Failed, python
from bench.places import Stub, vendor
from bench.pulling import staged
from bench.race import Aim, Contestant, Heat, Round

CHANGES = 1_000
RAW = "indexed look-ups, union-find, write back"
SMALLEST = 4_000  # where no two of the changes fall on the same person
# What the bare look-ups of the aim were measured on; on fewer records they are nearly nothing.
MILLION = 1_000_000


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield one heat for each kind of store: the smallest size against each larger one."""
    small, *larger = sorted({*asked.sizes, SMALLEST} if len(asked.sizes) == 1 else asked.sizes)
    for size in larger:
        for kind in asked.stores:
            with ExitStack() as stack:
                stores = {each: _loaded(stack, asked, kind, each) for each in (small, size)}
                racing = [Contestant(_name(each), _work(asked, *stores[each])) for each in stores]
                racing.append(Contestant(RAW, raw(stack, asked, kind, *stores[size])))
                yield Heat(f"{CHANGES:,} changes on {kind}", racing, _aims(_name(small), _name(size), size))


def _name(size: int) -> str:
    return f"syncd sync, {size:,} records known"


def _loaded(stack: ExitStack, asked: Asked, kind: str, size: int) -> tuple[Installed, Stub]:
    stub = stack.enter_context(vendor(*((name, size // len(SHOPS), SHARED) for name in SHOPS)))
    folder, url = stack.enter_context(asked.store(kind))
    installed = install(folder, stub, SHOPS, url=url)
    installed.syncd("sync")
    return installed, stub


def _work(asked: Asked, installed: Installed, stub: Stub) -> Callable[[], Cost]:
    marks = (f"mark{number}" for number in count())
    return lambda: asked.metered(stub, lambda: changed(installed, stub, next(marks)))


def raw(stack: ExitStack, asked: Asked, kind: str, installed: Installed, stub: Stub) -> Callable[[], Cost]:
    """Return the same changes on the same keys with nothing beside, in tables of its own."""
    _, own = stack.enter_context(asked.store(kind))
    python("bench.limits.changed", own, "from", installed.url)
    marks = (f"mark{number}" for number in count())
    return lambda: asked.metered(
        stub, partial(python, "bench.limits.changed", own, next(marks), str(CHANGES))
    )


def changed(installed: Installed, stub: Stub, mark: str) -> Cost:
    """Have people change a thousand customers, and return what the sync costs that sees it."""
    for first, name in enumerate(SHOPS):
        stub.change(name, CHANGES // len(SHOPS), "email", f"{name}.{mark}", first)
    cost = staged(installed)
    if cost.told["changed"] < CHANGES:
        raise Failed(f"Of {CHANGES} changes syncd saw {cost.told['changed']:.0f}.")
    return cost


def _aims(small: str, large: str, size: int) -> list[Aim]:
    def rest(costs: Round) -> float:
        return (costs[large].told["rest"] + costs[large].server_cpu) / (
            costs[small].told["rest"] + costs[small].server_cpu
        )

    return [
        Aim("CPU after the pull, large against small", rest, most=1.2),
        against_raw(large, size),
        Aim("CPU in all, large against small", lambda costs: costs[large].all_cpu / costs[small].all_cpu),
        Aim("CPU after the pull, a change", lambda c: c[large].told["rest"] / CHANGES * 1e6, unit="µs"),
        Aim("memory at the peak, large against small", lambda c: c[large].peak / c[small].peak, most=1.2),
    ]


def against_raw(syncd: str, size: int) -> Aim:
    """Return what a thousand changes take beside the same ones with nothing judged or decided."""

    def figure(costs: Round) -> float:
        bare = costs[RAW].all_cpu - costs[RAW].told["started"]
        return (costs[syncd].told["rest"] + costs[syncd].server_cpu) / bare

    what = "CPU after the pull, against look-ups, union-find and writing back"
    return Aim(what, figure, most=4 if size >= MILLION else None)
