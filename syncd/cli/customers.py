"""`syncd customers`: look at the golden records and ask why they are so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson, OfConnection
from syncd.errors import UsageError

if TYPE_CHECKING:
    from syncd.store import JournalRow, Reading
    from syncd.values import Customer, Record

PAGE = 500
CustomerId = Annotated[
    str, typer.Argument(metavar="ID", help="The customer's id, as `customers list` shows it.")
]

commands = typer.Typer(no_args_is_help=True, help="Look at customers, and ask why they are so.")


@commands.command("list")
def list_customers(
    ctx: typer.Context,
    connection: OfConnection = None,
    search: Annotated[
        str | None, typer.Option("--search", help="Only what begins so: e-mail, phone, name or id.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many are shown; 0: all.")] = 0,
    after: Annotated[str, typer.Option("--after", help="Continue behind this id.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
    json_lines: Annotated[bool, typer.Option("--json-lines", help="Print one JSON object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet program.")] = False,
) -> None:
    """List customers with their records, by id."""
    if connection and search:
        raise UsageError("--connection and --search do not go together.", "Leave one of them out.")
    if as_json + json_lines + as_csv > 1:
        raise UsageError("--json, --json-lines and --csv do not go together.", "Choose one of them.")
    with opening.looking(ctx) as tx:
        whole = as_json or json_lines or as_csv or not sys.stdout.isatty()
        most = limit or (None if whole else 100)
        found = _documents(tx, Wanted(connection, search), after, most)
        if as_csv:
            _print_csv(found)
            return
        if as_json or json_lines:
            say.stream(found, lines=json_lines)
            return
        rows = [_row(each) for each in found]
        none = "No customer fits." if connection or search or after else "No customers yet: run `syncd sync`."
        say.table(("id", "name", "email", "phone", "records"), rows, empty=none)
        if most is not None and len(rows) == most:
            say.note(f"There may be more: --after {rows[-1][0]}, or --json for the whole list.")


def _print_csv(found: Iterator[dict[str, Any]]) -> None:
    """Print customers as CSV that no spreadsheet program runs."""
    from syncd.customer import FIELDS
    from syncd.spreadsheet import lines

    rows = ([each["id"], *each["fields"].values(), _where(each)] for each in found)
    for line in lines(chain([["id", *FIELDS, "records"]], rows)):
        typer.echo(line, nl=False)


class Wanted(NamedTuple):
    """Which customers are listed."""

    connection: str | None
    search: str | None

    def page(self, tx: Reading, after: str, size: int) -> list[Customer]:
        """Return the next customers, by id."""
        if self.search is None:
            return tx.customers.list(after, size, connection=self.connection)
        ids = tx.records.search(self.search, size, after)
        found = tx.customers.load(ids)
        return [found[each] for each in ids if each in found]


def _documents(tx: Reading, wanted: Wanted, after: str, most: int | None) -> Iterator[dict[str, Any]]:
    left = most
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = wanted.page(tx, after, size)
        records = tx.records.of_customers([customer.id for customer in page])
        yield from (as_document(customer, records.get(customer.id, [])) for customer in page)
        if len(page) < size:
            return
        after = page[-1].id
        left = None if left is None else left - size


def as_document(customer: Customer, records: list[Record]) -> dict[str, Any]:
    """Return a customer as programs read it: every canonical field, "" where nothing is known."""
    from syncd.customer import FIELDS

    values = customer.values()
    return {
        "id": customer.id,
        "fields": {name: values.get(name, "") for name in FIELDS},
        "records": [
            {
                "connection": record.connection,
                "vendor_id": record.vendor_id,
                "role": record.role,
                "state": record.state,
            }
            for record in records
        ],
    }


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    fields = found["fields"]
    name = fields["full_name"] or f"{fields['first_name']} {fields['last_name']}".strip() or fields["company"]
    return (found["id"], name, fields["email"], fields["phone"], _where(found))


def _where(found: dict[str, Any]) -> str:
    return ", ".join(f"{each['connection']}/{each['vendor_id']}" for each in found["records"])


def existing(tx: Reading, customer_id: str) -> Customer:
    """Return a customer by an id, also one that was merged into another. Raises UsageError."""
    found = tx.customers.load([customer_id]).get(customer_id)
    if found is None:
        raise UsageError(f"There is no customer {customer_id}.", "`syncd customers list` shows their ids.")
    return found


@commands.command("show")
def show_customer(
    ctx: typer.Context,
    customer_id: CustomerId,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="RUN", help="As it was after this run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer: golden values beside what every record shows, and what is held."""
    with opening.looking(ctx) as tx:
        customer = existing(tx, customer_id)
        if as_of is not None:
            _show_past(_as_of(tx, customer, as_of), as_json=as_json)
            return
        records = tx.records.of_customers([customer.id]).get(customer.id, [])
        found = {
            **as_document(customer, records),
            "aliases": tx.customers.aliases(customer.id),
            "pins": customer.pins,
            "frozen": customer.frozen,
            "shown": {f"{each.connection}/{each.vendor_id}": each.shown for each in records},
            "held": [_held(each) for each in tx.holds.of([customer.id])],
            "reviews": [review.id for review in tx.reviews.list(customer=customer.id)],
        }
    if as_json:
        say.document(found)
        return
    _show(found)


