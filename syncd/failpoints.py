"""Failpoints: named moments between two effects at which a test lets the process die, a commit go unanswered, and so on.

Whoever promises that a crash loses nothing has to crash everywhere. A failpoint costs one comparison while nobody has
armed it, and nothing outside the process can arm it. The names are listed here, so that a test can tell whether each
of them was ever reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

POINTS: Final[Mapping[str, str]] = {
    "store.begin": "a unit is about to begin its transaction",
    "store.commit": "a unit is done and not yet committed",
    "store.committed": "a unit is committed, and nobody has heard of it",
    "lease.renew": "the lease is about to be renewed",
    "pull.page_read": "a page was received and is not stored",
    "pull.page_stored": "a page and its resume point are stored",
    "pull.passed": "the last page is stored and the cursor has not moved",
    "pull.closed": "the cursor has moved",
    "absence.suspected": "absent records are marked and not yet proved",
    "absence.proved": "the vendor was asked for the suspects and nothing of it is stored",
    "reconcile.identified": "records are identified and not linked",
    "reconcile.linked": "a batch of records is linked",
    "reconcile.decided": "a batch of customers has its golden values",
    "plan.stored": "a batch of operations is stored",
    "guard.judged": "the guard has let operations go or wait",
    "push.claimed": "operations are claimed",
    "push.read": "records were read again before they are written",
    "push.intent": "what the reading showed is stored, intents are committed, and nothing is sent",
    "push.answered": "one request was answered and nothing of it is stored",
    "push.looked": "one record was read back and nothing of it is stored",
    "push.done": "the outcomes of a group are committed",
    "settle.recovered": "what a dead process left is taken up",
    "settle.looked": "an unknown outcome was looked at and is not decided",
    "settle.decided": "an unknown outcome is decided",
    "look.found": "a customer was searched for before a create and nothing of it is stored",
    "look.stored": "what the search before a create showed is stored",
}

Reached = Callable[[str], None]
_reached: Reached | None = None


def failpoint(name: str) -> None:
    """Tell whoever armed the failpoints that this one is reached; they may raise, or end the process."""
    if _reached is not None:
        _reached(name)


@contextmanager
def armed(reached: Reached) -> Iterator[None]:
    """Call `reached` with the name of every failpoint until the end of the block."""
    global _reached  # noqa: PLW0603 – one process is armed as a whole, because it dies as a whole
    _reached, before = reached, _reached
    try:
        yield
    finally:
        _reached = before
