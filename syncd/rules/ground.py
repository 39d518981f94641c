"""What absorbing stands upon beside the record, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from syncd.values import Statement
from syncd.values.lean import lean


@lean(frozen=True, slots=True)
class Ground:
    """What absorbing needs to know beside the record.

    readable         fields that this connection's table reads
    stating          those of them whose changes are statements (not the ones that are only written)
    ignores_clear    tells of a slot whether a clear goes no further
    number           gives the next journal number
    now              when this observation is absorbed; its request ended before
    unchanged_since  when the last complete pass began in which the record would have shown a change
    busy             fields that an operation of unknown outcome carries: its read-back decides, not a pull
    repeating        fields that show a person's name where there is nothing else
    """

    connection: str
    region: str | None
    readable: frozenset[str]
    stating: frozenset[str]
    ignores_clear: Callable[[str], bool]
    number: Callable[[], int]
    now: datetime
    unchanged_since: datetime | None = None
    busy: frozenset[str] = frozenset()
    repeating: frozenset[str] = frozenset()


@dataclass(slots=True)
class Absorbed:
    """What absorbing one observation gave: its statements, the clears that go no further, and whether it counted."""

    statements: list[Statement]
    ignored: list[Statement]
    dropped: bool = False
    settled: bool = False  # a doubtful write was decided, so the plan has to look again

    @property
    def changed(self) -> bool:
        return bool(self.statements or self.ignored or self.settled)
