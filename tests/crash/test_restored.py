"""A store that comes back from an old copy, in a world that went on without it: nobody is made twice, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from syncd.store import backup, restore
from tests.crash.scenarios import people_move_in
from tests.simulation.ending import creates, doubles, ending
from tests.simulation.places import DatabasePlace, FilePlace
from tests.simulation.trial import Trial
from tests.support.postgres import Server

cuts_connections = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
AFTER_RESTORE = Path(__file__).resolve().parents[2] / "docs" / "after-pg-restore.sql"


class _File(FilePlace):
    """A file, copied and put back by syncd's own commands."""

    def keep(self) -> str:
        return str(backup(self.url, self.file.with_suffix(".copy")))

    def bring_back(self, kept: str, trial: Trial) -> None:
        restore(self.url, Path(kept), now=trial.clock())


class _Database(DatabasePlace):
    """A database, copied and put back by PostgreSQL, and made ready as the page on operations says."""

    def keep(self) -> str:
        self._server.connection.execute(  # a database is copied whole only while nobody is connected to it
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            (make_url(self.url).database,),
        )
        return super().keep()

    def bring_back(self, kept: str, trial: Trial) -> None:
        self.put_back(kept)
        address = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            connection.execute(AFTER_RESTORE.read_text())


def _copied_amid_a_sync(trial: Trial, event: str) -> str:
    """Sync, and copy the store at the first of these events."""
    copies: list[str] = []

    def tap(reached: str) -> None:
        if reached == event and not copies:
            copies.append(trial.place.keep())

    with trial.counted(tap):
        trial.sync()
    return copies[0]


def _live_on(trial: Trial) -> None:
    """Let people come and edit, and sync it all."""
    box = trial.sandbox
    trial.drain()
    box.perfex.human_edit("1", city="Brugge", zip="8000")
    box.kiotviet.human_create(name="Fay New", email="fay@example.com", contactNumber="0903000009")
    box.pexip_engage.human_create(firstName="Gil", lastName="Late", email="gil@example.com")
    trial.clock.forward(600)
    trial.sync()
    trial.drain()


def _go_back(trial: Trial, place: _File | _Database, kept: str) -> None:
    """Bring the copy back a day later, ask for one connection first, and sync until all is quiet."""
    before, made = ending(trial)["vendors"], creates(trial)
    trial.clock.forward(86_400)
    trial.end()
    place.bring_back(kept, trial)
    trial.start().sync(["shop"])
    trial.drain()
    assert doubles(trial) == {}
    assert creates(trial) == made
    assert ending(trial)["vendors"] == before


EVENTS = ("pull.closed", "plan.stored", "push.claimed", "push.intent", "push.answered", "push.done")


def _fall_back(place: _File | _Database, event: str) -> None:
    trial = Trial(place)
    people_move_in(trial)
    # nothing tells two records of a person without an e-mail to be of one: that copy is a person's to find
    shop = trial.sandbox.kiotviet
    shop.human_delete(next(key for key, row in shop.snapshot().items() if not row.get("email")))
    kept = _copied_amid_a_sync(trial, event)
    _live_on(trial)
    _go_back(trial, place, kept)
    trial.end()


def test_a_store_from_an_old_copy_makes_nobody_twice(tmp_path: Path) -> None:
    _fall_back(_File(tmp_path), "push.answered")


# the driver warns of a connection that it finds cut when it is collected
@cuts_connections
def test_a_store_from_an_old_dump_of_postgresql_makes_nobody_twice(postgres_server: Server) -> None:
    _fall_back(_Database(postgres_server), "plan.stored")


@pytest.mark.long
@pytest.mark.timeout(0)
@cuts_connections
@pytest.mark.parametrize("event", EVENTS)
def test_a_store_from_a_copy_of_any_moment_makes_nobody_twice(
    tmp_path: Path, postgres_server: Server, event: str
) -> None:
    _fall_back(_File(tmp_path), event)
    _fall_back(_Database(postgres_server), event)
    print("2 stores brought back")
