"""Connections, and what looks at the whole: activity and health."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from syncd.store import Deed
from syncd.web.act import known_connection
from syncd.web.show.account import renderings
from syncd.web.show.connections import connections_shown, planned_times
from syncd.web.show.health import Finding, findings_of, health
from syncd.web.site import Number, Site, SiteOf, done
from syncd.web.visitor import Admin, Reader, Visitor, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])
PAGE = 100


@ROUTER.get("/connections")
def connections_page(request: Request, site: SiteOf, visitor: Reader) -> HTMLResponse:
    """Show every connection with its settings and their sources."""
    return _page(request, site, visitor, {})


def _page(request: Request, site: Site, visitor: Visitor, findings: dict[str, list[Finding]]) -> HTMLResponse:
    with site.app.store.look() as tx:
        open_runs = [*tx.runs.interrupted(), *tx.runs.requested()]
        shown = connections_shown(
            site.app.settings, tx.connections.all(), planned_times(tx), open_runs, site.now()
        )
        kept = {one.name: one.fidelity or renderings(tx, one.name) for one in shown}
    rows = [
        {
            **{name: getattr(one, name) for name in one.__slots__},
            "findings": findings.get(one.name, []),
            "fidelity": kept[one.name],
        }
        for one in shown
    ]
    return site.page(
        request, visitor, "connections.html", connections=rows, path=str(site.app.settings.path or "")
    )


@ROUTER.post("/connections/{name}/test")
def test(request: Request, site: SiteOf, visitor: Admin, name: str) -> HTMLResponse:
    """Reach a connection and verify its rights; nothing is changed there."""
    known_connection(site.app, name)
    found = site.app.check([name])
    site.app.store.do(lambda tx: tx.audit.add(visitor.name, "tested a connection", name))
    return _page(request, site, visitor, {one: findings_of(told) for one, told in found.items()})


@ROUTER.post("/connections/{name}/pause")
def pause(site: SiteOf, visitor: Admin, name: str) -> Response:
    """Stop asking and writing a connection until somebody resumes it."""
    site.app.pause(known_connection(site.app, name), visitor.name)
    return done(f"/connections?said=paused#{quote(name)}")


@ROUTER.post("/connections/{name}/resume")
def resume(site: SiteOf, visitor: Admin, name: str) -> Response:
    """Go on with a paused connection."""
    site.app.resume(known_connection(site.app, name), visitor.name)
    return done(f"/connections?said=resumed#{quote(name)}")


@ROUTER.get("/activity")
def activity_page(request: Request, site: SiteOf, visitor: Reader, after: Number = 0) -> HTMLResponse:
    """Show who did what."""
    with site.app.store.look() as tx:
        deeds = tx.audit.list(after, PAGE)
    more = f"/activity?{urlencode({'after': deeds[-1].id})}" if len(deeds) == PAGE else ""
    return site.page(request, visitor, "activity.html", rows=[_deed(deed) for deed in deeds], next=more)


def _deed(deed: Deed) -> dict[str, Any]:
    detail = "; ".join(
        f"{name}: {_plain(value)}" for name, value in deed.detail.items() if value not in (None, "", False)
    )
    return {**asdict(deed), "detail": detail, "href": _href(deed.subject)}


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _href(subject: str) -> str:
    """Return the page of what was acted upon, where it has one."""
    if subject.startswith("run-"):
        return f"/runs/{quote(subject, safe='')}"
    kind, _, number = subject.partition(" ")
    return f"/reviews/{number}" if kind == "review" and number.isdigit() else ""


@ROUTER.get("/health")
def health_page(request: Request, site: SiteOf, visitor: Reader) -> HTMLResponse:
    """Show what is or will soon be wrong."""
    return site.page(request, visitor, "health.html", groups=health(site.app, site.now()))
