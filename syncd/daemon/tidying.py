"""Tidying: once a day the daemon deletes what is older than the settings keep, between two runs."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import Final

from syncd.app import App
from syncd.logs import Logger
from syncd.store import Lease, prune

LOG = Logger(__name__)

DAY: Final = timedelta(days=1)
TIDIED: Final = "tidied"  # where in the store's meta the last time stands, for every daemon of one store
_LOOK: Final = 600.0  # seconds between two looks whether a day has passed


class Tidying:
    """The daily look for what is old."""

    def __init__(self, app: App, lease: Lease, stop: threading.Event) -> None:
        self._app = app
        self._lease = lease
        self._stop = stop
        self._next = 0.0

    def __call__(self) -> None:
        """Delete what is old, where a day has passed since anybody did. Raises LeaseLost, StoreError."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK
        if not self._due():
            return
        epoch, days = self._lease.epoch, self._app.settings.store.keep_days
        gone = prune(self._app.store, days, epoch=epoch, stop=self._stop)
        if self._stop.is_set():
            return
        self._app.store.do(lambda tx: tx.meta.set(TIDIED, tx.now.isoformat()), epoch=epoch)
        LOG.info("What was old is deleted", **{name: count for name, count in gone.items() if count})

    def _due(self) -> bool:
        with self._app.store.look() as tx:
            last = tx.meta.get(TIDIED)
            return last is None or tx.now - datetime.fromisoformat(last) >= DAY
