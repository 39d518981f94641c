"""`syncd runs`: what was done, and the word that a waiting plan needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.options import After, AsJson, Limit, OfConnection
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.store import Run

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `runs list` shows it.")]

commands = typer.Typer(no_args_is_help=True, help="Look at runs; approve, discard or undo what they planned.")


@commands.command("list")
def list_runs(ctx: typer.Context, after: After = "", limit: Limit = 50, as_json: AsJson = False) -> None:
    """List runs, newest first."""
    with opening.looking(ctx) as tx:
        found = tx.runs.list(after, limit)
    if as_json:
        say.document([as_document(run) for run in found])
        return
    rows = [
        (run.id, run.state, run.status, ", ".join(run.connections), run.asked_by, run.asked_at, run.ended_at)
        for run in found
    ]
    columns = ("run", "state", "status", "connections", "asked by", "asked at", "ended at")
    say.table(columns, rows, empty="No runs yet: `syncd sync` makes one.")


def as_document(run: Run) -> dict[str, Any]:
    """Return a run as programs read it, without its report."""
    return {
        "id": run.id,
        "state": run.state,
        "status": run.status,
        "connections": run.connections,
        "flags": run.flags,
        "asked_by": run.asked_by,
        "asked_at": run.asked_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }


@commands.command("show")
def show_run(ctx: typer.Context, run_id: RunId, as_json: AsJson = False) -> None:
    """Show a run's report."""
    with opening.looking(ctx) as tx:
        run = tx.runs.get(run_id)
    if run is None:
        raise UsageError(f"There is no run {run_id}.", "`syncd runs list` shows them.")
    if as_json:
        say.document({**as_document(run), "report": run.report})
        return
    from syncd.cli.report import show

    asked, began, ended = map(say.text, (run.asked_at, run.started_at, run.ended_at))
    say.line(
        f"{run.id}: {run.state}, asked by {run.asked_by} at {asked}, from {began or '-'} to {ended or '-'}"
    )
    if run.report:
        show({"dry_run": True, **run.report})


@commands.command("approve")
def approve(
    ctx: typer.Context, run_id: RunId, connection: OfConnection = None, as_json: AsJson = False
) -> None:
    """Approve what a run planned and what waits; the next sync writes it."""
    with opening.opened(ctx) as app:
        done = app.approve(opening.who(), run=run_id, connection=connection or "")
    _told(done, as_json, "approved", "`syncd sync` writes them now.")


@commands.command("discard")
def discard(
    ctx: typer.Context, run_id: RunId, connection: OfConnection = None, as_json: AsJson = False
) -> None:
    """Discard what a run planned; it stays held until its values change."""
    with opening.opened(ctx) as app:
        done = app.discard(opening.who(), run=run_id, connection=connection or "")
    _told(done, as_json, "discarded", "They stay held until the golden value changes.")


@commands.command("undo")
def undo(ctx: typer.Context, run_id: RunId, as_json: AsJson = False) -> None:
    """Give every field that a run changed its former value, wherever nobody has edited since.

    What a run created at a vendor stays there, and first values stay where they came from: undo deletes nobody.
    """
    with opening.opened(ctx) as app:
        undone = app.undo(run_id, opening.who())
    if as_json:
        said = {
            "returned": undone.returned,
            "edited_since": undone.edited_since,
            "left_created": undone.created,
        }
        say.document(said)
        return
    if undone.nothing:
        say.line(f"{run_id} changed no value by an edit, so nothing goes back.")
    else:
        say.line(
            f"{undone.returned} values are as they were before {run_id}; the next sync brings them to the vendors."
        )
    if undone.created:
        say.note(
            f"left alone: {undone.created} records that it created. Undo deletes nobody: delete them at the vendor, "
            "and on_delete says what follows here."
        )
    for customer, slot in undone.edited_since:
        say.note(f"left alone: {slot} of {customer}, which somebody has edited since")


def _told(number: int, as_json: bool, what: str, then: str) -> None:
    if as_json:
        say.document({what: number})
        return
    say.line(f"{number} operations {what}. {then}")
