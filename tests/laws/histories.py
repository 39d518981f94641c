"""Random histories of a business, each told by one number: `python -m tests.laws.histories --count 500 --seed 7`.

A history is a few hours in which people enter, edit, clear and delete customers in several places while syncd runs,
fails and is killed; then everything comes to rest and the promises are judged.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import get_args

from syncd.customer import elements
from syncd.rules.golden import EVERYBODY, Policy
from syncd.rules.guard import Approve, Limit
from tests.laws.accounts import Traits
from tests.laws.mixes import ANY, MIXES, mixed
from tests.laws.office import Office
from tests.laws.oracle import settle, violations
from tests.laws.simulated import Fault, FaultKind
from tests.laws.world import Member, World
from tests.support.memory import stay_in_memory

CRM = (
    "email",
    "first_name",
    "last_name",
    "phone",
    "notes",
    "company",
    "city",
    "street1",
    "country",
    "groups",
)
SHOP = ("email", "full_name", "phone", "notes", "city", "street1", "groups")
LOYALTY = ("email", "first_name", "last_name", "phone")
BOOKING = ("email", "first_name", "last_name", "phone", "notes", "country", "groups")

PEOPLE = (
    {"email": "an@example.com", "first_name": "An", "last_name": "Nguyễn", "full_name": "Nguyễn An"},
    {"email": "jan@example.com", "first_name": "Jan", "last_name": "de Smet", "full_name": "Jan de Smet"},
    {"email": "zoe@example.com", "first_name": "Zoë", "last_name": "Müller", "full_name": "Zoë Müller"},
    {"first_name": "Đức", "last_name": "Trần", "full_name": "Trần Đức"},
)
ON_DELETE = ("unlink", "unlink", "archive", "delete", "restore")
GROUPS = ("VIP", "Gold", "Trade")
EDITED = ("phone", "notes", "company", "city", "last_name", "full_name", "email")

MANGLES = (
    ("notes", ("keeps", "upper", "cuts", "trims", "null")),
    ("last_name", ("keeps", "upper", "title")),
    ("full_name", ("keeps", "title", "upper")),
    ("phone", ("keeps", "digits")),
    ("city", ("keeps", "plain")),
)


def business(rng: Random) -> list[Member]:
    """Draw two to four connections and how their vendors behave."""
    tables = [("crm", CRM), ("shop", SHOP), ("loyalty", LOYALTY), ("booking", BOOKING)]
    chosen = tables[:2] + rng.sample(tables[2:], rng.randint(0, 2))
    return [
        Member(name, traits(rng, name, fields), priority=place, on_delete=rng.choice(ON_DELETE))
        for place, (name, fields) in enumerate(chosen, 1)
    ]


def traits(rng: Random, name: str, fields: tuple[str, ...]) -> Traits:
    """Draw how one vendor behaves."""
    keyed = name == "loyalty" and rng.random() < 0.6
    return Traits(
        fields,
        {field: rng.choice(manglers) for field, manglers in MANGLES if field in fields},
        replaces=rng.random() < 0.3,
        answers=rng.random() < 0.5,
        unique_email=not keyed and rng.random() < 0.3,
        keyed=keyed,
        incremental=rng.random() < 0.3,
        lag=rng.choice((0, 0, 20)),
        slow_get=rng.random() < 0.2,
        finds=frozenset({"email"}) if rng.random() < 0.8 else frozenset(),
        forgets=frozenset({"notes"}) if rng.random() < 0.1 else frozenset(),
        removes=rng.random() < 0.7,
        groups=frozenset(GROUPS) if rng.random() < 0.3 else None,
    )


def policies(rng: Random, members: Sequence[Member]) -> dict[str, Policy]:
    """Draw the policies of a few slots; groups are everybody's, one connection's, or nobody's."""
    choices = (Policy(), Policy(conflict="priority"), Policy(on_clear="propagate"), Policy(conflict="review"))
    owner = rng.choice((EVERYBODY, EVERYBODY, members[0].name, None))
    groups = replace(rng.choice(choices), owner=owner)
    return {"groups": groups, **{slot: rng.choice(choices) for slot in ("notes", "phone", "company")}}


FEW = Limit(4, 0)  # of each kind of operation, where a business has limits at all


