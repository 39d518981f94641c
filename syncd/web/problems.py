"""What a failure looks like from outside: problem+json [RFC 9457] for programs, a page with the next step for people.

An error that syncd raises on purpose speaks for itself; of any other only the log has the details.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from syncd.errors import LeaseLost, StaleChoice, StoreError, SyncdError, UsageError, VendorError
from syncd.logs import Logger
from syncd.web.entrance.guard import Unfit
from syncd.web.visitor import LoginNeeded, NotAllowed

LOG = Logger(__name__)
MEDIA_TYPE = "application/problem+json"
API = "/api/"


class Problem(BaseModel):
    """What went wrong and what to do about it [RFC 9457]."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    next_step: str = ""


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of failures with these statuses, and of those that every route has."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": _TITLES[status], "content": content}
        for status in (400, 401, 403, 413, 422, 503, *statuses)
    }


_TITLES = {
    400: "The request cannot be read",
    401: "Log in first",
    403: "Not allowed",
    404: "Not there",
    409: "Somebody else was first",
    413: "The request is too large",
    422: "The request does not fit",
    500: "syncd failed",
    502: "The vendor did not do what was asked",
    503: "Not possible right now",
}


def register(app: FastAPI) -> None:
    """Give every kind of failure its answer."""
    app.add_exception_handler(LoginNeeded, _login_needed)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SyncdError, _on_purpose)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(
    request: Request, status: int, detail: str, next_step: str = "", headers: dict[str, str] | None = None
) -> Response:
    title = _TITLES.get(status, "Not possible")
    if request.url.path.startswith(API):
        problem = Problem(title=title, status=status, detail=detail, next_step=next_step)
        return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)
    answer: Response = request.app.state.site.alone(
        "problem.html", status, title=title, what=detail, next_step=next_step
    )
    answer.headers.update(headers or {})
    return answer


def _login_needed(request: Request, _: Exception) -> Response:
    if request.url.path.startswith(API) or request.method not in {"GET", "HEAD"}:
        return _answer(
            request,
            401,
            "Nobody is known to be asking.",
            "Log in, or send a token: Authorization: Bearer …",
            {"www-authenticate": "Bearer"},
        )
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)


def _not_allowed(request: Request, _: Exception) -> Response:
    return _answer(request, 403, "Your role is read-only.", "Ask an admin.")


def _unfit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()]
    return _answer(request, 422, "; ".join(told)[:500])


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, str(error.detail), headers=dict(error.headers or {}))


def _on_purpose(request: Request, error: Exception) -> Response:
    assert isinstance(error, SyncdError)
    return _answer(request, _status(error), error.what, error.next_step)


def _status(error: SyncdError) -> int:
    match error:
        case StaleChoice():
            return 409
        case UsageError():
            return 422
        case VendorError():
            return 502
        case LeaseLost() | StoreError():
            return 503
    return 500


def _unforeseen(request: Request, error: Exception) -> Response:
    if isinstance(error, Unfit):  # the asker's doing, which the guard answers
        return _answer(request, error.status, error.what)
    LOG.error(
        "A page broke",
        path=request.url.path,
        method=request.method,
        reason=type(error).__name__,
        exc_info=error,
    )
    return _answer(request, 500, "syncd itself failed.", "The log has the details; please report it.")
