"""Push: operations become requests; at least once executed, exactly once in effect.

Operations are claimed in groups. For each group: read again what was not seen just now; drop what a human changed
meanwhile, and commit the intents of the rest; send; commit the outcome with what the read-back showed. An intent is
always committed before its first byte. Whatever ends without a clear answer is *unknown* and decided later by a look,
never by sending again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syncd.errors import (
    AlreadyThere,
    Busy,
    Missing,
    Overdue,
    Refused,
    Throttled,
    Unreachable,
    Unsearchable,
    VendorError,
)
from syncd.failpoints import failpoint
from syncd.logs import Logger, bound
from syncd.rules.ground import Ground
from syncd.store import ConnectionState, Store, Writing
from syncd.sync import outcome
from syncd.sync.attempt import is_doubt, is_refusal
from syncd.sync.ended import Ended
from syncd.sync.habits import learn_habits
from syncd.sync.late import TOO_SLOW, Lateness
from syncd.sync.progress import Progress, Watch
from syncd.sync.pull import note_failure
from syncd.sync.scene import Scene, Source, record_keys, target
from syncd.sync.search import find_older
from syncd.sync.sending import Sender
from syncd.sync.taking import grounds, take_values
from syncd.sync.tasks import Count, Task, as_stored, still_in
from syncd.sync.workers import Workers
from syncd.values import Tally

SILENT = 5  # so many writes at least, and none of them answered
PATIENCE = timedelta(seconds=30)  # before an operation that a vendor was too busy for is tried again
log = Logger(__name__)


def push(
    store: Store, scene: Scene, source: Source, *, run: str, epoch: int, tally: Tally, watch: Watch
) -> int:
    """Execute one connection's planned operations; return how many were sent."""
    before = source.connector.requests
    sent, late = 0, Lateness()
    try:
        with bound(run=run, connection=source.name), Workers(scene, source) as workers:
            pusher = _Pusher(store, scene, source, run, epoch, tally, watch, late, workers)
            while not watch.stopping:
                group = pusher.claim(workers.group)
                if not group:
                    break
                pusher.execute(group)
                if late.is_hopeless:
                    tally.error = tally.error or TOO_SLOW
                    break
                sent += len(group)
                watch.tell(Progress("push", source.name, sent))
                if pusher.halted or watch.gives_way():
                    break
    finally:
        tally.requests += source.connector.requests - before
    return sent


