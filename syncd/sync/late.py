"""Late: what waited too long for its turn was not sent, and goes again in the same run, under a new intent.

There are two ways back, since the store must never say less than was done. An operation's first step is put back and
claimed anew: by then its record must be read again, and nothing was sent. A later step goes on at once, still *sent*:
put back, the operation might be planned anew, and what its earlier steps did be done twice or taken for a person's edit.

Where again and again nothing at all could be sent, this machine is too slow for now: the rest is left to the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.errors import Overdue
from syncd.sync.tasks import Task

TRIES = 5  # in a row, with nothing sent in any of them
TOO_SLOW = (
    "Nothing could be sent in time: every write had waited too long for its turn, again and again. "
    "It goes on with the next run; see what keeps this machine busy, and what the request budget is spent on."
)


@dataclass(slots=True)
class Lateness:
    """How often in a row everything that was to be sent to one connection had waited too long for its turn."""

    in_a_row: int = 0

    @property
    def is_hopeless(self) -> bool:
        return self.in_a_row >= TRIES

    def note(self, tasks: Sequence[Task]) -> None:
        """Count a try of which nothing was sent; whatever was sent begins the count anew."""
        if tasks:
            self.in_a_row = self.in_a_row + 1 if all(map(_is_late, tasks)) else 0

    def let_go_on(self, tasks: Sequence[Task]) -> None:
        """Have later steps that were too late go out with a new intent, unless that has no prospect."""
        for task in tasks:
            if _is_late(task) and task.operation.step and not self.is_hopeless:
                task.problem = None


def _is_late(task: Task) -> bool:
    return isinstance(task.problem, Overdue)
