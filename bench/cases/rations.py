"""Under the vendors' own limits: how soon everything is the same, what is refused, and how long people wait."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.measure import python
from bench.race import Aim, Contestant, Heat

LIMITS = {
    "perfex": "Perfex, 100 requests a minute",
    "pexip_engage": "Pexip Engage, 3,000 a minute and 4 at once",
    "kiotviet": "KiotViet, 5,000 GETs an hour",
}
PEOPLE = {"perfex": 60, "pexip_engage": 200}
PEOPLE_IN_FULL = {"perfex": 600, "pexip_engage": 5_000, "kiotviet": 5_600}


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield a day for each vendor; that of KiotViet begins to count past 5,000 edits, so it is for the full run."""
    for vendor, people in (PEOPLE_IN_FULL if asked.full else PEOPLE).items():
        day = Contestant(
            "syncd, every five minutes and by hand", partial(python, "bench.rations", vendor, str(people))
        )
        yield Heat(f"{people:,} edits at once, {LIMITS[vendor]}", [day], _aims(day.name, people), 1)


def _aims(name: str, people: int) -> list[Aim]:
    return [
        Aim(
            "time until all is written, against the least for so many requests",
            lambda costs: costs[name].told["took"] / costs[name].told["least"],
            most=1.2,
        ),
        Aim("requests for an edit", lambda costs: costs[name].told["requests"] / people, unit=""),
        Aim("refused as too many", lambda costs: costs[name].told["refused"], most=0, unit="requests"),
        Aim("the longest wait for a sync by hand", lambda c: c[name].told["waited"], unit="virtual s"),
    ]
