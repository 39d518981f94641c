"""A process that holds a store's lease: prints its epoch and waits to be killed.

Arguments: URL, seconds of ttl, and `writing` where it is to wait in the middle of a write.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

from syncd.store import Store


def main() -> None:
    store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC))
    lease = store.acquire("the other one", ttl=timedelta(seconds=float(sys.argv[2])))
    epoch = None if lease is None else lease.epoch

    def wait(_: object = None) -> None:
        print("none" if epoch is None else epoch, flush=True)
        time.sleep(600)

    if "writing" in sys.argv:
        store.do(wait, epoch=epoch)
    wait()


if __name__ == "__main__":
    main()
