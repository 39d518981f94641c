"""A unit that is done twice does once: what a person typed meanwhile is kept, and the report counts what was done."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from syncd.values import Report
from tests.crash.scenarios import settled
from tests.simulation.ending import Ending, ending
from tests.simulation.places import FilePlace
from tests.simulation.trial import Kept, Trial

FIGURES = ("created", "updated", "failed", "archived", "deleted")


class Meanwhile:
    """A phone is edited at one vendor, and while it goes to another somebody types a newer one there."""

    def __init__(self, folder: Path) -> None:
        self.trial = Trial(FilePlace(folder))
        settled(self.trial)
        self.trial.sandbox.omniwallet.human_edit("bob@example.com", phone="+34600111222")
        self.kept: Kept = self.trial.keep()

    def live(self, event: str = "", after: int = 0) -> tuple[Ending, dict[str, list[int]], bool]:
        """Sync once, the database failing at the first such event after the nth reading; return how it ended."""
        self.trial.rewind(self.kept)
        tap = _Tap(self.trial, event, after)
        with self.trial.counted(tap):
            report = self.trial.sync()
        self.trial.drain()
        return ending(self.trial), _figures(report), tap.failed


class _Tap:
    def __init__(self, trial: Trial, event: str, after: int) -> None:
        self._trial, self._event, self._left = trial, event, after
        self._typed = self.failed = False

    def __call__(self, event: str) -> None:
        if event == "push.claimed" and not self._typed:
            self._typed = True
            self._type()
        self._left -= event == "push.read"
        if event == self._event and self._left < 0 and not self.failed:
            self.failed = True
            cause = ConnectionResetError(104, "Connection reset by peer")
            raise DBAPIError("COMMIT", None, cause, connection_invalidated=True)

    def _type(self) -> None:
        booking = self._trial.sandbox.pexip_engage
        bob = next(key for key, row in booking.snapshot().items() if row.get("email") == "bob@example.com")
        booking.human_edit(bob, phoneNumber="+34600333444")
        self._trial.clock.forward(60)  # so long that it is read again before it is written


def _figures(report: Report) -> dict[str, list[int]]:
    return {
        name: [getattr(tally, figure) for figure in FIGURES] for name, tally in report.connections.items()
    }


@pytest.mark.parametrize("event", ["store.commit", "store.committed"])
def test_a_phone_typed_before_a_unit_is_done_again_is_kept(tmp_path: Path, event: str) -> None:
    here = Meanwhile(tmp_path)
    expected, figures, _ = here.live()
    assert any("+34600333444" in row for rows in expected["vendors"].values() for row in rows)
    for reading in range(20):
        ended, counted, failed = here.live(event, reading)
        if not failed:
            break
        assert (ended, counted) == (expected, figures), f"reading {reading}"
    assert reading > 3


def test_a_created_record_that_a_person_deletes_before_it_is_adopted_is_ours_and_gone(tmp_path: Path) -> None:
    trial = Trial(FilePlace(tmp_path))
    settled(trial)
    shop, before = trial.sandbox.kiotviet, set(trial.sandbox.kiotviet.snapshot())
    trial.sandbox.pexip_engage.human_create(
        firstName="Una", lastName="Solo", email="una@example.com", phoneNumber="+32470555666"
    )
    shop.faults.drop(processed=True, kind="create")
    trial.sync()
    trial.clock.forward(30)  # within the settle time a listing shows the record
    trial.sync()
    (made,) = set(shop.snapshot()) - before
    shop.human_delete(made)
    trial.drain()
    assert not set(shop.snapshot()) - before  # what a person deleted is not made again
    assert trial.app is not None
    with trial.app.store.look() as tx:
        record = tx.records.one("shop", made)
        assert record is not None
        assert record.customer is not None
        assert record.shadow.ours
        assert not record.shadow.stated
        assert record.state in ("suspect", "gone")
        assert not tx.operations.list(states=("planned", "sent", "unknown"))
