"""No statement of a sync, of `status`, of a page or of a search reads a whole table of what grows with customers.

What is executed is noted rather than listed by hand: a new statement is looked at as soon as something executes it.
A scan that is right stands in ALLOWED with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from typer.testing import CliRunner

from syncd.cli import app as command_line
from syncd.daemon.listen import Door, Listener, bind
from syncd.store import JournalRow, Store, Writing
from syncd.values import Customer, Draft, Golden, Held, Operation, Record, Shadow
from syncd.web import create_app
from syncd.web.show.listing import TABS
from syncd.web.visitor import begin_session
from tests.store.conftest import NOON, migrated
from tests.store.query_plans import Noted, Scan, noted
from tests.support.postgres import Migrate
from tests.sync.world import World
from tests.web.conftest import HASHED, Visit

LONG_KNOWN = 3_000  # customers of a connection that is not configured any more
PEOPLE = 12

# Indexes that hold only what is rare among many: reading one whole is reading what is due.
RARE = frozenset({
    "ix_customers_due", "ix_records_unlinked", "ix_records_fresh", "ix_records_problem", "ix_holds_parked",
    "ix_operations_record", "ix_operations_state", "uq_operations_open", "ix_customers_alias_of",
})  # fmt: skip
# What is right to read whole, by words of the statement.
ALLOWED = {
    "UPDATE customers SET due = 1 WHERE due = 0 AND alias_of IS NULL": "all are meant: the mapping has changed",
    "FROM holds ORDER BY customer, connection, field LIMIT": "read in the order of the key, as far as the limit",
    "FROM operations ORDER BY operations.id DESC LIMIT": "read in the order of the key, as far as the limit",
    "DISTINCT customer FROM holds WHERE waits": "asked when a person says yes to all that is held there",
    "count(*) FROM holds GROUP BY connection": "a count of all that is held, through the narrowest index",
    "count(DISTINCT customer) FROM holds": "a count of all that is held, through the narrowest index",
}
PAGES = (
    "/", "/customers", "/customers?q=an&show=", "/customers?q=0470", "/customers?q=an%40example.org", "/reviews",
    "/runs", "/connections", "/activity", "/api/v1/customers", "/api/v1/runs", "/api/v1/reviews",
    "/api/v1/operations", "/api/v1/connections",
)  # fmt: skip


@pytest.fixture
def url(prepared_store: Callable[[Migrate], str]) -> str:
    return prepared_store(migrated)


def test_nothing_reads_a_whole_table(url: str, tmp_path: Path) -> None:
    world = World(tmp_path, url, approve="first")
    try:
        world.app.store.do(lambda tx: tx.accounts.add_user("admin", "admin", HASHED))
        with noted() as found:
            for step in (first, unchanged, changed, joined, planned):
                step(world)
            status(world)
            pages(world)
        grow(world.app.store)
    finally:
        world.app.close()
    scans = sorted({str(scan) for scan in explained(url, found) if not allowed(scan)})
    assert len(found.statements) > 100
    assert not scans, "\n\n".join(scans)


def test_who_is_due_is_found_through_the_index_of_those_who_are(url: str) -> None:
    with Store.open(url, clock=lambda: NOON) as store:
        grow(store)
        with noted() as found, store.look() as tx:
            tx.customers.due()
    assert "ix_customers_due" in plan_of(url, found, "due = 1")


def test_whose_records_are_is_looked_up_by_number_though_none_had_a_customer_when_they_were_counted(
    url: str,
) -> None:
    unlinked = [record_of(number, "") for number in range(LONG_KNOWN)]
    for one in unlinked:
        one.customer = None
    with Store.open(url, clock=lambda: NOON) as store:
        store.do(lambda tx: tx.records.save(unlinked))
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        grow(store)
        numbers = [one.id for one in unlinked if one.id]
        with noted() as found, store.look() as tx:
            assert len(tx.records.customers_of(numbers)) == LONG_KNOWN
    assert "ix_records_customer" not in plan_of(url, found, "SELECT id, customer FROM records")


def plan_of(url: str, found: Noted, words: str) -> str:
    """Return how the first noted statement with these words is executed."""
    statement = next(each for each in found.statements if words in each)
    engine = create_engine(url)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        told = connection.exec_driver_sql(f"{explain} {statement}", found.statements[statement]).fetchall()
    engine.dispose()
    return str(told)


def first(world: World) -> None:
    """Sync customers for the first time, into four vendors."""
    for number in range(PEOPLE):
        contact = {"firstname": "An", "lastname": f"Peeters {number}", "email": f"an{number}@example.org"}
        world.vendor("crm").human_create(company="", contact=contact, city="Gent")
    world.sync()
    status(world)
    pages(world)
    world.sync(yes=True)


def unchanged(world: World) -> None:
    """Sync what has not changed, from the cursor and in full."""
    world.sync()
    world.sync(full=True)


def changed(world: World) -> None:
    """Sync an edit, a new e-mail and a deletion."""
    shop = world.vendor("shop")
    ids = [item.vendor_id for item in records(world, "shop")]
    shop.human_edit(ids[0], comments="rings twice")
    shop.human_edit(ids[1], email="new@example.org")
    shop.human_delete(ids[2])
    world.sync()
    world.sync()


def joined(world: World) -> None:
    """Sync somebody new who is known elsewhere, somebody who shares an e-mail, and one without any key."""
    shop = world.vendor("shop")
    shop.human_create(name="An Peeters 3", email="an3@example.org")
    shop.human_create(name="Somebody Else", email="an4@example.org")
    shop.human_create(name="Nobody")
    world.sync()
    world.sync()


def planned(world: World) -> None:
    """Plan without writing."""
    world.vendor("crm").human_create(
        company="Claes", contact={"firstname": "Bram", "lastname": "Claes", "email": ""}
    )
    world.sync(dry_run=True)


def status(world: World) -> None:
    """Ask how things are, and list, from the command line."""
    environ = {**world.sandbox.secrets(), "HOOK_SECRET": "hush"}
    for words in (
        ["status"],
        ["customers", "list"],
        ["runs", "list"],
        ["reviews", "list"],
        ["operations", "list"],
    ):
        done = CliRunner(env=environ).invoke(command_line, ["-c", str(world.path), *words])
        assert done.exit_code == 0, done.output


def pages(world: World) -> None:
    """Look at every page, each tab of the customers, one of them, and a run."""
    with visited(world) as visit:
        some = records(world, "crm")[0].customer
        tabs = [f"/customers?show={tab}" for tab in TABS]
        more = [f"/customers/{some}", f"/api/v1/customers/{some}", "/runs/run-1", *tabs]
        for path in (*PAGES, *more):
            answer = visit.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])


@contextmanager
def visited(world: World) -> Iterator[Visit]:
    """Serve the page and yield a browser that is logged in."""
    bound = bind("127.0.0.1", 0)
    assert bound is not None
    guard = create_app(world.app)
    listener = Listener(Door(guard), bound)
    listener.start()
    try:
        visit = Visit(listener.address)
        site = guard.app.state.site  # type: ignore[attr-defined]
        visit.session.cookies.set(
            "syncd", world.app.store.do(lambda tx: begin_session(tx, site, "admin", "tests"))
        )
        yield visit
    finally:
        listener.leave()
        listener.join(10)


def records(world: World, connection: str) -> list[Record]:
    """Return the linked records of a connection."""
    return [each for _, of in world.customers() for each in of if each.connection == connection]


def grow(store: Store) -> None:
    """Add many customers of long ago, through the store's own ways in."""

    def unit(tx: Writing) -> None:
        ids = tx.customers.new_ids(LONG_KNOWN)
        tx.customers.save(long_known(number, customer) for number, customer in enumerate(ids))
        tx.records.save([record_of(number, customer) for number, customer in enumerate(ids)])
        held = [Held("old-shop", customer, "notes", "of long ago") for customer in ids]
        tx.holds.replace(ids, held, "run-1")
        tx.operations.add([operation_of(number, customer) for number, customer in enumerate(ids)])
        tx.journal.append(journalled(number, customer) for number, customer in enumerate(ids))

    store.do(unit)


