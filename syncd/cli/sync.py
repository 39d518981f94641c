"""`syncd sync`: one sync now, with its report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import opening, say
from syncd.cli.completing import connection_names

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from syncd.sync.progress import Progress

STAGES = {
    "pull": "Pulling",
    "reconcile": "Reconciling",
    "plan": "Planning",
    "push": "Pushing",
    "look": "Looking",
}


def sync(
    ctx: typer.Context,
    connections: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which connections to pull; all of them when none is named.", autocompletion=connection_names
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and write nothing to any vendor.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, whatever the cursors say.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Approve the plan of this run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON document.")] = False,
) -> None:
    """Pull, reconcile and push once, and report."""
    with opening.opened(ctx) as app:
        names = opening.chosen(app.settings, connections or ())
        from syncd.app import as_plain
        from syncd.cli.report import show

        with progress_shown() as progress:
            report = app.sync(
                names, dry_run=dry_run, full=full, yes=yes, asked_by=opening.who(), progress=progress
            )
        found = as_plain(report)
        say.document(found) if as_json else show(found)
    raise typer.Exit(report.exit_status)


@contextmanager
def progress_shown() -> Iterator[Callable[[Progress], None] | None]:
    """Show a bar for each stage while a run works, where a person looks at standard error."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=say.console(err=True), transient=True) as bars:
        yield _Told(bars)


class _Told:
    """Moves the bars as a run tells how far it is."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, step: Progress) -> None:
        key = (step.stage, step.connection)
        if key not in self._tasks:
            words = f"{STAGES.get(step.stage, step.stage)} {step.connection}".rstrip()
            self._tasks[key] = self._bars.add_task(words, total=step.total)
        self._bars.update(self._tasks[key], completed=step.done, total=step.total)
