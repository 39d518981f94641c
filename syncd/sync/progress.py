"""How a run tells whoever watches how far it is, is asked to stop, and makes sure that the store is still its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """One step forward: at which stage, of which connection, how many of how many (None: not known)."""

    stage: str  # pull | reconcile | plan | push | look
    connection: str = ""
    done: int = 0
    total: int | None = None


def _nobody(_: Progress) -> None:
    """Tell nobody."""


def _nobody_waits() -> bool:
    """Give way to nobody."""
    return False


def _alone() -> None:
    """Ask nobody: where no lease was taken, nobody can take over."""


@dataclass(slots=True)
class Watch:
    """The run's wires to the outside: tell somebody of progress, notice that it should stop, and hold the store.

    `gives_way` tells whether other runs have waited long enough for this one to end where it can go on later. `hold`
    raises LeaseLost where another process has taken over; it is asked right before the bytes of each write go out.
    """

    tell: Callable[[Progress], None] = _nobody
    stop: threading.Event = field(default_factory=threading.Event)
    hold: Callable[[], None] = _alone
    gives_way: Callable[[], bool] = _nobody_waits

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()
