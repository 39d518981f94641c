"""As many operations are under way at once at a connection as the settings allow, and no more."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncd.app import App
from syncd.config import load
from syncd.sync.tasks import Task
from syncd.sync.workers import Workers
from syncd.values import Draft, Operation
from tests.support.wsgi import WsgiAdapter
from tests.sync.world import HOOK_SECRET, NAMES, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAFT = Draft("loyalty", "update", "c-1", {}, {}, "", "a@example.com")


class Door:
    """A vendor's door: a write waits a moment inside for another one, and the most that met are counted."""

    def __init__(self, vendor: WSGIApplication) -> None:
        self.vendor, self.inside, self.most = vendor, 0, 0
        self.meeting = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("POST", "PUT", "PATCH") and "customers" in environ["PATH_INFO"]:
            with self.meeting:
                self.inside += 1
                self.most = max(self.most, self.inside)
                self.meeting.notify_all()
                self.meeting.wait_for(lambda: self.most > 1, timeout=0.5)
                self.inside -= 1
        return self.vendor(environ, start_response)


class Doors(World):
    """A world in which the loyalty programme has such a door."""

    door: Door

    def opened(self) -> App:
        settings = load(self.path, {**self.sandbox.secrets(), "HOOK_SECRET": HOOK_SECRET})
        self.door = Door(self.vendor("loyalty"))
        adapters: dict[str, Any] = {name: WsgiAdapter(self.vendor(name)) for name in NAMES}
        return App.open(settings, clock=self.clock, adapters={**adapters, "loyalty": WsgiAdapter(self.door)})


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 2)])
def test_no_more_writes_meet_at_a_vendor_than_there_are_workers(
    tmp_path: Path, workers: int, most: int
) -> None:
    more = f"[daemon]\npush_workers = {workers}\n"
    world = Doors(tmp_path, f"sqlite:///{tmp_path}/syncd.db", more=more)
    for number in range(4):
        world.vendor("shop").human_create(name=f"Person {number}", email=f"p{number}@example.com")
    world.sync()
    assert world.door.most == most
    assert len(world.vendor("loyalty").snapshot()) == 4


def test_whoever_interrupts_a_push_waits_for_what_is_under_way_and_no_more_is_begun(world: World) -> None:
    begun: list[str] = []

    def work(task: Task) -> None:
        begun.append(task.operation.id)
        if len(begun) == 2:
            _thread.interrupt_main()
        time.sleep(0.05)

    tasks = [Task(Operation(f"op-{n}", DRAFT, "sent", "", "run-1"), None) for n in range(20)]
    scene = replace(world.app.scene, soon=-1)
    workers = Workers(scene, scene.sources["loyalty"])
    with pytest.raises(KeyboardInterrupt):
        workers.each(tasks, work)
    workers.shutdown()
    assert len(begun) < len(tasks)


def test_one_failing_task_stops_no_other(world: World) -> None:
    tasks = [Task(Operation(f"op-{n}", DRAFT, "sent", "", "run-1"), None) for n in range(20)]
    done: list[str] = []

    def work(task: Task) -> None:
        done.append(task.operation.id)
        if task in tasks[::3]:
            raise ValueError

    with Workers(world.app.scene, world.app.scene.sources["loyalty"]) as workers:
        workers.each(tasks, work)
    assert sorted(done) == sorted(task.operation.id for task in tasks)
    assert [task.stopped for task in tasks] == [n % 3 == 0 for n in range(20)]


@pytest.mark.parametrize(("soon", "most"), [(60.0, 1), (-1.0, 3)], ids=["at once", "after a while"])
def test_threads_write_only_where_answers_take_their_time(world: World, soon: float, most: int) -> None:
    scene = replace(world.app.scene, soon=soon)
    tasks = [Task(Operation(f"op-{n}", DRAFT, "sent", "", "run-1"), None) for n in range(3)]
    together, threads = threading.Barrier(most), set()

    def work(task: Task) -> None:
        threads.add(threading.get_ident())
        together.wait(10)  # all of them are under way, or this one alone
        task.attempt.answered = True

    with Workers(scene, scene.sources["shop"]) as workers:
        workers.each(tasks, work)
    assert [task.attempt.answered for task in tasks] == [True] * 3
    assert len(threads) == most
    assert (threading.get_ident() in threads) == (most == 1)
