"""Operations over the API: what is to be written, and approving or discarding what waits."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from syncd.values import Operation
from syncd.web.act import decide_operations, known_connection, retry_operation
from syncd.web.api.once import OnceRoute
from syncd.web.api.shapes import OPERATION, RUN, Limit, OperationOut, OperationsOut, VerdictAsked, VerdictOut
from syncd.web.problems import answers
from syncd.web.site import SiteOf
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(
    prefix="/api/v1/operations", tags=["operations"], dependencies=[Depends(reader)], route_class=OnceRoute
)
State = Literal["planned", "waiting", "claimed", "sent", "unknown", "confirmed", "rejected", "dropped"]


@ROUTER.get("", responses=answers())
def list_operations(
    site: SiteOf,
    run: Annotated[str | None, Query(pattern=RUN)] = None,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    state: State | None = None,
    after: Annotated[str | None, Query(pattern=OPERATION)] = None,
    limit: Limit = 50,
) -> OperationsOut:
    """List operations, newest first."""
    states = (state,) if state else None
    with site.app.store.look() as tx:
        found = tx.operations.list(
            connection=connection, run=run, states=states, after=after or "", limit=limit
        )
    return OperationsOut(
        operations=[_out(one) for one in found], next=found[-1].id if len(found) == limit else None
    )


@ROUTER.get("/{operation}", responses=answers(404))
def get_operation(site: SiteOf, operation: Annotated[str, Path(pattern=OPERATION)]) -> OperationOut:
    """Return one operation."""
    with site.app.store.look() as tx:
        found = tx.operations.get(operation)
    if found is None:
        raise HTTPException(404, f"There is no {operation}.")
    return _out(found)


@ROUTER.post("/{operation}/retry", status_code=202, responses=answers(404))
def retry(site: SiteOf, visitor: Admin, operation: Annotated[str, Path(pattern=OPERATION)]) -> OperationOut:
    """Try an operation again that was refused or dropped, with a run that is asked for at once."""
    get_operation(site, operation)
    retry_operation(site.app, operation, visitor.name)
    return get_operation(site, operation)


@ROUTER.post("/{verdict}", responses=answers())
def decide(
    site: SiteOf, visitor: Admin, verdict: Literal["approve", "discard"], asked: VerdictAsked
) -> VerdictOut:
    """Approve or discard operations that wait for a person; what is approved is written by a run asked for at once."""
    for name in asked.connections:
        known_connection(site.app, name)
    decided = decide_operations(
        site.app,
        asked.run or "",
        verdict,
        visitor.name,
        connections=asked.connections,
        operations=asked.operations,
    )
    return VerdictOut(decided=decided)


def _out(operation: Operation) -> OperationOut:
    draft = operation.draft
    return OperationOut(
        id=operation.id,
        connection=draft.connection,
        kind=draft.kind,
        state=operation.state,
        customer=draft.customer,
        vendor_id=draft.vendor_id,
        fields={name: [before, after] for name, (before, after) in draft.fields.items()},
        reason=draft.reason,
        run=operation.run,
        error=operation.error,
    )
