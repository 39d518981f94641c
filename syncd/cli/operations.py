"""`syncd operations`: every single write, planned, done or in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.options import After, AsJson, Limit, OfConnection
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.values import Operation

OperationId = Annotated[str, typer.Argument(metavar="OPERATION", help="The operation's id, such as op-7.")]

STATES = ("planned", "waiting", "claimed", "sent", "unknown", "confirmed", "rejected", "dropped")

commands = typer.Typer(no_args_is_help=True, help="Look at single writes, or drop one that waits.")


@commands.command("list")
def list_operations(
    ctx: typer.Context,
    connection: OfConnection = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only in this state; may be repeated.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only of this run.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this customer.")] = None,
    after: After = "",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List operations, newest first."""
    if unknown := sorted(set(state or ()) - set(STATES)):
        raise UsageError(f"There is no state {', '.join(unknown)}.", f"There are: {', '.join(STATES)}.")
    with opening.looking(ctx) as tx:
        found = tx.operations.list(
            connection=connection, customer=customer, run=run, states=state or None, after=after, limit=limit
        )
    if as_json:
        say.document([as_document(each) for each in found])
        return
    rows = [
        (
            each.id,
            each.state,
            each.draft.connection,
            each.draft.kind,
            each.draft.vendor_id,
            each.draft.customer,
            each.error,
        )
        for each in found
    ]
    columns = ("operation", "state", "connection", "kind", "record", "customer", "error")
    say.table(columns, rows, empty="No operations.")


def as_document(operation: Operation) -> dict[str, Any]:
    """Return an operation as programs read it."""
    draft = operation.draft
    return {
        "id": operation.id,
        "state": operation.state,
        "connection": draft.connection,
        "kind": draft.kind,
        "vendor_id": draft.vendor_id,
        "customer": draft.customer,
        "fields": draft.fields,
        "reason": draft.reason,
        "run": operation.run,
        "steps": operation.steps,
        "step": operation.step,
        "attempts": operation.attempts,
        "intent_at": operation.intent_at,
        "approved_by": operation.approved_by,
        "error": operation.error,
    }


@commands.command("show")
def show_operation(ctx: typer.Context, operation_id: OperationId, as_json: AsJson = False) -> None:
    """Show one operation: what it writes, why, and how it went."""
    from syncd.sync.habits import preview

    with opening.looking(ctx) as tx:
        operation = tx.operations.get(operation_id)
        if operation is None:
            raise UsageError(f"There is no operation {operation_id}.", "`syncd operations list` shows them.")
        state = tx.connections.load(operation.draft.connection)
    shows = preview(operation.draft, state.fidelity) if state else {}
    found = {**as_document(operation), "shows": shows}
    if as_json:
        say.document(found)
        return
    for name, value in found.items():
        if name not in ("fields", "shows") and value not in (None, "", ()):
            say.line(f"{name}: {', '.join(value) if isinstance(value, tuple) else say.text(value)}")
    rows = [
        (name, before, after, shows.get(name, after)) for name, (before, after) in found["fields"].items()
    ]
    say.table(("field", "before", "after", "will show as"), rows, empty="It carries no fields.")


@commands.command("retry")
def retry(ctx: typer.Context, operation_id: OperationId, as_json: AsJson = False) -> None:
    """Try an operation again that was refused or dropped; the next sync plans it anew."""
    with opening.opened(ctx) as app:
        app.retry(operation_id, opening.who())
    if as_json:
        say.document({"retried": operation_id})
        return
    say.line(f"{operation_id} is tried again with the next sync.")


@commands.command("drop")
def drop(ctx: typer.Context, operation_id: OperationId, as_json: AsJson = False) -> None:
    """Drop an operation that waits for approval; its content stays held until golden changes."""
    with opening.opened(ctx) as app:
        number = app.discard(opening.who(), operations=[operation_id])
    if as_json:
        say.document({"dropped": number})
        return
    say.line(f"{operation_id} is dropped; it comes back only when golden changes.")
