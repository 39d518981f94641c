"""What becomes of a create whose answer was lost, while its vendor lags or somebody deletes it; and when a record is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from syncd.errors import StoreError
from syncd.values import Record
from tests.crash.dying import Crash, DiesAt
from tests.crash.scenarios import HOUR, settled
from tests.simulation.ending import doubles
from tests.simulation.places import FilePlace
from tests.simulation.trial import Trial

UNA = {"firstName": "Una", "lastName": "Solo", "email": "una@example.com", "phoneNumber": "+32470555666"}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A town that is synced, and somebody new in the appointment book."""
    trial = Trial(FilePlace(tmp_path))
    settled(trial)
    trial.sandbox.pexip_engage.human_create(**UNA)
    return trial


def _record(trial: Trial, connection: str, vendor_id: str) -> Record:
    assert trial.app is not None
    with trial.app.store.look() as tx:
        record = tx.records.one(connection, vendor_id)
    assert record is not None
    return record


def test_a_vendor_that_lags_is_not_asked_before_the_settle_time(trial: Trial) -> None:
    shop, before = trial.sandbox.kiotviet, set(trial.sandbox.kiotviet.snapshot())
    shop.faults.add("search_lag", kind="create", seconds=60.0)
    shop.faults.drop(processed=True, kind="create")
    trial.sync()
    trial.clock.forward(20)
    trial.sync()  # nothing is found yet, and nothing follows from that
    trial.drain()
    assert len(set(shop.snapshot()) - before) == 1


def test_a_create_after_whose_answer_the_store_failed_is_looked_for(trial: Trial) -> None:
    left = ["push.answered"]

    def fail(event: str) -> None:
        if event in left:
            left.remove(event)
            raise StoreError("The disk of the store is full.", "Free some space.")

    with trial.counted(fail):
        trial.sync()
    assert not left
    trial.drain()
    assert doubles(trial) == {}


def test_a_vendor_that_answers_no_write_is_left_alone_and_nothing_is_made_twice(trial: Trial) -> None:
    for number in range(5):
        trial.sandbox.pexip_engage.human_create(
            firstName="Sam", lastName=f"Walker{'abcde'[number]}", email=f"sam{number}@example.com"
        )
    silence = trial.sandbox.kiotviet.faults.drop(processed=True, kind="create", count=None)
    report = trial.sync()
    assert "answered none of the last writes" in report.connections["shop"].error
    assert trial.app is not None
    with trial.app.store.look() as tx:
        state = tx.connections.load("shop")
    assert state is not None
    assert state.state == "unreachable"
    trial.sandbox.kiotviet.faults.scheduled.remove(silence)
    trial.drain()
    assert doubles(trial) == {}
    with trial.app.store.look() as tx:
        state = tx.connections.load("shop")
    assert state is not None
    assert state.state == "ok"


def test_a_suspect_that_cannot_be_read_keeps_no_other_from_being_gone(trial: Trial) -> None:
    trial.drain()
    crm = trial.sandbox.perfex
    first, *_, last = sorted(crm.snapshot())
    for userid in (first, last):
        crm.human_delete(userid)
    crm.faults.answer(500, {}, method="GET", path=f"customers/{first}$", count=None)
    trial.sync(full=True)
    trial.clock.forward(1.1 * HOUR)
    trial.sync(full=True)
    assert _record(trial, "crm", last).state == "gone"
    assert _record(trial, "crm", first).state == "suspect"


def test_a_half_made_record_that_a_person_deletes_is_not_made_again(trial: Trial) -> None:
    crm, before = trial.sandbox.perfex, set(trial.sandbox.perfex.snapshot())
    crm.faults.drop(processed=False, kind="contact_create")
    trial.sync()
    (made,) = set(crm.snapshot()) - before
    crm.human_delete(made)
    trial.drain()
    assert set(crm.snapshot()) == before
    record = _record(trial, "crm", made)
    assert record.customer is not None
    assert record.state in ("suspect", "gone")


def test_a_record_that_its_vendor_still_shows_as_deleted_is_gone(trial: Trial) -> None:
    trial.sync()
    booking = trial.sandbox.pexip_engage
    una = next(key for key, row in booking.snapshot().items() if row["email"] == UNA["email"])
    booking.human_delete(una)
    for _ in range(3):
        trial.sync(full=True)
        trial.clock.forward(1.1 * HOUR)
    assert _record(trial, "booking", una).state == "gone"


def test_a_record_absent_twice_within_an_hour_is_only_suspected(trial: Trial) -> None:
    trial.sync()
    crm = trial.sandbox.perfex
    una = next(key for key, row in crm.snapshot().items() if row["contacts"][:1] and _is_una(row))
    crm.human_delete(una)
    for _ in range(3):
        trial.sync(full=True)
        trial.clock.forward(600)
    assert _record(trial, "crm", una).state == "suspect"


def test_what_a_dead_process_had_claimed_is_planned_again_though_its_vendor_is_paused(trial: Trial) -> None:
    with trial.counted(DiesAt(name="push.claimed")), pytest.raises(Crash):
        trial.sync()
    trial.restart()
    assert trial.app is not None
    with trial.app.store.look() as tx:
        (claimed,) = {one.draft.connection for one in tx.operations.list(states=("claimed",))}
    trial.app.pause(claimed, "a test")
    trial.sync()
    with trial.app.store.look() as tx:
        assert tx.operations.list(connection=claimed, states=("planned",))
        assert not tx.operations.list(states=("claimed",))


def test_a_record_that_was_missing_gets_what_changed_meanwhile(trial: Trial) -> None:
    trial.sync()
    crm, loyalty = trial.sandbox.perfex, trial.sandbox.omniwallet
    una = next(key for key, row in crm.snapshot().items() if row["contacts"][:1] and _is_una(row))
    kept = crm.backup()
    crm.human_delete(una)
    trial.sync(full=True)
    assert _record(trial, "crm", una).state == "suspect"
    loyalty.human_edit(UNA["email"], phone="+32470999888")
    trial.clock.forward(60)
    trial.sync()
    crm.restore(kept)
    trial.drain(full=True)
    assert crm.snapshot()[una]["contacts"][0]["phonenumber"] == "+32470999888"


def _is_una(row: dict[str, Any]) -> bool:
    return bool(row["contacts"][0]["email"] == UNA["email"])
