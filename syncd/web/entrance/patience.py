"""Guessing costs time: failures of an account and of an address make the next try wait, longer each time.

They are kept in the store, so that a restart forgives nobody and all daemons of one store count together; of what was
tried only a hash, because people type passwords into the wrong box. The longest wait is a quarter of an hour, and
`syncd password` ends it: nobody can lock an admin out who reaches the machine.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta

from syncd.store import Reading, Store, Writing

FREE_TRIES = 5
LONGEST = timedelta(minutes=15)
REMEMBERED = timedelta(days=1)


class Patience:
    """The failures of every account and address."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # On PostgreSQL two transactions may count at once; tries of one process take turns.
        self._turn = threading.Lock()

    def enter(self, names: tuple[str, ...]) -> timedelta:
        """Return how long a try has to wait; where it need not, count it as failed until `forget` says otherwise."""
        subjects = [subject_of(name) for name in names]

        def count(tx: Writing) -> timedelta:
            wait = max((_wait(tx, subject) for subject in subjects), default=timedelta())
            if not wait:
                tx.accounts.forget(tx.now - REMEMBERED)
                for subject in subjects:
                    tx.accounts.add_failure(subject)
            return wait

        with self._turn:
            return self._store.do(count)

    def forget(self, names: tuple[str, ...]) -> None:
        """Forget the failures of names that turned out to be right."""
        self._store.do(lambda tx: forgive(tx, names))


def forgive(tx: Writing, names: tuple[str, ...]) -> None:
    """Forget the failures of names, in a transaction of the caller's."""
    for name in names:
        tx.accounts.forgive(subject_of(name))


def account(name: str) -> str:
    """Return what the failures of an account are counted under."""
    return f"user {name.casefold()}"


def subject_of(name: str) -> str:
    """Return what is kept of a name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _wait(tx: Reading, subject: str) -> timedelta:
    count, last = tx.accounts.failures(subject, tx.now - REMEMBERED)
    return max(pause(count) - (tx.now - last), timedelta()) if last else timedelta()


def pause(count: int) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    beyond = count - FREE_TRIES
    return min(timedelta(seconds=2.0 ** min(beyond, 20)), LONGEST) if beyond >= 0 else timedelta()
