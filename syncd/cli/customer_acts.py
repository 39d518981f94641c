"""`syncd customers pull, pin, export`: what a person does about one customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.customers import CustomerId, as_document, commands, existing
from syncd.cli.options import AsJson
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.store import Reading

__all__ = ["commands"]


@commands.command("pull")
def pull(ctx: typer.Context, customer_id: CustomerId, as_json: AsJson = False) -> None:
    """Read one customer's records from their vendors now."""
    with opening.opened(ctx) as app:
        with app.store.look() as tx:
            customer = existing(tx, customer_id)
            records = tx.records.of_customers([customer.id]).get(customer.id, [])
        live = [each for each in records if each.connection in app.settings.connections]
        pulled = [app.pull_one(each.connection, each.vendor_id) for each in live]
    if as_json:
        say.document(pulled)
        return
    rows = [
        (each["connection"], each["vendor_id"], name, value)
        for each in pulled
        for name, value in each["fields"].items()
        if value
    ]
    say.table(("connection", "record", "field", "shows"), rows, empty="This customer has no records to read.")


@commands.command("pin")
def pin(
    ctx: typer.Context,
    customer_id: CustomerId,
    field: Annotated[str, typer.Argument(help="The canonical field, such as phone.")],
    value: Annotated[
        str | None, typer.Argument(help='The value that holds whatever vendors say; "" empties.')
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Let the vendors decide again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fix a field's value until the pin is removed."""
    if (value is None) != remove:
        raise UsageError("A pin is a value, or --remove.", "Write `customers pin ID FIELD VALUE`.")
    with opening.opened(ctx) as app:
        app.pin(customer_id, field, value, by=opening.who())
    if as_json:
        say.document({"customer": customer_id, "field": field, "pinned": value})
        return
    done = f"{field} is what the vendors say again." if remove else f"{field} is pinned."
    say.line(f"{done} The next sync brings it everywhere.")


@commands.command("export")
def export(ctx: typer.Context, customer_id: CustomerId) -> None:
    """Print everything known of a customer as one JSON document, for the person it is about."""
    with opening.looking(ctx) as tx:
        say.document(everything(tx, customer_id))


def everything(tx: Reading, customer_id: str) -> dict[str, Any]:
    """Return all that the store holds of a customer."""
    customer = existing(tx, customer_id)
    records = tx.records.of_customers([customer.id]).get(customer.id, [])
    ids = (customer.id, *tx.customers.aliases(customer.id))
    return {
        **as_document(customer, records),
        "pins": customer.pins,
        "payloads": [
            {
                "connection": each.connection,
                "vendor_id": each.vendor_id,
                "first_seen": each.first_seen,
                "payload": tx.records.payload(each.connection, each.vendor_id),
            }
            for each in records
        ],
        "journal": [row for each in ids for row in tx.journal.of(each)],
        "operations": [
            {
                "id": each.id,
                "connection": each.draft.connection,
                "kind": each.draft.kind,
                "fields": each.draft.fields,
            }
            for each in tx.operations.list(customer=customer.id, limit=10_000)
        ],
        "decisions": tx.decisions.all_of([record.key for record in records], ids),
    }
