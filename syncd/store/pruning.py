"""Pruning: what is older than the settings keep goes, a little in each transaction, so that nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from syncd.store.store import Store
from syncd.store.subjects import Writing

BATCH: Final = 1_000


def prune(
    store: Store, days: int, *, epoch: int | None = None, stop: threading.Event | None = None
) -> dict[str, int]:
    """Delete what is older than so many days, until nothing is left or `stop` is set; return how much, by subject."""
    with store.look() as tx:
        before = tx.now - timedelta(days=days)
    gone = dict.fromkeys(store.do(lambda tx: list(tx.old.steps())), 0)
    for subject in gone:
        while not (stop and stop.is_set()):
            deleted = store.do(_step(subject, before), epoch=epoch)
            gone[subject] += deleted
            if deleted < BATCH:
                break
    return gone


def _step(subject: str, before: datetime) -> Callable[[Writing], int]:
    return lambda tx: tx.old.steps()[subject](before, BATCH)
