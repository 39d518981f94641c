"""One customer: golden beside each connection's value, why on every field, the history, and how it was after any run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse

from syncd.store import JournalRow, Reading
from syncd.store.parts.runs import run_number
from syncd.values import Customer, Held, Operation
from syncd.web.act import pin, read_customer_again
from syncd.web.show.customers import history_shown, label_of, record_shown
from syncd.web.show.grid import grid
from syncd.web.show.past import Past, past
from syncd.web.show.plan import operation_shown
from syncd.web.show.reviews import review_shown
from syncd.web.show.words import Word
from syncd.web.site import Number, Site, SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(prefix="/customers/{customer_id}", include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
RunWord = Annotated[str, Query(max_length=40)]


@ROUTER.get("")
def customer_page(
    request: Request, site: SiteOf, visitor: Reader, customer_id: str, as_of: RunWord = "", before: Number = 0
) -> HTMLResponse:
    """Show one customer: golden, every record's value, why, and the history; `as_of` a run, what was golden then."""
    with site.app.store.look() as tx:
        customer = tx.customers.load([customer_id]).get(customer_id)
        if customer is None:
            raise HTTPException(404, "There is no such customer.")
        values = _customer(tx, site, customer, customer_id)
        values |= _history(tx, site, customer, before)
        values["past"] = _past(tx, customer, as_of) if as_of else None
    return site.page(request, visitor, "customer.html", **values)


def _past(tx: Reading, customer: Customer, run: str) -> Past:
    run_number(run)
    found = past(tx, customer, run)
    if found is None:
        raise HTTPException(404, f"{run} is not kept, and changed nothing of this customer.")
    return found


def _customer(tx: Reading, site: Site, customer: Customer, asked: str) -> dict[str, Any]:
    records = tx.records.of_customers([customer.id]).get(customer.id, [])
    operations = tx.operations.open_of([customer.id]).get(customer.id, [])
    held = tx.holds.of([customer.id])
    newest = tx.journal.of(customer.id)
    return {
        "customer": _head(customer, asked, operations, held),
        "records": [record_shown(record) for record in records],
        "fields": grid(customer, records, held, newest, _regions(site), site.zone),
        "operations": [operation_shown(one, {}) for one in _latest(tx, customer, operations)],
        "reviews": [review_shown(tx, review) for review in tx.reviews.list(customer=customer.id)],
    }


def _latest(tx: Reading, customer: Customer, operations: Sequence[Operation]) -> list[Operation]:
    """Return the open operations, and after them the latest that have ended."""
    known = {one.id for one in operations}
    ended = [one for one in tx.operations.list(customer=customer.id, limit=10) if one.id not in known]
    return [*operations, *ended[:5]]


def _history(tx: Reading, site: Site, customer: Customer, before: int) -> dict[str, Any]:
    """Return a page of the history, newest first, with that of the customers who were merged into this one."""
    ids = (customer.id, *tx.customers.aliases(customer.id))
    rows = sorted((row for each in ids for row in tx.journal.of(each)), key=_number)
    page = [row for row in rows if not before or row.number < before][-PAGE:]
    # changes that share a number are one decision and stay together
    first = page[0].number if page else 0
    page = [row for row in rows if first <= row.number and (not before or row.number < before)]
    older = bool(page) and page[0] is not rows[0]
    address = f"/customers/{quote(customer.id, safe='')}?{urlencode({'before': first})}#history"
    return {"history": history_shown(page, site.zone), "older": address if older else ""}


def _number(row: JournalRow) -> int:
    return row.number


def _regions(site: Site) -> dict[str, str | None]:
    return {name: one.region for name, one in site.app.settings.connections.items()}


def _head(
    customer: Customer, asked: str, operations: Sequence[Operation], held: Sequence[Held]
) -> dict[str, Any]:
    word = (
        Word("Pending", "busy") if operations else Word("Held", "warn") if held else Word("In sync", "good")
    )
    return {
        "id": customer.id,
        "asked": asked,
        "label": label_of(customer),
        "first_seen": customer.first_seen,
        "word": word.word,
        "tone": word.tone,
    }


@ROUTER.post("/sync")
def sync_one(site: SiteOf, visitor: Admin, customer_id: str) -> Response:
    """Read this customer from every vendor right now."""
    read_customer_again(site.app, customer_id, visitor.name)
    return done(f"/customers/{quote(customer_id, safe='')}", "pulled")


@ROUTER.post("/pin")
def pin_one(
    site: SiteOf,
    visitor: Admin,
    customer_id: str,
    field: Annotated[str, Form(max_length=40)],
    value: Annotated[str, Form(max_length=10_000)] = "",
    unpin: Annotated[bool, Form()] = False,
) -> Response:
    """Pin a field, or take its pin off."""
    pin(site.app, customer_id, field, None if unpin else value, visitor.name)
    return done(f"/customers/{quote(customer_id, safe='')}", "unpinned" if unpin else "pinned")