class _Pusher:
    """The operations of one connection, group by group, from claim to outcome."""

    def __init__(
        self,
        store: Store,
        scene: Scene,
        source: Source,
        run: str,
        epoch: int,
        tally: Tally,
        watch: Watch,
        late: Lateness,
        workers: Workers,
    ) -> None:
        self.store, self.scene, self.source = store, scene, source
        self.run, self.epoch, self.tally, self.late = run, epoch, tally, late
        self.each = workers.each
        self.halted = False
        with store.look() as tx:
            self.state = tx.connections.load(source.name) or ConnectionState(
                source.name, source.connector.vendor
            )
        self.sender = Sender(scene, source, self.state, run, watch)
        self.target = target(source, scene, self.state)

    def claim(self, most: int) -> list[Task]:
        """Take the next operations for execution, with their records where what is known of these matters yet."""
        name = self.source.name

        def unit(tx: Writing) -> list[Task]:
            # a group is over before the next one is claimed: what is claimed now was so by a COMMIT that nobody answered
            tx.operations.release(name)
            ready = tx.operations.ready(name, most, tx.now)
            claimed = tx.operations.claim([op.id for op in ready], self.epoch)
            mine = [op for op in ready if op.id in claimed]
            ids = [op.draft.vendor_id for op in mine if op.draft.vendor_id]
            # of a record in parts the payload tells where each part is read again; without it they are searched for
            in_parts = self.sender.parts is not None
            records = {} if self.sender.always_reads else tx.records.load(name, ids, payload=in_parts)
            return [Task(replace(op, state="claimed"), records.get(op.draft.vendor_id or "")) for op in mine]

        group = self.store.do(unit, epoch=self.epoch)
        failpoint("push.claimed")
        return group

    def execute(self, group: Sequence[Task]) -> None:
        """Take a group through reading, intent, sending and outcome."""
        begun = self._read_again(group)
        while begun:
            self.each(begun, self.sender.send)
            begun = self._go_on(self._write_outcomes(begun))

    # --- reading before writing ------------------------------------------------------------------

    def _read_again(self, group: Sequence[Task]) -> list[Task]:
        """Read what was not seen just now; commit the intents of what may still be sent, and return those tasks."""
        stale = [task for task in group if self._is_stale(task)]
        self.each(stale, self.sender.read)
        failpoint("push.read")
        count, now = Count(), self.scene.clock()

        def unit(tx: Writing) -> list[Task]:
            going = self._sift(tx, group, count)
            self._intend(tx, going, now)
            return going

        begun = self.store.do(unit, epoch=self.epoch)
        count.add_to(self.tally)
        failpoint("push.intent")
        return begun

    def _is_stale(self, task: Task) -> bool:
        if task.operation.draft.kind == "create":
            return False
        if self.sender.always_reads:
            return True
        if task.record is None:
            return False
        if self.source.connector.abilities.replaces or task.record.observed is None:
            return True
        return self.scene.clock() - task.record.observed > self.scene.safety.read_before_write

    def _sift(self, tx: Writing, group: Sequence[Task], count: Count) -> list[Task]:
        """Absorb what the reads showed; an operation on a record that a human changed is planned anew."""
        ground = grounds(tx, self.scene, self.source, self.state, len(group))
        going: list[Task] = []
        # sent: by an earlier try of this unit
        for task in as_stored(tx, group, ("claimed", "sent")):
            if task.operation.draft.kind != "create" and task.record is None:
                outcome.drop(tx, task.operation, "the record is not known any more")
            elif task.problem is not None:
                self._give_up(tx, task, count)
            elif task.current is not None and self._was_changed(tx, task, ground):
                outcome.drop(tx, task.operation, "a person changed the record meanwhile; planned anew")
            else:
                going.append(task)
        return going

    def _was_changed(self, tx: Writing, task: Task, ground: Callable[..., Ground]) -> bool:
        record = task.record
        assert record is not None
        assert task.current is not None
        absorbed = take_values(tx, self.scene, record, task.current, ground(), self.run)
        if absorbed.changed:
            record.digest = b""
            record.keys = record_keys(record, self.source, self.scene)
            tx.records.save([record])
        return absorbed.changed

    def _give_up(self, tx: Writing, task: Task, count: Count) -> None:
        """End a task whose read failed: nothing was sent."""
        assert task.problem is not None
        if isinstance(task.problem, Missing) and task.record is not None:
            outcome.suspect(tx, task.record)
            outcome.drop(tx, task.operation, "the vendor does not know the record any more")
            return
        self._put_back(tx, task, task.problem, count.anew(task))

    def _put_back(self, tx: Writing, task: Task, problem: BaseException, tally: Tally) -> None:
        """Put an operation back that was certainly not processed, for later."""
        operation = task.operation
        operation.state, operation.error = "planned", str(problem)
        operation.attempts += 1
        operation.not_before = tx.now + _wait(problem)
        tx.operations.save([operation])
        if isinstance(problem, (Refused, Unreachable, Throttled)):
            self.halted = True
            tally.error = str(problem)
            note_failure(tx, self.source.name, problem)

    # --- sending ---------------------------------------------------------------------------------

    def _go_on(self, tasks: Sequence[Task]) -> list[Task]:
        """Commit the intents of steps that follow others; return the tasks whose step is to be sent."""
        if not tasks:
            return []
        now = self.scene.clock()

        def unit(tx: Writing) -> list[Task]:
            going = still_in(tx, tasks, ("sent",))
            self._intend(tx, going, now)
            return going

        begun = self.store.do(unit, epoch=self.epoch)
        failpoint("push.intent")
        return begun

    def _intend(self, tx: Writing, tasks: Sequence[Task], now: datetime) -> None:
        """Write down what is about to be sent."""
        self._mark_newest(tx, tasks)
        for task in tasks:
            operation = task.operation
            operation.steps = operation.steps or self.sender.steps(task)
            operation.state, operation.intent_at = "sent", now
            operation.settle_at = now + self.scene.safety.settle
        tx.operations.save(task.operation for task in tasks)

    def _mark_newest(self, tx: Writing, tasks: Sequence[Task]) -> None:
        """Note with creates which record was the newest, where one without its keys is found by its name among newer ones."""
        creates = [task.operation for task in tasks if task.operation.draft.kind == "create"]
        unmarked = [operation for operation in creates if "newer_than" not in operation.progress]
        if unmarked and "company" in self.source.connector.abilities.finds:
            newest = tx.records.newest_number(self.source.name)
            for operation in unmarked:
                operation.progress = {**operation.progress, "newer_than": newest}

    # --- outcomes --------------------------------------------------------------------------------

    def _write_outcomes(self, tasks: Sequence[Task]) -> list[Task]:
        """Commit what came of the requests; return the tasks whose next step is to be sent."""
        self.late.note(tasks)
        self.late.let_go_on(tasks)
        self._look_after_doubt(tasks)
        count = Count()

        def unit(tx: Writing) -> None:
            ground = grounds(tx, self.scene, self.source, self.state, len(tasks))
            ended = Ended(tx, self.target, self.scene.regions)
            for task in sorted(as_stored(tx, tasks, ("sent",)), key=_may_touch_others):
                if _may_touch_others(task):
                    ended.save()
                self._conclude(tx, task, ground, count.anew(task), ended)
            ended.save()
            if len(tasks) >= SILENT and all(task.is_unanswered for task in tasks):
                self._leave_alone(tx)

        self.store.do(unit, epoch=self.epoch)
        count.add_to(self.tally)
        failpoint("push.done")
        return [task for task in tasks if task.has_more]

    def _leave_alone(self, tx: Writing) -> None:
        """Send no more to a vendor that answered nobody: all that is sent now would have to be looked for later."""
        self.halted = True
        silent = Unreachable(
            f"{self.source.name} answered none of the last writes.",
            "Nothing to do unless it stays: they are looked for after the settle time, and then it goes on.",
        )
        self.tally.error = self.tally.error or str(silent)
        note_failure(tx, self.source.name, silent)

    def _look_after_doubt(self, tasks: Sequence[Task]) -> None:
        """Read updates back whose answer was lost, or that were refused half done: what is shown often decides at once."""
        for task in [task for task in tasks if task.operation.draft.kind == "update"]:
            if task.is_in_doubt:
                self.sender.look(task)
        for task in [task for task in tasks if isinstance(task.problem, AlreadyThere)]:
            if task.operation.draft.kind == "create":
                self._search(task)

    def _search(self, task: Task) -> None:
        """Look for the record that a create met; where that fails for now, the create is tried again later."""
        try:
            task.attempt.found = find_older(self.source, task.operation)
        except Unsearchable:
            log.info("A record that is there already cannot be searched for.", operation=task.operation.id)
        except VendorError as error:
            log.warning(
                "A record that is there already could not be looked for.", reason=type(error).__name__
            )
            task.problem = Busy(str(error), status=error.status)

    def _conclude(
        self, tx: Writing, task: Task, ground: Callable[..., Ground], tally: Tally, ended: Ended
    ) -> None:
        """Write one outcome down, or how far an operation has come of which another step follows."""
        problem, operation = task.problem, task.operation
        concluding = outcome.Concluding(
            tx, self.scene, self.source, operation, task.record, task.attempt, tally, self.run, ended
        )
        if task.has_more:
            tx.operations.save([operation])
        elif problem is None:
            concluding.confirm(ground())
            self._note_answers(tx, task)
            if task.attempt.shown is not None:
                doubtful = task.record.shadow.doubtful if task.record else ()
                learn_habits(tx, self.source, self.state, operation.draft, task.attempt.shown, doubtful)
        elif not isinstance(problem, VendorError):
            # of an error of ours, or of the store's, nobody knows whether it came before or after the request
            log.error("An operation failed inside syncd.", operation=operation.id, reason=repr(type(problem)))
            concluding.unknown(ground(), "an error inside syncd; see the log")
        elif is_doubt(problem) or (operation.step and not is_refusal(problem)):
            concluding.unknown(ground(), str(problem))  # what an earlier step did stays known
        elif task.attempt.found:
            concluding.discover(task.attempt.found, ground)
        elif is_refusal(problem):
            concluding.refuse(problem, ground)
        else:
            self._put_back(tx, task, problem, tally)  # it was not processed

    def _note_answers(self, tx: Writing, task: Task) -> None:
        """Remember once whether this vendor's answers show what is stored."""
        if task.attempt.answers is None:
            return
        state = tx.connections.load(self.source.name)
        if state is not None and state.answers is None:
            state.answers = task.attempt.answers
            tx.connections.save(state)


def _may_touch_others(task: Task) -> bool:
    """Tell whether an outcome may load records other than its own, and must find them as they are by then."""
    return task.problem is not None or task.has_more or task.operation.draft.kind != "update"


def _wait(problem: BaseException) -> timedelta:
    """Return how long an operation waits that was certainly not processed; what waited here already goes next."""
    if isinstance(problem, Overdue):
        return timedelta(0)
    return timedelta(seconds=problem.wait) if isinstance(problem, Throttled) and problem.wait else PATIENCE
