"""Records: written and read whole, found by id, key, link and freshness, one primary per customer and connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import StoreError
from syncd.store import Store, Writing
from syncd.values import Customer, Operation, Record, Shadow, Statement
from tests.store.conftest import NOON
from tests.store.made import draft, record

KEYS = frozenset({("email", "lan@example.com"), ("phone", "+84912345678")})


def save(store: Store, *records: Record) -> None:
    store.do(lambda tx: tx.records.save(records))


def add_customers(store: Store, *ids: str) -> None:
    store.do(lambda tx: tx.customers.save([Customer(customer) for customer in ids]))


def full_record() -> Record:
    statement = Statement(
        "crm", "1", "email", {"email": "lan@example.com"}, "edit", 7, 3, NOON, NOON, None, NOON
    )
    return Record(
        "crm",
        "1",
        Shadow(seen={"email": "lan@example.com", "notes": None}, acked={}, stated={"email": statement}),
        payload={"email": "lan@example.com", "deep": {"list": [1, 2.5, None, "\x00"]}},
        digest=b"\x00\xff",
        customer="x-1",
        role="duplicate",
        state="suspect",
        first_seen=NOON,
        observed=NOON + timedelta(seconds=1),
        written=NOON + timedelta(seconds=2),
        created=NOON + timedelta(seconds=3),
        modified=NOON + timedelta(microseconds=1),
        linked_at=4,
        considered=5,
        fresh=True,
        absent_since=NOON,
        keys=KEYS,
        problem="its city is a list",
    )


def test_a_record_comes_back_whole(store: Store) -> None:
    add_customers(store, "x-1")
    saved = full_record()
    save(store, saved)
    with store.look() as tx:
        assert tx.records.one("crm", "1") == saved
        assert tx.records.load("crm", ["1", "2"]) == {"1": replace(saved, payload={})}
        assert tx.records.by_ids([saved.id or 0]) == {saved.id: replace(saved, payload={})}
        assert tx.records.payload("crm", "1") == saved.payload
        assert tx.records.one("crm", "2") is None
        assert tx.records.payload("crm", "2") == {}


def test_every_new_record_gets_a_number_of_its_own(store: Store) -> None:
    records = [record("crm", str(n)) for n in range(2_500)]
    save(store, *records)
    assert len({each.id for each in records}) == 2_500
    again = record("crm", "7", email="new@example.com")
    save(store, again)
    assert again.id == records[7].id


def test_a_record_that_stands_twice_in_a_page_is_stored_as_it_stood_last(store: Store) -> None:
    save(store, record("crm", "1", email="a@example.com"), record("crm", "1", email="b@example.com"))
    with store.look() as tx:
        assert tx.records.count("crm") == 1
        stored = tx.records.one("crm", "1")
    assert stored is not None
    assert stored.value("email") == "b@example.com"


def test_a_record_loaded_without_its_payload_keeps_it(store: Store) -> None:
    save(store, replace(record("crm", "1"), payload={"a": 1}))

    def touch(tx: Writing) -> None:
        loaded = tx.records.load("crm", ["1"])["1"]
        loaded.digest = b"other"
        tx.records.save([loaded])

    store.do(touch)
    with store.look() as tx:
        assert tx.records.payload("crm", "1") == {"a": 1}
        assert tx.records.digests("crm", ["1", "2"]) == {"1": b"other"}


def test_the_same_id_at_two_connections_is_two_records(store: Store) -> None:
    save(store, record("crm", "1", email="a@example.com"), record("shop", "1", email="b@example.com"))
    with store.look() as tx:
        shop = tx.records.one("shop", "1")
    assert shop is not None
    assert shop.value("email") == "b@example.com"


def test_records_are_found_by_their_keys_until_they_lose_them(store: Store) -> None:
    one, other = replace(record("crm", "1"), keys=KEYS), replace(record("shop", "2"), keys=KEYS)
    gone = replace(record("shop", "3"), keys=KEYS, state="gone")
    save(store, one, other, gone)
    with store.look() as tx:
        found = tx.records.by_keys([("email", "lan@example.com"), ("email", "nobody@example.com")])
        pairs = list(tx.records.iterate_key_pairs(["phone", "email"]))
    assert {key: [each.key for each in held] for key, held in found.items()} == {
        ("email", "lan@example.com"): [("crm", "1"), ("shop", "2")]
    }
    assert pairs == [
        (kind, value, number) for kind, value in sorted(KEYS) for number in (one.id, other.id, gone.id)
    ]
    one.keys = frozenset({("email", "other@example.com")})
    save(store, one)
    with store.look() as tx:
        found = tx.records.by_keys([*KEYS, ("email", "other@example.com")])
    assert [each.key for each in found["email", "other@example.com"]] == [("crm", "1")]
    assert [each.key for each in found["phone", "+84912345678"]] == [("shop", "2")]


def test_a_key_is_never_taken_for_one_of_another_kind_or_case(store: Store) -> None:
    save(store, replace(record("crm", "1"), keys=frozenset({("email", "1"), ("crm", "abc")})))
    with store.look() as tx:
        assert tx.records.by_keys([("phone", "1"), ("crm", "ABC")]) == {}


def test_what_is_fresh_is_found_in_pages(store: Store) -> None:
    add_customers(store, "x-1", "x-2", "x-3")
    save(store, *(replace(record("crm", str(n)), fresh=True) for n in range(5)))
    save(store, replace(record("shop", "1"), fresh=True, customer="x-2"))
    save(store, replace(record("shop", "2"), fresh=True, customer="x-1"))
    save(store, replace(record("booking", "2"), fresh=True, customer="x-1"))
    save(store, replace(record("shop", "3"), fresh=False, customer="x-3"))
    with store.look() as tx:
        first = tx.records.fresh_unlinked(0, 3)
        rest = tx.records.fresh_unlinked(first[-1].id or 0, 3)
        assert [each.vendor_id for each in (*first, *rest)] == ["0", "1", "2", "3", "4"]
        assert tx.records.fresh_customers("", 1) == ["x-1"]
        assert tx.records.fresh_customers("x-1", 9) == ["x-2"]


def test_live_records_are_counted_and_listed_by_state(store: Store) -> None:
    states = {"1": "live", "2": "suspect", "3": "gone", "4": "live"}
    save(store, *(replace(record("crm", number), state=state) for number, state in states.items()))
    save(store, record("shop", "1"))
    with store.look() as tx:
        assert tx.records.count("crm") == 3
        assert tx.records.count("crm", ["gone"]) == 1
        assert dict(tx.records.live_ids("crm")) == {"1": "live", "2": "suspect", "4": "live"}


def test_long_listings_are_streamed_in_the_middle_of_other_work(store: Store) -> None:
    save(store, *(record("crm", str(n)) for n in range(6_000)))

    def unit(tx: Writing) -> int:
        total = 0
        for vendor_id, _ in tx.records.live_ids("crm"):
            total += int(vendor_id)
            if total % 1_000 == 0:
                tx.records.count("crm")
        return total

    assert store.do(unit) == sum(range(6_000))


def test_a_customer_has_one_primary_record_at_a_connection(store: Store) -> None:
    add_customers(store, "x-1")
    save(store, replace(record("crm", "1"), customer="x-1"))
    with pytest.raises(StoreError):
        save(store, replace(record("crm", "2"), customer="x-1"))
    save(store, replace(record("crm", "2"), customer="x-1", role="duplicate"))
    save(store, replace(record("shop", "1"), customer="x-1"))


def test_primary_and_duplicate_change_places_in_either_order(store: Store) -> None:
    add_customers(store, "x-1")
    one = replace(record("crm", "1"), customer="x-1")
    other = replace(record("crm", "2"), customer="x-1", role="duplicate")
    save(store, one, other)
    for promoted, demoted in ((other, one), (one, other)):
        promoted.role, demoted.role = "primary", "duplicate"
        save(store, promoted, demoted)
    with store.look() as tx:
        roles = {each.vendor_id: each.role for each in tx.records.of_customers(["x-1"])["x-1"]}
    assert roles == {"1": "primary", "2": "duplicate"}


def test_two_customers_swap_their_primaries(store: Store) -> None:
    add_customers(store, "x-1", "x-2")
    one, other = replace(record("crm", "1"), customer="x-1"), replace(record("crm", "2"), customer="x-2")
    save(store, one, other)
    one.customer, other.customer = "x-2", "x-1"
    save(store, one, other)
    with store.look() as tx:
        found = tx.records.of_customers(["x-1", "x-2", "x-3"])
    assert {customer: [each.vendor_id for each in held] for customer, held in found.items()} == {
        "x-1": ["2"],
        "x-2": ["1"],
        "x-3": [],
    }


def test_a_record_is_linked_only_to_a_customer_that_exists(store: Store) -> None:
    with pytest.raises(StoreError):
        save(store, replace(record("crm", "1"), customer="x-404"))


def test_records_may_be_linked_before_their_customer_is_written(store: Store) -> None:
    def unit(tx: Writing) -> None:
        tx.records.save([replace(record("crm", "1"), customer="x-1")])
        tx.customers.save([Customer("x-1")])

    store.do(unit)


def test_a_renamed_record_keeps_its_link_its_shadow_and_its_operation(store: Store) -> None:
    add_customers(store, "x-1")
    save(store, replace(record("loyalty", "old@example.com"), customer="x-1", keys=KEYS))
    save(store, replace(record("loyalty", "new@example.com"), keys=KEYS))
    planned = Operation("", draft("loyalty", "x-1", "old@example.com"), "planned", "content", "run-1")
    store.do(lambda tx: tx.operations.add([planned]))
    store.do(lambda tx: tx.records.rename("loyalty", "old@example.com", "new@example.com"))
    with store.look() as tx:
        renamed = tx.records.one("loyalty", "new@example.com")
        assert renamed is not None
        assert renamed.customer == "x-1"
        assert renamed.shadow.stated["email"].vendor_id == "new@example.com"
        assert tx.records.one("loyalty", "old@example.com") is None
        assert [each.key for each in tx.records.by_keys(KEYS)["email", "lan@example.com"]] == [renamed.key]
        moved = tx.operations.get(planned.id)
    assert moved is not None
    assert moved.draft.vendor_id == "new@example.com"


def test_deleted_records_leave_nothing_behind(store: Store) -> None:
    erased = replace(record("crm", "1"), keys=KEYS)
    save(store, erased)
    store.do(lambda tx: tx.records.delete([erased.id or 0]))
    with store.look() as tx:
        assert tx.records.one("crm", "1") is None
        assert list(tx.records.iterate_key_pairs(["email", "phone"])) == []


def test_problems_are_listed_by_connection(store: Store) -> None:
    save(store, replace(record("crm", "1"), problem="no id"), replace(record("shop", "2"), problem="a list"))
    save(store, record("crm", "3"))
    with store.look() as tx:
        assert [each.key for each in tx.records.problems()] == [("crm", "1"), ("shop", "2")]
        assert [each.key for each in tx.records.problems("shop")] == [("shop", "2")]
        assert [each.key for each in tx.records.problems(limit=1)] == [("crm", "1")]


@pytest.mark.parametrize(
    "poisoned",
    [
        replace(record("crm", "1"), vendor_id="a\x00b"),
        record("crm", "1", email="a\x00b"),
        record("crm", "1", email="a\ud800b"),
        replace(record("crm", "1"), vendor_id="a\ud800"),
        replace(record("crm", "1"), keys=frozenset({("email", "a\x00")})),
        replace(record("crm", "1"), payload={"a": "\udfff"}),
        replace(record("crm", "1"), linked_at=2**63),
    ],
    ids=[
        "zero in id",
        "zero in value",
        "half in value",
        "half in id",
        "zero in key",
        "half in payload",
        "huge",
    ],
)
def test_what_cannot_be_stored_is_named_and_harms_nothing_else(store: Store, poisoned: Record) -> None:
    with pytest.raises(StoreError) as refused:
        save(store, record("crm", "9"), poisoned)
    assert refused.value.next_step
    assert "a\x00b" not in str(refused.value)
    save(store, record("crm", "8"))
    with store.look() as tx:
        assert dict(tx.records.live_ids("crm")) == {"8": "live"}


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧", "\u202eabc", "e\u0301", "ＦＵＬＬ", "'; DROP TABLE records; --", "%s ? :x \\"]
)
def test_awkward_text_comes_back_as_it_was(store: Store, text: str) -> None:
    saved = replace(record("crm", text, email=text), keys=frozenset({("email", text)}), payload={text: text})
    save(store, saved)
    with store.look() as tx:
        assert tx.records.one("crm", text) == saved
        assert tx.records.by_keys([("email", text)])["email", text][0].key == ("crm", text)
