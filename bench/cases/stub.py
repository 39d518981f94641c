"""Whether the vendor itself could be what is waited for: it has to be three times as fast as the fastest client here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.measure import python
from bench.places import vendor
from bench.race import Aim, Contestant, Heat

FETCH = "requests, parsed by orjson"
BLAST = "bare sockets, four at once"


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield the one heat."""
    with vendor(("shop", 10_000, 0.0)) as stub:
        yield Heat(
            "the simulated vendor",
            [
                Contestant(name, partial(asked.metered, stub, partial(python, module, stub.url, "shop")))
                for name, module in ((FETCH, "bench.limits.fetch"), (BLAST, "bench.limits.blast"))
            ],
            [
                Aim("pages a second of bare sockets", lambda costs: costs[BLAST].told["rate"], unit="/s"),
                Aim(
                    "pages that the vendor serves a second of its CPU, against the client's",
                    lambda costs: costs[FETCH].cpu / costs[FETCH].stub_cpu,
                    least=3,
                ),
            ],
        )
