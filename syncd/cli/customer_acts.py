"""`syncd customers pull, new-card, merge, split, move, pin, erase, export`: what a person decides about customers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.customers import CustomerId, as_document, commands, existing
from syncd.cli.options import AsJson
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.store import Reading

__all__ = ["commands"]

RECORD = "CONNECTION/VENDOR_ID"


def record_of(text: str) -> tuple[str, str]:
    """Read CONNECTION/VENDOR_ID, or with a colon; no connection's name holds either. Raises UsageError."""
    found = re.fullmatch(r"([^/:]+)[/:](.+)", text)
    if found is None:
        raise UsageError(f"{text!r} names no record.", f"Write {RECORD}, as `customers show` does.")
    return found[1], found[2]


@commands.command("pull")
def pull(
    ctx: typer.Context,
    place: Annotated[
        str, typer.Argument(metavar="CONNECTION|CUSTOMER", help="A connection, or a customer's id.")
    ],
    vendor_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The record's id at the vendor.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read one record, or all records of a customer, from their vendors now."""
    with opening.opened(ctx) as app:
        if vendor_id is not None:
            wanted = [(place, vendor_id)]
        else:
            with app.store.look() as tx:
                customer = existing(tx, place)
                records = tx.records.of_customers([customer.id]).get(customer.id, [])
            wanted = [each.key for each in records if each.connection in app.settings.connections]
        pulled = [app.pull_one(*each) for each in wanted]
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


@commands.command("new-card")
def new_card(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar=RECORD, help="The loyalty record whose card is lost.")],
    as_json: AsJson = False,
) -> None:
    """Have the loyalty programme give a customer a new card; the old one no longer works."""
    with opening.opened(ctx) as app:
        shown = app.new_card(*record_of(record), opening.who())
    if as_json:
        say.document(shown)
        return
    say.line(f"The card is {shown['fields']['card']} now.")


@commands.command("merge")
def merge(
    ctx: typer.Context,
    customer_id: CustomerId,
    other: Annotated[
        str, typer.Argument(metavar="OTHER", help="The customer that becomes part of the first.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make two customers one; `customers split` takes it back."""
    with opening.opened(ctx) as app:
        survivor = app.merge(customer_id, other, opening.who())
    if as_json:
        say.document({"customer": survivor, "merged": other})
        return
    say.line(f"{other} is part of {survivor} now. The next sync brings their records into agreement.")


@commands.command("split")
def split(
    ctx: typer.Context,
    customer_id: CustomerId,
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar=f"[{RECORD}]...", help="The records that leave; without any the last merge is taken back."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a merge back, or make some records a customer of their own."""
    with opening.opened(ctx) as app:
        if records:
            leaving = [record_of(each) for each in records]
        else:
            with app.store.look() as tx:
                leaving = last_merged(tx, customer_id)
        made = app.split(customer_id, leaving, opening.who())
    if as_json:
        say.document({"customer": customer_id, "split": made})
        return
    say.line(f"{', '.join('/'.join(each) for each in leaving)} are the customer {made} now.")


def last_merged(tx: Reading, customer_id: str) -> list[tuple[str, str]]:
    """Return the records that came by a customer's last merge. Raises UsageError."""
    customer = existing(tx, customer_id)
    merges = [each for each in tx.decisions.all_of(customers=[customer.id]) if each.kind == "merge"]
    if not merges:
        raise UsageError(
            f"{customer.id} was never merged.", f"Name the records that are to leave it, as {RECORD}."
        )
    return list(merges[-1].records)


@commands.command("move")
def move(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(metavar=RECORD, help="The record to move.")],
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The customer it belongs to.")],
    as_json: AsJson = False,
) -> None:
    """Move one record, with its own statements, to another customer."""
    connection, vendor_id = record_of(record)
    with opening.opened(ctx) as app:
        app.move(connection, vendor_id, customer_id, opening.who())
    if as_json:
        say.document({"customer": customer_id, "connection": connection, "vendor_id": vendor_id})
        return
    say.line(f"{connection}/{vendor_id} belongs to {customer_id} now.")


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


@commands.command("erase")
def erase(
    ctx: typer.Context,
    customer_id: CustomerId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person here for good, and list what is to be done at each vendor."""
    if not yes:
        question = f"Erase {customer_id} and everything known of this person? This cannot be undone."
        typer.confirm(question, abort=True, err=True)
    with opening.opened(ctx) as app:
        erased = app.erase(customer_id, opening.who())
    if as_json:
        say.document({"customer": erased.customer, "records": erased.records, "steps": erased.steps})
        return
    say.line(f"{erased.customer} is erased here and will not come back. What is left to do:")
    for step in erased.steps:
        say.line(f"  {step}")


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
