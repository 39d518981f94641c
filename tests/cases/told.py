"""How a case is told in TOML, and the player that acts it out over the real sync.

says = "one sentence"
[settings]            approve, blocked, on_clear.FIELD, conflict.FIELD, owner.FIELD
[vendor.NAME]         fields, and any trait of a simulated vendor; only, push, name_order, on_delete, external_id of the settings
[[act]]               at = NAME, create = {…} | record = "1", write = {…} | record = "1", delete = true
                      sync = [NAME, …] ([] for all), with yes = true or full = true
                      wait = SECONDS; at = NAME, fault = "lost after"; at = NAME, shows = 0.0
                      at = NAME, refused = true (its credentials are revoked) or false (they are renewed)
                      at = NAME, record = "1", rename = "new e-mail" (where that is the id)
                      at = NAME, unreadable = ["1", …] (rows of its listing that make no sense from now on)
                      at = NAME, map = {FIELD = direction} (the settings of that connection are edited)
                      swap = "email", at = NAME, records = ["1", "2"]
                      answer = KIND, choice = "same"; undo = "run-3"
                      merge = ["crm/1", "shop/2"] (the customer of the second into that of the first)
                      move = "shop/1", to = "crm/2" (the customer of that record)
                      split = ["shop/2", …]; erase = "crm/1"
[expect]              customers = how many; reviews = [kinds]; writes = how many writes the vendors processed
expect.records.NAME   id = {field = value}; an id that is not named must not be there
[[expect.customer]]   records = ["crm/1", …], golden = {…}, held = {"crm/phone" = "part of the reason"}
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from syncd.rules.golden import Policy
from syncd.store import Writing
from syncd.sync import people
from syncd.sync.erase import erase
from syncd.sync.resolve import resolve
from syncd.sync.undo import undo_run
from tests.laws.accounts import Traits
from tests.laws.oracle import Picture, picture
from tests.laws.simulated import Fault
from tests.laws.world import Member, World

FOLDER = Path(__file__).parent
MEMBER = ("push", "only", "name_order", "on_delete", "external_id")
WHO = "an admin"
AS_SETS = ("finds", "forgets", "push", "groups")

Told = Mapping[str, Any]


def all_cases() -> list[Path]:
    """Return the files of all cases."""
    return sorted(FOLDER.glob("*.toml"))


def read(path: Path) -> Told:
    """Return a case as it is told."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


# --- acting it out -------------------------------------------------------------------------------


def stage(case: Told) -> World:
    """Return the business of a case, before anything happens."""
    settings = case.get("settings", {})
    return World(
        [_member(name, place, told) for place, (name, told) in enumerate(case["vendor"].items(), 1)],
        _policies(settings),
        approve=settings.get("approve", "never"),
        blocked=tuple(settings.get("blocked", ())),
    )


def _member(name: str, priority: int, told: Told) -> Member:
    given: dict[str, Any] = {
        key: frozenset(value) if key in AS_SETS else value for key, value in told.items()
    }
    given["fields"] = tuple(given["fields"])
    if "only" in given:
        given["only"] = {field: tuple(values) for field, values in given["only"].items()}
    settings: dict[str, Any] = {key: given.pop(key) for key in MEMBER if key in given}
    return Member(name, Traits(**given), priority=priority, **settings)


def _policies(settings: Told) -> dict[str, Policy]:
    clears, conflicts, owners = (settings.get(key, {}) for key in ("on_clear", "conflict", "owner"))
    return {
        slot: Policy(
            on_clear=clears.get(slot, "ignore"),
            conflict=conflicts.get(slot, "newest"),
            owner=owners.get(slot),
        )
        for slot in {*clears, *conflicts, *owners}
    }


def play(world: World, acts: list[Told]) -> None:
    """Let everything happen that a case tells, in its order."""
    for act in acts:
        if "sync" in act:
            world.sync(*act["sync"], yes=act.get("yes", False), full=act.get("full", False))
        elif "wait" in act:
            world.clock.wait(act["wait"])
        elif "fault" in act:
            world.connectors[act["at"]].faults.append(Fault(act["fault"]))
        elif "shows" in act:
            world.connectors[act["at"]].shows = act["shows"]
        elif "refused" in act:
            world.connectors[act["at"]].revoked = act["refused"]
        elif "unreadable" in act:
            world.connectors[act["at"]].unreadable = set(act["unreadable"])
        elif "map" in act:
            world.remap(act["at"], act["map"])
        elif ADMIN.keys() & act.keys():
            _decide(world, act)
        else:
            _do(world, act)
        world.clock.wait(1)