def _as_of(tx: Reading, customer: Customer, run: str) -> dict[str, Any]:
    """Return what was golden after a run, beside what is now. Raises UsageError where nobody knows."""
    from syncd.customer import FIELDS, base_of, slot_of
    from syncd.sync.past import by_field, golden_at, moment_of, values_at

    history = tx.journal.of(customer.id)
    at = moment_of(tx, run, history)
    if at is None:
        raise UsageError(
            f"{run} is not kept, and changed nothing of {customer.id}.", "`syncd runs list` shows the runs."
        )
    then, now, decided = values_at(history, at), customer.values(), by_field(golden_at(history, at))
    return {
        "id": customer.id,
        "run": run,
        "at": at,
        "fields": {name: then.get(name, "") for name in FIELDS},
        "now": {name: now.get(name, "") for name in FIELDS},
        "decided": {
            name: {"rule": row.rule, "run": row.run}
            for name in then
            if (row := decided.get(base_of(slot_of(name))))
        },
    }


def _show_past(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say.document(found)
        return
    then, now, decided = found["fields"], found["now"], found["decided"]
    say.line(f"Customer {found['id']} as it was after {found['run']}, {say.text(found['at'])}")
    rows = [
        (name, then[name], now[name] if now[name] != then[name] else "the same", *_decider(decided.get(name)))
        for name in then
        if then[name] or now[name]
    ]
    say.table(("field", "then", "now", "rule", "run"), rows, empty="Nothing was known of this customer then.")


def _decider(decided: dict[str, str] | None) -> tuple[str, str]:
    return (decided["rule"], decided["run"]) if decided else ("", "")


def _held(held: Any) -> dict[str, str]:
    return {"connection": held.connection, "field": held.field, "reason": held.reason, "waits": held.waits}


def _show(found: dict[str, Any]) -> None:
    say.line(
        f"Customer {found['id']}" + (f", also {', '.join(found['aliases'])}" if found["aliases"] else "")
    )
    shown: dict[str, dict[str, Any]] = found["shown"]
    names = [
        name
        for name in found["fields"]
        if found["fields"][name] or any(each.get(name) for each in shown.values())
    ]
    rows = [(name, found["fields"][name], *(each.get(name) for each in shown.values())) for name in names]
    say.table(("field", "golden", *shown), rows, empty="Nothing is known of this customer.")
    for slot, values in found["pins"].items():
        say.line(f"pinned: {slot} = {', '.join(values.values())}")
    for slot, why in found["frozen"].items():
        say.line(f"frozen: {slot}: {why}")
    for held in found["held"]:
        say.line(f"held: {held['connection']} {held['field']}: {held['reason']}")
    if found["reviews"]:
        say.note(f"Reviews wait for a person: {', '.join(map(str, found['reviews']))}.")


@commands.command("why")
def why(
    ctx: typer.Context,
    customer_id: CustomerId,
    field: Annotated[str, typer.Argument(help="The canonical field, such as phone.")],
    as_json: AsJson = False,
) -> None:
    """Say why a field has its value: every change of it, by which rule, and what it beat."""
    from syncd.customer import FIELDS, base_of, slots_of, value_in

    if base_of(field) not in FIELDS:
        raise UsageError(f"There is no field {field}.", f"There are: {', '.join(FIELDS)}.")
    with opening.looking(ctx) as tx:
        customer = existing(tx, customer_id)
        rows = [
            row for each in (customer.id, *tx.customers.aliases(customer.id)) for row in tx.journal.of(each)
        ]
    decided = [customer.golden[slot] for slot in slots_of(field, customer.golden)]
    golden = max(decided, key=lambda each: each.number, default=None)
    found = {
        "customer": customer.id,
        "field": field,
        "value": customer.values().get(field) or (value_in(field, golden.value) if golden else ""),
        "rule": golden.rule if golden else "",
        "journal": [_change(row, field) for row in sorted(rows, key=_number) if slots_of(field, [row.slot])],
    }
    if as_json:
        say.document(found)
        return
    _say_why(found)


def _number(row: JournalRow) -> int:
    return row.number


def _change(row: JournalRow, field: str) -> dict[str, Any]:
    from syncd.customer import value_in

    return {
        "number": row.number,
        "at": row.at,
        "run": row.run,
        "customer": row.customer,
        "old": value_in(field, row.before),
        "new": value_in(field, row.after),
        "connection": row.by[0] if row.by else None,
        "vendor_id": row.by[1] if row.by else None,
        "edited_at": row.by[2] if row.by else None,
        "rule": row.rule,
        "note": row.note,
        "beaten": [
            {**beaten, "value": value_in(field, beaten.get("value", {})), "whole": beaten.get("value", {})}
            for beaten in row.beaten
        ],
    }


def _say_why(found: dict[str, Any]) -> None:
    value = f"“{found['value']}”" if found["value"] else "empty"
    rule = f", by the rule {found['rule']}" if found["rule"] else ""
    say.line(f"{found['field']} of {found['customer']} is {value}{rule}.")
    for change in found["journal"]:
        source = f"{change['connection']}/{change['vendor_id']}" if change["connection"] else "a decision"
        old, new = (f"“{change[key]}”" if change[key] else "(empty)" for key in ("old", "new"))
        say.line(f"{say.text(change['at'])}  {old} → {new}  from {source}, {change['rule']}, {change['run']}")
        if change["note"]:
            say.line(f"    {change['note']}")
        for beaten in change["beaten"]:
            shown = f"“{beaten['value']}”" if beaten["value"] else "(empty)"
            say.line(f"    beat {shown} from {beaten['connection']}/{beaten['vendor_id']}")
    if not found["journal"]:
        say.note("Nobody has stated it yet.")
