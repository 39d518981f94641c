"""A process that holds a store's lease: prints its epoch and waits to be killed.

Arguments: URL, seconds of ttl, and where it is to wait, if in the middle of a write: `writing` between two statements,
and on PostgreSQL `pipeline` and `copy`, of which the server has seen no end.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event

from syncd.store import Store


def main() -> None:
    store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC))
    lease = store.acquire("the other one", ttl=timedelta(seconds=float(sys.argv[2])))
    epoch = None if lease is None else lease.epoch
    begun: list[Connection] = []
    event.listen(store.database.writer, "begin", begun.append)

    def wait(_: object = None) -> None:
        print("none" if epoch is None else epoch, flush=True)
        time.sleep(600)

    def wait_in_pipeline(_: object) -> None:
        driver: Any = begun[-1].connection.driver_connection
        with driver.pipeline() as pipeline, driver.cursor() as cursor:
            cursor.execute("UPDATE meta SET value = value")
            pipeline.sync()
            cursor.execute("UPDATE meta SET value = value")
            driver.pgconn.send_flush_request()
            driver.pgconn.flush()
            wait()

    def wait_in_copy(_: object) -> None:
        driver: Any = begun[-1].connection.driver_connection
        with driver.cursor() as cursor, cursor.copy("COPY meta (key, value) FROM STDIN") as rows:
            rows.write_row(("a", "b"))
            wait()

    places = {"writing": wait, "pipeline": wait_in_pipeline, "copy": wait_in_copy}
    for unit in (places[word] for word in sys.argv[3:]):
        store.do(unit, epoch=epoch)
    wait()


if __name__ == "__main__":
    main()
