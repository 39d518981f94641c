"""Reading KiotViet: a listing that moves, and times without a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.errors import (
    Malformed,
    Unanswered,
)
from syncd.sandbox.kiotviet import KiotViet as Sandbox
from syncd.vendors.base import Pass
from tests.vendors.dialects import Dialect, each, without
from tests.vendors.kiotviet_shop import LAN, connect, everything, fill, ids


def test_a_record_in_canonical_fields(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN, rewardPoint=120)
    assert connect(shop).get(vendor_id).fields == {
        "full_name": "Trần Thị Lan",
        "phone": "0912 345 678",
        "email": "lan@example.com",
        "street1": "1 Hàng Bài",
        "street2": "Phường Tràng Tiền",
        "state": "Hà Nội",
        "city": "Quận Hoàn Kiếm",
        "gender": "female",
        "birth_date": "1990-05-01",
        "vat_number": "0101234567",
        "notes": "thích cà phê",
        "groups": "Khách lẻ|VIP",
        "customer_number": "KH000001",
        "points": "120",
        "company": None,
    }


@pytest.mark.parametrize("nulls", ["omit", "send"])
def test_an_absent_key_is_empty_but_a_hidden_phone_is_unknown(shop: Sandbox, nulls: Any) -> None:
    shop.switches.null_keys = nulls
    vendor_id = shop.human_create(name="Lan")
    shop.switches.hide_contact_number = True
    fields = connect(shop).get(vendor_id).fields
    assert fields["email"] is None
    assert "phone" not in fields


@pytest.mark.parametrize("digits", [0, 1, 2, 3, 7])
def test_times_are_vietnams_with_any_number_of_digits(digits: int) -> None:
    at = datetime(2026, 9, 15, 20, 11, 24, 970000, tzinfo=UTC)
    shop = Sandbox(clock=lambda: at, client_id="id", client_secret="secret")
    shop.switches.fraction_digits = digits
    shown = connect(shop).get(shop.human_create(**LAN))
    assert shown.created is not None
    assert abs(shown.created - at) < timedelta(seconds=1)
    assert shown.fields["birth_date"] == "1990-05-01"


def test_a_listing_and_a_single_read_show_the_same(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    (page,) = everything(connector)
    assert connector.read(page.items[0], page.started).fields == connector.get(vendor_id).fields


def test_every_customer_is_listed_once_and_sums_are_none(shop: Sandbox) -> None:
    wanted = fill(shop, 250)
    shop.switches.summary_row = True
    pages = everything(connect(shop))
    assert ids(pages) == wanted
    assert [page.last for page in pages] == [False, False, True]
    assert pages[-1].total == 250
    assert not any(page.poison for page in pages)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 199, 200])
def test_pages_end_where_the_total_says(shop: Sandbox, count: int) -> None:
    wanted = fill(shop, count)
    connector = connect(shop)
    assert ids(everything(connector)) == wanted
    assert connector.requests <= 2 + count // 99  # one for the token, and one page more than rows fill


def test_a_page_that_the_vendor_keeps_smaller_is_followed(shop: Sandbox) -> None:
    wanted = fill(shop, 120)
    asked = shop.page
    shop.page = lambda call, rows, offset, limit: asked(call, rows, offset, min(limit, 30))  # type: ignore[method-assign]
    assert ids(everything(connect(shop))) == wanted


def test_a_walk_goes_on_where_it_was_left(shop: Sandbox) -> None:
    wanted = fill(shop, 250)
    connector = connect(shop)
    walk = connector.pages(Pass(full=True))
    first = next(walk)
    walk.close()  # type: ignore[attr-defined]
    rest = list(connector.pages(Pass(full=True, resume=first.resume)))
    assert ids([first, *rest]) == wanted
    assert rest[-1].cursor is not None


@pytest.mark.parametrize("gone", [1, 30, 99, 100, 150])
def test_deletions_while_paging_lose_no_customer(shop: Sandbox, gone: int) -> None:
    fill(shop, 1200)
    walk = connect(shop).pages(Pass(full=True))
    pages = [next(walk)]
    for vendor_id in list(shop.snapshot())[:gone]:
        shop.human_delete(vendor_id)
    pages += walk
    assert set(ids(pages)) >= set(shop.snapshot())
    assert pages[-1].total == 1200 - gone


def test_a_customer_added_while_paging_comes_at_the_end(shop: Sandbox) -> None:
    fill(shop, 1200)
    walk = connect(shop).pages(Pass(full=True))
    pages = [next(walk)]
    late = shop.human_create(name="Mới")
    pages += walk
    assert ids(pages)[-1] == late
    assert pages[-1].total == len(ids(pages)) == 1201


def test_an_incremental_pass_shows_what_changed_since_the_first_page(shop: Sandbox) -> None:
    wanted = fill(shop, 1200)
    shop.advance(3600)
    connector = connect(shop)
    walk = connector.pages(Pass(full=True))
    next(walk)
    shop.advance(600)
    shop.human_edit(wanted[0], name="Đổi tên")  # after its page was shown: only the cursor can bring it
    shop.advance(600)
    *_, last = walk
    shop.advance(3600)
    shop.human_edit(wanted[5], name="Đổi nữa")
    shop.human_delete(wanted[7])
    pages = everything(connector, last.cursor)
    assert ids(pages) == [wanted[0], wanted[5]]
    assert pages[0].removed == (wanted[7],)


def test_a_pass_over_nothing_new_costs_one_request(shop: Sandbox) -> None:
    fill(shop, 300)
    connector = connect(shop)
    shop.advance(3600)
    cursor = everything(connector)[-1].cursor
    before = connector.requests
    pages = everything(connector, everything(connector, cursor)[-1].cursor)
    assert ids(pages) == []
    assert connector.requests - before == 2
    assert pages[-1].cursor is not None


@pytest.mark.parametrize("name", ["removedIds", "removeIds", "removedId", "removeId"])
def test_removed_ids_in_every_spelling(shop: Sandbox, name: Any) -> None:
    shop.switches.removed_ids_name = name
    gone = fill(shop, 3)[1]
    connector = connect(shop)
    cursor = everything(connector)[-1].cursor
    shop.human_delete(gone)
    assert everything(connector, cursor)[0].removed == (gone,)


@pytest.mark.parametrize("what", ["html", "truncate", "redirect", "wrong_total", "empty_list", "half_list"])
def test_a_broken_listing_never_reads_as_a_complete_one(shop: Sandbox, what: str) -> None:
    fill(shop, 150)
    shop.faults.add(what, kind="list", count=None, at=50)
    try:
        pages = everything(connect(shop))
    except (Malformed, Unanswered):
        return
    assert len(ids(pages)) != pages[-1].total


def test_rows_in_another_order_than_asked_for_are_read_all_the_same(shop: Sandbox) -> None:
    rows = [{"id": number, "name": "x"} for number in (3, 2, 1)]
    shop.faults.answer(200, {"total": 3, "data": rows}, kind="list")
    assert sorted(ids(everything(connect(shop)))) == ["1", "2", "3"]


def test_a_poisoned_row_is_set_aside_and_its_page_goes_on(shop: Sandbox) -> None:
    rows = [
        {"id": 1, "name": "An"},
        {"id": 2, "name": "a\x00b"},
        {"name": "none"},
        "row",
        {"id": 5, "name": "Bình"},
    ]
    shop.faults.answer(200, {"total": 5, "data": rows}, kind="list")
    (page,) = everything(connect(shop))
    assert [item.vendor_id for item in page.items] == ["1", "5"]
    assert [poison.vendor_id for poison in page.poison] == ["2", "?", "?"]


@pytest.mark.parametrize(
    ("key", "shown", "field", "value"),
    [
        ("gender", "1", "gender", "male"),
        ("gender", 0, "gender", "female"),
        ("gender", "false", "gender", "female"),
        ("gender", "", "gender", None),
        ("birthDate", "0001-01-01T00:00:00", "birth_date", None),
        ("birthDate", "1990-05-01T00:00:00.0000000+07:00", "birth_date", "1990-05-01"),
        ("birthDate", "1990-04-30T17:00:00Z", "birth_date", "1990-05-01"),
        ("contactNumber", None, "phone", None),
    ],
)
def test_values_are_understood_in_every_spelling(
    shop: Sandbox, key: str, shown: Any, field: str, value: Any
) -> None:
    row = {"id": "7", "code": "KH7", "name": "Lan", key: shown}
    shop.faults.answer(200, row, kind="get")
    fields = connect(shop).get("7").fields
    assert field in fields
    assert fields[field] == value


def test_a_gender_that_nobody_knows_is_unknown(shop: Sandbox) -> None:
    shop.faults.answer(200, {"id": 7, "code": "KH7", "name": "Lan", "gender": {"value": 3}}, kind="get")
    assert "gender" not in connect(shop).get("7").fields


@pytest.mark.parametrize("removed", [7, "12", {"id": 7}, [None, "", -1, "x", {"id": 3}]])
def test_removed_ids_in_no_known_form_remove_nobody(shop: Sandbox, removed: Any) -> None:
    page = {
        "total": 0,
        "pageSize": 100,
        "data": [],
        "removedIds": removed,
        "timestamp": "2026-11-02T09:30:00",
    }
    shop.faults.answer(200, page, kind="list")
    assert everything(connect(shop))[0].removed == ()


def test_removed_ids_are_read_as_numbers_or_text(shop: Sandbox) -> None:
    page = {"total": 0, "data": [], "removedIds": [5, "6"], "removeId": [6, 7.0]}
    shop.faults.answer(200, page, kind="list")
    assert everything(connect(shop))[0].removed == ("5", "6", "7")


def test_groups_that_a_record_shows_by_number_are_carried(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    shown = connect(shop).get(vendor_id).payload
    details = [{"groupId": 11}, {"groupId": "12"}]
    row = {key: value for key, value in shown.items() if key != "groups"} | {"customerGroupDetails": details}
    shop.faults.answer(200, row, kind="get")
    assert connect(shop).get(vendor_id).fields["groups"] == "Khách lẻ|VIP"


@pytest.mark.parametrize("total", [None, 3, "230"])
def test_a_total_that_is_missing_or_too_small_ends_no_listing(shop: Sandbox, total: Any) -> None:
    people = fill(shop, 230)
    dialect = Dialect(
        without("total") if total is None else each(lambda key, value: total if key == "total" else value)
    )
    assert sorted(ids(everything(connect(dialect.spoken_by(shop))))) == sorted(people)
