"""What is going on when the process dies: a past, the edits that nobody has synced yet, and what syncd is then asked.

People have names and addresses of their own, so that a lost edit and a second copy show at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.trial import Trial

HOUR = 3600.0


def _ask_once(trial: Trial) -> None:
    trial.sync()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`past` happens once; `act` is crashed again and again. Recovery waits `pause` seconds between its syncs."""

    name: str
    past: Callable[[Trial], None]
    act: Callable[[Trial], None] = _ask_once
    pause: float = 180.0
    full: bool = False


def people_move_in(trial: Trial) -> None:
    """Five people at one or two vendors each; one of them without an e-mail."""
    box = trial.sandbox
    ann = {
        "firstname": "Ann",
        "lastname": "Peeters",
        "email": "ann@example.com",
        "phonenumber": "+32470000001",
    }
    box.perfex.human_create(company="Ann Peeters", city="Gent", zip="9000", contact=ann)
    box.kiotviet.human_create(name="Ann Peeters", email="ann@example.com", contactNumber="+32470000001")
    box.kiotviet.human_create(name="Dat Nguyen", email="dat@example.com", contactNumber="0903000001")
    box.kiotviet.human_create(name="Eva Mailless", contactNumber="0903000002")
    box.omniwallet.human_create(name="Bob", last_name="Jans", email="bob@example.com", phone="+34600000002")
    box.pexip_engage.human_create(
        firstName="Cat", lastName="Dole", email="cat@example.com", company="Dole NV"
    )
    box.pexip_engage.human_create(firstName="Bob", lastName="Jans", email="bob@example.com")


def settled(trial: Trial) -> None:
    """The same people, synced until nothing more is due."""
    people_move_in(trial)
    trial.sync()
    trial.drain()
    trial.clock.forward(HOUR)


def _edits_both_ways(trial: Trial) -> None:
    settled(trial)
    box = trial.sandbox
    box.perfex.human_edit(_userid(trial, "ann@example.com"), city="Brugge", zip="8000")
    box.kiotviet.human_edit(_shop_id(trial, "Dat Nguyen"), contactNumber="0903999111", address="1 Pho Hue")
    box.omniwallet.human_edit("bob@example.com", phone="+34600999222")
    box.pexip_engage.human_edit(_booking_id(trial, "cat@example.com"), company="Dole & Co")
    box.kiotviet.human_create(name="Fay New", email="fay@example.com", contactNumber="0903000009")
    trial.clock.forward(600)  # longer ago than any overlap of cursors: nothing but the cursor brings them


def _rename(trial: Trial) -> None:
    settled(trial)
    box = trial.sandbox
    contact = {"firstname": "Anna", "lastname": "Peeters", "email": "anna@example.org"}
    box.perfex.human_edit(_userid(trial, "ann@example.com"), contact=contact)
    box.omniwallet.human_edit("bob@example.com", name="Bobby")
    box.kiotviet.human_edit(_shop_id(trial, "Dat Nguyen"), email="dat.nguyen@example.org")


def _deletion(trial: Trial) -> None:
    settled(trial)
    box = trial.sandbox
    box.perfex.human_delete(_userid(trial, "ann@example.com"))
    box.kiotviet.human_delete(_shop_id(trial, "Dat Nguyen"))
    box.pexip_engage.human_delete(_booking_id(trial, "bob@example.com"))
    box.omniwallet.human_edit("cat@example.com", phone="+34600777333")


def _sync_until_gone(trial: Trial) -> None:
    for _ in range(3):
        trial.sync(full=True)
        trial.clock.forward(1.1 * HOUR)


def _mangling(trial: Trial) -> None:
    switches = {
        "perfex": {"contact.phonenumber": ["phone_digits"], "city": ["upper"]},
        "kiotviet": {"name": ["upper"], "contactNumber": ["phone_zeros"], "address": ["cut:12"]},
        "omniwallet": {"name": ["title"], "phone": ["phone_spaces"]},
        "pexip_engage": {"firstName": ["trim", "upper"], "company": ["cut:6"]},
    }
    for name, mangle in switches.items():
        trial.vendors[name].switches.mangle = mangle
    _edits_both_ways(trial)


def _lose_answers(trial: Trial) -> None:
    for vendor in trial.vendors.values():
        vendor.faults.drop(processed=True, kind="create")
        vendor.faults.drop(processed=True, kind="update|contact_create|contact_update", nth=2)
    trial.sync()
    trial.clock.forward(60)  # within the settle time: nothing may be decided yet
    trial.sync()
    trial.clock.forward(180)
    trial.sync()


def _busy_day(trial: Trial) -> None:
    _edits_both_ways(trial)
    trial.sandbox.pexip_engage.human_create(firstName="Gil", lastName="Late", email="gil@example.com")
    trial.sandbox.omniwallet.human_create(name="Hal", last_name="Soon", email="hal@example.com")


SCENARIOS = (
    Scenario("first sync", people_move_in),
    Scenario("edits both ways", _edits_both_ways),
    Scenario("lost answers", _busy_day, _lose_answers),
    Scenario("renames", _rename),
    Scenario("deletions", _deletion, _sync_until_gone, pause=1.1 * HOUR, full=True),
    Scenario("mangling vendors", _mangling),
)


def _userid(trial: Trial, email: str) -> str:
    rows = trial.vendors["perfex"].snapshot()
    return next(key for key, row in rows.items() if row["contacts"] and row["contacts"][0]["email"] == email)


def _shop_id(trial: Trial, name: str) -> str:
    rows = trial.vendors["kiotviet"].snapshot()
    return next(key for key, row in rows.items() if str(row["name"]).lower() == name.lower())


def _booking_id(trial: Trial, email: str) -> str:
    rows = trial.vendors["pexip_engage"].snapshot()
    return next(key for key, row in rows.items() if row.get("email") == email)
