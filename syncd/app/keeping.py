"""Keeping: whoever works on the store holds its lease for as long as that takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncd.errors import LeaseLost, StoreError
from syncd.logs import Logger
from syncd.store import Lease
from syncd.sync.progress import Watch

log = Logger(__name__)


@contextmanager
def kept(lease: Lease, watch: Watch) -> Iterator[None]:
    """Renew a lease while work goes on; work stops where it is lost."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease.ttl.total_seconds() / 3):
            try:
                lease.renew()
            except LeaseLost:
                log.error("The store was taken over; this process stops its work.")
                watch.stop.set()
                return
            except StoreError as error:
                log.warning("The lease could not be renewed; it is tried again.", reason=str(error))

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
