"""Connections on the page: what is known of each account, and trying a new one."""

from __future__ import annotations

import html
import tomllib

import pytest

from syncd.store import ConnectionState, Writing
from syncd.values import Customer
from syncd.web.show.account import answers_words, fidelity_words
from tests.store.made import record
from tests.web.conftest import Page

SHOP = {
    "vendor": "kiotviet",
    "name": "shop-hanoi",
    "retailer": "myshop",
    "schedule": "every 10 minutes",
    "push": ["update", "create"],
}


def form(page: Page, **changes: object) -> dict[str, object]:
    """Return the form of a second shop at the simulated till, filled in."""
    known = page.app.settings.connections["shop"]
    secrets = {name: secret.reveal() for name, secret in known.secrets.items()}
    addresses = {"base_url": known.base_url, "token_url": known.options["token_url"]}
    return {**SHOP, **addresses, **secrets, **changes}


def test_the_page_says_what_an_account_may_do(page: Page) -> None:
    text = page.logged_in().get("/connections").text
    assert "5,000 reads an hour; " in text
    assert "3,000 requests a minute; 4 at once" in text
    assert "off: webhook_secret is not set" in text
    assert "this vendor announces no changes of customers" in text
    assert 'href="/connections/new"' in text
    assert 'href="/connections/new"' not in page.logged_in("mai").get("/connections").text


def test_what_a_vendor_does_to_values_is_said_in_words() -> None:
    state = ConnectionState("shop", "kiotviet", fidelity={"phone": {"reformats": 12}, "notes": "cut_at_40"})
    assert fidelity_words(state) == (("Phone", "reformats: 12"), ("Notes", "cut at 40"))
    assert fidelity_words(None) == ()
    assert [answers_words(ConnectionState("a", "b", answers=known)) for known in (None, True, False)] == [
        "not known yet",
        "show what is stored",
        "do not always; every write is read back",
    ]


def test_an_example_shows_how_a_vendor_keeps_what_it_was_given(plain_page: Page) -> None:
    kept = record("shop", "1")
    kept.customer, kept.shadow.renders = "x-1", {"phone"}
    kept.shadow.acked["phone"], kept.shadow.seen["phone"] = "+84912345678", "0912 345 678"

    def store(tx: Writing) -> None:
        tx.customers.save([Customer("x-1")])
        tx.records.save([kept])

    plain_page.app.store.do(store)
    text = html.unescape(plain_page.logged_in().get("/connections").text)
    assert "“+84912345678” is kept as “0912 345 678” (1 of 1 records looked at)" in text


@pytest.mark.parametrize("vendor", ["perfex", "kiotviet", "omniwallet", "pexip_engage"])
def test_each_vendors_form_asks_for_what_it_needs(page: Page, vendor: str) -> None:
    answer = page.logged_in().get(f"/connections/new?vendor={vendor}")
    assert answer.status_code == 200
    assert 'type="password"' in answer.text
    assert 'name="base_url"' in answer.text
    assert 'name="webhook_secret"' not in answer.text


def test_right_credentials_give_a_block_without_a_secret(page: Page) -> None:
    filled = form(page)
    answer = page.logged_in().post("/connections/new", filled)
    assert answer.status_code == 200, answer.text
    assert "It works" in answer.text
    block = html.unescape(answer.text.split('aria-label="The block to paste">')[1].split("</pre>")[0])
    made = tomllib.loads(block)["connections"]["shop-hanoi"]
    assert made["client_secret"] == "env:SHOP_HANOI_CLIENT_SECRET"
    assert made["push"] == ["create", "update"]
    assert made["schedule"] == "every 10 minutes"
    assert str(filled["client_secret"]) not in answer.text
    assert "SHOP_HANOI_CLIENT_ID" in answer.text


def test_wrong_credentials_are_told_with_what_to_do(page: Page) -> None:
    answer = page.logged_in().post("/connections/new", form(page, client_secret="not the one"))
    assert "Not yet" in answer.text
    assert "The block to paste" not in answer.text
    assert "not the one" not in answer.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "http://169.254.169.254/latest"}, "base_url"),
        ({"base_url": "http://10.0.0.7"}, "base_url"),
        ({"base_url": "https://user:password@example.com"}, "base_url"),
        ({"schedule": "now and then"}, "schedule"),
        ({"retailer": ""}, "retailer"),
        ({"name": "shop"}, "There is a connection shop already"),
        ({"name": "no/name"}, "no/name"),
    ],
)
def test_what_the_file_would_refuse_is_refused_before_anything_is_asked(
    page: Page, changes: dict[str, object], words: str
) -> None:
    before = sum(len(vendor.ledger) for vendor in page.sandbox.vendors.values())
    answer = page.logged_in().post("/connections/new", form(page, **changes))
    assert "Not yet" in answer.text
    assert words in html.unescape(answer.text)
    assert sum(len(vendor.ledger) for vendor in page.sandbox.vendors.values()) == before


def test_trying_is_written_down_without_what_was_typed(page: Page) -> None:
    filled = form(page, name="written-down")
    page.logged_in().post("/connections/new", filled)
    with page.app.store.look() as tx:
        deed = next(deed for deed in tx.audit.list() if deed.subject == "written-down")
    assert (deed.who, deed.action, deed.detail) == (
        "admin",
        "tried a new connection",
        {"vendor": "kiotviet", "well": True},
    )
    path = page.app.store.database.path
    assert path is not None
    kept = b"".join(each.read_bytes() for each in path.parent.glob("syncd.db*"))
    assert str(filled["client_secret"]).encode() not in kept


def test_a_form_that_is_not_filled_in_is_told_so(page: Page) -> None:
    assert page.logged_in().post("/connections/new", {"vendor": "nobody"}).status_code == 422
