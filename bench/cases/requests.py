"""What each vendor is asked for the same work, against the least that its API allows; counted at the vendor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from bench.asked import Asked
from bench.measure import Cost, python
from bench.race import Aim, Contestant, Figure, Heat
from bench.requests_spent import KINDS, THINGS

CUSTOMERS, CUSTOMERS_IN_FULL = 500, 10_000
ONCE = 1  # a page more that shows the end, or a question for the version: once a connection, not once a page
PULLED, PUSHED = THINGS[:-1], THINGS[-1]


def heats(asked: Asked) -> Iterator[Heat]:
    """Yield one heat in which every vendor is asked once; nothing is timed, so that once is enough."""
    customers = CUSTOMERS_IN_FULL if asked.full else CUSTOMERS
    racing = [Contestant(kind.title, partial(_counted, kind.title, customers), once=True) for kind in KINDS]
    yield Heat(f"requests spent on {customers:,}", racing, aims([kind.title for kind in KINDS]), 1)


def _counted(title: str, customers: int) -> Cost:
    return python("bench.requests_spent", "--json", "--only", title, "--customers", str(customers))


def aims(titles: Sequence[str]) -> list[Aim]:
    """Return what is aimed at for each vendor: its pulls and its writes."""
    return [aim for title in titles for aim in _aims(title)]


def _aims(title: str) -> Iterator[Aim]:
    def worst(names: Sequence[str], more: int) -> Figure:
        return lambda costs: max(
            costs[title].told[name] / (costs[title].told[f"{name}, least"] + more) for name in names
        )

    yield Aim(f"{title}: a pull, against the least and one", worst(PULLED, ONCE), most=1)
    yield Aim(f"{title}: writes, against the least", worst([PUSHED], 0), most=1)
