"""What a visitor can do, for the pages and the API alike: ask for runs, and decide what only a person should."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from syncd.app import App
from syncd.errors import UsageError
from syncd.store import Run, Writing
from syncd.sync.erase import Erased

FLAGS = {"dry_run": False, "full": False, "yes": False}
MOST_OPERATIONS = 100_000


def ask_for_run(
    app: App, connections: Sequence[str], by: str, *, dry_run: bool = False, full: bool = False
) -> Run:
    """Ask for a run of some connections, or of all that are on; an equal request that waits is joined."""
    names = _known(app, connections) or [one.name for one in app.settings.connections.values() if one.enabled]
    if not names:
        raise UsageError("No connection is configured.", "Add [connections.NAME] to the configuration file.")
    flags = {**FLAGS, "dry_run": dry_run, "full": full}

    def ask(tx: Writing) -> Run:
        run = tx.runs.request(sorted(names), flags, by)
        tx.audit.add(
            by,
            "asked for a dry run" if dry_run else "asked for a run",
            run.id,
            {"connections": sorted(names), "full": full},
        )
        return run

    return app.store.do(ask)


def known_connection(app: App, name: str) -> str:
    """Return a connection's name; raise UsageError where none is called so."""
    return _known(app, [name])[0]


def _known(app: App, names: Sequence[str]) -> list[str]:
    unknown = sorted(set(names) - set(app.settings.connections))
    if unknown:
        known = ", ".join(sorted(app.settings.connections)) or "none"
        raise UsageError(f"There is no connection {', '.join(unknown)}.", f"The configuration has: {known}.")
    return list(dict.fromkeys(names))


def decide_operations(
    app: App,
    run: str,
    verdict: str,
    by: str,
    *,
    connections: Sequence[str] = (),
    operations: Sequence[str] = (),
) -> int:
    """Approve or discard what waits for a person in a run, or part of it; return how many operations that was.

    What is approved is written by a run that is asked for at once.
    """
    names = _waiting_in(app, run, connections, operations)
    if not names:
        raise UsageError("None of these operations waits any longer.", "Look at the run again.")
    decided = 0
    for name in [""] if operations else names:
        act = app.approve if verdict == "approve" else app.discard
        decided += act(by, connection=name, operations=operations, run=run)
    if verdict == "approve":
        ask_for_run(app, names, by)
    return decided


def _waiting_in(app: App, run: str, connections: Collection[str], operations: Collection[str]) -> list[str]:
    """Return the connections of the chosen operations that wait."""
    with app.store.look() as tx:
        waiting = tx.operations.list(run=run or None, states=("waiting",), limit=MOST_OPERATIONS)
    chosen = (
        one.draft.connection
        for one in waiting
        if (not connections or one.draft.connection in connections)
        and (not operations or one.id in operations)
    )
    return sorted(set(chosen))


def decide_review(app: App, number: int, choice: str, by: str) -> None:
    """Decide a review, and ask for the run that carries it out."""
    app.resolve(number, choice, by)
    ask_for_run(app, [], by)


def pin(app: App, customer: str, field: str, value: str | None, by: str) -> None:
    """Pin a field of a customer, or take the pin off (None), and ask for the run that carries it out."""
    app.pin(customer, field, value, by)
    ask_for_run(app, [], by)


def read_customer_again(app: App, customer: str, by: str) -> None:
    """Read a customer's records from their vendors right now, and ask for the run that decides what follows."""
    with app.store.look() as tx:
        records = tx.records.of_customers([tx.customers.resolve(customer)])
    for record in (record for found in records.values() for record in found):
        if record.state != "gone" and record.connection in app.scene.sources:
            app.pull_one(record.connection, record.vendor_id)
    ask_for_run(app, [], by)


def undo_run(app: App, run: str, by: str) -> int:
    """Take back what a run made golden, and ask for the run that writes it; return how many values went back."""
    undone = app.undo(run, by)
    if undone.nothing:
        raise UsageError(
            f"{run} changed no value by an edit, so nothing goes back.",
            "What it created stays: delete it at the vendor, and on_delete says what follows here.",
        )
    ask_for_run(app, [], by)
    return undone.returned


def merge_customers(app: App, survivor: str, other: str, by: str) -> str:
    """Make two customers one, and ask for the run that brings their records into agreement."""
    if not other.strip() or other.strip() == survivor:
        raise UsageError(
            "Name the other customer's id.", "It stands on that customer's page, under the name."
        )
    made = app.merge(survivor, other.strip(), by)
    ask_for_run(app, [], by)
    return made


def split_customer(app: App, customer: str, records: Sequence[tuple[str, str]], by: str) -> str:
    """Take records out of a customer, and ask for the run that follows; return the customer they are now."""
    if not records:
        raise UsageError("No record is chosen.", "Tick the records that are somebody else's.")
    made = app.split(customer, records, by)
    ask_for_run(app, [], by)
    return made


def move_records(app: App, records: Sequence[tuple[str, str]], target: str, by: str) -> str:
    """Move records to another customer, and ask for the run that follows; return that customer's id."""
    if not records or not target.strip():
        raise UsageError("Nothing was moved.", "Tick records, and name the customer whose they are.")
    for connection, vendor_id in records:
        app.move(connection, vendor_id, target.strip(), by)
    ask_for_run(app, [], by)
    return target.strip()


def erase_customer(app: App, customer: str, repeated: str, by: str) -> Erased:
    """Forget a person for good, where the id was repeated; return what is left to do at each vendor."""
    if repeated.strip() != customer:
        raise UsageError("The id was not repeated, so nobody was erased.", "Erasing cannot be undone.")
    return app.erase(customer, by)


def retry_operation(app: App, operation: str, by: str) -> None:
    """Try an operation again that was refused or dropped, with a run that is asked for at once."""
    with app.store.look() as tx:
        found = tx.operations.get(operation)
    app.retry(operation, by)
    ask_for_run(app, [found.draft.connection] if found else [], by)
