"""A crowd: customers and their records, loaded once in a transaction, changed in memory, and saved once.

Deciding and planning look at the same customers one after the other; what a record's document costs to read and to
write is most of what either costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from syncd.store import Reading, Writing
from syncd.values import Customer, Record


@dataclass(slots=True)
class Crowd:
    """Some customers by id, their records by customer, and what of both has changed.

    Of a record only its shadow may change, and what golden has considered of it. Where the customers are `new`, they
    and the links of their records are not stored yet, and all of it is written.
    """

    customers: dict[str, Customer]
    records: dict[str, list[Record]]
    changed_customers: dict[str, Customer] = field(default_factory=dict)
    changed_records: dict[tuple[str, str], Record] = field(default_factory=dict)
    new: bool = False

    @classmethod
    def load(cls, tx: Reading, ids: Iterable[str]) -> Crowd:
        """Return customers with all their records; of one that was merged, the survivor."""
        customers = {customer.id: customer for customer in tx.customers.load(ids).values()}
        return cls(customers, tx.records.of_customers(customers))

    def take_in(self, customer: Customer, records: list[Record]) -> None:
        """Take in a new customer with its records."""
        self.customers[customer.id] = self.changed_customers[customer.id] = customer
        self.records[customer.id] = sorted(records, key=lambda record: record.key)

    def moved(self, customer: Customer, records: Sequence[Record]) -> None:
        """Note that a customer and these records of it are to be written."""
        self.changed_customers[customer.id] = customer
        self.noted(records)

    def noted(self, records: Iterable[Record]) -> None:
        """Note that these records are to be written."""
        self.changed_records.update((record.key, record) for record in records)

    def save(self, tx: Writing) -> None:
        """Write what has changed."""
        if self.new:
            tx.customers.add(self.customers.values())
            tx.records.link(record for records in self.records.values() for record in records)
            return
        tx.customers.save(self.changed_customers.values())
        tx.records.save_shadows(self.changed_records.values())
