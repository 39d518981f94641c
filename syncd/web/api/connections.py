"""Connections and activity over the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from syncd.doctor import examined
from syncd.web.api.once import OnceRoute
from syncd.web.api.shapes import (
    NUMBER,
    ConnectionOut,
    ConnectionsOut,
    DeedOut,
    DeedsOut,
    ExaminedOut,
    FindingOut,
    FindingsOut,
    HealthOut,
    Limit,
)
from syncd.web.problems import answers
from syncd.web.show.connections import ConnectionShown, connections_shown, planned_times
from syncd.web.site import Site, SiteOf
from syncd.web.visitor import Admin, admin, reader

ROUTER = APIRouter(
    prefix="/api/v1", tags=["connections"], dependencies=[Depends(reader)], route_class=OnceRoute
)
Name = Annotated[str, Path(max_length=100)]


@ROUTER.get("/connections", responses=answers())
def list_connections(site: SiteOf) -> ConnectionsOut:
    """List all configured connections and how they are doing."""
    with site.app.store.look() as tx:
        states = tx.connections.all()
        open_runs = [*tx.runs.interrupted(), *tx.runs.requested()]
        shown = connections_shown(site.app.settings, states, planned_times(tx), open_runs, site.now())
        attempts = {name: state.last_attempt for name, state in states.items()}
        words = {name: state.state for name, state in states.items()}
    out = []
    for one in shown:
        made = _out(site, one)
        made.last_attempt, made.state = attempts.get(one.name), words.get(one.name, "new")
        out.append(made)
    return ConnectionsOut(connections=out)


def _out(site: Site, one: ConnectionShown) -> ConnectionOut:
    settings = site.app.settings.connections[one.name]
    return ConnectionOut(
        name=one.name,
        vendor=settings.vendor,
        enabled=settings.enabled,
        state="new",
        word=one.word,
        reason=one.why,
        schedule=str(settings.schedule) if settings.schedule else None,
        records=one.records,
        last_success=one.last,
        last_attempt=None,
        next=list(one.next),
        push=sorted(settings.push),
    )


@ROUTER.post("/connections/{name}/test", responses=answers(404, 502), dependencies=[Depends(admin)])
def test_connection(site: SiteOf, name: Name) -> FindingsOut:
    """Reach a connection and verify its rights; nothing is changed there."""
    _known(site, name)
    found = site.app.check([name])[name]
    told = [FindingOut(what=one.what, ok=one.ok, detail=one.detail, fix=one.fix) for one in found]
    return FindingsOut(connection=name, findings=told)


@ROUTER.post("/connections/{name}/{verb}", status_code=204, responses=answers(404))
def pause_or_resume(site: SiteOf, visitor: Admin, name: Name, verb: Literal["pause", "resume"]) -> None:
    """Pause a connection, or let it go on."""
    _known(site, name)
    act = site.app.pause if verb == "pause" else site.app.resume
    act(name, visitor.name)


def _known(site: Site, name: str) -> None:
    if name not in site.app.settings.connections:
        raise HTTPException(404, "There is no such connection.")


@ROUTER.get("/activity", tags=["activity"], responses=answers())
def list_activity(
    site: SiteOf, after: Annotated[int, Query(ge=0, le=NUMBER)] = 0, limit: Limit = 50
) -> DeedsOut:
    """List what people did, newest first."""
    with site.app.store.look() as tx:
        deeds = tx.audit.list(after, limit)
    return DeedsOut(
        activity=[DeedOut.model_validate(asdict(deed)) for deed in deeds],
        next=deeds[-1].id if len(deeds) == limit else None,
    )


@ROUTER.get("/health", tags=["health"], responses=answers())
def look_at_health(site: SiteOf) -> HealthOut:
    """Say what is or will soon be wrong, as `syncd doctor` does, without asking a vendor."""
    found = [ExaminedOut.model_validate(asdict(one)) for one in examined(site.app, site.now())]
    return HealthOut(findings=found)
