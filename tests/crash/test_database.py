"""The database fails under a sync: an unanswered COMMIT, a full disk, connections cut. It ends as if nothing had been."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from syncd.errors import StoreError
from syncd.store import Store, Writing
from tests.crash.processes import PATIENCE, at_home, town
from tests.crash.proxy import proxy_to
from tests.crash.scenarios import SCENARIOS
from tests.simulation.ending import Ending, ending
from tests.simulation.places import DatabasePlace, FarPlace, FilePlace, Place
from tests.simulation.trial import Kept, Trial
from tests.simulation.virtual import VirtualClock
from tests.support.postgres import URL_VARIABLE, Server

SCENARIO = SCENARIOS[1]
Break = Callable[[], None]


class Broken:
    """A scenario in which the database fails at the nth event of one kind."""

    def __init__(self, place: Place) -> None:
        self.trial = Trial(place)
        SCENARIO.past(self.trial)
        self.kept: Kept = self.trial.keep()
        self.expected = self.lived()

    def lived(self, tap: Callable[[str], None] = lambda _: None) -> Ending:
        """Live through the scenario; a database that fails may end one run of it."""
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

        assert self.lived(tap) == self.expected, f"{event} {nth}"
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
    assert "disk of the store is full" in _what_stops(trial)
    trial.restart()
    trial.drain()
    assert ending(trial) == expected
    trial.end()


def _what_stops(trial: Trial) -> str:
    """Sync and return what went wrong: pulls alone, where the rest finds room in pages that are there, or the whole run."""
    try:
        return " ".join(trial.sync().errors)
    except StoreError as error:
        return str(error)


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


# --- a server that is restarted ------------------------------------------------------------------------


@pytest.fixture
def durable_server(postgres_server: Server) -> Server:
    """A server that forgets nothing committed, though it is ended at once."""
    if URL_VARIABLE in os.environ:
        pytest.skip("the server is not the suite's own")
    postgres_server.connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
    return postgres_server


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_restarted_postgresql_loses_nothing(durable_server: Server) -> None:
    broken = Broken(DatabasePlace(durable_server))
    assert broken.ends_the_same("store.commit", 20, durable_server.restart)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_postgresql_restarted_twenty_times_loses_nothing(durable_server: Server) -> None:
    broken, restarts = Broken(DatabasePlace(durable_server)), 0
    for event in ("store.begin", "store.commit", "push.answered", "pull.page_read"):
        restarts += _every(broken, event, 7, durable_server.restart)
    print(restarts, "restarts of PostgreSQL")
    assert restarts >= 20


# --- a line that is cut at a COMMIT ------------------------------------------------------------------


def _cuts(server: Server, stride: int, most: int) -> int:
    """Cut at every `stride`-th COMMIT, by turns before and after the server heard of it; return how often."""
    with proxy_to(str(server.url.host), int(server.url.port or 5432)) as proxy:
        broken = Broken(FarPlace(DatabasePlace(server), proxy.listener.getsockname()[1]))
        for cut in range(most):
            nth, answered = 3 + cut * stride, cut % 2 == 0
            proxy.aim(nth, answered=answered)
            assert broken.lived() == broken.expected, f"COMMIT {nth}, {answered=}"
            if not proxy.hit:
                return cut
    return most


# the driver warns of a connection that it finds cut when it is collected
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_line_cut_at_a_commit_loses_nothing(postgres_server: Server) -> None:
    assert _cuts(postgres_server, 13, 2) == 2


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_line_cut_at_any_commit_loses_nothing(postgres_server: Server) -> None:
    print(_cuts(postgres_server, 1, 1_000), "cuts at a COMMIT")


def _deeds(tx: Writing) -> str:
    """Do what would show if it were done twice: a number taken, a run begun, and a word of who did it."""
    number = tx.meta.numbers(1)
    run = tx.runs.claim(epoch=1)
    tx.audit.add("admin", "deed", str(number), {})
    return f"{number} {run.id if run else 'no run'}"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("answered", [True, False], ids=["the server heard of it", "it never did"])
def test_a_deed_whose_commit_went_unanswered_is_done_once(postgres_server: Server, answered: bool) -> None:
    with proxy_to(str(postgres_server.url.host), int(postgres_server.url.port or 5432)) as proxy:
        place = FarPlace(DatabasePlace(postgres_server), proxy.listener.getsockname()[1])
        with Store.open(place.url, clock=VirtualClock()) as store:
            asked = store.do(lambda tx: tx.runs.request((), {}, "admin"))
            proxy.aim(1, answered=answered)
            assert store.do(_deeds) == f"1 {asked.id}"
            assert proxy.hit
            with store.look() as tx:
                assert [entry.subject for entry in tx.audit.list()] == ["1"]
                running = tx.runs.get(asked.id)
            assert running is not None
            assert running.state == "running"


# --- a disk that is full -----------------------------------------------------------------------------


def _sync_on_a_full_disk(folder: Path, room: int) -> bool:
    """Sync in a process that may write no further than so far into any file; go on without a limit; tell whether it ran out.

    What is written goes into SQLite's log first, so that the room is that log's.
    """
    with town(at_home(folder)) as here:
        assert here.command("migrate", listened_to=False).wait(PATIENCE) == 0
        for number, last in enumerate(("Walkera", "Walkerb", "Walkerc")):
            here.sandbox.pexip_engage.human_create(
                firstName="Sam", lastName=last, email=f"sam{number}@example.com"
            )
        # a module that this process compiled would be kept cut off too, and no later one could load it
        process = here.command("sync", "--json", more={"PYTHONDONTWRITEBYTECODE": "1"})
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
        _, said = process.communicate(timeout=PATIENCE)
        here.settle()
        assert here.not_once(3) == []
    return process.returncode == 1 and "Check the disk, its free space and its limits" in said


@pytest.mark.parametrize("room", [60_000])
def test_a_disk_that_is_full_in_a_real_process_loses_nothing(tmp_path: Path, room: int) -> None:
    assert _sync_on_a_full_disk(tmp_path, room)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_disk_that_is_full_at_any_page_loses_nothing(tmp_path: Path) -> None:
    full = 0
    for number in range(50):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        full += _sync_on_a_full_disk(folder, 8_192 * (1 + number))
    print(full, "of 50 disks were full")
    assert full >= 10
