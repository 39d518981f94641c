"""The database fails under a sync: an unanswered COMMIT, a full disk, connections cut. It ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from syncd.errors import StoreError
from tests.crash.scenarios import SCENARIOS
from tests.simulation.ending import Ending, ending
from tests.simulation.places import DatabasePlace, FilePlace, Place
from tests.simulation.trial import Kept, Trial
from tests.support.postgres import Server

SCENARIO = SCENARIOS[1]
Break = Callable[[], None]


class Broken:
    """A scenario in which the database fails at the nth event of one kind."""

    def __init__(self, place: Place) -> None:
        self.trial = Trial(place)
        SCENARIO.past(self.trial)
        self.kept: Kept = self.trial.keep()
        self.expected = self._lived(lambda _: None)

    def _lived(self, tap: Callable[[str], None]) -> Ending:
        self.trial.rewind(self.kept)
        try:
            with self.trial.counted(tap):
                self.trial.sync()
        except StoreError:
            self.trial.restart()  # a look that loses its connection ends the run; the next one goes on
        self.trial.drain()
        end = ending(self.trial)
        self.trial.end()
        return end

    def ends_the_same(self, event: str, nth: int, break_it: Break) -> bool:
        """Break the database once, at the nth of these events; tell whether there were so many."""
        left = nth

        def tap(name: str) -> None:
            nonlocal left
            left -= name == event
            if left == 0 and name == event:
                break_it()

        assert self._lived(tap) == self.expected, f"{event} {nth}"
        return left <= 0


def _lose_the_answer() -> None:
    cause = ConnectionResetError(104, "Connection reset by peer")
    raise DBAPIError("COMMIT", None, cause, connection_invalidated=True)


def _every(broken: Broken, event: str, stride: int, break_it: Break) -> int:
    nth = 1
    while broken.ends_the_same(event, nth, break_it):
        nth += stride
    return nth // stride


def test_a_commit_without_an_answer_is_done_once(tmp_path: Path) -> None:
    broken = Broken(FilePlace(tmp_path))
    assert _every(broken, "store.committed", 9, _lose_the_answer) >= 5


@pytest.mark.long
@pytest.mark.timeout(0)
def test_every_commit_without_an_answer_is_done_once(tmp_path: Path) -> None:
    broken = Broken(FilePlace(tmp_path))
    print(_every(broken, "store.committed", 1, _lose_the_answer), "lost answers to COMMIT")


def _fill_the_disk(trial: Trial, pages: int) -> None:
    """Let the store's file grow by so many pages only; the writer has one connection, which keeps the limit."""
    assert trial.app is not None
    with trial.app.store.database.writer.connect() as connection:
        size = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {size + pages}")


@pytest.mark.parametrize("pages", [0, 1])
def test_a_full_disk_stops_the_sync_and_loses_nothing(tmp_path: Path, pages: int) -> None:
    trial = Trial(FilePlace(tmp_path))
    SCENARIOS[0].past(trial)
    kept = trial.keep()
    trial.sync()
    trial.drain()
    expected = ending(trial)
    trial.rewind(kept)
    trial.start()
    _fill_the_disk(trial, pages)
    with pytest.raises(StoreError, match="disk of the store is full"):
        trial.sync()
    trial.restart()
    trial.drain()
    assert ending(trial) == expected
    trial.end()


def _cutter(server: Server, place: DatabasePlace) -> Break:
    def cut() -> None:
        name = make_url(place.url).database
        server.connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
        )

    return cut


# the driver warns of a connection that it finds cut when it is collected
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("event", ["store.begin", "store.commit"])
def test_cut_connections_to_postgresql_lose_nothing(postgres_server: Server, event: str) -> None:
    place = DatabasePlace(postgres_server)
    assert _every(Broken(place), event, 24, _cutter(postgres_server, place)) >= 2
