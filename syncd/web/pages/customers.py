"""The list of customers: search, tabs, and the same as a table to take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from syncd.app import App
from syncd.customer import FIELDS
from syncd.spreadsheet import lines
from syncd.store import Reading
from syncd.store.parts.tabs import MANY
from syncd.values import Customer, Record
from syncd.web.show.customers import rows_shown
from syncd.web.show.listing import TABS, Asked, reasons, unlinked_shown
from syncd.web.site import SiteOf
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
_TAKEN = 500  # customers that one look at the store takes for a table
Text = Annotated[str, Query(max_length=200)]


@ROUTER.get("/customers")
def customers_page(
    request: Request, site: SiteOf, visitor: Reader, q: Text = "", show: str = "", after: str = ""
) -> HTMLResponse:
    """List customers: all, those found, or those of a tab."""
    asked = Asked(q.strip(), show if show in TABS and not q.strip() else "")
    with site.app.store.look() as tx:
        values = _listed(tx, asked, after)
        values |= {"total": tx.customers.count(), "tabs": _tabs(tx, asked)}
    found_none = ("Nobody is found.", "Search by the beginning of an e-mail, phone, name or id.")
    nothing, nothing_why = found_none if asked.q else TABS[asked.show][1:]
    table = f"/customers.csv?{urlencode({'q': asked.q, 'show': asked.show})}"
    return site.page(
        request, visitor, "customers.html", q=q, nothing=nothing, nothing_why=nothing_why, table=table, tab_id=asked.show, **values
    )  # fmt: skip


def _listed(tx: Reading, asked: Asked, after: str) -> dict[str, Any]:
    """Return the rows of a page, whether they have reasons, and where the next one is."""
    if asked.show == "unlinked":
        records = tx.tabs.unlinked(int(after) if after.isascii() and after.isdigit() else 0, PAGE)
        rows = unlinked_shown(tx, records)
        last = str(records[-1].id) if len(records) == PAGE else ""
        return {"rows": rows, "reasons": True, "next": _next(asked, last)}
    customers = asked.page(tx, after, PAGE)
    why = reasons(tx, asked.show, [customer.id for customer in customers])
    last = customers[-1].id if len(customers) == PAGE else ""
    return {"rows": rows_shown(tx, customers, why), "reasons": bool(why), "next": _next(asked, last)}


def _next(asked: Asked, last: str) -> str:
    return f"/customers?{urlencode({'q': asked.q, 'show': asked.show, 'after': last})}" if last else ""


def _tabs(tx: Reading, asked: Asked) -> list[dict[str, Any]]:
    # who types a name waits for the answer, and not for figures beside it
    counts = {} if asked.q else tx.tabs.counts()
    return [
        {
            "href": f"/customers?show={key}" if key else "/customers",
            "word": words[0],
            "here": key == asked.show,
            "count": counts.get(key),
            "many": counts.get(key, 0) >= MANY,
        }
        for key, words in TABS.items()
    ]


@ROUTER.get("/customers.csv")
def customers_table(site: SiteOf, visitor: Admin, q: Text = "", show: str = "") -> StreamingResponse:
    """Return the customers of a search or a tab as CSV that no spreadsheet program runs."""
    asked = Asked(q.strip(), show if show in TABS and show != "unlinked" else "")
    site.app.store.do(
        lambda tx: tx.audit.add(visitor.name, "exported customers", asked.q or asked.show or "all")
    )
    return StreamingResponse(
        _table(site.app, asked),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="customers.csv"'},
    )


def _table(app: App, asked: Asked) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"  # tells spreadsheet programs that it is UTF-8
    yield from (line.encode() for line in lines(_rows(app, asked)))


def _rows(app: App, asked: Asked) -> Iterator[list[str]]:
    yield ["id", *FIELDS, "records"]
    after = ""
    while True:
        with app.store.look() as tx:
            customers = asked.page(tx, after, _TAKEN)
            records = tx.records.of_customers([customer.id for customer in customers])
        yield from (_row(customer, records.get(customer.id, [])) for customer in customers)
        if len(customers) < _TAKEN:
            return
        after = customers[-1].id


def _row(customer: Customer, records: list[Record]) -> list[str]:
    values = customer.values()
    where = ", ".join(f"{record.connection}/{record.vendor_id}" for record in records)
    return [customer.id, *(values.get(name, "") for name in FIELDS), where]
