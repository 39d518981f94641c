"""Approvals: a person lets operations go or not, has one tried again, accepts a mass change, or pauses a connection."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from syncd.errors import UsageError
from syncd.store import ConnectionState, Writing
from syncd.sync.decide import Desk
from syncd.sync.scene import Scene
from syncd.values import Operation, Record, Review


def decide_limits(desk: Desk, review: Review, choice: str) -> None:
    connection = review.connection or ""
    if choice == "approve":
        approve(desk.tx, desk.scene, desk.by, connection=connection)
    else:
        discard(desk.tx, desk.by, connection=connection)


def approve(
    tx: Writing, scene: Scene, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = ""
) -> int:
    """Approve what waits: of a connection (which may then be written to), of a run, or by operation."""
    waiting = _waiting(tx, connection, operations, run)
    tx.operations.approve([op.content for op in waiting], by)
    for op in waiting:
        op.state, op.approved_by = "planned", by
    tx.operations.save(waiting)
    whole = {op.draft.connection for op in waiting} if not operations else set()
    for name in whole | ({connection} if connection else set()):
        _open_connection(tx, scene, name)
    tx.audit.add(by, "approve", connection or run or "operations", {"operations": len(waiting)})
    return len(waiting)


def _open_connection(tx: Writing, scene: Scene, name: str) -> None:
    source = scene.sources.get(name)
    if source is None:
        return
    state = tx.connections.load(name) or ConnectionState(name, source.connector.vendor)
    state.approved, state.mapping = True, source.mapping
    tx.connections.save(state)
    tx.reviews.close("limits", [name], "approved")


def discard(
    tx: Writing, by: str, *, connection: str = "", operations: Sequence[str] = (), run: str = ""
) -> int:
    """Discard what waits: its content stays held until golden changes."""
    waiting = _waiting(tx, connection, operations, run)
    tx.operations.discard([op.content for op in waiting], by)
    tx.operations.drop([op.id for op in waiting], f"discarded by {by}")
    tx.customers.mark_due({op.draft.customer for op in waiting})
    for name in {op.draft.connection for op in waiting} if not operations else ():
        tx.reviews.close("limits", [name], "discarded")
    tx.audit.add(by, "discard", connection or run or "operations", {"operations": len(waiting)})
    return len(waiting)


def _waiting(tx: Writing, connection: str, operations: Sequence[str], run: str) -> list[Operation]:
    found = tx.operations.list(
        connection=connection or None, run=run or None, states=("waiting",), limit=1_000_000
    )
    if operations:
        found = [op for op in found if op.id in set(operations)]
    if not found and (operations or run):
        raise UsageError("Nothing of that waits for approval.", "`syncd operations list` shows what does.")
    return found


def decide_mass_change(desk: Desk, review: Review, choice: str) -> None:
    name = review.connection or ""
    parked = orjson.loads(desk.tx.meta.get("parked") or "{}")
    span = list(review.evidence["numbers"])
    parked[name] = [one for one in parked.get(name, []) if one != span]
    desk.tx.meta.set("parked", orjson.dumps(parked).decode())
    if choice == "refuse":
        _refuse_statements(desk.tx, name, span)


def _refuse_statements(tx: Writing, connection: str, span: Sequence[int]) -> None:
    """Let statements go no further: golden stays, and is written back where the limits allow it."""
    after = ""
    while ids := tx.records.fresh_customers(after, 500):
        after = ids[-1]
        for group in tx.records.of_customers(ids).values():
            refused = [
                record for record in group if record.connection == connection and _states_within(record, span)
            ]
            for record in refused:
                record.considered, record.fresh = max(record.considered, span[1]), False
            tx.records.save(refused)
        tx.customers.mark_due(ids)


def _states_within(record: Record, span: Sequence[int]) -> bool:
    return any(span[0] <= one.number <= span[1] for one in record.shadow.stated.values())


def retry(tx: Writing, operation_id: str, by: str) -> None:
    """Forget that a vendor refused an operation, so that the next run plans it again. Raises UsageError."""
    operation = tx.operations.get(operation_id)
    if operation is None:
        raise UsageError(f"There is no operation {operation_id}.", "`syncd operations list` shows them.")
    if operation.state not in ("rejected", "dropped"):
        raise UsageError(
            f"{operation_id} is {operation.state}.", "Only what was refused or dropped is tried again."
        )
    draft = operation.draft
    tx.operations.forget([operation.content])
    record = tx.records.one(draft.connection, draft.vendor_id) if draft.vendor_id else None
    if record is not None:
        kept = {name: said for name, said in record.shadow.refused.items() if name not in draft.fields}
        record.shadow.refused = kept
        for name in draft.fields:
            record.shadow.not_kept.pop(name, None)
        tx.records.save([record])
    customer = tx.customers.load([draft.customer]).get(draft.customer)
    if customer is not None:
        customer.refused.pop(draft.connection, None)
        customer.due = True
        tx.customers.save([customer])
    tx.audit.add(by, "retry", operation_id, {})


def pause(tx: Writing, scene: Scene, connection: str, by: str, *, paused: bool) -> None:
    """Pause a connection, or let it go on: its operations wait meanwhile and nothing is lost."""
    source = scene.sources.get(connection)
    if source is None:
        raise UsageError(f"There is no connection {connection!r}.", f"There are {', '.join(scene.sources)}.")
    state = tx.connections.load(connection) or ConnectionState(connection, source.connector.vendor)
    state.state, state.reason = ("paused", f"paused by {by}") if paused else ("ok", "")
    state.not_before, state.failures = None, 0
    tx.connections.save(state)
    tx.audit.add(by, "pause" if paused else "resume", connection, {})
