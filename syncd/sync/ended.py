"""Ended: updates that are over are written down together, a group of them at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.store import Writing
from syncd.sync.parting import keep_nothing_of_others
from syncd.values import Operation, Record


@dataclass(slots=True)
class Ended:
    """Updates that are over and not written down yet: those of a group are written together."""

    tx: Writing
    records: list[Record] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def add(self, record: Record, operation: Operation) -> None:
        """Add an update and its record."""
        self.records.append(record)
        self.operations.append(operation)

    def save(self) -> None:
        """Write down what was added, and have its customers planned anew."""
        if self.operations:
            self.tx.records.save(self.records)
            self.tx.operations.save(self.operations)
            take_back_strange(self.tx, list(zip(self.records, self.operations, strict=True)))
            planned = {operation.draft.customer for operation in self.operations}
            self.tx.customers.mark_due(
                planned | {record.customer for record in self.records if record.customer}
            )
        self.records, self.operations = [], []


def take_back_strange(tx: Writing, ended: Sequence[tuple[Record, Operation]]) -> None:
    """Take back what was written into records while a person said that it is somebody else's.

    The record is another customer's by now, or whoever said what was written has left its customer.
    """
    primary = [(record, op) for record, op in ended if record.customer and record.role == "primary"]
    customers = tx.customers.load({record.customer for record, _ in primary if record.customer})
    for record, operation in primary:
        golden = customers[record.customer or ""].golden
        if record.customer != operation.draft.customer or operation.draft.numbers.keys() - golden.keys():
            keep_nothing_of_others(tx, record)
