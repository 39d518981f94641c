"""What may be tried again at once, and after how long.

Reads are tried again a few times. Of a write only what was certainly not processed is; and a wait that a vendor asks
for is sat out only where it is short: a longer one goes back to whoever plans the work.
"""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryCallState, wait_random_exponential

from syncd.errors import Busy, Throttled, Unanswered, Unreachable
from syncd.vendors.budget import Kind

SHORT_WAIT = 5.0  # seconds
_BACKOFF = wait_random_exponential(multiplier=0.5, max=4)


def worth_another_try(kind: Kind) -> Callable[[BaseException], bool]:
    """Return what may be tried again here: of a write only what was certainly not processed."""
    again = (Busy, Throttled) if kind == "write" else (Busy, Throttled, Unreachable, Unanswered)

    def worth(error: BaseException) -> bool:
        long = isinstance(error, Throttled) and error.wait is not None and error.wait > SHORT_WAIT
        return isinstance(error, again) and not long

    return worth


def pause(state: RetryCallState) -> float:
    """Return how long to wait before the next try: as the vendor asks, else at random up to a growing limit."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Throttled) and error.wait is not None:
        return error.wait
    return _BACKOFF(state)
