"""Waiting: a run that lasts gives way to others at its next page or group of writes, and goes on after them.

Runs are carried out one after the other, so that one vendor which takes half a minute for an answer would keep all
others from their intervals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from syncd.store import Run, Store, Writing
from syncd.sync.pull import GAVE_WAY

PATIENCE = 60.0  # seconds: so long a run may go on at least, and so long others wait for it
LOOKED_EVERY = 5.0  # seconds between two looks at who waits


class Waiting:
    """Who waits while one run is under way; asked by all threads of it."""

    def __init__(
        self, store: Store, patience: float = PATIENCE, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._patience, self._ticks = store, patience, ticks
        self._next = ticks() + patience
        self._somebody = False

    def __call__(self) -> bool:
        """Tell whether the run is to give way; once it is, it stays so."""
        if not self._somebody and self._ticks() >= self._next:
            self._next = self._ticks() + min(LOOKED_EVERY, self._patience)
            self._somebody = self._waits_long()
        return self._somebody

    def _waits_long(self) -> bool:
        with self._store.look() as tx:
            since = tx.now - timedelta(seconds=self._patience)
            return any(run.asked_at is not None and run.asked_at <= since for run in tx.runs.requested())


def go_on(tx: Writing, run: Run) -> bool:
    """Ask again for those of a run's connections whose listing gave way to others; tell whether there are any."""
    states = tx.connections.all()
    left = [
        name
        for name in run.connections or tuple(states)
        if name in states and (states[name].resume or {}).get(GAVE_WAY)
    ]
    if left:
        tx.runs.request(left, run.flags, run.asked_by)
    return bool(left)
