"""Accounts: who may log in, by what, and for how long; what people did; vendors' tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.errors import UsageError
from syncd.store import Store, Writing
from tests.store.conftest import NOON, Clock

DAY = timedelta(days=1)


@pytest.fixture
def people(store: Store) -> Store:
    store.do(lambda tx: tx.accounts.add_user("lan", "admin", "argon2-hash"))
    store.do(lambda tx: tx.accounts.add_user("minh", "viewer"))
    return store


def test_a_name_is_given_once(people: Store) -> None:
    with pytest.raises(UsageError):
        people.do(lambda tx: tx.accounts.add_user("lan", "viewer"))
    with people.look() as tx:
        assert [(user.name, user.role) for user in tx.accounts.users()] == [
            ("lan", "admin"),
            ("minh", "viewer"),
        ]
        assert tx.accounts.user("hoa") is None


def test_what_is_asked_of_nobody_is_refused(people: Store) -> None:
    with pytest.raises(UsageError):
        people.do(lambda tx: tx.accounts.set_role("hoa", "admin"))


def test_a_session_lasts_until_its_time_is_over(people: Store, clock: Clock) -> None:
    people.do(lambda tx: tx.accounts.add_session(b"s", "lan", NOON + DAY, "Firefox"))
    with people.look() as tx:
        session = tx.accounts.session(b"s")
        assert tx.accounts.session(b"other") is None
    assert session is not None
    assert (session.name, session.expires_at, session.note) == ("lan", NOON + DAY, "Firefox")
    people.do(lambda tx: tx.accounts.touch_session(b"s", NOON + 2 * DAY))
    clock.forward(days=2)
    with people.look() as tx:
        assert tx.accounts.session(b"s") is None
    people.do(lambda tx: tx.accounts.forget(clock.now))
    with people.look() as tx:
        assert tx.accounts.sessions("lan") == []


def test_a_new_password_ends_every_session_and_setup_link(people: Store) -> None:
    def unit(tx: Writing) -> None:
        tx.accounts.add_session(b"s", "lan", NOON + DAY)
        tx.accounts.add_session(b"m", "minh", NOON + DAY)
        tx.accounts.add_setup_link(b"l", "lan", NOON + DAY)
        tx.accounts.set_password_hash("lan", "another hash")

    people.do(unit)
    with people.look() as tx:
        user = tx.accounts.user("lan")
        assert user is not None
        assert user.password == "another hash"
        assert tx.accounts.session(b"s") is None
        assert tx.accounts.session(b"m") is not None
    assert people.do(lambda tx: tx.accounts.use_setup_link(b"l")) is None


def test_a_setup_link_is_spent_once_and_not_after_its_time(people: Store, clock: Clock) -> None:
    people.do(lambda tx: tx.accounts.add_setup_link(b"one", "minh", NOON + DAY))
    people.do(lambda tx: tx.accounts.add_setup_link(b"two", "minh", NOON + DAY))
    assert people.do(lambda tx: tx.accounts.use_setup_link(b"one")) == "minh"
    assert people.do(lambda tx: tx.accounts.use_setup_link(b"one")) is None
    clock.forward(days=1)
    assert people.do(lambda tx: tx.accounts.use_setup_link(b"two")) is None


def test_a_token_works_until_it_is_over_taken_back_or_its_user_is_disabled(
    people: Store, clock: Clock
) -> None:
    def unit(tx: Writing) -> int:
        tx.accounts.add_token(b"short", "lan", "script", NOON + DAY)
        return tx.accounts.add_token(b"long", "minh", "backup").id

    number = people.do(unit)
    people.do(lambda tx: tx.accounts.touch_token(number))
    with people.look() as tx:
        assert [token.label for token in tx.accounts.tokens("lan")] == ["script"]
        token = tx.accounts.token(b"long")
    assert token is not None
    assert (token.name, token.last_used_at) == ("minh", NOON)
    clock.forward(days=1)
    with people.look() as tx:
        assert tx.accounts.token(b"short") is None
    people.do(lambda tx: tx.accounts.disable("minh"))
    with people.look() as tx:
        assert tx.accounts.token(b"long") is None
    people.do(lambda tx: tx.accounts.disable("minh", False))
    people.do(lambda tx: tx.accounts.drop_token(number))
    with people.look() as tx:
        assert tx.accounts.token(b"long") is None


def test_a_user_goes_with_everything_that_let_the_user_in(people: Store) -> None:
    def unit(tx: Writing) -> None:
        tx.accounts.add_session(b"s", "lan", NOON + DAY)
        tx.accounts.add_token(b"t", "lan", "script")
        tx.accounts.add_setup_link(b"l", "lan", NOON + DAY)
        tx.accounts.drop_user("lan")

    people.do(unit)
    with people.look() as tx:
        assert tx.accounts.session(b"s") is None
        assert tx.accounts.token(b"t") is None
    assert people.do(lambda tx: tx.accounts.use_setup_link(b"l")) is None


def test_failed_log_ins_are_counted_by_name_and_time(people: Store, clock: Clock) -> None:
    for subject in ("lan", "lan", "127.0.0.1"):
        people.do(lambda tx, subject=subject: tx.accounts.add_failure(subject))  # type: ignore[misc]
        clock.forward(minutes=1)
    with people.look() as tx:
        assert tx.accounts.failures("lan", NOON)[0] == 2
        assert tx.accounts.failures("lan", NOON + timedelta(minutes=1))[0] == 1
        assert tx.accounts.failures("minh", NOON) == (0, None)


def test_deeds_are_listed_newest_first_in_pages(store: Store) -> None:
    for action in ("merge", "split", "pin"):
        store.do(lambda tx, action=action: tx.audit.add("lan", action, "x-1", {"with": "x-2"}))  # type: ignore[misc]
    with store.look() as tx:
        newest = tx.audit.list(limit=2)
        assert [(deed.who, deed.action, deed.at, deed.detail) for deed in newest] == [
            ("lan", "pin", NOON, {"with": "x-2"}),
            ("lan", "split", NOON, {"with": "x-2"}),
        ]
        assert [deed.action for deed in tx.audit.list(newest[-1].id)] == ["merge"]


def test_a_vendors_token_is_kept_until_its_time_is_over(store: Store, clock: Clock) -> None:
    store.do(lambda tx: tx.tokens.set("shop", "one", NOON + DAY))
    store.do(lambda tx: tx.tokens.set("shop", "two", NOON + DAY))
    store.do(lambda tx: tx.tokens.set("crm", "endless", None))
    with store.look() as tx:
        assert (tx.tokens.get("shop"), tx.tokens.expires_at("shop")) == ("two", NOON + DAY)
    clock.forward(days=1)
    with store.look() as tx:
        assert (tx.tokens.get("shop"), tx.tokens.get("crm")) == (None, "endless")
    store.do(lambda tx: tx.tokens.drop("crm"))
    with store.look() as tx:
        assert tx.tokens.get("crm") is None
