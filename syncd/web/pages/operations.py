"""One operation: what was to be written, step by step, and what the vendor said."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.web.act import retry_operation
from syncd.web.show.operation import operation_whole
from syncd.web.site import SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(prefix="/operations", include_in_schema=False, dependencies=[Depends(reader)])


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
