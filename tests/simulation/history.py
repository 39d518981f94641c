"""One simulated history: people edit while syncd syncs, vendors fail in every way they know, and syncd dies now and then.

Nothing in it depends on anything but the seed. At the end all faults stop, syncd is left to settle, and the promises
are checked against what people typed and what the vendors' ledgers say.

Many of them from the command line: `python -m tests.simulation.history --seed 0 --count 1000`.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from syncd.errors import SyncdError
from tests.crash.dying import Crash, DiesAt
from tests.simulation.people import PLACES, Crowd, Person, plain, standing
from tests.simulation.places import Place, Places, places
from tests.simulation.trial import LEASE_OVER, NAMES, SETTLE, Trial

ROUNDS = 10
IDLE = 3
IDLE_REQUESTS = 24  # listings and their details, of four vendors with a few dozen customers
# What the simulated CRM shows of its contacts' secrets, and no payload may keep.
CANARIES = ("canary-new-pass-key", "sandboxcanarysandboxcanary")

WRITES = "create|update|contact_create|contact_update"
READS = "list|get|search|find"


@dataclass(slots=True)
class Told:
    """What came of one history."""

    seed: int
    broken: list[str] = field(default_factory=list)
    ledger: str = ""
    crashes: int = 0
    exposed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    edits: int = 0


class History:
    """The people, the faults and the dice of one seed."""

    def __init__(self, place: Place, seed: int) -> None:
        self.trial = Trial(place, seed=seed)
        self.dice = random.Random(seed)
        self.crowd = Crowd(self.trial, self.dice)
        self.told = Told(seed)
        self.lied: set[str] = set()  # vendors that left people out of a listing and counted without them

    def run(self) -> Told:
        """Live through the history and check the promises."""
        for _ in range(self.dice.randrange(3, 6)):
            self.crowd.arrive()
        for _ in range(ROUNDS):
            self._round()
        self._recover()
        self._check()
        self.trial.end()
        self.told.edits = sum(self.crowd.edits.values())
        self.told.ledger = ledger_hash(self.trial)
        return self.told

    def _round(self) -> None:
        for _ in range(self.dice.choice((0, 1, 1, 2, 3))):
            self.crowd.act()
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            self._schedule_fault()
        went_well = self._sync()
        if went_well and self._is_calm():
            self.crowd.period += 1
        self.trial.clock.forward(self.dice.choice((20.0, 60.0, 150.0, 600.0, 4000.0)))

    def _is_calm(self) -> bool:
        """Tell whether everything that was typed has arrived everywhere, so that a later value is really later."""
        return self._knows_everybody() and all(
            self.crowd.value_at(person, name, vendor) == plain(words[-1].value)
            for person in self.crowd.people
            for vendor in self.crowd.at_now(person)
            for name, words in person.words.items()
            if vendor in PLACES[name]
        )

    def _knows_everybody(self) -> bool:
        """Tell whether syncd has read all that stand anywhere: what is typed before is all one first word."""
        assert self.trial.app is not None
        with self.trial.app.store.look() as tx:
            for vendor, simulated in self.trial.vendors.items():
                there = standing(simulated)
                if there.keys() - set(tx.records.load(NAMES[vendor], there)):
                    return False
        return True

    def _sync(self) -> bool:
        events = DiesAt(self.dice.randrange(1, 200) if self.dice.random() < 0.25 else 0)
        busy = _Busy(self, events, self.dice.randrange(5, 300) if self.dice.random() < 0.4 else 0)
        try:
            with self.trial.counted(busy):
                report = self.trial.sync(full=self.dice.random() < 0.1)
        except Crash:
            self.told.crashes += 1
            self.trial.restart()
            return False
        except SyncdError as error:
            self.told.broken.append(f"a sync failed as a whole: {error!r}")
            return False
        return report.status in ("ok", "attention") and not report.errors

    def _schedule_fault(self) -> None:
        vendor = self.trial.vendors[self.dice.choice(sorted(self.trial.vendors))]
        name = self.dice.choice(sorted(FAULTS))
        what, options = FAULTS[name]
        if name == "half a list, consistent":
            self.lied.add(vendor.name)
        vendor.faults.add(what, **{**options, "nth": self.dice.randrange(1, 4)})
        self.told.faults[name] += 1

    def _recover(self) -> None:
        """Let all faults stop and syncd settle, until it is quiet."""
        self.trial.restart()
        for vendor in self.trial.vendors.values():
            vendor.faults.clear()
            vendor.restore_tokens()
        self.trial.clock.forward(SETTLE + LEASE_OVER)
        try:
            self.trial.drain(pause=3700.0, full=True)
        except AssertionError as error:
            self.told.broken.append(f"I4 {error}")

    # --- the promises ----------------------------------------------------------------------------

    def _check(self) -> None:
        self._check_values()
        self._check_copies()
        self._check_idle()
        self._check_links()
        self._check_audit()
        self._check_secrets()

    def _check_values(self) -> None:
        """Nothing is lost, nothing is invented: everywhere stands what was typed last."""
        waiting = self._reviewed()
        for person in self.crowd.people:
            for vendor in sorted(self.trial.vendors):
                if not self.crowd.keys(person, vendor):
                    if not person.left:
                        self.told.broken.append(f"I1 {person.last} never came to {vendor}")
                elif person.left.get(vendor) and not person.returned:
                    self.told.broken.append(
                        f"I1 {person.last} was deleted at {vendor} and stands there again"
                    )
                elif person.last.lower() not in waiting and not person.returned:
                    self._check_person(person, vendor)

    def _check_person(self, person: Person, vendor: str) -> None:
        for name in PLACES:
            value = self.crowd.value_at(person, name, vendor)
            if value is None or value in person.acceptable(name) or self._is_held(vendor, name):
                continue
            typed = [word.value for word in person.words[name]]
            if value in map(plain, typed) and self._typed_in_a_window(person, name):
                self.told.exposed += 1
                continue
            kind = "I1" if value in map(plain, typed) else "I3"
            self.told.broken.append(f"{kind} {person.last} at {vendor}, {name}: {value}, typed {typed}")

    def _typed_in_a_window(self, person: Person, name: str) -> bool:
        """Tell whether a word was typed between our last look at a record and our write of that field.

        No vendor takes a write only if nothing has changed since; such edits are counted apart.
        """
        for vendor, path in PLACES[name].items():
            keys = self.crowd.keys(person, vendor)
            entries = [one for one in self.trial.vendors[vendor].ledger.entries if one.customer in keys]
            for typed, after in itertools.pairwise(entries):
                ours = after.by == "api" and after.accepted and "update" in after.kind
                both = all(f"{path[-1]!r}:" in repr(one.body) for one in (typed, after))
                if typed.by == "human" and ours and both:
                    return True
        return False

    def _is_held(self, vendor: str, name: str) -> bool:
        """Tell whether an admin is shown that something is not written there."""
        assert self.trial.app is not None
        field = {"given": ("first_name", "full_name", "name")}.get(name, (name,))
        with self.trial.app.store.look() as tx:
            return any(
                one.connection == NAMES[vendor] and one.field in field for one in tx.holds.list(limit=10_000)
            )

    def _reviewed(self) -> set[str]:
        """Return the surnames of customers of whom a person is asked something."""
        assert self.trial.app is not None
        with self.trial.app.store.look() as tx:
            asked = [review.customer for review in tx.reviews.list(limit=10_000) if review.customer]
            return {
                customer.values().get("full_name", "").rpartition(" ")[2].lower()
                for customer in tx.customers.load(asked).values()
            }

    def _check_copies(self) -> None:
        """Nobody is made twice; whom two names under one e-mail make two customers is for a person to say."""
        assert self.trial.app is not None
        with self.trial.app.store.look() as tx:
            asked = [review for review in tx.reviews.list(limit=10_000) if review.kind == "shared_email"]
        shared = {review.subject.removeprefix("email:") for review in asked}
        for person in self.crowd.people:
            for vendor in sorted(self.trial.vendors):
                copies = self.crowd.keys(person, vendor)
                made = self._made_by_syncd(vendor, copies)
                if len(copies) > 1 and made < 2 and vendor in self.lied:
                    continue  # it was hidden; what was made beside it is shown as a duplicate
                if len(copies) > 1 and not shared & {word.value for word in person.words["email"]}:
                    self.told.broken.append(f"I2 {person.last} stands {len(copies)} times at {vendor}")

    def _made_by_syncd(self, vendor: str, keys: list[str]) -> int:
        entries = self.trial.vendors[vendor].ledger.writes()
        return sum(entry.kind == "create" and entry.customer in keys for entry in entries)

    def _check_idle(self) -> None:
        """It is quiet, and being quiet costs a listing of each vendor and no more."""
        before = self.trial.writes()
        for _ in range(IDLE):
            self.trial.clock.forward(300.0)
            asked = self._requests()
            self.trial.sync()
            if self._requests() - asked > IDLE_REQUESTS:
                self.told.broken.append(f"I6 {self._requests() - asked} requests of an idle sync")
        if self.trial.writes() != before:
            self.told.broken.append(f"I4 {self.trial.writes() - before} writes while nobody did anything")

    def _requests(self) -> int:
        return sum(
            entry.by == "api" for vendor in self.trial.vendors.values() for entry in vendor.ledger.entries
        )

    def _check_links(self) -> None:
        """A customer is one person: no record of another is linked to it."""
        assert self.trial.app is not None
        with self.trial.app.store.look() as tx:
            for customer in tx.customers.list(limit=10_000):
                records = tx.records.of_customers([customer.id]).get(customer.id, [])
                names = {
                    (record.value("last_name") or record.value("full_name")).lower().rpartition(" ")[2]
                    for record in records
                } - {""}
                if len(names) > 1:
                    self.told.broken.append(f"I5 {customer.id} is {sorted(names)}")

    def _check_audit(self) -> None:
        """Whatever syncd made or changed at a vendor, it has a record and an operation of."""
        assert self.trial.app is not None
        with self.trial.app.store.look() as tx:
            operations = tx.operations.list(limit=100_000)
            for name, vendor in self.trial.vendors.items():
                written = {entry.customer for entry in vendor.ledger.writes() if entry.accepted}
                there = written & standing(vendor).keys()
                known = set(tx.records.load(NAMES[name], [each for each in there if each]))
                if unknown := there - known:
                    self.told.broken.append(f"I7 {name} has {sorted(map(str, unknown))}, which syncd wrote")
                if written and not any(one.draft.connection == NAMES[name] for one in operations):
                    self.told.broken.append(f"I7 {name} was written without an operation")

    def _check_secrets(self) -> None:
        """No password, key or token of configuration stands in the store."""
        self.trial.end()
        told = self.trial.place.bytes()
        for secret in (*self.trial.sandbox.secrets().values(), *CANARIES):
            if secret.encode() in told:
                self.told.broken.append(f"I8 the store holds {secret[:4]}…")


class _Busy:
    """People who go on working while syncd syncs: at one event somebody edits."""

    def __init__(self, history: History, events: DiesAt, edit_at: int) -> None:
        self._history, self._events, self._edit_at = history, events, edit_at
        self._count = 0

    def __call__(self, event: str) -> None:
        self._events(event)
        self._count += 1
        # at a vendor's screen, not in the middle of one of its answers
        if self._edit_at and self._count >= self._edit_at and event.endswith(".asked"):
            self._edit_at = 0
            self._history.crowd.act()


FAULTS: dict[str, tuple[str, dict[str, object]]] = {
    "lost before": ("drop_before", {"kind": WRITES}),
    "lost after": ("drop_after", {"kind": WRITES}),
    "server error": ("answer", {"status": 500, "body": {"error": "x"}, "count": 2}),
    "write failed": ("answer", {"status": 502, "body": {}, "kind": WRITES}),
    "too many": ("answer", {"status": 429, "body": {}, "headers": {"Retry-After": "2"}, "count": 2}),
    "cut off": ("truncate", {"at": 7, "count": 2}),
    "cut off write": ("truncate", {"at": 7, "kind": WRITES}),
    "late": ("late", {"seconds": 45.0, "kind": WRITES}),
    "search lag": ("search_lag", {"seconds": 60.0, "kind": "create", "count": 3}),
    "read lag": ("read_lag", {"seconds": 40.0, "kind": "update|contact_update", "count": 2}),
    "tokens revoked": ("revoke", {}),
    "half a list": ("half_list", {"kind": "list"}),
    "an empty list": ("empty_list", {"kind": "list"}),
    "half a list, consistent": ("half_list", {"kind": "list", "consistent": True}),
    "shifted page": ("shift_page", {"kind": "list", "at": 1}),
    "html": ("html", {"count": 2}),
    "slow": ("latency", {"seconds": 20.0, "count": 3}),
}


def ledger_hash(trial: Trial) -> str:
    """Return what tells two histories apart: everything that any vendor was asked, and when."""
    told = hashlib.blake2b(digest_size=16)
    for name, vendor in sorted(trial.vendors.items()):
        for entry in vendor.ledger:
            parts = (
                name,
                entry.at.isoformat(),
                entry.by,
                entry.kind,
                entry.path,
                entry.status,
                entry.customer,
            )
            told.update(repr((*parts, entry.body if entry.kind != "token" else None)).encode())
    return told.hexdigest()


# --- from the command line -----------------------------------------------------------------------


def live(made: Places, seeds: Iterable[int], seconds: float) -> list[Told]:
    """Live through the histories of these seeds, for so many seconds at most; print what went wrong."""
    began, told = time.monotonic(), []
    for seed in seeds:
        if time.monotonic() - began > seconds:
            break
        told.append(History(made.new(), seed).run())
        if told[-1].broken:
            print(seed, *told[-1].broken, sep="\n  ", flush=True)
    faults = sum((one.faults for one in told), Counter())
    print(
        f"{len(told)} seeds on {made.name}: {sum(one.edits for one in told)} edits, {sum(faults.values())} faults of "
        f"{len(faults)} kinds, {sum(one.crashes for one in told)} crashes, "
        f"{sum(one.exposed for one in told)} fields typed in a write's own window; {sum(bool(one.broken) for one in told)} "
        f"broke a promise, {time.monotonic() - began:.0f} s"
    )
    return told


def main() -> int:
    """Live through as many seeds as the command line asks for; fail where one breaks a promise."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--seed", type=int, default=0, help="the first one")
    asked.add_argument("--count", type=int, default=100)
    asked.add_argument("--seconds", type=float, default=1e9, help="stop after this time")
    asked.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    options = asked.parse_args()
    with places(options.db) as made:
        told = live(made, range(options.seed, options.seed + options.count), options.seconds)
    return 1 if any(one.broken for one in told) else 0


if __name__ == "__main__":
    sys.exit(main())