class History:
    """What happens to one business, drawn step by step from one source of chance."""

    def __init__(self, rng: Random, *, smooth: bool = False, mix: str = ANY) -> None:
        self.rng = rng
        self.smooth, self.mix = smooth, mix
        members = business(self.rng) if mix == ANY else mixed(self.rng, mix)
        approve: Approve = "over_limits" if not smooth and self.rng.random() < 0.2 else "never"
        self.world = World(members, policies(self.rng, members), approve=approve, most=FEW)
        self.office = Office(self.world, self.rng)

    def close(self) -> None:
        """Leave nothing behind."""
        self.world.close()

    def live(self) -> list[tuple[str, str]]:
        """Return every record that stands anywhere."""
        return [
            (name, vendor_id) for name, account in self.world.accounts.items() for vendor_id in account.live()
        ]

    # --- what can happen -------------------------------------------------------------------------

    def enter(self) -> None:
        """A person enters a customer, often one that another place has too."""
        name = self.rng.choice(list(self.world.accounts))
        person: dict[str, str] = dict(self.rng.choice(PEOPLE))
        if self.world.accounts[name].traits.keyed and "email" not in person:
            return
        tokens: dict[str, str] = {}
        for field in self.rng.sample(("phone", "notes", "city"), self.rng.randint(0, 2)):
            person[field], tokens[field] = self.world.fresh(field)
        if not self._is_there(name, person):
            self.world.create(name, person, tokens)

    def _is_there(self, name: str, person: dict[str, str]) -> bool:
        """Tell whether people would find this customer in their own list."""
        rows = self.world.accounts[name].live().values()
        return any(
            row.get("email") == person.get("email", "") and (row.get("first_name") or row.get("full_name"))
            for row in rows
        )

    def edit(self) -> None:
        """A person writes something new into a field."""
        if self.live():
            name, vendor_id = self.rng.choice(self.live())
            can = [field for field in EDITED if field in self.world.accounts[name].traits.fields]
            if self.world.accounts[name].traits.keyed:
                can.remove("email")
            self.world.edit(name, vendor_id, self.rng.choice(can))

    def clear(self) -> None:
        """A person empties a field."""
        if self.live():
            name, vendor_id = self.rng.choice(self.live())
            row = self.world.accounts[name].row(vendor_id) or {}
            full = [field for field in ("phone", "notes", "company", "city") if row.get(field)]
            if full:
                self.world.write(name, vendor_id, self.rng.choice(full), "")

    def regroup(self) -> None:
        """A person puts a customer into a group, or takes it out of one."""
        there = [
            (name, one) for name, one in self.live() if "groups" in self.world.accounts[name].traits.fields
        ]
        if there:
            name, vendor_id = self.rng.choice(there)
            words = set(elements((self.world.accounts[name].row(vendor_id) or {}).get("groups")))
            made, token = self.world.fresh("groups")
            word = self.rng.choice((*GROUPS, *sorted(words), made))
            text = "|".join(sorted(words ^ {word}))
            self.world.write(name, vendor_id, "groups", text, token if word == made else "")

    def delete(self) -> None:
        """A person deletes a customer."""
        if self.live():
            self.world.delete(*self.rng.choice(self.live()))

    def rename(self) -> None:
        """A person gives somebody another e-mail at a vendor where that is the id."""
        keyed = [(name, one) for name, one in self.live() if self.world.accounts[name].traits.keyed]
        if keyed:
            self.world.rename(*self.rng.choice(keyed))

    def swap(self) -> None:
        """A person swaps the e-mails of two customers that were mixed up."""
        name = self.rng.choice(list(self.world.accounts))
        account = self.world.accounts[name]
        rows = {vendor_id: row["email"] for vendor_id, row in account.live().items() if row.get("email")}
        if len(rows) > 1 and not account.traits.keyed and not account.traits.unique_email:
            one, other = self.rng.sample(sorted(rows), 2)
            self.world.swap(name, "email", one, other)

    def import_all(self) -> None:
        """A person imports a file that changes a field of everybody in one place."""
        name = self.rng.choice(list(self.world.accounts))
        field = self.rng.choice(("phone", "notes"))
        if field in self.world.accounts[name].traits.fields:
            for vendor_id in self.world.accounts[name].live():
                self.world.edit(name, vendor_id, field)

    def sync(self) -> None:
        """A run of everything."""
        self.world.sync()

    def sync_one(self) -> None:
        """A run of one connection."""
        self.world.sync(self.rng.choice(list(self.world.accounts)))

    def rehearse(self) -> None:
        """A dry run, which writes nothing."""
        before = self.world.writes() - self.world.others
        self.world.sync(dry_run=True)
        assert self.world.writes() - self.world.others == before, "a dry run wrote to a vendor"

    def wait(self) -> None:
        """Time passes."""
        self.world.clock.wait(self.rng.choice((1, 30, 300, 4000)))

    def break_something(self) -> None:
        """A vendor fails, or syncd is killed, at one of its next writes."""
        connector = self.world.connectors[self.rng.choice(list(self.world.connectors))]
        kinds: tuple[FaultKind, ...] = get_args(FaultKind)
        connector.faults.append(Fault(self.rng.choice(kinds), self.rng.randint(0, 2)))

    def go_down(self) -> None:
        """A vendor does not answer, or answers again."""
        connector = self.world.connectors[self.rng.choice(list(self.world.connectors))]
        connector.down = not connector.down

    def interfere(self) -> None:
        """A person edits in the middle of the next run."""
        connector = self.world.connectors[self.rng.choice(list(self.world.connectors))]
        connector.interrupt, connector.interrupt_at = self.edit, self.rng.randint(0, 12)

    def overtake(self) -> None:
        """Another run takes over in the middle of the next one, which was taken for dead."""
        connector = self.world.connectors[self.rng.choice(list(self.world.connectors))]
        connector.interrupt, connector.interrupt_at = self.world.take_over, self.rng.randint(0, 12)

    # --- the whole -------------------------------------------------------------------------------

    def steps(self) -> list[tuple[Callable[[], None], int]]:
        """Return what may happen and how often."""
        calm = [(self.enter, 4), (self.edit, 8), (self.clear, 1), (self.sync, 4), (self.wait, 4)]
        calm += [(self.regroup, 3)]
        rough = [(self.sync_one, 2), (self.rehearse, 1), (self.delete, 1), (self.break_something, 2)]
        worse = [(self.interfere, 2), (self.go_down, 1), (self.overtake, 1)]
        odd = [(self.rename, 1), (self.swap, 1), (self.import_all, 1)]
        return calm if self.smooth else calm + rough + worse + odd + self.office.acts()

    def happen(self, length: int) -> list[str]:
        """Let so many things happen and everything come to rest; return every broken promise."""
        acts, weights = zip(*self.steps(), strict=True)
        for act in self.rng.choices(acts, weights, k=length):
            act()
        return self.rest()

    def rest(self) -> list[str]:
        """Let everything come to rest; return every broken promise."""
        found = list(settle(self.world, smooth=self.smooth))
        return found + violations(self.world)

    def story(self) -> list[str]:
        """Return how the vendors behave and what happened."""
        members = [f"{member.name}: {member.traits}" for member in self.world.members]
        return [*members, f"policies: {dict(self.world.policies)}", *self.world.log]


