"""Under the vendors' own limits: how soon everything is the same, what is refused, and how long people wait."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench.asked import Asked
from bench.measure import python
from bench.race import Aim, Contestant, Figure, Heat

LIMITS = {
    "perfex": "Perfex, 100 requests a minute",
    "pexip_engage": "Pexip Engage, 3,000 a minute and 4 at once",
    "kiotviet": "KiotViet, 5,000 GETs an hour of which 4,300 are spent",
}
PEOPLE = {"perfex": 160, "pexip_engage": 200, "kiotviet": 720}
PEOPLE_IN_FULL = {"perfex": 600, "pexip_engage": 5_000, "kiotviet": 5_600}


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield a day for each vendor whose limit is known."""
    for vendor, people in (PEOPLE_IN_FULL if asked.full else PEOPLE).items():
        day = Contestant(
            "syncd, every five minutes and by hand", partial(python, "bench.rations", vendor, str(people))
        )
        yield Heat(f"{people:,} edits at once, {LIMITS[vendor]}", [day], aims(day.name), 1)
    often = Contestant("syncd, every other second", partial(python, "bench.rations.stretched"))
    yield Heat("a schedule that Perfex does not carry", [often], stretched(often.name), 1)


def aims(name: str) -> list[Aim]:
    """Return what is aimed at for a day."""

    def ratio(one: str, other: str) -> Figure:
        return lambda costs: costs[name].told[one] / costs[name].told[other]

    return [
        Aim(
            "time until all is written, against the least for so many edits", ratio("took", "least"), most=1.2
        ),
        Aim("requests for the edits, against the least", ratio("requests", "least_requests"), most=1.1),
        Aim("refused as too many", lambda costs: costs[name].told["refused"], most=0, unit="requests"),
        Aim(
            "the longest wait for a sync by hand, against a minute and a group of writes",
            ratio("waited", "patience"),
            most=1.2,
        ),
    ]


def stretched(name: str) -> list[Aim]:
    """Return what is aimed at where a schedule asks for more than is allowed."""

    def told(what: str) -> Figure:
        return lambda costs: costs[name].told[what]

    return [
        Aim(
            "requests that it asks for, against what is allowed",
            lambda c: told("wanted")(c) / told("carried")(c),
        ),
        Aim(
            "requests sent, against what is allowed",
            lambda c: told("requests")(c) / told("carried")(c),
            least=0.9,
        ),
        Aim("refused as too many", told("refused"), most=0, unit="requests"),
        Aim("times that the health says it", told("said"), least=1, unit=""),
    ]
