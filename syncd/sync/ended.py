"""Ended: updates that are over are written down together, a group of them at a time.

Whose update did all that was planned is not planned anew; everybody else is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from syncd.rules.fulfilled import is_fulfilled
from syncd.rules.target import Target
from syncd.store import Writing
from syncd.sync.parting import keep_nothing_of_others
from syncd.values import Customer, Operation, Record


@dataclass(frozen=True, slots=True)
class Update:
    """An update that is over, and its record.

    `moved` are the fields that show something new, None where more was learnt than that what was sent is there.
    """

    record: Record
    operation: Operation
    moved: Collection[str] | None = None

    @property
    def customers(self) -> set[str]:
        """Return whom it was planned for, and whose record it is by now."""
        planned, now = self.operation.draft.customer, self.record.customer
        return {planned, now} if now else {planned}


@dataclass(slots=True)
class Ended:
    """Updates that are over and not written down yet: those of a group are written together.

    Without a target nobody can tell what is still to be planned there.
    """

    tx: Writing
    target: Target | None = None
    regions: Mapping[str, str | None] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)

    def add(self, update: Update) -> None:
        """Add an update."""
        self.updates.append(update)

    def save(self) -> None:
        """Write down what was added, and have its customers planned anew where that may change anything."""
        if self.updates:
            self.tx.records.save([each.record for each in self.updates])
            self.tx.operations.save([each.operation for each in self.updates])
            sound = take_back_strange(self.tx, self.updates)
            held = self._held(sound)
            left = [each.customers for each in self.updates if not self._is_fulfilled(each, sound, held)]
            self.tx.customers.mark_due(set().union(*left))
        self.updates = []

    def _held(self, customers: Iterable[str]) -> dict[str, set[str]]:
        """Return, by customer, the fields of which a hold is stored at this connection."""
        fields: dict[str, set[str]] = {}
        for one in self.tx.holds.of(customers) if self.target else ():
            if self.target and one.connection == self.target.name:
                fields.setdefault(one.customer, set()).add(one.field)
        return fields

    def _is_fulfilled(
        self, update: Update, sound: Mapping[str, Customer], held: Mapping[str, Collection[str]]
    ) -> bool:
        customer = sound.get(update.operation.draft.customer)
        if customer is None or update.moved is None or self.target is None:
            return False
        draft = update.operation.draft
        fields = held.get(customer.id, ())
        return is_fulfilled(customer, update.record, draft, update.moved, fields, self.target, self.regions)


def take_back_strange(tx: Writing, ended: Iterable[Update]) -> dict[str, Customer]:
    """Take back what was written into records while a person said that it is somebody else's.

    The record is another customer's by now, or whoever said what was written has left its customer. Return the
    customers whose records were written as they were planned.
    """
    primary = [each for each in ended if each.record.customer and each.record.role == "primary"]
    customers = tx.customers.load({each.record.customer for each in primary if each.record.customer})
    strange: set[str] = set()
    for each in primary:
        record, draft = each.record, each.operation.draft
        golden = customers[record.customer or ""].golden
        if record.customer != draft.customer or draft.numbers.keys() - golden.keys():
            keep_nothing_of_others(tx, record)
            strange.update(each.customers)
    return {key: customer for key, customer in customers.items() if key not in strange}
