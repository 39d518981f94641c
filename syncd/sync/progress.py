"""How a run tells whoever watches how far it is, and how it is asked to stop."""

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


@dataclass(slots=True)
class Watch:
    """The run's two wires to the outside: tell somebody of progress, and notice that it should stop."""

    tell: Callable[[Progress], None] = _nobody
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def stopping(self) -> bool:
        return self.stop.is_set()
