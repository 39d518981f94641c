"""Customers: search and tabs, and one customer with golden beside each connection's value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.store import Reading
from syncd.values import Customer, Held, Operation
from syncd.web.act import pin, read_customer_again
from syncd.web.show.customers import history_shown, label_of, record_shown, rows_shown
from syncd.web.show.grid import grid
from syncd.web.show.plan import operation_shown
from syncd.web.show.reviews import review_shown
from syncd.web.show.words import Word, field_word
from syncd.web.site import Site, SiteOf, done
from syncd.web.visitor import Admin, Reader, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

PAGE = 50
_MANY = 5_000
_NONE = {
    "": ("No customer yet.", "Customers appear with the first run."),
    "pending": ("Nothing is pending.", "No operation waits to be written."),
    "held": ("Nothing is held.", "Everything that is due can be written."),
    "aside": ("No record is set aside.", "Every record could be read."),
}


@ROUTER.get("/customers")
def customers_page(
    request: Request, site: SiteOf, visitor: Reader, q: str = "", show: str = "", after: str = ""
) -> HTMLResponse:
    """List customers: all, those found, or those of a tab."""
    show = show if show in _NONE else ""
    with site.app.store.look() as tx:
        found, why, more = _found(tx, q.strip(), show, after)
        values: dict[str, Any] = {
            "rows": rows_shown(tx, found, why),
            "total": tx.customers.count(),
            "tabs": _tabs(tx, show),
            "next": f"/customers?{urlencode({'q': q, 'show': show, 'after': more})}" if more else "",
        }
    nothing, nothing_why = (
        ("Nobody is found.", "Search by the beginning of an e-mail, phone, name or id.") if q else _NONE[show]
    )
    return site.page(
        request,
        visitor,
        "customers.html",
        q=q,
        reasons=bool(why),
        nothing=nothing,
        nothing_why=nothing_why,
        **values,
    )


def _tabs(tx: Reading, show: str) -> list[dict[str, Any]]:
    pending = len(tx.operations.open_counts())
    tabs = [
        ("", "All", None),
        ("pending", "Pending", None if pending else 0),
        ("held", "Held", tx.holds.customers()),
        ("aside", "Set aside", len(tx.records.problems(limit=_MANY))),
    ]
    return [
        {
            "href": f"/customers?show={key}" if key else "/customers",
            "word": word,
            "here": key == show,
            "count": count,
        }
        for key, word, count in tabs
    ]


def _found(tx: Reading, q: str, show: str, after: str) -> tuple[list[Customer], dict[str, str], str]:
    """Return a page of customers, why each is in its tab, and after which one the next page starts."""
    if q:
        ids = tx.records.search(q, PAGE, after)
        return _in_order(tx, ids), {}, ids[-1] if len(ids) == PAGE else ""
    if show:
        why = _reasons(tx, show)
        ids = sorted(one for one in why if one > after)[:PAGE]
        return _in_order(tx, ids), {one: why[one] for one in ids}, ids[-1] if len(ids) == PAGE else ""
    customers = tx.customers.list(after, PAGE)
    return customers, {}, customers[-1].id if len(customers) == PAGE else ""


def _in_order(tx: Reading, ids: Sequence[str]) -> list[Customer]:
    found = tx.customers.load(ids)
    return list({found[one].id: found[one] for one in ids if one in found}.values())


def _reasons(tx: Reading, show: str) -> dict[str, str]:
    """Return the customers of a tab and why each is in it."""
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for customer, why in _pairs(tx, show):
        said[customer][why] = None
    return {customer: "; ".join(list(whys)[:3]) for customer, whys in said.items()}


def _pairs(tx: Reading, show: str) -> list[tuple[str, str]]:
    if show == "held":
        return [
            (
                one.customer,
                f"{' '.join((one.connection, field_word(one.field).lower())).strip()}: {one.reason}",
            )
            for one in tx.holds.list(limit=_MANY)
        ]
    if show == "pending":
        states = ("planned", "waiting", "claimed", "sent", "unknown")
        return [
            (one.draft.customer, f"{one.draft.kind} in {one.draft.connection} ({one.state})")
            for one in tx.operations.list(states=states, limit=_MANY)
        ]
    problems = tx.records.problems(limit=_MANY)
    return [
        (one.customer, f"{one.connection} {one.vendor_id}: {one.problem}") for one in problems if one.customer
    ]


@ROUTER.get("/customers/{customer_id}")
def customer_page(request: Request, site: SiteOf, visitor: Reader, customer_id: str) -> HTMLResponse:
    """Show one customer: golden, every record's value, why, and the history."""
    with site.app.store.look() as tx:
        values = _customer(tx, site, customer_id)
    return site.page(request, visitor, "customer.html", **values)


def _customer(tx: Reading, site: Site, customer_id: str) -> dict[str, Any]:
    customer = tx.customers.load([customer_id]).get(customer_id)
    if customer is None:
        raise HTTPException(404, "There is no such customer.")
    records = tx.records.of_customers([customer.id]).get(customer.id, [])
    operations = tx.operations.open_of([customer.id]).get(customer.id, [])
    held = tx.holds.of([customer.id])
    history = tx.journal.of(customer.id)
    reviews = tx.reviews.list(customer=customer.id)
    return {
        "customer": _head(customer, customer_id, operations, held),
        "records": [record_shown(record) for record in records],
        "fields": grid(customer, records, held, history, _regions(site), site.zone),
        "operations": [operation_shown(one, {}) for one in operations],
        "history": history_shown(history, site.zone),
        "reviews": [review_shown(tx, review) for review in reviews],
    }


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


@ROUTER.post("/customers/{customer_id}/sync")
def sync_one(site: SiteOf, visitor: Admin, customer_id: str) -> Response:
    """Read this customer from every vendor right now."""
    read_customer_again(site.app, customer_id, visitor.name)
    return done(f"/customers/{quote(customer_id, safe='')}", "pulled")


@ROUTER.post("/customers/{customer_id}/pin")
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
