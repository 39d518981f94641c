"""Records that nobody has seen before are stored as any other would be, each with its number and its keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import StoreError
from syncd.store import Store
from syncd.values import Newcomer, Record, Shadow, Statement
from tests.store.conftest import NOON

KEYS = frozenset({("email", "lan@example.com"), ("phone", "+84912345678")})
SEEN = {"email": "lan@example.com", "full_name": " Lan Trần", "notes": None}

NEW = Newcomer(
    "shop",
    "7",
    SEEN,
    {"full_name": "Lan Trần"},
    {"email": None, "name": {"full_name": "Lan Trần"}},
    {"id": 7, "deep": [1, None, "\x00", "👩‍👩‍👧"]},
    b"\x00\xff",
    NOON - timedelta(seconds=1),
    NOON - timedelta(days=2),
    NOON - timedelta(days=1),
    KEYS,
)


def stated(slot: str, value: dict[str, str], number: int) -> Statement:
    return Statement(
        "shop",
        "7",
        slot,
        value,
        "initial",
        number,
        new_seen=NEW.started,
        pull_ended=NOON,
        modified=NEW.modified,
    )


def add(store: Store, *newcomers: Newcomer, number: int = 5) -> None:
    assert store.do(lambda tx: tx.records.add(newcomers, len(newcomers), number))[0] == len(newcomers)


def test_a_newcomer_comes_back_as_a_record(store: Store) -> None:
    add(store, NEW)
    with store.look() as tx:
        found = tx.records.one("shop", "7")
        holders = tx.records.by_keys(KEYS)
    assert found is not None
    words = {
        "email": stated("email", {"email": "lan@example.com"}, 5),
        "name": stated("name", {"full_name": "Lan Trần"}, 6),
    }
    acked = {"email": "lan@example.com", "full_name": "Lan Trần", "notes": ""}
    assert found == Record(
        "shop",
        "7",
        Shadow(seen=SEEN, acked=acked, stated=words),
        id=found.id,
        payload=NEW.payload,
        digest=NEW.digest,
        first_seen=NEW.started,
        observed=NEW.started,
        created=NEW.created,
        modified=NEW.modified,
        fresh=True,
        keys=KEYS,
    )
    assert [each.key for held in holders.values() for each in held] == [("shop", "7")] * 2
    store.do(lambda tx: tx.records.save([found]))
    with store.look() as tx:
        assert tx.records.one("shop", "7") == found


def test_a_newcomer_may_be_empty(store: Store) -> None:
    empty = Newcomer("shop", "8", {}, {}, {}, {}, b"", NOON, None, None, frozenset())
    add(store, empty)
    with store.look() as tx:
        found = tx.records.one("shop", "8")
    assert found is not None
    assert found == Record("shop", "8", Shadow(), found.id, first_seen=NOON, observed=NOON, fresh=True)


def test_each_gets_a_number_of_its_own_among_those_that_are_there(store: Store) -> None:
    store.do(lambda tx: tx.records.save([Record("crm", str(n), Shadow()) for n in range(3)]))
    store.do(lambda tx: tx.records.delete([tx.records.load("crm", ["0"])["0"].id or 0]))
    add(store, *(replace(NEW, vendor_id=str(n)) for n in range(1_500)))
    store.do(lambda tx: tx.records.save([Record("crm", "3", Shadow())]))
    with store.look() as tx:
        crm = tx.records.load("crm", ["1", "2", "3"])
        shop = tx.records.load("shop", map(str, range(1_500)))
    numbers = [record.id for record in (*crm.values(), *shop.values())]
    assert len(set(numbers)) == 1_503
    assert shop["1"].shadow.stated["name"].number == 8


def test_one_that_is_there_after_all_is_not_written_over(store: Store) -> None:
    store.do(lambda tx: tx.records.save([Record("shop", "7", Shadow(), problem="its city is a list")]))
    with pytest.raises(StoreError):
        add(store, replace(NEW, vendor_id="6"), NEW)
    with store.look() as tx:
        assert tx.records.count("shop") == 1
        assert [record.problem for record in tx.records.problems()] == ["its city is a list"]


@pytest.mark.parametrize(
    "poisoned",
    [
        replace(NEW, vendor_id="a\x00b"),
        replace(NEW, seen={"email": "a\x00b"}),
        replace(NEW, seen={"email": "a\ud800b"}),
        replace(NEW, vendor_id="a\ud800"),
        replace(NEW, keys=frozenset({("email", "a\x00")})),
        replace(NEW, payload={"a": "\udfff"}),
    ],
    ids=["zero in id", "zero in value", "half in value", "half in id", "zero in key", "half in payload"],
)
def test_what_cannot_be_stored_is_named_and_harms_nothing_else(store: Store, poisoned: Newcomer) -> None:
    with pytest.raises(StoreError) as refused:
        add(store, replace(NEW, vendor_id="9"), poisoned)
    assert refused.value.next_step
    assert "a\x00b" not in str(refused.value)
    add(store, replace(NEW, vendor_id="8"))
    with store.look() as tx:
        assert dict(tx.records.live_ids("shop")) == {"8": "live"}
