"""Writes that happen once: a request that names itself with `Idempotency-Key` is carried out by the first who sends it.

Whoever sends the same again, also after a lost answer or a restart, gets the first answer and nothing is done; the same
key with another content is a mistake and told so [draft-ietf-httpapi-idempotency-key-header]. Keys are each visitor's
own and are kept for a day. A request that was refused is not kept: what was wrong may be mended and sent again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from syncd.store import Answer
from syncd.web.problems import answers
from syncd.web.site import Site, site_of
from syncd.web.visitor import known

LONGEST = 255
REPLAYED = "idempotency-replayed"
_KEPT_HEADERS = ("content-type", "location")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def named(
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=LONGEST,
            pattern=r"^[\x21-\x7e]+$",
            description="Names this request: sent again with the same key and content it is not done again.",
        ),
    ] = None,
) -> str | None:
    """Return the name that a request gives itself."""
    return idempotency_key


class OnceRoute(APIRoute):
    """A route whose writes may name themselves."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **how: Any) -> None:
        if set(how.get("methods") or ()) - {"GET", "HEAD"}:
            others = [one for one in how.get("dependencies") or () if one.dependency is not named]
            how["dependencies"] = [*others, Depends(named)]
            how["responses"] = {**answers(409), **(how.get("responses") or {})}
        super().__init__(path, endpoint, **how)

    def get_route_handler(self) -> Handler:
        """Return the handler, which asks the store first where a request names itself."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            site = site_of(request)
            visitor = await run_in_threadpool(known, request, site) if key else None
            if request.method in {"GET", "HEAD"} or not key or visitor is None or len(key) > LONGEST:
                return await handle(request)
            digest = hashlib.sha256(f"{visitor.name}\0{key}".encode()).digest()
            return await _first(site, digest, await _content(request), lambda: handle(request))

        return once


async def _content(request: Request) -> bytes:
    """Return a digest of what a request wants."""
    wanted = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\0".encode())
    wanted.update(await request.body())
    return wanted.digest()


async def _first(
    site: Site, key: bytes, content: bytes, handle: Callable[[], Awaitable[Response]]
) -> Response:
    """Carry a request out if it is the first under its key, else answer as the first one was answered."""
    store = site.app.store
    earlier = await run_in_threadpool(store.do, lambda tx: tx.answers.begin(key, content))
    if earlier is not None:
        return _again(earlier, content)
    try:
        answer = await handle()
    except BaseException:
        await run_in_threadpool(store.do, lambda tx: tx.answers.drop(key))
        raise
    kept = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
    body = bytes(answer.body).decode()
    await run_in_threadpool(store.do, lambda tx: tx.answers.finish(key, answer.status_code, kept, body))
    return answer


def _again(earlier: Answer, content: bytes) -> Response:
    """Answer a request whose key is known."""
    if earlier.request != content:
        raise HTTPException(422, "This Idempotency-Key was used for another request; take a new one.")
    if earlier.status is None:
        raise HTTPException(
            409, "The same request is being carried out; ask again in a moment.", {"retry-after": "1"}
        )
    return Response(earlier.body, earlier.status, {**earlier.headers, REPLAYED: "true"})
