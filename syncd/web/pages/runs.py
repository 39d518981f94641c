"""Runs: the list, one run with its plan, asking for one, and approving or discarding what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.store import Reading, Run
from syncd.values import Operation
from syncd.web.act import ask_for_run, decide_operations, undo_run
from syncd.web.show.failed import failed_shown
from syncd.web.show.plan import OperationShown, grouped, held_shown, operation_shown, row_shown
from syncd.web.show.runs import RunShown, run_in, run_shown
from syncd.web.show.words import OPERATION_WORDS
from syncd.web.site import SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
SHOWS = (("", "all runs"), ("wrote", "that wrote"), ("trouble", "with trouble"), ("dry", "dry runs"))
_LOOKED_THROUGH = 2_000  # runs that a filter looks through for one page


@ROUTER.get("/runs")
def runs_page(
    request: Request, site: SiteOf, visitor: Reader, connection: str = "", show: str = "", after: str = ""
) -> HTMLResponse:
    """List runs, newest first."""
    with site.app.store.look() as tx:
        found, more = _filtered(tx, connection, show, after)
        shown = [run_in(tx, run) for run in found]
    chosen = {"connection": connection, "show": show}
    next_page = f"/runs?{urlencode({**chosen, 'after': shown[-1].id})}" if more and shown else ""
    names = sorted(site.app.settings.connections)
    return site.page(
        request, visitor, "runs.html", runs=shown, names=names, shows=SHOWS, chosen=chosen, next=next_page
    )


def _filtered(tx: Reading, connection: str, show: str, after: str) -> tuple[list[Run], bool]:
    """Return a page of runs that the filters let through, and whether there may be more."""
    found: list[Run] = []
    looked = 0
    while looked < _LOOKED_THROUGH:
        batch = tx.runs.list(after, PAGE)
        for run in batch:
            if _passes(run, connection, show):
                found.append(run)
            if len(found) == PAGE:
                return found, True
        if len(batch) < PAGE:
            return found, False
        after, looked = batch[-1].id, looked + len(batch)
    return found, True


def _passes(run: Run, connection: str, show: str) -> bool:
    if connection and run.connections and connection not in run.connections:
        return False
    match show:
        case "wrote":
            return run_shown(run).total.written > 0
        case "trouble":
            return run.state == "failed" or run.status in {"failed", "attention", "held"}
        case "dry":
            return bool(run.flags.get("dry_run"))
    return True


@ROUTER.post("/runs")
def ask(
    site: SiteOf,
    visitor: Admin,
    connection: Annotated[list[str] | None, Form()] = None,
    dry_run: Annotated[bool, Form()] = False,
    full: Annotated[bool, Form()] = False,
) -> Response:
    """Ask for a run of some connections, or of all."""
    run = ask_for_run(site.app, connection or [], visitor.name, dry_run=dry_run, full=full)
    return done(f"/runs/{run.id}", "asked")


@ROUTER.get("/runs/{run_id}")
def run_page(
    request: Request, site: SiteOf, visitor: Reader, run_id: str, state: str = "", after: str = ""
) -> HTMLResponse:
    """Show one run: its way, its figures, what it held, and what it planned or did."""
    with site.app.store.look() as tx:
        run = tx.runs.get(run_id)
        if run is None:
            raise HTTPException(404, f"There is no {run_id}.")
        shown = run_in(tx, run)
        plan = _plan(tx, run, shown, state, after)
        held = (run.report or {}).get("held", [])
        groups = held_shown(held, _labels(tx, held))
        failed = failed_shown(tx, run.id)
    return site.page(
        request, visitor, "run.html", run=shown, plan=plan, held=groups, held_total=len(held), failed=failed
    )


def _labels(tx: Reading, rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    return tx.customers.labels({str(row.get("customer")) for row in rows if row.get("customer")})


def _plan(tx: Reading, run: Run, shown: RunShown, state: str, after: str) -> dict[str, Any]:
    if shown.dry_run:
        return _dry_plan(tx, run, shown, after)
    return _stored_plan(tx, run, shown, state, after)


def _dry_plan(tx: Reading, run: Run, shown: RunShown, after: str) -> dict[str, Any]:
    """Return a page of a dry run's plan, which stands in its report alone."""
    rows: Sequence[dict[str, Any]] = (run.report or {}).get("plan", [])
    start = int(after) if after.isascii() and after.isdigit() else 0
    page = rows[start : start + PAGE]
    labels = _labels(tx, page)
    more = f"/runs/{run.id}?after={start + PAGE}" if len(rows) > start + PAGE else ""
    return {
        **_none("Nothing would be written.", _why_nothing(shown, "is the same.")),
        "title": "What a sync would write",
        "words": f"{len(rows):,} operation{'' if len(rows) == 1 else 's'}; nothing was written",
        "groups": grouped(row_shown(row, labels) for row in page),
        "next": more,
    }


