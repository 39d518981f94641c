"""A customer as it was: the golden values after a run, out of the journal, beside those of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from syncd.customer import FIELDS, base_of, slot_of
from syncd.store import JournalRow, Reading
from syncd.sync.past import by_field, golden_at, moment_of, values_at
from syncd.values import Customer
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


def past(tx: Reading, customer: Customer, run: str) -> Past | None:
    """Return what was golden after a run, None where that is not known."""
    history = tx.journal.of(customer.id)
    at = moment_of(tx, run, history)
    if at is None:
        return None
    then, now = values_at(history, at), customer.values()
    decided = by_field(golden_at(history, at))
    names = [name for name in FIELDS if then.get(name) or now.get(name)]
    rows = (
        _row(name, then.get(name, ""), now.get(name, ""), decided.get(base_of(slot_of(name))))
        for name in names
    )
    return Past(run, at, tuple(rows))


def _row(name: str, then: str, now: str, decided: JournalRow | None) -> ThenRow:
    because = rule_word(decided.rule) if decided else "nobody had said anything"
    return ThenRow(field_word(name), then, now, because, decided.run if decided else "")