def long_known(number: int, customer: str) -> Customer:
    """Return a golden record."""
    name = {"full_name": f"Family {number % 97} {number}", "first_name": "", "last_name": ""}
    golden = {
        "name": Golden(name, number, "only"),
        "email": Golden({"email": f"old{number}@example.org"}, number, "only"),
    }
    return Customer(customer, golden, first_seen=NOON)


def record_of(number: int, customer: str) -> Record:
    """Return its only record."""
    email = f"old{number}@example.org"
    shadow = Shadow(seen={"email": email}, acked={"email": email})
    payload = {"email": email, "comments": "x" * 600}
    return Record(
        "old-shop",
        str(number),
        shadow,
        payload=payload,
        customer=customer,
        keys=frozenset({("email", email)}),
    )


def operation_of(number: int, customer: str) -> Operation:
    """Return an update of its record that was made long ago."""
    fields = {"notes": ("", "x" * 100)}
    draft = Draft("old-shop", "update", customer, fields, {"notes": number}, "of long ago", str(number))
    return Operation("", draft, "confirmed", f"content {number}", f"run-{number // 50}", ("customer",))


def journalled(number: int, customer: str) -> JournalRow:
    """Return what the journal says of it."""
    after = {"email": f"old{number}@example.org"}
    return JournalRow(number + 1, customer, f"run-{number // 50}", NOON, "email", {}, after, "only")


def explained(url: str, found: Noted) -> list[Scan]:
    """Let the database count its rows, and explain what was executed."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
            return list(found.explained(connection))
    finally:
        engine.dispose()


def allowed(scan: Scan) -> bool:
    """Tell whether a scan is right."""
    return scan.index in RARE or any(words in scan.statement for words in ALLOWED)
