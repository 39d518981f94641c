"""Runs over the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response

from syncd.store import Run
from syncd.web.act import ask_for_run, undo_run
from syncd.web.api.once import OnceRoute
from syncd.web.api.shapes import RUN, Limit, RunAsked, RunOut, RunsOut, UndoneOut
from syncd.web.problems import answers
from syncd.web.site import SiteOf
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(
    prefix="/api/v1/runs", tags=["runs"], dependencies=[Depends(reader)], route_class=OnceRoute
)
RunId = Annotated[str, Path(pattern=RUN)]


@ROUTER.post("", status_code=202, responses=answers())
def request_run(site: SiteOf, visitor: Admin, asked: RunAsked, answer: Response) -> RunOut:
    """Ask for a run; an equal request that waits is joined, and its id is answered."""
    run = ask_for_run(site.app, asked.connections, visitor.name, dry_run=asked.dry_run, full=asked.full)
    answer.headers["location"] = f"/api/v1/runs/{run.id}"
    return run_out(run)


@ROUTER.get("", responses=answers())
def list_runs(
    site: SiteOf, after: Annotated[str | None, Query(pattern=RUN)] = None, limit: Limit = 50
) -> RunsOut:
    """List runs, newest first."""
    with site.app.store.look() as tx:
        found = tx.runs.list(after or "", limit)
    return RunsOut(runs=[run_out(run) for run in found], next=found[-1].id if len(found) == limit else None)


@ROUTER.get("/{run_id}", responses=answers(404))
def get_run(site: SiteOf, run_id: RunId) -> RunOut:
    """Return one run with its report."""
    with site.app.store.look() as tx:
        run = tx.runs.get(run_id)
    if run is None:
        raise HTTPException(404, f"There is no {run_id}.")
    return run_out(run, whole=True)


@ROUTER.post("/{run_id}/undo", responses=answers(404))
def undo(site: SiteOf, visitor: Admin, run_id: RunId) -> UndoneOut:
    """Take back what a run made golden, wherever nobody has edited since."""
    get_run(site, run_id)
    return UndoneOut(returned=undo_run(site.app, run_id, visitor.name))


def run_out(run: Run, *, whole: bool = False) -> RunOut:
    """Return a run as a document."""
    return RunOut(
        id=run.id,
        connections=list(run.connections),
        dry_run=bool(run.flags.get("dry_run")),
        full=bool(run.flags.get("full")),
        asked_by=run.asked_by,
        state=run.state,
        status=run.status,
        joined=run.joined,
        asked_at=run.asked_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        progress=run.progress if whole else None,
        report=run.report if whole else None,
    )
