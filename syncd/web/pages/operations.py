"""Operations: all of them by state, and one with what was to be written, step by step, and what the vendor said."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.web.act import retry_operation
from syncd.web.show.operation import operation_whole
from syncd.web.show.plan import operation_shown
from syncd.web.show.words import OPERATION_WORDS
from syncd.web.site import SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(prefix="/operations", include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
TABS = ("", "waiting", "planned", "unknown", "rejected", "confirmed", "dropped")


@ROUTER.get("")
def operations_page(
    request: Request, site: SiteOf, visitor: Reader, state: str = "", connection: str = "", after: str = ""
) -> HTMLResponse:
    """List operations, newest first, by state."""
    states = (state,) if state in OPERATION_WORDS else None
    with site.app.store.look() as tx:
        found = tx.operations.list(connection=connection, states=states, after=after, limit=PAGE)
        labels = tx.customers.labels({each.draft.customer for each in found})
    rows = [operation_shown(each, labels) for each in found]
    chosen = {"state": state, "connection": connection}
    more = f"/operations?{urlencode({**chosen, 'after': found[-1].id})}" if len(found) == PAGE else ""
    tabs = [
        {
            "word": OPERATION_WORDS[each].word if each else "All",
            "href": f"/operations?{urlencode({'state': each, 'connection': connection})}",
            "here": each == state,
        }
        for each in TABS
    ]
    return site.page(request, visitor, "operations.html", rows=rows, tabs=tabs, next=more)


@ROUTER.get("/{operation}")
def operation_page(request: Request, site: SiteOf, visitor: Reader, operation: str) -> HTMLResponse:
    """Show one operation with its steps and its outcome."""
    with site.app.store.look() as tx:
        found = tx.operations.get(operation)
        if found is None:
            raise HTTPException(404, f"There is no {operation}.")
        source = site.app.scene.sources.get(found.draft.connection)
        shown = operation_whole(tx, found, source.connector.fields if source else None)
    return site.page(request, visitor, "operation.html", op=shown)


@ROUTER.post("/{operation}/retry")
def retry(site: SiteOf, visitor: Admin, operation: str, run: Annotated[str, Form(max_length=40)]) -> Response:
    """Try an operation again that was refused."""
    retry_operation(site.app, operation, visitor.name)
    return done(f"/runs/{quote(run, safe='')}", "asked")
