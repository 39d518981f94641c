"""What was golden after a run, read back out of the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from syncd.customer import base_of
from syncd.store import JournalRow, Reading
from syncd.values import Customer, Golden


def moment_of(tx: Reading, run: str, history: Sequence[JournalRow]) -> datetime | None:
    """Return when a run had ended; of one that is kept no longer, its last change of this customer; else None."""
    found = tx.runs.get(run)
    if found is not None:
        return found.ended_at or tx.now
    return max((row.at for row in history if row.run == run), default=None)


def golden_at(history: Sequence[JournalRow], at: datetime) -> dict[str, JournalRow]:
    """Return the change that had last decided each slot at a time."""
    return {row.slot: row for row in history if row.at <= at}


def by_field(decided: Mapping[str, JournalRow]) -> dict[str, JournalRow]:
    """Return the change that decided last, an element's for its set."""
    return {base_of(slot): row for slot, row in sorted(decided.items(), key=lambda each: each[1].number)}


def values_at(history: Sequence[JournalRow], at: datetime) -> dict[str, str]:
    """Return the golden values at a time, without empty ones."""
    golden = {slot: Golden(row.after, row.number, row.rule) for slot, row in golden_at(history, at).items()}
    return Customer("", golden).values()
