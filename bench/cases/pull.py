"""Pulling a shop into the store: for the first time, again in full, again from the cursor, and from far away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.installed import install
from bench.measure import Cost, python
from bench.places import Stub, vendor
from bench.pulling import Pulling, staged
from bench.race import Aim, Contestant, Heat, Round, cpu

SYNCD, FULL, STAGED = "syncd sync", "syncd sync --full", "syncd sync, told apart by stage"
FETCH, DRIVER = "requests, parsed by orjson", "requests + exec_driver_sql"
KNOWN = "requests + digests read first"
CANONICAL, CORE = "requests + exec_driver_sql, canonical forms, keys", "requests + SQLAlchemy Core"
ORM, DLT, SINGER = "requests.get + ORM, 2,000 customers only", "dlt", "a Singer tap and target"
LATENCY, WINDOW = 0.05, 8
LARGEST = 400_000  # a shop allows 5,000 pages of a hundred an hour [KiotViet Public API guide]
LARGE = 100_000  # from here on a peer is slow enough to run once, and waiting is more than starting


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield the heats, each shop size on each kind of store."""
    for size in (each for each in asked.sizes if each <= LARGEST):
        with vendor(("shop", size, 0.0)) as stub:
            for kind in asked.stores:
                yield _first(Pulling(asked, stub, kind), size)
                yield from _again(Pulling(asked, stub, kind), size)
            yield _far_away(Pulling(asked, stub, asked.stores[0]), size)


def _first(pulling: Pulling, size: int) -> Heat:
    racing = [
        Contestant(SYNCD, pulling.syncd(), once=True),
        Contestant(STAGED, pulling.staged()),
        Contestant(DRIVER, pulling.limit("driver")),
        Contestant(CANONICAL, pulling.limit("driver", "canonical")),
        Contestant(CORE, pulling.limit("core")),
        Contestant(ORM, pulling.limit("orm", "2000"), once=True),
    ]
    least = size / 100 + 1  # pages of a hundred, and a token
    large = size >= LARGE
    aims = [
        Aim("CPU of the pull beyond start-up, against the limit", lambda c: _beyond_start(c, DRIVER), most=2),
        Aim("the same against the limit with canonical forms", lambda c: _beyond_start(c, CANONICAL), most=2),
        Aim(
            "CPU of the pull with its start-up",
            lambda c: _pull(c) / c[DRIVER].all_cpu,
            most=2 if large else None,
        ),
        Aim("CPU of the whole first sync", cpu(SYNCD, DRIVER)),
        Aim(
            "memory of the pull above the process after import",
            lambda c: c[STAGED].told["pull_memory"],
            most=40,
            unit="MB",
        ),
        Aim("requests against the least possible", lambda c: c[SYNCD].requests / least, most=1.05),
    ]
    if pulling.asked.peers:
        racing.append(Contestant(DLT, pulling.peer("dlt"), once=large))
        racing.append(Contestant(SINGER, pulling.peer("singer"), once=True))
        aims += [
            Aim(
                "CPU of dlt against the pull", lambda c: c[DLT].all_cpu / _pull(c), least=4 if large else None
            ),
            Aim("CPU of Singer against the pull", lambda c: c[SINGER].all_cpu / _pull(c)),
        ]
    return Heat(f"first pull of {size:,} on {pulling.kind}", racing, aims)


def _pull(costs: Round) -> float:
    """Return the CPU until the last page was stored, with what the database used for it."""
    return costs[STAGED].told["pull"] + costs[STAGED].told["server_pull"]


def _beyond_start(costs: Round, other: str) -> float:
    one, limit = costs[STAGED].told["started"], costs[other].told["started"]
    return (_pull(costs) - one) / (costs[other].all_cpu - limit)


def _again(pulling: Pulling, size: int) -> Iterator[Heat]:
    asked, stub, kind = pulling.asked, pulling.stub, pulling.kind
    with asked.store(kind) as (folder, url), asked.store(kind) as (_, bare):
        installed = install(folder, stub, pulling.shops, url=url)
        installed.syncd("sync")
        python("bench.limits.driver", stub.url, "shop", bare)
        again = partial(python, "bench.limits.driver", stub.url, "shop", bare, "again")
        fetch = partial(python, "bench.limits.fetch", stub.url, "shop")
        full = [
            Contestant(FULL, lambda: asked.metered(stub, lambda: staged(installed, "full"))),
            Contestant(FETCH, lambda: asked.metered(stub, fetch)),
            Contestant(KNOWN, lambda: asked.metered(stub, again)),
        ]
        aims = [
            Aim("CPU beyond start-up, against fetching and parsing", _again_beyond_start, most=1.5),
            Aim("CPU against fetching and parsing", cpu(FULL, FETCH), most=1.5 if size >= LARGE else None),
        ]
        yield Heat(f"{size:,} unchanged on {kind}, the full listing", full, aims)
        incremental = Contestant(SYNCD, lambda: asked.metered(stub, lambda: installed.syncd("sync")))
        yield Heat(f"{size:,} unchanged on {kind}, from the cursor", [incremental], _aims_from_cursor())


def _again_beyond_start(costs: Round) -> float:
    full, fetch = costs[FULL], costs[FETCH]
    return (full.all_cpu - full.told["started"]) / (fetch.all_cpu - fetch.told["started"])


def _aims_from_cursor() -> list[Aim]:
    return [
        Aim("CPU", lambda costs: costs[SYNCD].all_cpu, most=1, unit="s"),
        Aim("requests against a token and a page", lambda costs: costs[SYNCD].requests / 2, most=1),
    ]


def _far_away(pulling: Pulling, size: int) -> Heat:
    def slowly(contestant: Contestant) -> Contestant:
        return Contestant(contestant.name, lambda: _slowed(pulling.stub, contestant), contestant.once)

    racing = [Contestant(STAGED, pulling.staged()), Contestant(DRIVER, pulling.limit("driver", "ahead"))]
    aims = [
        Aim("waiting until the last page is stored, against eight pages ahead", _waited),
        Aim(
            "waiting beyond start-up, against the pages' way eight at once and the CPU",
            partial(_far_least, size),
            most=1.2,
        ),
    ]
    if pulling.asked.peers:
        racing.append(Contestant(DLT, pulling.peer("dlt"), once=True))
        least = 8 if size >= LARGE else None
        aims.append(
            Aim(
                "waiting of dlt against the pull",
                lambda c: c[DLT].wall / c[STAGED].told["pull_wall"],
                least=least,
            )
        )
    title = f"first pull of {size:,} on {pulling.kind}, every answer {LATENCY * 1000:.0f} ms away"
    return Heat(title, [slowly(each) for each in racing], aims)


def _waited(costs: Round) -> float:
    return costs[STAGED].told["pull_wall"] / costs[DRIVER].wall


def _far_least(size: int, costs: Round) -> float:
    """Return the waiting, and what neither a window of eight nor the work itself can be without, as a ratio."""
    told = costs[STAGED].told
    work = told["pull"] - told["started"]
    return (told["pull_wall"] - told["started_wall"]) / (size / 100 * LATENCY / WINDOW + work)


def _slowed(stub: Stub, contestant: Contestant) -> Cost:
    stub.latency(LATENCY)
    try:
        return contestant.work()
    finally:
        stub.latency(0.0)
