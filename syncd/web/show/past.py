"""A customer as it was: the golden values after a run, out of the journal, beside those of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.customer import FIELDS, base_of, slot_of
from syncd.store import JournalRow, Reading
from syncd.values import Customer, Golden
from syncd.web.show.words import field_word, rule_word


@dataclass(frozen=True, slots=True)
class ThenRow:
    """One field, then and now; `because` says which rule had decided, and in which run."""

    label: str
    then: str
    now: str
    because: str
    run: str

    @property
    def differs(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True, slots=True)
class Past:
    """What was golden after a run."""

    run: str
    at: datetime
    rows: tuple[ThenRow, ...]


def moment_of(tx: Reading, run: str, history: Sequence[JournalRow]) -> datetime | None:
    """Return when a run had ended; of one that is kept no longer, its last change of this customer; else None."""
    found = tx.runs.get(run)
    if found is not None:
        return found.ended_at or tx.now
    return max((row.at for row in history if row.run == run), default=None)


def golden_at(history: Sequence[JournalRow], at: datetime) -> dict[str, JournalRow]:
    """Return the change that had last decided each slot at a time."""
    return {row.slot: row for row in history if row.at <= at}


def values_at(history: Sequence[JournalRow], at: datetime) -> dict[str, str]:
    """Return the golden values at a time, without empty ones."""
    golden = {slot: Golden(row.after, row.number, row.rule) for slot, row in golden_at(history, at).items()}
    return Customer("", golden).values()


def _by_field(decided: Mapping[str, JournalRow]) -> dict[str, JournalRow]:
    """Return the change that decided last, an element's for its set."""
    return {base_of(slot): row for slot, row in sorted(decided.items(), key=lambda each: each[1].number)}


def past(tx: Reading, customer: Customer, run: str) -> Past | None:
    """Return what was golden after a run, None where that is not known."""
    history = tx.journal.of(customer.id)
    at = moment_of(tx, run, history)
    if at is None:
        return None
    then, now = values_at(history, at), customer.values()
    decided = _by_field(golden_at(history, at))
    names = [name for name in FIELDS if then.get(name) or now.get(name)]
    rows = (
        _row(name, then.get(name, ""), now.get(name, ""), decided.get(base_of(slot_of(name))))
        for name in names
    )
    return Past(run, at, tuple(rows))


def _row(name: str, then: str, now: str, decided: JournalRow | None) -> ThenRow:
    because = rule_word(decided.rule) if decided else "nobody had said anything"
    return ThenRow(field_word(name), then, now, because, decided.run if decided else "")
