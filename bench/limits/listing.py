"""Reading a shop's listing with `requests` as well as that can be done: one session, environment off, orjson."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import orjson
import requests

PAGE = 100
WINDOW = 8  # as many pages ahead as syncd asks for


def session(url: str, shop: str) -> requests.Session:
    """Return a session that holds a token."""
    made = requests.Session()
    made.trust_env = False
    form = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": "bench"}
    token = orjson.loads(made.post(f"{url}/connect/token", data=form, timeout=30).content)["access_token"]
    made.headers.update({"Authorization": f"Bearer {token}", "Retailer": shop})
    return made


def pages(url: str, shop: str, *, since: str = "") -> Iterator[list[dict[str, Any]]]:
    """Yield pages one after the other."""
    ask = asking(url, shop, since)
    start, total = 0, 1
    while start < total:
        page = ask(start)
        yield page["data"]
        start, total = start + PAGE, page["total"]


def pages_ahead(url: str, shop: str) -> Iterator[list[dict[str, Any]]]:
    """Yield pages in their order, several of them asked for at once."""
    ask = asking(url, shop, "")
    first = ask(0)
    yield first["data"]
    with ThreadPoolExecutor(WINDOW) as pool:
        places = iter(range(PAGE, first["total"], PAGE))
        waiting = [pool.submit(ask, place) for place in islice(places, WINDOW)]
        while waiting:
            page = waiting.pop(0).result()
            waiting.extend(pool.submit(ask, place) for place in islice(places, 1))
            yield page["data"]


def asking(url: str, shop: str, since: str) -> Callable[[int], dict[str, Any]]:
    """Return what reads and parses the page at a place."""
    opened = session(url, shop)

    def ask(start: int) -> dict[str, Any]:
        query = f"pageSize={PAGE}&currentItem={start}&orderBy=id&orderDirection=Asc&includeCustomerGroup=true"
        query += f"&lastModifiedFrom={since}" if since else ""
        answer = opened.get(f"{url}/customers?{query}", timeout=30)
        answer.raise_for_status()
        page: dict[str, Any] = orjson.loads(answer.content)
        return page

    return ask


STARTED = time.process_time()  # this module is what the limits import last


def tell(**found: float) -> None:
    """Print what was found, and what starting has cost, for the benchmark to read."""
    json.dump({"started": STARTED, **found}, sys.stdout)
    sys.stdout.write("\n")
