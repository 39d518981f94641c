"""A bare loop of requests with keep-alive: the GET and the PUT that a write takes: `… push URL SHOP COUNT THREADS [read]`."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import orjson

from bench.limits.listing import session, tell
from bench.vendor.people import FIRST_ID


def main(url: str, shop: str, count: int, threads: int, *, read: bool) -> float:
    """Write to so many customers and return the seconds."""
    opened = session(url, shop)
    opened.headers["Content-Type"] = "application/json"

    def write(place: int) -> None:
        address = f"{url}/customers/{FIRST_ID + place}"
        row = orjson.loads(opened.get(address, timeout=30).content) if read else {"id": FIRST_ID + place}
        row["comments"] = f"written {time.time_ns()}"
        answer = opened.put(address, data=orjson.dumps(row), timeout=30)
        answer.raise_for_status()
        orjson.loads(answer.content)

    began = time.perf_counter()
    if threads == 1:
        for place in range(count):
            write(place)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(write, range(count)))
    return time.perf_counter() - began


if __name__ == "__main__":
    url, shop, count, threads, *flags = sys.argv[1:]
    tell(seconds=main(url, shop, int(count), int(threads), read="read" in flags))
