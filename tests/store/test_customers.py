"""Customers: golden records with aliases, found by what an admin types; their journal; their connections' state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import StoreError
from syncd.store import ConnectionState, JournalRow, Store, Writing
from syncd.values import Customer, Golden, Statement
from tests.store.conftest import NOON
from tests.store.made import record


def customer(number: int, name: str = "", **more: str) -> Customer:
    slots = {"name": {"full_name": name}, **{slot: {slot: text} for slot, text in more.items()}}
    golden = {slot: Golden(value, 1, "agreed") for slot, value in slots.items() if any(value.values())}
    return Customer(f"x-{number}", golden)


def save(store: Store, *customers: Customer) -> None:
    store.do(lambda tx: tx.customers.save(customers))


def test_a_customer_comes_back_whole(store: Store) -> None:
    statement = Statement(
        "crm", "1", "email", {"email": "a@example.com"}, "edit", 7, 3, NOON, NOON, None, NOON
    )
    saved = Customer(
        "x-1",
        {"email": Golden({"email": "a@example.com"}, 7, "newest", statement, (statement,), ("email",))},
        pins={"phone": {"phone": "+84912345678"}},
        first_seen=NOON,
        looked={"shop": NOON},
        stamps={"shop": "x-1"},
        frozen={"phone": "three bounces"},
        due=True,
        version=4,
    )
    save(store, saved)
    with store.look() as tx:
        assert tx.customers.load(["x-1", "x-2"]) == {"x-1": saved}


def test_an_alias_leads_to_the_survivor_of_every_merge(store: Store) -> None:
    save(
        store, customer(3, "Lan"), replace(customer(2), alias_of="x-3"), replace(customer(1), alias_of="x-2")
    )
    with store.look() as tx:
        assert tx.customers.resolve("x-1") == "x-3"
        assert tx.customers.resolve("x-404") == "x-404"
        assert {asked: found.id for asked, found in tx.customers.load(["x-1", "x-3"]).items()} == {
            "x-1": "x-3",
            "x-3": "x-3",
        }
        assert tx.customers.load(["x-1"], follow=False)["x-1"].alias_of == "x-2"
        assert tx.customers.aliases("x-3") == ["x-1", "x-2"]
        assert (tx.customers.count(), [each.id for each in tx.customers.list()]) == (1, ["x-3"])


def test_no_customer_is_an_alias_of_itself_or_of_nobody(store: Store) -> None:
    with pytest.raises(StoreError):
        save(store, replace(customer(1), alias_of="x-1"))
    with pytest.raises(StoreError):
        save(store, replace(customer(1), alias_of="x-404"))


def test_customers_are_listed_in_pages_by_connection_and_due(store: Store) -> None:
    save(store, *(replace(customer(n), due=n % 2 == 0) for n in range(6)))
    store.do(lambda tx: tx.records.save([replace(record("crm", "1"), customer="x-4")]))
    with store.look() as tx:
        assert [each.id for each in tx.customers.list("x-1", 2)] == ["x-2", "x-3"]
        assert [each.id for each in tx.customers.list(connection="crm")] == ["x-4"]
        assert [each.id for each in tx.customers.list(due=False)] == ["x-1", "x-3", "x-5"]
        assert tx.customers.due("x-0", 9) == ["x-2", "x-4"]
    store.do(lambda tx: tx.customers.mark_due(["x-1", "x-404"]))
    with store.look() as tx:
        assert tx.customers.due("", 9) == ["x-0", "x-1", "x-2", "x-4"]
        assert tx.customers.load(["x-1"])["x-1"].due
    store.do(lambda tx: tx.customers.mark_due())
    with store.look() as tx:
        assert len(tx.customers.due()) == 6


def test_a_customer_is_called_by_name_then_company_then_email_then_id(store: Store) -> None:
    save(store, customer(1, "Lan Nguyễn", company="Hoa Sen"), customer(2, company="Hoa Sen"))
    save(store, customer(3, email="a@example.com"), customer(4))
    with store.look() as tx:
        assert tx.customers.labels(["x-1", "x-2", "x-3", "x-4", "x-5"]) == {
            "x-1": "Lan Nguyễn",
            "x-2": "Hoa Sen",
            "x-3": "a@example.com",
            "x-4": "x-4",
        }


@pytest.fixture
def known(store: Store) -> Store:
    save(
        store,
        customer(1, "Nguyễn Thị Lan"),
        customer(2, "Trần Văn Minh", company="Đại Việt"),
        customer(3, "Lan Phạm"),
    )
    save(store, replace(customer(9), alias_of="x-3"))
    lan = frozenset({("email", "lan@example.com"), ("phone", "+84912345678")})
    store.do(
        lambda tx: tx.records.save(
            [
                replace(record("crm", "1701"), customer="x-1", keys=lan),
                replace(
                    record("shop", "1702"), customer="x-2", keys=frozenset({("email", "minh@example.com")})
                ),
                replace(record("shop", "1703"), keys=frozenset({("email", "lanunlinked@example.com")})),
            ]
        )
    )
    return store


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lan", ["x-1", "x-3"]),
        ("LAN NGUYEN", ["x-1"]),
        ("thi ngu", ["x-1"]),
        ("dai", ["x-2"]),
        ("Đại Việt", ["x-2"]),
        ("Lan@Example", ["x-1"]),
        ("+84 912", ["x-1"]),
        ("84912", ["x-1"]),
        ("0084912", ["x-1"]),
        ("170", ["x-1", "x-2"]),
        ("1702", ["x-2"]),
        ("x-2", ["x-2"]),
        ("x-9", ["x-3"]),
        ("lan minh", []),
        ("an", []),
        ("%", []),
        ("_", []),
        ("'", []),
        ("  ", []),
    ],
)
def test_customers_are_found_by_the_beginning_of_what_is_known(
    known: Store, typed: str, found: list[str]
) -> None:
    with known.look() as tx:
        assert tx.records.search(typed, 10) == found
        assert tx.records.search(typed, 1) == found[:1]
        assert tx.records.search(typed, 10, found[0] if found else "") == found[1:]


def test_a_customer_that_changes_its_name_is_found_by_the_new_one_only(known: Store) -> None:
    save(known, customer(1, "Hoa Lê"))
    with known.look() as tx:
        assert tx.records.search("hoa") == ["x-1"]
        assert tx.records.search("nguyen") == []


def change(number: int, slot: str, customer: str = "x-1", run: str = "run-1") -> JournalRow:
    by = ("crm", "17", NOON)
    beaten = [{"connection": "shop", "value": {slot: "old"}}]
    return JournalRow(
        number, customer, run, NOON, slot, {slot: "a"}, {slot: "b"}, "newest", by, beaten, "a guess"
    )


def test_the_journal_tells_every_change_oldest_first(store: Store) -> None:
    rows = [change(1, "email"), change(1, "phone"), change(3, "email"), change(2, "email", "x-2", "run-2")]
    store.do(lambda tx: tx.journal.append([rows[2], rows[0], rows[1], rows[3]]))
    with store.look() as tx:
        assert tx.journal.of("x-1") == rows[:3]
        assert tx.journal.of("x-2") == rows[3:]
        assert tx.journal.of("x-3") == []
        assert tx.journal.of_run("run-1") == rows[:3]
        assert tx.journal.of_run("run-1", limit=1) == rows[:2]
        assert tx.journal.of_run("run-1", after=1, limit=1) == rows[2:3]


def test_a_change_without_a_bringer_comes_back_so(store: Store) -> None:
    row = JournalRow(1, "x-1", "run-1", NOON, "email", {}, {"email": "a"}, "pinned")
    store.do(lambda tx: tx.journal.append([row]))
    with store.look() as tx:
        assert tx.journal.of("x-1") == [row]


def test_an_erased_customer_leaves_nothing_behind(known: Store) -> None:
    known.do(lambda tx: tx.journal.append([change(1, "email")]))

    def erase(tx: Writing) -> None:
        held = tx.records.of_customers(["x-1"])["x-1"]
        tx.records.delete([each.id or 0 for each in held])
        tx.customers.delete(["x-1"])
        tx.erasures.add([b"hash", b"hash"])

    known.do(erase)
    with known.look() as tx:
        assert tx.customers.load(["x-1"]) == {}
        assert tx.journal.of("x-1") == []
        assert tx.records.search("nguyen") == tx.records.search("lan@example") == []
        assert tx.erasures.known([b"hash", b"other"]) == {b"hash"}
        assert tx.erasures.any()


def test_a_connections_state_comes_back_whole(store: Store) -> None:
    later = NOON + timedelta(microseconds=1)
    whole = ConnectionState(
        "crm",
        "perfex",
        cursor={"since": "2026-03-01"},
        resume={"full": True, "resume": {"page": 3}, "started": NOON.isoformat(), "rows": 300},
        full_started=NOON,
        looked_started=later,
        last_success=NOON,
        last_attempt=later,
        state="paused",
        reason="401",
        not_before=later,
        failures=3,
        approved=True,
        answers=False,
        mapping="abc",
        records=7,
        fidelity={"phone": ["+84 912", "0912"]},
    )
    bare = ConnectionState("shop", "kiotviet")
    for state in (whole, bare):
        store.do(lambda tx, state=state: tx.connections.save(state))  # type: ignore[misc]
    with store.look() as tx:
        assert tx.connections.load("crm") == whole
        assert tx.connections.load("loyalty") is None
        assert tx.connections.all() == {"crm": whole, "shop": bare}
    whole.resume = None
    store.do(lambda tx: tx.connections.save(whole))
    with store.look() as tx:
        assert tx.connections.load("crm") == whole
