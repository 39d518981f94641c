"""Webhooks: one address a connection, open to its vendor alone by the signature over the raw body.

A webhook is only a hint: it asks for a run that reads the ids it names. KiotViet stops sending to an address that
answers with 4xx [KiotViet Public API guide, webhooks], so that what is not believed is answered 200 there and dropped.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from syncd.errors import Forbidden, Malformed, UsageError
from syncd.logs import Logger
from syncd.web.site import SiteOf

ROUTER = APIRouter(prefix="/hooks", include_in_schema=False)
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")]
NEVER_REFUSED = frozenset({"kiotviet"})
log = Logger(__name__)


@ROUTER.post("/{connection}")
async def take_hint(site: SiteOf, connection: Name, request: Request) -> Response:
    """Take a vendor's webhook and ask for the records that it names."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        asked = await run_in_threadpool(site.app.hint, connection, headers, body)
    except UsageError as error:
        raise HTTPException(404, "There is no such address.") from error
    except (Forbidden, Malformed) as error:
        log.warning("A webhook was not believed.", connection=connection, reason=type(error).__name__)
        if site.app.settings.connections[connection].vendor in NEVER_REFUSED:
            return Response(status_code=200)
        raise HTTPException(401, "The signature does not fit.") from error
    return Response(status_code=202 if asked else 200)