def judge(
    seed: int, *, length: int = 25, smooth: bool = False, mix: str = ANY
) -> tuple[list[str], list[str]]:
    """Play one history; return the broken promises and what happened."""
    history = History(Random(seed), smooth=smooth, mix=mix)
    try:
        return history.happen(length), history.story()
    except AssertionError as broken:  # what is judged in the middle of a history
        return [str(broken)], history.story()
    finally:
        history.close()


def shortest(seed: int, length: int, *, smooth: bool, mix: str = ANY) -> int:
    """Return the shortest beginning of a history that breaks a promise."""
    return next(n for n in range(1, length + 1) if judge(seed, length=n, smooth=smooth, mix=mix)[0])


def sweep(
    seeds: Iterable[int], *, length: int = 25, smooth: bool = False, mix: str = ANY
) -> dict[int, list[str]]:
    """Play many histories; return the broken promises of those that have any."""
    outcomes = {seed: judge(seed, length=length, smooth=smooth, mix=mix)[0] for seed in seeds}
    return {seed: found for seed, found in outcomes.items() if found}


def main() -> int:
    """Play histories from the command line and tell of each that breaks a promise."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=100)
    asked.add_argument("--length", type=int, default=25)
    asked.add_argument("--smooth", action="store_true", help="nothing fails and nobody interferes")
    asked.add_argument("--story", action="store_true", help="tell the shortest bad beginning of each")
    asked.add_argument("--mix", choices=(ANY, *MIXES), default=ANY, help="the vendors of the business")
    options = asked.parse_args()
    stay_in_memory()
    broken = 0
    for seed in range(options.seed, options.seed + options.count):
        found, _ = judge(seed, length=options.length, smooth=options.smooth, mix=options.mix)
        if not found:
            continue
        broken += 1
        print(seed, *found, sep="\n  ", flush=True)
        if options.story:
            length = shortest(seed, options.length, smooth=options.smooth, mix=options.mix)
            print(
                f"  in {length} steps:",
                *itertools.chain(*judge(seed, length=length, smooth=options.smooth, mix=options.mix)),
                sep="\n    ",
            )
    print(f"{broken} of {options.count} histories from {options.seed} on break a promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