def _do(world: World, act: Told) -> None:
    if "create" in act:
        assert world.create(act["at"], act["create"], {}) is not None, "the vendor refused a person's create"
    elif act.get("delete"):
        world.delete(act["at"], act["record"])
    elif "rename" in act:
        world.rename(act["at"], act["record"], act["rename"])
    elif "swap" in act:
        world.swap(act["at"], act["swap"], *act["records"])
    else:
        for name, text in act["write"].items():
            assert world.write(act["at"], act["record"], name, text), "the vendor refused a person's edit"


def _decide(world: World, act: Told) -> None:
    """Have an admin do what only an admin may do."""
    (kind,) = ADMIN.keys() & act.keys()
    world.store.do(lambda tx: ADMIN[kind](tx, world, act))


def _answer(tx: Writing, world: World, act: Told) -> None:
    (review,) = tx.reviews.list(kind=act["answer"])
    assert review.id is not None
    resolve(tx, world.scene, review.id, act["choice"], WHO)


def _merge(tx: Writing, world: World, act: Told) -> None:
    one, other = (_customer_of(tx, key) for key in act["merge"])
    people.merge(tx, world.scene, one, other, WHO)


def _split(tx: Writing, world: World, act: Told) -> None:
    leaving = [(name, vendor_id) for name, _, vendor_id in (key.partition("/") for key in act["split"])]
    people.split(tx, _customer_of(tx, act["split"][0]), leaving, WHO)


def _move(tx: Writing, world: World, act: Told) -> None:
    connection, _, vendor_id = act["move"].partition("/")
    people.move_record(tx, connection, vendor_id, _customer_of(tx, act["to"]), WHO)


def _erase(tx: Writing, world: World, act: Told) -> None:
    erase(tx, _customer_of(tx, act["erase"]), {}, WHO)


def _undo(tx: Writing, world: World, act: Told) -> None:
    undo_run(tx, act["undo"], WHO)


def _customer_of(tx: Writing, key: str) -> str:
    connection, _, vendor_id = key.partition("/")
    record = tx.records.one(connection, vendor_id)
    assert record is not None
    assert record.customer is not None
    return record.customer


ADMIN: Mapping[str, Callable[[Writing, World, Told], None]] = {
    "answer": _answer,
    "merge": _merge,
    "split": _split,
    "move": _move,
    "erase": _erase,
    "undo": _undo,
}

# --- judging it ----------------------------------------------------------------------------------


def wrong(world: World, expected: Told) -> list[str]:
    """Return everything that came out otherwise than a case expects."""
    seen = picture(world)
    found = [*_wrong_records(world, expected.get("records", {}))]
    found += [each for one in expected.get("customer", ()) for each in _wrong_customer(seen, one)]
    if "customers" in expected and len(seen.customers) != expected["customers"]:
        found.append(f"{len(seen.customers)} customers, not {expected['customers']}")
    if "writes" in expected and world.writes() != expected["writes"]:
        found.append(f"{world.writes()} writes, not {expected['writes']}")
    with world.store.look() as tx:
        kinds = sorted(review.kind for review in tx.reviews.list(limit=1_000))
    if "reviews" in expected and kinds != sorted(expected["reviews"]):
        found.append(f"reviews {kinds}, not {sorted(expected['reviews'])}")
    return found


def _wrong_records(world: World, expected: Told) -> list[str]:
    found: list[str] = []
    for name, told in expected.items():
        rows = world.accounts[name].live()
        if rows.keys() != told.keys():
            found.append(f"{name} has {sorted(rows)}, not {sorted(told)}")
        for vendor_id, fields in told.items():
            shown = {field: (rows.get(vendor_id) or {}).get(field) or "" for field in fields}
            if shown != fields:
                found.append(f"{name}/{vendor_id} shows {shown}, not {fields}")
    return found


def _wrong_customer(seen: Picture, told: Told) -> list[str]:
    """Compare the customer of a case's records: all its records, its golden values, and what is held of it."""
    key = told["records"][0]
    homes = {"/".join(one.key): customer for customer, group in seen.records.items() for one in group}
    if key not in homes:
        return [f"{key} is nobody's"]
    customer = seen.customers[homes[key]]
    found: list[str] = []
    records = sorted(record for record, home in homes.items() if home == customer.id)
    if records != sorted(told["records"]):
        found.append(f"{key} is one customer with {records}, not {sorted(told['records'])}")
    values = {field: customer.values().get(field, "") for field in told.get("golden", {})}
    if values != told.get("golden", {}):
        found.append(f"golden of {key} is {values}, not {told['golden']}")
    held = {
        f"{one.connection}/{one.field}".rstrip("/"): one.reason
        for one in seen.held
        if one.customer == customer.id
    }
    wanted = told.get("held")
    if wanted is not None and (held.keys() != wanted.keys() or any(wanted[k] not in held[k] for k in wanted)):
        found.append(f"held of {key}: {held}, not {dict(wanted)}")
    return found
