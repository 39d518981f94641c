"""Arrays that are too large for memory: read element by element, and never taken for whole where they are cut."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.errors import Malformed, Unanswered
from syncd.values import Page
from syncd.vendors.base import Pass, VendorSettings
from syncd.vendors.perfex import Perfex
from syncd.vendors.stream import elements
from tests.vendors.hostile import Answer, hostile, raw, reply
from tests.vendors.perfex_crm import now


class Dripping(io.BytesIO):
    """A file that gives a few bytes at a time, as if every one of them stood at the end of a piece."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, _: int | None = -1) -> bytes:
        return super().read(self._size)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(
    values=st.lists(VALUES, max_size=6),
    size=st.integers(1, 9),
    spaces=st.sampled_from([None, 1]),
    sig=st.booleans(),
)
def test_any_array_is_read_as_it_was_written(
    values: list[Any], size: int, spaces: int | None, sig: bool
) -> None:
    data = json.dumps(values, ensure_ascii=size % 2 == 0, indent=spaces).encode(
        "utf-8-sig" if sig else "utf-8"
    )
    assert list(elements(Dripping(data, size), "a list")) == values


@given(values=st.lists(st.dictionaries(st.text(), st.text(), max_size=2), max_size=4), data=st.data())
def test_no_part_of_an_array_is_taken_for_all_of_it(values: list[Any], data: st.DataObject) -> None:
    whole = orjson.dumps(values)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Malformed):
        list(elements(Dripping(whole[:cut], 3), "a list"))


@pytest.mark.parametrize(
    "text", ["{}", "", "[1,]", "[1 2]", "[,1]", "[NaN]", "[1]]", "[1] x", '["a]', "[" * 100_000, '[{"a":1]']
)
def test_what_is_no_array_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        list(elements(io.BytesIO(text.encode()), "a list"))


# --- Perfex 2.x -----------------------------------------------------------------------------------


def _customers(count: int, size: int) -> list[dict[str, Any]]:
    return [
        {"userid": str(n), "company": f"Company {n}", "active": "1", "address": "x" * size, "stripe_id": "no"}
        for n in range(1, count + 1)
    ]


def _contacts(count: int) -> bytes:
    row = {
        "is_primary": "1",
        "active": "1",
        "firstname": "Ann",
        "lastname": "Maes",
        "phonenumber": "1",
        "password": "$2" * 1500,
    }
    return orjson.dumps(
        [{"id": str(n), "userid": str(n), "email": f"a{n}@b.be", **row} for n in range(1, count + 1)]
    )


def _pages(*answers: Answer) -> list[tuple[int, bool]]:
    with hostile(*answers) as server:
        settings = VendorSettings(
            "crm", "perfex", server.url, options={"groups": "unused"}, secrets={"token": "t"}, allow_http=True
        )
        connector = Perfex(settings, clock=now)
        try:
            return [_size(connector, page) for page in connector.pages(Pass(full=True))]
        finally:
            connector.close()


def _size(connector: Perfex, page: Page) -> tuple[int, bool]:
    for item in page.items:
        assert connector.read(item, page.started).fields["first_name"] == "Ann"
    return len(page.items) + len(page.poison), page.last


def test_a_large_list_of_perfex_2_takes_little_memory() -> None:
    count = 4_000
    answers = (
        reply(orjson.dumps(_customers(count, 3000))),
        reply(_contacts(count)),
    )
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sizes = _pages(*answers)
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert sizes == [(500, False)] * 7 + [(500, True)]
    assert most < 16 << 20  # the two answers have 24 MiB, and more as objects


def test_a_large_list_that_is_cut_off_is_never_complete() -> None:
    body = orjson.dumps(_customers(4_000, 3000))
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    with pytest.raises(Unanswered):
        _pages(raw(head + body[:-1000], close=True))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    with pytest.raises(Malformed):
        _pages(raw(head + body[:-1000], close=True), reply(_contacts(4_000)))


def test_a_bad_row_of_a_large_list_is_set_aside_alone() -> None:
    rows = _customers(4_000, 3000)
    rows[7]["company"] = "canary"
    body = orjson.dumps(rows).replace(b"canary", b"bad\xff")
    sizes = _pages(reply(body), reply(_contacts(4_000)))
    assert sum(number for number, _ in sizes) == 4_000
    assert sizes[-1][1]
