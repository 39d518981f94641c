"""Sending: one step of an operation becomes one request, if it may still go out, and what the vendor shows then.

What is asked in the last moment, after every wait for a budget, a token or a connection: whether the store is still
ours, and whether the intent is young enough. Whoever looks for the write after the settle time must find it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from syncd.customer import gathered, is_element
from syncd.errors import Overdue, VendorError
from syncd.failpoints import failpoint
from syncd.logs import Logger, bound
from syncd.store import ConnectionState
from syncd.sync.progress import Watch
from syncd.sync.scene import Scene, Source
from syncd.sync.tasks import Task
from syncd.values import Change, Draft, Operation, Record, Shadow, Shown, Written
from syncd.vendors.base import ReadsParts
from syncd.vendors.leave import asking

log = Logger(__name__)


@dataclass(slots=True)
class Sender:
    """The way of one run's operations to one connection; `state` is what is known of that connection."""

    scene: Scene
    source: Source
    state: ConnectionState
    run: str
    watch: Watch
    # told once: to ask whether a connector keeps to a protocol costs as much as to build a request
    parts: ReadsParts | None = field(init=False)

    def __post_init__(self) -> None:
        """See whether the records of this connection stand in parts."""
        connector = self.source.connector
        self.parts = connector if isinstance(connector, ReadsParts) else None

    @property
    def always_reads(self) -> bool:
        """Tell whether every record is read again before it is written, as a whole, whatever is known of it."""
        return self.source.connector.abilities.replaces and self.parts is None

    def steps(self, task: Task) -> tuple[str, ...]:
        """Name the requests that an operation takes."""
        return self.source.connector.steps(self._change(task))

    def read(self, task: Task) -> None:
        """Read a record as it is now, before it is written."""
        record, vendor_id = task.record, task.operation.draft.vendor_id
        assert vendor_id is not None
        if self.parts is not None and record is not None and record.observed is not None:
            task.current = self.parts.read_again(_as_shown(record))
        else:
            task.current = self.source.connector.get(vendor_id)

    def send(self, task: Task) -> None:
        """Send the step at hand; after the last one, look at what the vendor shows now."""
        operation, attempt = task.operation, task.attempt
        attempt.began = attempt.began or self.scene.clock()
        if operation.step < len(operation.steps):
            with bound(operation=operation.id), asking(lambda: self._may_write(operation)):
                written = self.source.connector.write(operation.steps[operation.step], self._change(task))
            failpoint("push.answered")
            attempt.answered, attempt.answer = True, written.shown or attempt.answer
            operation.progress = {**operation.progress, **written.progress, **_id_of(written)}
            operation.step += 1
        if operation.step >= len(operation.steps):
            self.look(task)

    def _may_write(self, operation: Operation) -> None:
        """Raise LeaseLost or Overdue where the step at hand must not go out any more."""
        self.watch.hold()
        assert operation.intent_at is not None
        # half of the settle time is for waiting here; the vendor and the way to it need the other half
        if self.scene.clock() - operation.intent_at > self.scene.safety.settle / 2:
            raise Overdue(
                f"{operation.id} waited too long for its turn at {self.source.name}; it was not sent.",
                "Nothing to do: it is tried again. If it stays, see what the vendor's request budget is spent on.",
            )

    def look(self, task: Task) -> None:
        """Read back at once: the answer itself where that was once confirmed, otherwise one GET."""
        vendor_id = task.operation.progress.get("vendor_id") or task.operation.draft.vendor_id
        answer = task.attempt.answer
        if answer is not None and self.state.answers and self.source.connector.abilities.answers:
            task.attempt.shown = answer
        elif vendor_id:
            try:
                task.attempt.shown = self._shown_now(task, str(vendor_id))
            except VendorError as error:
                log.warning("A write could not be read back.", reason=type(error).__name__)
            failpoint("push.looked")
        if answer is not None and task.attempt.shown is not None and self.state.answers is None:
            # The others of its group go by it at once; it is stored with this one's outcome.
            self.state.answers = task.attempt.answers = dict(answer.fields) == dict(task.attempt.shown.fields)

    def _shown_now(self, task: Task, vendor_id: str) -> Shown:
        """Read a record after a write: the part that was written, where records stand in parts."""
        if task.operation.draft.kind == "update" and self.parts is not None:
            return self.parts.read_back(self._change(task))
        return self.source.connector.get(vendor_id)

    def _change(self, task: Task) -> Change:
        draft, record = task.operation.draft, task.record
        current = task.current or (_as_shown(record) if record else None)
        return Change(
            kind=draft.kind,
            fields=gathered(_after(draft), current.fields if current else None),
            vendor_id=draft.vendor_id,
            current=current,
            given=_given(record.shadow) if record else {},
            repeated=record.shadow.repeated if record else "",
            stamp=draft.stamp,
            key=task.operation.id,
            trace=f"{self.run}/{task.operation.id}",
            progress=task.operation.progress,
        )


def _id_of(written: Written) -> dict[str, str]:
    return {"vendor_id": written.vendor_id} if written.vendor_id else {}


def _after(draft: Draft) -> dict[str, str]:
    return {name: after for name, (_, after) in draft.fields.items()}


def _given(shadow: Shadow) -> dict[str, str]:
    """Return what we gave; elements of a set go along with the whole set as it is shown."""
    return {name: shadow.acked[name] for name in shadow.given if not is_element(name)}


def _as_shown(record: Record) -> Shown:
    """Return a record as it was last shown, for a connector to merge into."""
    assert record.observed is not None
    return Shown(record.vendor_id, record.shown, record.payload, record.observed)
