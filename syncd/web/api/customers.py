"""Customers over the API: search, one with its records, why a field is what it is, pins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query

from syncd.customer import FIELDS, base_of
from syncd.store import JournalRow, Reading
from syncd.sync.past import moment_of, values_at
from syncd.values import Customer, Record
from syncd.web.act import (
    erase_customer,
    merge_customers,
    move_records,
    pin,
    read_customer_again,
    split_customer,
)
from syncd.web.api.once import OnceRoute
from syncd.web.api.shapes import (
    NUMBER,
    RUN,
    ChangeOut,
    CustomerOut,
    CustomersOut,
    EraseAsked,
    ErasedOut,
    HistoryOut,
    Limit,
    MergeAsked,
    PastOut,
    PinAsked,
    RecordOut,
    SplitAsked,
    WhyOut,
)
from syncd.web.everything import everything_known
from syncd.web.problems import answers
from syncd.web.show.customers import why
from syncd.web.site import SiteOf
from syncd.web.visitor import Admin, reader

ROUTER = APIRouter(
    prefix="/api/v1/customers", tags=["customers"], dependencies=[Depends(reader)], route_class=OnceRoute
)
CustomerId = Annotated[str, Path(max_length=100)]


@ROUTER.get("", responses=answers())
def list_customers(
    site: SiteOf,
    q: Annotated[
        str, Query(max_length=200, description="The beginning of an e-mail, phone, name or id.")
    ] = "",
    after: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
) -> CustomersOut:
    """List customers by id, all or those found."""
    with site.app.store.look() as tx:
        found = _found(tx, q.strip(), after, limit)
        records = tx.records.of_customers([customer.id for customer in found])
    out = [customer_out(customer, records.get(customer.id, ())) for customer in found]
    return CustomersOut(customers=out, next=found[-1].id if len(found) == limit else None)


def _found(tx: Reading, q: str, after: str, limit: int) -> list[Customer]:
    if not q:
        return tx.customers.list(after, limit)
    ids = tx.records.search(q, limit, after)
    loaded = tx.customers.load(ids)
    return [loaded[one] for one in ids if one in loaded]


@ROUTER.get("/{customer}", responses=answers(404))
def get_customer(site: SiteOf, customer: CustomerId) -> CustomerOut:
    """Return one customer; a merged one answers with its survivor."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
        records = tx.records.of_customers([found.id]).get(found.id, [])
    return customer_out(found, records, whole=True)


@ROUTER.get("/{customer}/why/{field}", responses=answers(404))
def why_field(site: SiteOf, customer: CustomerId, field: Annotated[str, Path(max_length=40)]) -> WhyOut:
    """Return why a field has its value, with every value that it beat."""
    if base_of(field) not in FIELDS:
        raise HTTPException(404, f"There is no field {field!r}; there are {', '.join(FIELDS)}.")
    with site.app.store.look() as tx:
        return WhyOut.model_validate(why(tx, known(tx, customer), field))


@ROUTER.get("/{customer}/history", responses=answers(404))
def list_history(
    site: SiteOf, customer: CustomerId, after: Annotated[int, Query(ge=0, le=NUMBER)] = 0, limit: Limit = 50
) -> HistoryOut:
    """List the changes of a customer's golden values; those of one decision share a number and come together."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
        rows = [row for row in tx.journal.of(found.id) if row.number > after]
    numbers = sorted({row.number for row in rows})[:limit]
    more = numbers[-1] if numbers and rows[-1].number > numbers[-1] else None
    changes = [_change(row) for row in rows if numbers and row.number <= numbers[-1]]
    return HistoryOut(customer=found.id, changes=changes, next=more)


def _change(row: JournalRow) -> ChangeOut:
    connection, vendor_id = row.by[:2] if row.by else (None, None)
    return ChangeOut(
        number=row.number,
        at=row.at,
        run=row.run,
        slot=row.slot,
        before=row.before,
        after=row.after,
        rule=row.rule,
        connection=connection,
        vendor_id=vendor_id,
        beaten=row.beaten,
        note=row.note,
    )


@ROUTER.get("/{customer}/as-of/{run_id}", responses=answers(404))
def customer_as_of(site: SiteOf, customer: CustomerId, run_id: Annotated[str, Path(pattern=RUN)]) -> PastOut:
    """Return a customer's golden values as they were after a run."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
        history = tx.journal.of(found.id)
        at = moment_of(tx, run_id, history)
    if at is None:
        raise HTTPException(404, f"{run_id} is not kept, and changed nothing of this customer.")
    return PastOut(id=found.id, run=run_id, at=at, fields=values_at(history, at))


