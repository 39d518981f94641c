"""A whole business in memory: its vendors, the people who work there, and the real syncd between them.

The store is real, on SQLite; the runs are those of the product. Only the vendors, the clock and the people are ours.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Literal

from syncd.customer import elements
from syncd.errors import AlreadyThere, LeaseLost, Missing, Rejected
from syncd.rules.golden import Policy
from syncd.rules.guard import Approve, Limit, Limits
from syncd.store import Lease, Store
from syncd.sync.run import Order, execute
from syncd.sync.scene import Safety, Scene, Source
from syncd.values import Direction, Report
from tests.laws.accounts import SETTLE, Account, Clock, Traits, Word
from tests.laws.simulated import Killed, SimulatedConnector
from tests.support.stores import ready

PLENTY = Limit(1_000_000, 100)
FRESH = timedelta(seconds=5)
LEASE_OVER = 30  # longer than a lease lasts, shorter than the time in which a sent request comes to its end


@dataclass(frozen=True, slots=True)
class Member:
    """One connection of a business: how its vendor behaves, and what the settings say of it."""

    name: str
    traits: Traits
    priority: int = 1
    push: frozenset[str] = frozenset({"create", "update"})
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name_order: Literal["given_first", "family_first"] = "given_first"
    on_delete: str = "unlink"
    external_id: str | None = None


@dataclass(slots=True)
class World:
    """Accounts, people and one syncd."""

    members: Sequence[Member]
    policies: Mapping[str, Policy] = field(default_factory=dict)
    approve: Approve = "never"
    blocked: tuple[str, ...] = ()
    most: Limit = PLENTY  # of each kind of operation
    clock: Clock = field(default_factory=Clock)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))
    accounts: dict[str, Account] = field(init=False)
    connectors: dict[str, SimulatedConnector] = field(init=False)
    scene: Scene = field(init=False)
    store: Store = field(init=False)
    log: list[str] = field(default_factory=list)
    by_hand: set[tuple[str, str]] = field(default_factory=set)  # records that a person put together or apart
    taken_back: set[tuple[str, str]] = field(
        default_factory=set
    )  # records of which a person took values back
    said: list[tuple[str, str]] = field(default_factory=list)  # (field, text) that an admin gave
    left: set[str] = field(default_factory=set)  # groups that somebody took a customer out of
    deleted: set[tuple[str, str]] = field(default_factory=set)  # records that people deleted
    restored: set[tuple[str, str]] = field(default_factory=set)  # of these, what a person had made again
    others: int = 0  # writes of runs that took over from another one
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    failures: int = 0  # what went wrong since everything was last quiet

    def __post_init__(self) -> None:
        """Make the accounts and a fresh store."""
        self.accounts = {one.name: Account(one.name, one.traits, self.clock) for one in self.members}
        self.connectors = {name: SimulatedConnector(account) for name, account in self.accounts.items()}
        sources = {one.name: self._source(one) for one in self.members}
        limits = Limits(self.most, self.most, self.most, self.most, self.most)
        safety = Safety(self.approve, limits, read_before_write=FRESH, settle=SETTLE)
        self.scene = Scene(
            sources, safety, self.clock, dict(self.policies), blocked=self.blocked, parallel=False
        )
        self.store = Store.open(ready(f"sqlite:///{self.folder}/syncd.db"), clock=self.clock)

    def _source(self, member: Member) -> Source:
        return Source(
            member.name,
            self.connectors[member.name],
            push=member.push,
            priority=member.priority,
            region="VN",
            name_order=member.name_order,
            only=member.only,
            on_delete=member.on_delete,
            external_id=member.external_id,
        )

    def remap(self, name: str, directions: Mapping[str, Direction]) -> None:
        """Edit the mapping of a connection, as with other settings at the next start."""
        connector = self.connectors[name]
        edited = {field: replace(connector.fields[field], direction=way) for field, way in directions.items()}
        connector.fields = {**connector.fields, **edited}
        sources = {**self.scene.sources, name: replace(self.scene.sources[name])}
        self.scene = replace(self.scene, sources=sources)

    def close(self) -> None:
        """Hang up and leave nothing behind."""
        self.store.close()
        shutil.rmtree(self.folder)

    # --- syncd -----------------------------------------------------------------------------------

    def sync(
        self, *names: str, dry_run: bool = False, full: bool = False, yes: bool = False
    ) -> Report | None:
        """Run one sync of some connections (none: of all); None where the process was killed in it."""
        self.log.append(f"{self._now()} sync {' '.join(names) or 'all'}{' (dry run)' if dry_run else ''}")
        report: Report | None = None
        lease, began = self._lease(), self.clock()
        run = self.store.do(lambda tx: tx.runs.request(names, {"dry_run": dry_run, "full": full}, "people"))
        self.store.do(lambda tx: tx.runs.start(run.id, lease.epoch), epoch=lease.epoch)
        order = Order(run.id, names, dry_run=dry_run, full=full, yes=yes)
        before = self.writes()
        try:
            report = execute(self.store, self.scene, order, epoch=lease.epoch)
        except Killed:
            self.log.append(f"{self._now()} killed")
        except LeaseLost:
            self.log.append(f"{self._now()} {run.id} was overtaken by another run")
        if report is None:
            for account in self.accounts.values():
                account.forget_looks(began)
            return None
        self._log_writes(before)
        self.store.do(lambda tx: tx.runs.finish(run.id, report.status, {}), epoch=lease.epoch)
        lease.release()
        return report

    def take_over(self) -> None:
        """Run a sync while another one is under way and has not renewed its lease in time."""
        self.clock.wait(LEASE_OVER)
        mine = self.writes() - self.others
        self.sync()
        self.others = self.writes() - mine  # also those of a run that took over from this one

    def _log_writes(self, before: int) -> None:
        entries = [entry for account in self.accounts.values() for entry in account.ledger]
        for entry in sorted(entries, key=lambda entry: entry.at)[before:]:
            self.log.append(
                f"         {entry.account}/{entry.vendor_id}: syncd {entry.kind} {dict(entry.fields)}"
            )

    def _lease(self) -> Lease:
        lease = self.store.acquire("people")
        while lease is None:
            self.clock.wait(5)
            lease = self.store.acquire("people")
        return lease

    def writes(self) -> int:
        """Return how many writes the vendors have processed so far."""
        return sum(len(account.ledger) for account in self.accounts.values())

    # --- people ----------------------------------------------------------------------------------

    def fresh(self, name: str) -> tuple[str, str]:
        """Return a value for a field that nobody has written yet, and the part of it by which to know it again."""
        number = next(self.numbers)
        token = f"{number:06d}" if name == "phone" else f"w{number:03d}"
        return _WRITTEN.get(name, "{} Ghi chú").format(token), token

    def create(self, account: str, values: Mapping[str, str], tokens: Mapping[str, str]) -> str | None:
        """Have a person enter a customer; None where the vendor refuses."""
        known = {name: text for name, text in values.items() if name in self.accounts[account].traits.fields}
        try:
            vendor_id = self.accounts[account].add(known)
        except (AlreadyThere, Rejected):
            return None
        self.accounts[account].note(vendor_id, known, tokens)
        self.log.append(f"{self._now()} {account}/{vendor_id}: created with {known}")
        return vendor_id

    def edit(self, account: str, vendor_id: str, name: str) -> str | None:
        """Have a person write something new into a field and return its token; None where the vendor refuses."""
        text, token = self.fresh(name)
        return token if self.write(account, vendor_id, name, text, token) else None

    def write(self, account: str, vendor_id: str, name: str, text: str, token: str = "") -> bool:
        """Have a person write a value into a field; False where the vendor refuses."""
        before = (self.accounts[account].row(vendor_id) or {}).get(name)
        self.left |= set(elements(before)) - set(elements(text)) if name == "groups" else set()
        try:
            self.accounts[account].change(vendor_id, {name: text})
        except (Rejected, Missing):
            return False
        self.accounts[account].note(vendor_id, [name], {name: token})
        self.log.append(f"{self._now()} {account}/{vendor_id}: {name} = {text!r}")
        return True

    def rename(self, account: str, vendor_id: str, email: str = "") -> None:
        """Have a person give somebody another e-mail, by default a new one, where that is the id."""
        email, token = (email, "") if email else self.fresh("email")
        self.accounts[account].rename(vendor_id, email)
        self.accounts[account].note(email, ["email"], {"email": token})
        self.log.append(f"{self._now()} {account}/{vendor_id}: renamed to {email}")

    def swap(self, account: str, name: str, one: str, other: str) -> None:
        """Have a person swap what two records say in a field; the vendor takes both at once."""
        rows = {vendor_id: self.accounts[account].row(vendor_id) or {} for vendor_id in (one, other)}
        for vendor_id, text in ((one, rows[other].get(name)), (other, rows[one].get(name))):
            self.accounts[account].put(vendor_id, {**rows[vendor_id], name: text})
            self.accounts[account].note(vendor_id, [name], {})
        self.log.append(f"{self._now()} {account}: {name} of {one} and {other} swapped")

    def delete(self, account: str, vendor_id: str) -> None:
        """Have a person delete a customer."""
        self.accounts[account].put(vendor_id, None)
        self.deleted.add((account, vendor_id))
        self.log.append(f"{self._now()} {account}/{vendor_id}: deleted")

    @property
    def words(self) -> list[Word]:
        """Return everything that people wrote."""
        return [word for account in self.accounts.values() for word in account.words]

    def _now(self) -> str:
        return f"{self.clock():%H:%M:%S}"


_WRITTEN = {
    "phone": "0912{}",
    "groups": "{} club",
    "email": "{}@example.com",
    "first_name": "{}",
    "last_name": "{} Nguyễn",
    "full_name": "{} Nguyễn",
}
