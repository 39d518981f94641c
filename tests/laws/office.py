"""Admins at work: they pin, merge, split, move, answer reviews and take runs back, now and then and at random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from syncd.errors import UsageError
from syncd.store import Writing
from syncd.sync import people, pins, undo
from syncd.sync.resolve import resolve
from syncd.values import Customer, Record
from tests.laws.world import World

WHO = "an admin"
OF_PEOPLE = ("possible_same", "same_email", "shared_email", "shared_phone", "duplicate", "promotion")
PINNED = ("phone", "notes", "company")


class Office:
    """One admin, who decides by chance and writes down what was done."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world, self.rng = world, rng

    def acts(self) -> list[tuple[Callable[[], None], int]]:
        """Return what an admin may do and how often."""
        merging = [(self.merge, 1), (self.split, 1), (self.move, 1)]
        return [(self.pin, 1), (self.unpin, 1), (self.answer, 3), (self.undo, 1), *merging]

    # --- fields ----------------------------------------------------------------------------------

    def pin(self) -> None:
        """Pin a field to a value that nobody wrote before."""
        customer = self._someone()
        if customer is not None:
            name = self.rng.choice(PINNED)
            text, _ = self.world.fresh(name)
            self.world.said.append((name, text))
            self._do(
                f"pin {name} of {customer.id} to {text!r}",
                lambda tx: pins.pin(tx, self.world.scene, customer.id, name, text, WHO),
            )

    def unpin(self) -> None:
        """Let a pin go."""
        pinned = [one for one in self._customers() if one.pins]
        if pinned:
            customer = self.rng.choice(pinned)
            name = next(iter(next(iter(customer.pins.values()))))
            self._do(
                f"unpin {name} of {customer.id}",
                lambda tx: pins.pin(tx, self.world.scene, customer.id, name, None, WHO),
            )

    def undo(self) -> None:
        """Take back what one of the last runs made golden."""
        with self.world.store.look() as tx:
            runs = [run.id for run in tx.runs.list(limit=5)]
        if runs:
            run = self.rng.choice(runs)
            with self.world.store.look() as tx:
                changed = tx.customers.load({row.customer for row in tx.journal.of_run(run)})
            self._take_back(*changed.values())
            self._do(f"undo {run}", lambda tx: undo.undo_run(tx, run, WHO))

    # --- who is who ------------------------------------------------------------------------------

    def merge(self) -> None:
        """Say that two customers are one."""
        there = self._customers()
        if len(there) > 1:
            one, other = self.rng.sample(there, 2)
            self._touch(one, other)
            self._do(
                f"merge {other.id} into {one.id}",
                lambda tx: people.merge(tx, self.world.scene, one.id, other.id, WHO),
            )

    def split(self) -> None:
        """Say that some of a customer's records are somebody else."""
        customer = self._someone()
        if customer is not None:
            records = self._records(customer)
            leaving = [one.key for one in self.rng.sample(records, self.rng.randint(0, len(records)))]
            self._touch(customer)
            self._take_back(customer)
            self._do(
                f"split {leaving} off {customer.id}",
                lambda tx: people.split(tx, customer.id, leaving, WHO),
            )

    def move(self) -> None:
        """Say that a record is another customer's."""
        there = self._customers()
        if len(there) > 1:
            one, other = self.rng.sample(there, 2)
            records = self._records(one)
            if records:
                key = self.rng.choice(records).key
                self._touch(one, other)
                self._take_back(one, other)
                self._do(
                    f"move {key} to {other.id}",
                    lambda tx: people.move_record(tx, *key, other.id, WHO),
                )

    def answer(self) -> None:
        """Answer an open review with any of its choices."""
        with self.world.store.look() as tx:
            asked = tx.reviews.list(limit=1_000)
        if asked:
            review = self.rng.choice(asked)
            choice = self.rng.choice(review.choices)
            if choice == "restore":
                connection, _, vendor_id = review.subject.partition("/")
                self.world.restored.add((connection, vendor_id))
            if review.kind in OF_PEOPLE:
                self._touch(*self._customers())
            self._do(
                f"answer {review.kind} of {review.subject}: {choice}",
                lambda tx: resolve(tx, self.world.scene, review.id or 0, choice, WHO),
            )

    # --- looking ---------------------------------------------------------------------------------

    def _do(self, told: str, unit: Callable[[Writing], object]) -> None:
        try:
            self.world.store.do(unit)
            self.world.log.append(f"{self.world.clock():%H:%M:%S} admin: {told}")
        except UsageError as error:
            self.world.log.append(f"{self.world.clock():%H:%M:%S} admin: {told}, refused: {error.what}")

    def _touch(self, *customers: Customer) -> None:
        """Note whose records a person has put together or apart."""
        for customer in customers:
            self.world.by_hand |= {record.key for record in self._records(customer)}

    def _take_back(self, *customers: Customer) -> None:
        """Note where a person's word may empty what syncd filled in."""
        for customer in customers:
            self.world.taken_back |= {record.key for record in self._records(customer)}

    def _customers(self) -> list[Customer]:
        with self.world.store.look() as tx:
            return list(tx.customers.list(limit=10_000))

    def _someone(self) -> Customer | None:
        there = self._customers()
        return self.rng.choice(there) if there else None

    def _records(self, customer: Customer) -> list[Record]:
        with self.world.store.look() as tx:
            return list(tx.records.of_customers([customer.id]).get(customer.id, []))
