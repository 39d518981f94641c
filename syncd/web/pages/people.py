"""Who is who, by a person's word: merge, split, erase; and a customer's data as a file to hand out."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse

from syncd.errors import UsageError
from syncd.web.act import erase_customer, merge_customers, move_records, split_customer
from syncd.web.everything import everything_known
from syncd.web.site import SiteOf, done
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(prefix="/customers/{customer_id}", include_in_schema=False, dependencies=[Depends(reader)])


@ROUTER.post("/merge")
def merge(
    site: SiteOf, visitor: Admin, customer_id: str, other: Annotated[str, Form(max_length=100)]
) -> Response:
    """Make another customer part of this one."""
    made = merge_customers(site.app, customer_id, other, visitor.name)
    return done(f"/customers/{quote(made, safe='')}", "merged")


@ROUTER.post("/split")
def split(
    site: SiteOf,
    visitor: Admin,
    customer_id: str,
    record: Annotated[list[str] | None, Form(max_length=200)] = None,
) -> Response:
    """Take the ticked records out of this customer, as somebody else's."""
    made = split_customer(site.app, customer_id, [_record(text) for text in record or []], visitor.name)
    return done(f"/customers/{quote(made, safe='')}", "split")


@ROUTER.post("/move")
def move(
    site: SiteOf,
    visitor: Admin,
    to: Annotated[str, Form(max_length=100)],
    record: Annotated[list[str] | None, Form(max_length=200)] = None,
) -> Response:
    """Move the ticked records to another customer."""
    made = move_records(site.app, [_record(text) for text in record or []], to, visitor.name)
    return done(f"/customers/{quote(made, safe='')}", "moved")


def _record(text: str) -> tuple[str, str]:
    connection, slash, vendor_id = text.partition("/")
    if not slash:
        raise UsageError(f"{text!r} names no record.", "Tick records on the customer's page.")
    return connection, vendor_id


@ROUTER.post("/erase")
def erase(
    request: Request,
    site: SiteOf,
    visitor: Admin,
    customer_id: str,
    repeated: Annotated[str, Form(max_length=100)],
) -> HTMLResponse:
    """Forget this person here for good, and show what is left to do at each vendor."""
    erased = erase_customer(site.app, customer_id, repeated, visitor.name)
    return site.page(request, visitor, "erased.html", erased=erased)


@ROUTER.get("/export")
def export(site: SiteOf, visitor: Admin, customer_id: str) -> Response:
    """Return everything known of a person as one file."""
    found = everything_known(site.app, customer_id, visitor.name)
    return _file(found, f"customer-{found['id']}.json")


def _file(document: dict[str, Any], name: str) -> Response:
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)
