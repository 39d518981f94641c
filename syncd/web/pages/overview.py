"""The home page, and the live parts of this page and of a run's: the same fragments again, whenever they change."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, StreamingResponse

from syncd.web.show.overview import overview
from syncd.web.show.runs import run_in
from syncd.web.site import Site, SiteOf
from syncd.web.visitor import Reader, Visitor, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

PAUSE = 1.0
LONGEST = 300  # then the browser comes again, and is asked again who it is
STREAMS = 24
_TIMES = re.compile(r"(<time [^>]*title=\"[^\"]*\"[^>]*>)[^<]*</time>")

_open_streams: list[Request] = []


@ROUTER.get("/")
def home(request: Request, site: SiteOf, visitor: Reader) -> HTMLResponse:
    """Show the home page."""
    with site.app.store.look() as tx:
        shown = overview(tx, site.app.settings, site.now())
    values = {"needs": shown.needs, "cards": shown.cards, "runs": shown.runs, "summary": shown.summary}
    return site.page(request, visitor, "overview.html", **values)


@ROUTER.get("/live/overview")
async def live_home(request: Request, site: SiteOf, visitor: Reader) -> StreamingResponse:
    """Send the home page's middle whenever it changes."""
    return _stream(request, lambda: (_home_part(site, visitor), False))


def _home_part(site: Site, visitor: Visitor) -> str:
    with site.app.store.look() as tx:
        shown = overview(tx, site.app.settings, site.now())
    return site.fragment(
        "overview_live.html", visitor=visitor, needs=shown.needs, cards=shown.cards, runs=shown.runs
    )


@ROUTER.get("/live/runs/{run_id}")
async def live_run(request: Request, site: SiteOf, visitor: Reader, run_id: str) -> StreamingResponse:
    """Send a run's figures whenever they change, until it has ended."""
    return _stream(request, lambda: _run_part(site, visitor, run_id))


def _run_part(site: Site, visitor: Visitor, run_id: str) -> tuple[str, bool]:
    with site.app.store.look() as tx:
        run = tx.runs.get(run_id)
        if run is None:
            return "", True
        shown = run_in(tx, run)
    return site.fragment("run_live.html", visitor=visitor, run=shown), not shown.open


def _stream(request: Request, part: Callable[[], tuple[str, bool]]) -> StreamingResponse:
    if len(_open_streams) >= STREAMS:
        raise HTTPException(503, "Too many pages are being followed; this one shows what it shows.")
    return StreamingResponse(
        _parts(request, part), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _parts(request: Request, part: Callable[[], tuple[str, bool]]) -> AsyncIterator[str]:
    _open_streams.append(request)
    last = b""
    try:
        for _ in range(int(LONGEST / PAUSE)):
            html, over = await run_in_threadpool(part)
            digest = hashlib.blake2b(_TIMES.sub(r"\1", html).encode()).digest()
            if digest != last:
                last = digest
                yield _event("part", html)
            if over:
                yield _event("done", "")
                return
            await asyncio.sleep(PAUSE)
            if await request.is_disconnected():
                return
    finally:
        _open_streams.remove(request)


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