def _stored_plan(tx: Reading, run: Run, shown: RunShown, state: str, after: str) -> dict[str, Any]:
    """Return a page of a run's operations, with those that wait for approval counted."""
    chosen = (state,) if state in OPERATION_WORDS else None
    page = tx.operations.list(run=run.id, states=chosen, after=after, limit=PAGE)
    waiting = tx.operations.list(run=run.id, states=("waiting",), limit=10_000)
    more = f"/runs/{run.id}?{urlencode({'state': state, 'after': page[-1].id})}" if len(page) == PAGE else ""
    none = (
        ("The run has not got that far.", "Come back in a moment.")
        if shown.open
        else ("Nothing was written.", _why_nothing(shown, "was the same already."))
    )
    return {
        **_none(*none),
        "title": "What waits for you" if waiting else "What was written",
        "words": "before → after, record by record",
        "groups": grouped(_shown(tx, page)),
        "states": _state_tabs(run.id, state, len(waiting)),
        "next": more,
        "waiting": len(waiting),
        "elsewhere": _elsewhere(tx, run, shown),
    }


def _elsewhere(tx: Reading, run: Run, shown: RunShown) -> list[tuple[str, int]]:
    """Return what a run wrote of earlier runs' plans: the run that planned, and how many operations."""
    if run.started_at is None or not shown.total.written:
        return []
    names = [tally["name"] for tally in shown.tallies]
    planned = tx.operations.planners(names, run.started_at, run.ended_at or tx.now)
    return [(planner, number) for planner, number in planned.items() if planner != run.id]


def _why_nothing(shown: RunShown, same: str) -> str:
    if shown.errors:
        return "What was not read to its end is not written either."
    return f"Everything that may be the same {same}"


def _none(what: str, why: str) -> dict[str, Any]:
    return {"none": what, "none_why": why, "states": [], "waiting": 0, "elsewhere": []}


def _shown(tx: Reading, operations: Sequence[Operation]) -> list[OperationShown]:
    labels = tx.customers.labels({operation.draft.customer for operation in operations})
    return [operation_shown(operation, labels) for operation in operations]


def _state_tabs(run: str, chosen: str, waiting: int) -> list[dict[str, Any]]:
    if not waiting and not chosen:
        return []
    tabs = (
        ("", "All", None),
        ("waiting", "Waiting", waiting),
        ("confirmed", "Written", None),
        ("rejected", "Refused", None),
    )
    return [
        {"word": word, "href": f"/runs/{run}?state={key}", "here": key == chosen, "count": count}
        for key, word, count in tabs
    ]


@ROUTER.post("/runs/{run_id}/decide")
def decide(
    site: SiteOf,
    visitor: Admin,
    run_id: str,
    verdict: Annotated[str, Form(pattern="^(approve|discard)$")],
    connection: Annotated[list[str] | None, Form()] = None,
    operation: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Approve or discard what waits: all of it, that of some connections, or single operations."""
    decide_operations(
        site.app, run_id, verdict, visitor.name, connections=connection or (), operations=operation or ()
    )
    return done(f"/runs/{run_id}", "approved" if verdict == "approve" else "discarded")


@ROUTER.post("/runs/{run_id}/undo")
def undo(site: SiteOf, visitor: Admin, run_id: str) -> Response:
    """Take back what a run made golden, wherever nobody has edited since."""
    undo_run(site.app, run_id, visitor.name)
    return done(f"/runs/{run_id}", "undone")
