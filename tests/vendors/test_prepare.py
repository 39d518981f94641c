"""Requests are built the short way: to the letter as `requests` itself would write them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.errors import Unreachable
from syncd.vendors.call import Call, Pairs
from syncd.vendors.prepare import MOST_KNOWN, Preparer

BASES = (
    "https://api.example.com",
    "https://API.example.com:8443/v1",
    "http://127.0.0.1:8000/a%20b/c~d",
    "https://bücher.example/x",
)
# what ids and e-mail addresses look like once they are quoted, and what nobody should write and somebody may
segments = st.one_of(
    st.text(min_size=1, max_size=8).map(lambda text: quote(text, safe="", errors="replace")),
    st.text("aZ09._~-%/4125eEfF2: ?#+@é", max_size=8),
)
paths = st.lists(segments, max_size=4).map("/".join)
queries = st.none() | st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=3)


def preparer(base: str, **headers: str) -> Preparer:
    return Preparer(base, "shop", "api.example.com", headers)


def call(method: str = "GET", body: bytes | None = None, **headers: str) -> Call:
    return Call(method, "customers", None, headers, {}, body, "read", "json")


@given(st.sampled_from(BASES), paths, queries)
@example(BASES[0], "customers/%41nna", None)
@example(BASES[0], "customers/%2E%2E/settings", None)
@example(BASES[0], "customers/../settings", None)
@example(BASES[0], "customers/.", None)
@example(BASES[0], "customers//1", None)
@example(BASES[0], "/customers", None)
@example(BASES[0], "customers/", None)
@example(BASES[0], "customers/%c3%a9", None)
@example(BASES[0], "customers/100%", None)
@example(BASES[0], "customers/anna%40example.com", [("a[]", "ü &~+/")])
def test_an_address_is_written_as_requests_writes_it(base: str, path: str, query: Pairs | None) -> None:
    whole = requests.models.PreparedRequest()
    try:
        whole.prepare_url(f"{base}/{path.lstrip('/')}" if path else base, query)
    except (requests.RequestException, UnicodeError) as error:
        with pytest.raises(type(error)):
            preparer(base).address(path, query)
        return
    assert preparer(base).address(path, query) == whole.url


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", b"{}"), ("DELETE", None), ("POST", b"")])
def test_the_rest_is_as_requests_makes_it(method: str, body: bytes | None) -> None:
    built = preparer(BASES[0], Retailer="shop").prepared(
        call(method, body, accept="text/csv"), {"Authorization": "Bearer x"}
    )
    whole = requests.Request(
        method, f"{BASES[0]}/customers", headers=dict(built.headers), data=body
    ).prepare()
    assert (built.method, built.url, built.body) == (whole.method, whole.url, whole.body)
    assert built.headers == whole.headers
    assert built.headers["ACCEPT"] == "text/csv"
    assert built.headers["Authorization"] == "Bearer x"


def test_no_request_changes_the_headers_of_the_next() -> None:
    shop = preparer(BASES[0])
    shop.prepared(call("PUT", b"{}"), {}).headers["X"] = "1"
    assert {"X", "Content-Length"}.isdisjoint(shop.prepared(call(), {}).headers)


@pytest.mark.parametrize(
    "header", ["Bearer x\r\nHost: evil.example", "Bearer x\n", " Bearer x", "Bearer “x”", "Bearer 密"]
)
def test_headers_that_cannot_be_written_or_hide_a_line_are_refused_each_time(header: str) -> None:
    shop = preparer(BASES[0])
    for _ in range(2):
        with pytest.raises(Unreachable, match="Check base_url and the secrets"):
            shop.prepared(call(), {"Authorization": header})


def test_tokens_of_long_ago_are_forgotten() -> None:
    shop = preparer(BASES[0])
    for number in range(3 * MOST_KNOWN):
        shop.prepared(call(), {"Authorization": f"Bearer {number}"})
    assert len(shop._known) <= MOST_KNOWN
