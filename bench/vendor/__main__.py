"""`python -m bench.vendor SHOP:COUNT:SHARED …`: serve these shops, print the port, end with standard input."""

from __future__ import annotations

import asyncio
import sys

from bench.vendor.server import Vendor, serve
from bench.vendor.shop import Shop


async def main(asked: list[str]) -> None:
    """Serve until whoever started this hangs up."""
    shops = {}
    for number, one in enumerate(asked):
        name, count, shared = one.split(":")
        shops[name] = Shop(number, int(count), float(shared))
    serving = asyncio.create_task(serve(Vendor(shops), lambda port: print(port, flush=True)))
    await asyncio.to_thread(sys.stdin.buffer.read)
    serving.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