@ROUTER.post("/{customer}/pin", status_code=204, responses=answers(404))
def pin_field(site: SiteOf, visitor: Admin, customer: CustomerId, asked: PinAsked) -> None:
    """Pin a field to a value, or take its pin off."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
    pin(site.app, found.id, asked.field, asked.value, visitor.name)


@ROUTER.post("/{customer}/sync", status_code=202, responses=answers(404, 502))
def sync_customer(site: SiteOf, visitor: Admin, customer: CustomerId) -> CustomerOut:
    """Read a customer's records from their vendors right now; a run that decides what follows is asked for."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
    read_customer_again(site.app, found.id, visitor.name)
    return get_customer(site, found.id)


@ROUTER.post("/{customer}/merge", responses=answers(404))
def merge(site: SiteOf, visitor: Admin, customer: CustomerId, asked: MergeAsked) -> CustomerOut:
    """Make another customer part of this one; splitting takes it back."""
    with site.app.store.look() as tx:
        survivor, other = known(tx, customer), known(tx, asked.other)
    return get_customer(site, merge_customers(site.app, survivor.id, other.id, visitor.name))


@ROUTER.post("/{customer}/split", responses=answers(404))
def split(site: SiteOf, visitor: Admin, customer: CustomerId, asked: SplitAsked) -> CustomerOut:
    """Take records out of a customer; the customer that they are now is answered."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
    named = [(one.connection, one.vendor_id) for one in asked.records]
    return get_customer(site, split_customer(site.app, found.id, named, visitor.name))


@ROUTER.post("/{customer}/move", responses=answers(404))
def move(site: SiteOf, visitor: Admin, customer: CustomerId, asked: SplitAsked) -> CustomerOut:
    """Move records of other customers to this one."""
    with site.app.store.look() as tx:
        found = known(tx, customer)
    named = [(one.connection, one.vendor_id) for one in asked.records]
    return get_customer(site, move_records(site.app, named, found.id, visitor.name))


@ROUTER.get("/{customer}/export", responses=answers(404))
def export(site: SiteOf, visitor: Admin, customer: CustomerId) -> dict[str, Any]:
    """Return everything known of a person, to hand out; that it was asked for is written down."""
    return everything_known(site.app, customer, visitor.name)


@ROUTER.post("/{customer}/erase", responses=answers(404))
def erase(site: SiteOf, visitor: Admin, customer: CustomerId, asked: EraseAsked) -> ErasedOut:
    """Forget a person for good; the id is to be repeated, because nothing brings it back."""
    with site.app.store.look() as tx:
        known(tx, customer)
    erased = erase_customer(site.app, customer, asked.repeated, visitor.name)
    return ErasedOut(customer=erased.customer, records=erased.records, steps=list(erased.steps))


def known(tx: Reading, customer: str) -> Customer:
    """Return a customer, or answer that there is none."""
    found = tx.customers.load([customer]).get(customer)
    if found is None:
        raise HTTPException(404, "There is no such customer.")
    return found


def customer_out(customer: Customer, records: Sequence[Record], *, whole: bool = False) -> CustomerOut:
    """Return a customer as a document; `whole` with what every record shows."""
    return CustomerOut(
        id=customer.id,
        fields=customer.values(),
        records=[
            RecordOut(
                connection=record.connection,
                vendor_id=record.vendor_id,
                role=record.role,
                state=record.state,
                shown=record.shown if whole else None,
            )
            for record in records
        ],
        pinned=sorted(name for pins in customer.pins.values() for name in pins),
    )
