"""Workers: the operations of a group, side by side where a vendor's answers take their time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from syncd.errors import SyncdError
from syncd.logs import Logger
from syncd.sync.scene import Scene, Source
from syncd.sync.tasks import Task
from syncd.vendors.budget import leaving_some
from syncd.vendors.pace import Pace

GROUP = 50
log = Logger(__name__)


class Workers(ThreadPoolExecutor):
    """Those who have one connection's operations under way side by side: as many as vendor and settings allow."""

    def __init__(self, scene: Scene, source: Source) -> None:
        allowed = min(source.connector.abilities.concurrency, scene.push_workers)
        self.width = allowed if scene.parallel else 1
        self._pace = Pace(scene.soon)
        super().__init__(self.width, thread_name_prefix=f"push-{source.name}")

    @property
    def group(self) -> int:
        """Return how many operations make a group: whole rounds, for in half a round half of the workers wait."""
        return GROUP - GROUP % min(self.width, GROUP)

    def each(self, tasks: Sequence[Task], work: Callable[[Task], None]) -> None:
        """Do the same for every task; one failing task stops no other."""
        waiting, left = iter(tasks), len(tasks)
        while left and (self.width < 2 or self._pace.is_quick):
            task = next(waiting)
            self._pace.timed(lambda task=task: _guarded(task, work))  # type: ignore[misc]
            left -= 1
        # to hand over each task by itself costs a future for each, and a thread woken for it
        try:
            list(self.map(lambda _: _work_off(waiting, work), range(min(left, self.width))))
        finally:
            deque(waiting, maxlen=0)  # of those that wait still, when this is interrupted, none is begun


def _work_off(waiting: Iterator[Task], work: Callable[[Task], None]) -> None:
    """Take one waiting task after the other, which several may do at once: each is given out once."""
    for task in waiting:
        _guarded(task, work)


def _guarded(task: Task, work: Callable[[Task], None]) -> None:
    """Do one task's work; its failure is its own and stops no other."""
    if task.stopped:
        return
    try:
        with leaving_some():
            work(task)
    except SyncdError as error:
        task.problem = error
    except Exception as error:
        log.exception("An operation failed inside syncd.", operation=task.operation.id)
        task.problem = error
