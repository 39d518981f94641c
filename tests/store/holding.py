"""A process that holds a store's lease: prints its epoch and waits to be killed. Arguments: URL, seconds of ttl."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from syncd.store import Store


def main() -> None:
    store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC))
    lease = store.acquire("the other one", ttl=timedelta(seconds=float(sys.argv[2])))
    print("none" if lease is None else lease.epoch, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main()
