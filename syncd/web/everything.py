"""Everything that is known of a person, for the person it is about: values, records, payloads, history, operations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import HTTPException

from syncd.app import App

_MOST = 10_000


def everything_known(app: App, customer_id: str, by: str) -> dict[str, Any]:
    """Return all that the store holds of a customer, and write down who asked for it."""
    with app.store.look() as tx:
        customer = tx.customers.load([customer_id]).get(customer_id)
        if customer is None:
            raise HTTPException(404, "There is no such customer.")
        ids = (customer.id, *tx.customers.aliases(customer.id))
        records = tx.records.of_customers([customer.id]).get(customer.id, [])
        found = {
            "id": customer.id,
            "fields": customer.values(),
            "pins": customer.pins,
            "records": [
                {
                    "connection": one.connection,
                    "vendor_id": one.vendor_id,
                    "role": one.role,
                    "state": one.state,
                    "shown": one.shown,
                    "payload": tx.records.payload(*one.key),
                }
                for one in records
            ],
            "history": [asdict(row) for each in ids for row in tx.journal.of(each)],
            "operations": [
                asdict(one.draft) | {"id": one.id, "state": one.state}
                for one in tx.operations.list(customer=customer.id, limit=_MOST)
            ],
        }
    app.store.do(lambda tx: tx.audit.add(by, "exported a customer", customer.id))
    return found
