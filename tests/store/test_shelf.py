"""The shelf: what rests there is changed in one step, forgotten in time, and opened by its key only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from syncd.store import Shelf, Store
from tests.store.conftest import Clock


def laid(shelf: Shelf, key: str, text: str, seconds: float = 60.0) -> None:
    shelf.update(key, lambda _: text, seconds)


def kept(store: Store, key: str) -> str | None:
    with store.look() as tx:
        return tx.tokens.get(key)


def test_what_rests_there_is_changed_and_forgotten_in_time(store: Store, clock: Clock) -> None:
    shelf = Shelf(store)
    assert shelf.get("a") is None
    laid(shelf, "a", "one")
    assert shelf.update("a", lambda text: f"{text} two", 60.0) == "one two"
    clock.forward(seconds=59)
    assert Shelf(store).get("a") == "one two"
    clock.forward(seconds=2)
    assert shelf.get("a") is None
    assert shelf.update("a", str, 60.0) == "None"


def test_no_change_is_lost_between_threads(store: Store) -> None:
    shelf = Shelf(store)

    def count(_: int) -> None:
        shelf.update("n", lambda text: str(int(text or 0) + 1), 60.0)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(40)))
    assert shelf.get("n") == "40"


def test_with_a_key_nothing_can_be_read_without_it(store: Store) -> None:
    laid(Shelf(store, "a-key"), "token", "canary-token")
    text = kept(store, "token")
    assert text
    assert "canary" not in text
    assert Shelf(store, "a-key").get("token") == "canary-token"
    assert Shelf(store, "another").get("token") is None
    assert Shelf(store).get("token") is None


def test_a_key_is_changed_without_forgetting(store: Store) -> None:
    laid(Shelf(store, "old"), "token", "secret")
    both = Shelf(store, "new\nold\n")
    assert both.update("token", lambda text: f"{text}!", 60.0) == "secret!"
    assert Shelf(store, "new").get("token") == "secret!"
    assert Shelf(store, "old").get("token") is None


def test_what_was_kept_before_there_was_a_key_is_forgotten(store: Store) -> None:
    laid(Shelf(store), "token", "secret")
    assert Shelf(store, "key").get("token") is None
