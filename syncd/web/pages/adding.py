"""The page that tries a new connection's credentials and shows the block for the configuration file."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from syncd.config import VENDORS
from syncd.web.show.adding import Typed, asked_for, tried, vendors
from syncd.web.site import SiteOf
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

_LONGEST = 4_000


@ROUTER.get("/connections/new")
def adding_page(request: Request, site: SiteOf, visitor: Admin, vendor: str = "") -> HTMLResponse:
    """Show the choice of vendors, or the form of one."""
    lines = asked_for(vendor) if vendor in VENDORS else []
    known = {"vendor": vendor if lines else "", "name": "", "push": ("update",)}
    return site.page(
        request, visitor, "adding.html", vendors=vendors(), lines=lines, typed=known, result=None
    )


@ROUTER.post("/connections/new")
async def try_it(request: Request, site: SiteOf, visitor: Admin) -> HTMLResponse:
    """Try what was typed, and show what was found and the block to paste; nothing of it is kept."""
    typed = _typed(await request.form())
    return await run_in_threadpool(_answer, request, site, visitor, typed)


def _answer(request: Request, site: SiteOf, visitor: Admin, typed: Typed) -> HTMLResponse:
    result = tried(site.app, typed)
    detail = {"vendor": typed.vendor, "well": result.well}
    site.app.store.do(lambda tx: tx.audit.add(visitor.name, "tried a new connection", typed.name, detail))
    return site.page(
        request,
        visitor,
        "adding.html",
        vendors=vendors(),
        lines=asked_for(typed.vendor, typed),
        typed={"vendor": typed.vendor, "name": typed.name, "push": typed.push},
        result=result,
    )


def _typed(form: FormData) -> Typed:
    """Read the form; only lines that were asked for count."""
    texts = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    vendor, name = texts.get("vendor", ""), texts.get("name", "")
    if vendor not in VENDORS or not name or any(len(value) > _LONGEST for value in texts.values()):
        raise HTTPException(422, "The form is not filled in: choose a vendor and a name.")
    lines = asked_for(vendor)
    return Typed(
        name=name[:100],
        vendor=vendor,
        plain={one.name: texts.get(one.name, "") for one in lines if not one.secret},
        secrets={one.name: texts.get(one.name, "") for one in lines if one.secret},
        push=tuple(str(one) for one in form.getlist("push")),
    )
