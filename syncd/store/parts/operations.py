"""Operations: what is to be written where, from plan to outcome.

Whoever works on one claims it by a conditional UPDATE, and the rows that come back are the answer. At most one
operation is open per customer and connection, by index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, update

from syncd.customer import base_of, says_something
from syncd.store.columns import microseconds
from syncd.store.parts import operation_queries as ask
from syncd.store.parts.meta import count_on
from syncd.store.parts.operation_rows import (
    MOVING,
    moving_row,
    number_of,
    operation_id,
    read_operation,
    row_of,
)
from syncd.store.parts.verdicts import Verdicts
from syncd.store.tables import IS_OPEN, OPEN, operations
from syncd.store.transaction import chunks
from syncd.values import NOTED, UNDER_WAY, Operation, RecordKey

_c: Final = operations.c

# What may still be taken back: whatever has not left this machine, and what a person gives up on.
DROPPABLE: Final = ("planned", "waiting", "claimed", "unknown")
_SAVE: Final = f"UPDATE operations SET {', '.join(f'{name} = ?' for name in MOVING)} WHERE id = ?"
_EXECUTED: Final = (*UNDER_WAY, "confirmed")

# Named here, because inside the class `list` is its listing.
Found = list[Operation]
ByCustomer = dict[str, list[Operation]]


class Operations(Verdicts):
    """The operations of one transaction, and what people said of their contents."""

    __slots__ = ()

    # --- writing ------------------------------------------------------------------------------

    def add(self, added: Sequence[Operation]) -> None:
        """Store new operations and give each its id."""
        if not added:
            return
        first = count_on(self._tx, "operations", len(added))
        for number, operation in enumerate(added, first):
            operation.id = operation_id(number)
        now = self._tx.now
        self._tx.connection.execute(
            operations.insert(), [row_of(operation, created_at=now, updated_at=now) for operation in added]
        )

    def save(self, changed: Iterable[Operation]) -> None:
        """Write what changes in the life of operations; their drafts stay as they were planned."""
        now = microseconds(self._tx.now)
        self._tx.each(_SAVE, [moving_row(each, now) for each in changed])

    def drop(self, ids: Iterable[str], reason: str) -> set[str]:
        """Give up operations that are not on their way; return the ids of those that were dropped."""
        return self._move(ids, DROPPABLE, state="dropped", error=reason)

    def delete_of(self, customers: Iterable[str]) -> None:
        """Delete every operation of these customers for good (erasure)."""
        for chunk in chunks(customers):
            self._tx.execute(delete(operations).where(_c.customer.in_(chunk)))

    def forget_noted(self, records: Iterable[RecordKey]) -> None:
        """Take records out of what is noted with the creates of others (erasure)."""
        of: dict[str, set[str]] = {}
        for connection, vendor_id in records:
            of.setdefault(connection, set()).add(vendor_id)
        noted = select(_c.id, _c.connection, _c.progress).where(
            _c.connection.in_(of), _c.kind == "create", _c.state.in_(("unknown", "dropped"))
        )
        for row in self._tx.execute(noted).all():
            kept = [each for each in row.progress.get(NOTED, ()) if each not in of[row.connection]]
            if kept != row.progress.get(NOTED, []):
                progress = {**row.progress, NOTED: kept}
                self._tx.execute(update(operations).where(_c.id == row.id).values(progress=progress))

    def claim(self, ids: Iterable[str], epoch: int) -> set[str]:
        """Take planned operations for execution; return the ids of those that nobody else took first."""
        return self._move(ids, ("planned",), state="claimed", epoch=epoch)

    def release(self, connection: str | None = None) -> int:
        """Put claimed operations back, of which nothing was sent; return how many."""
        statement = update(operations).where(_c.state == "claimed", IS_OPEN)
        if connection is not None:
            statement = statement.where(_c.connection == connection)
        return self._tx.execute(
            statement.values(state="planned", epoch=None, updated_at=self._tx.now)
        ).rowcount

    def _move(self, ids: Iterable[str], states: Collection[str], **values: Any) -> set[str]:
        moved: set[str] = set()
        for chunk in chunks(map(number_of, ids)):
            statement = (
                update(operations)
                .where(_c.id.in_(chunk), _c.state.in_(states))
                .values(**values, updated_at=self._tx.now)
                .returning(_c.id)
            )
            moved.update(operation_id(row[0]) for row in self._tx.execute(statement))
        return moved

    # --- reading ------------------------------------------------------------------------------

    def get(self, operation: str) -> Operation | None:
        """Return an operation by its id, None where there is none."""
        return next(iter(self._asked(ask.ONE, id=number_of(operation))), None)

    def states(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the state of each of these operations."""
        sql = f"SELECT id, state FROM operations WHERE {self._tx.among('id')}"
        return {
            operation_id(number): state
            for chunk in chunks(map(number_of, ids))
            for number, state in self._tx.rows(sql, self._tx.listed(chunk))
        }

    def open_of(self, customer_ids: Iterable[str]) -> ByCustomer:
        """Return the open operations of each of these customers that has any."""
        found: ByCustomer = {}
        for chunk in chunks(customer_ids):
            for operation in self._asked(ask.OPEN_OF, customers=chunk):
                found.setdefault(operation.draft.customer, []).append(operation)
        return found

    def open_on_records(
        self, connection: str, vendor_ids: Iterable[str], states: Collection[str] = OPEN
    ) -> dict[str, Operation]:
        """Return the open operations in these states on records of a connection, by vendor id."""
        return {
            str(operation.draft.vendor_id): operation
            for chunk in chunks(vendor_ids)
            for operation in self._asked(
                ask.OPEN_ON_RECORDS, connection=connection, vendor_ids=chunk, states=tuple(states)
            )
        }

    def open_creates(self, connection: str) -> Found:
        """Return the creates that may have reached the vendor, or are about to."""
        return self._asked(ask.OPEN_CREATES, connection=connection)

    def ready(self, connection: str, limit: int, now: datetime) -> Found:
        """Return planned operations that need not wait any longer, oldest first."""
        return self._asked(ask.READY, connection=connection, limit=limit, now=now)

    def unknown_due(self, connection: str, now: datetime) -> Found:
        """Return operations of unknown outcome whose settle time is over."""
        return self._asked(ask.UNKNOWN_DUE, connection=connection, now=now)

    def stranded(self, now: datetime) -> Found:
        """Return operations whose intent was committed and whose outcome was not, by a process that is gone."""
        return self._asked(ask.STRANDED, now=now)

    def of_run(self, run: str) -> Found:
        """Return every operation that a run planned, oldest first."""
        return self._asked(ask.OF_RUN, run=run)

    def list(
        self,
        *,
        connection: str | None = None,
        customer: str | None = None,
        run: str | None = None,
        states: Collection[str] | None = None,
        kind: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Found:
        """Return operations, newest first, after one: those that every given filter lets through."""
        given = {"connection": connection, "customer": customer, "run": run, "kind": kind}
        filters = {name: value for name, value in given.items() if value}
        statement = ask.listing(
            tuple(filters),
            in_states=states is not None,
            only_open=states is not None and set(states) <= set(OPEN),
            after=bool(after),
        )
        bound: dict[str, Any] = {**filters, "limit": limit}
        if states is not None:
            bound["states"] = tuple(states)
        if after:
            bound["after"] = number_of(after)
        return self._asked(statement, **bound)

    def planners(self, connections: Collection[str], since: datetime, until: datetime) -> dict[str, int]:
        """Return the runs that had planned what was sent in a time, and how many operations each."""
        sent = _c.intent_at.between(since, until)
        # what was sent was made before: the index of connection and creation bounds the search
        made = _c.connection.in_(connections) & (_c.created_at <= until)
        counted = select(_c.run, func.count().label("number")).where(made, sent)
        statement = counted.group_by(_c.run).order_by(func.min(_c.id))
        return {row.run: row.number for row in self._tx.execute(statement)}

    def counts(self, connection: str, since: datetime, approved: bool = False) -> dict[str, int]:
        """Return how much is planned in a connection, or was executed since a time, for the limits.

        Keys: the kinds, `clear` (operations that empty a field) and `field:NAME` (updates that replace a value).
        What a person approved counts only where `approved` is set; what waits for a person does not count.
        """
        # one that was given up after it was sent may have been carried out all the same
        given_up = (_c.state == "dropped") & _c.intent_at.is_not(None)
        recent = (_c.state.in_(_EXECUTED) | given_up) & (_c.created_at >= since)
        planned = IS_OPEN & (_c.state == "planned")
        statement = select(_c.kind, _c.draft).where(_c.connection == connection, recent | planned)
        if not approved:
            statement = statement.where(_c.approved_by == "")
        counted: Counter[str] = Counter()
        for row in self._tx.execute(statement):
            counted.update(_counted(row.kind, row.draft["fields"]))
        return dict(counted)

    def open_counts(self) -> dict[tuple[str, str], int]:
        """Return how many operations are open, by connection and state."""
        sql = f"SELECT connection, state, count(*) FROM operations WHERE {IS_OPEN} GROUP BY connection, state"
        return {(row[0], row[1]): row[2] for row in self._tx.rows(sql)}

    def _asked(self, question: ask.Question, **bound: Any) -> Found:
        return [read_operation(row) for row in self._tx.execute(question, bound)]


def _counted(kind: str, fields: dict[str, list[str]]) -> Iterable[str]:
    yield kind
    stood = {name: after for name, (before, after) in fields.items() if says_something(name, before)}
    if any(not says_something(name, after) for name, after in stood.items()):
        yield "clear"
    if kind == "update":
        yield from (f"field:{base_of(name)}" for name in stood)
