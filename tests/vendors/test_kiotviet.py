"""KiotViet: a listing that moves, times without a zone, and updates that may replace."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
import pytest

from syncd.errors import (
    AlreadyThere,
    ConfigError,
    Forbidden,
    Malformed,
    Missing,
    Refused,
    Rejected,
    Throttled,
    Unanswered,
)
from syncd.sandbox.kiotviet import KiotViet as Sandbox
from syncd.values import Change, Page, Shown
from syncd.vendors.base import Keys, Pass, VendorSettings
from syncd.vendors.kiotviet import KiotViet
from syncd.vendors.kiotviet.fields import location_of, place_of
from tests.support.wsgi import WsgiAdapter
from tests.vendors.contract import ADDRESS, VendorContract


class TestKiotViet(VendorContract):
    vendor = "kiotviet"
    options: ClassVar = {"retailer": "myshop", "token_url": f"{ADDRESS}/connect/token"}
    secrets: ClassVar = {"client_id": "KV_ID", "client_secret": "KV_SECRET"}
    unwanted = frozenset({"vat_number"})  # the guide takes it in updates only
    sample: ClassVar = {
        "email": "lan@example.com",
        "phone": "0912345678",
        "full_name": "Nguyễn Thị Lan",
        "vat_number": "0101234567",
        "birth_date": "1990-05-01",
        "gender": "female",
        "notes": "thích cà phê",
        "street1": "1 Hàng Bài",
        "street2": "Phường Tràng Tiền",
        "state": "Hà Nội",
        "city": "Quận Hoàn Kiếm",
        "customer_number": "LAN-1",
        "groups": "Khách lẻ|VIP",
    }
    other: ClassVar = {
        "email": "an@example.com",
        "phone": "0987654321",
        "full_name": "Trần Văn An",
        "vat_number": "0107654321",
        "birth_date": "1985-12-31",
        "gender": "male",
        "notes": "không đường",
        "street1": "2 Lý Thường Kiệt",
        "street2": "Phường Bến Nghé",
        "state": "Hồ Chí Minh",
        "city": "Quận 1",
        "customer_number": "AN-1",
        "groups": "Sỉ",
    }

    def person(self, number: int) -> Mapping[str, Any]:
        return {"name": f"Khách {number}", "contactNumber": f"09123{number:05}"}

    def phone(self, text: str) -> Mapping[str, Any]:
        return {"contactNumber": text}


class TestKiotVietThatReplaces(TestKiotViet):
    """A PUT that empties what it leaves out, nulls in answers, bare records."""

    def arrange(self, vendor: Any) -> None:
        vendor.switches.put_missing = "clear"
        vendor.switches.null_keys = "send"
        vendor.switches.wrapped = False


LAN = {
    "name": "Trần Thị Lan",
    "contactNumber": "0912 345 678",
    "email": "lan@example.com",
    "address": "1 Hàng Bài",
    "wardName": "Phường Tràng Tiền",
    "locationName": "Hà Nội - Quận Hoàn Kiếm",
    "gender": False,
    "birthDate": "1990-05-01T00:00:00",
    "taxCode": "0101234567",
    "comments": "thích cà phê",
    "groupIds": [11, 12],
}
NEW = {
    "full_name": "Nguyễn Văn An",
    "phone": "0987654321",
    "email": "an@example.com",
    "street1": "2 Lý Thường Kiệt",
    "state": "Đà Nẵng",
    "city": "Quận Hải Châu",
    "gender": "male",
    "birth_date": "1985-01-01",
}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop() -> Sandbox:
    return Sandbox(client_id="id", client_secret="secret")


def connect(
    shop: Sandbox, *, secret: str = "secret", external: str | None = None, fields: Any = None, **options: Any
) -> KiotViet:
    settings = VendorSettings(
        "shop",
        "kiotviet",
        "http://kv.test",
        options={"retailer": "myshop", "token_url": "http://kv.test/connect/token", **options},
        secrets={"client_id": "id", "client_secret": secret},
        fields=fields or {},
        external_id_field=external,
        allow_http=True,
    )
    return KiotViet(settings, clock=now, adapter=WsgiAdapter(shop))


def everything(connector: KiotViet, cursor: Mapping[str, Any] | None = None) -> list[Page]:
    return list(connector.pages(Pass(full=cursor is None, cursor=cursor)))


def ids(pages: list[Page]) -> list[str]:
    return [item.vendor_id for page in pages for item in page.items]


def fill(shop: Sandbox, count: int) -> list[str]:
    return [shop.human_create(name=f"Khách {number}") for number in range(count)]


def create(connector: KiotViet, **fields: str) -> Shown:
    written = connector.write("customer", Change("create", fields, key="op-1"))
    assert written.shown is not None
    return written.shown


def update(
    connector: KiotViet, vendor_id: str, given: Mapping[str, str] | None = None, **fields: str
) -> Shown:
    change = Change("update", fields, vendor_id, connector.get(vendor_id), given or {}, key="op-2")
    assert connector.steps(change) == ("customer",)
    connector.write("customer", change)
    return connector.get(vendor_id)


# --- reading


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


# --- what has changed


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


# --- lies


@pytest.mark.parametrize("what", ["html", "truncate", "redirect", "wrong_total", "empty_list", "half_list"])
def test_a_broken_listing_never_reads_as_a_complete_one(shop: Sandbox, what: str) -> None:
    fill(shop, 150)
    shop.faults.add(what, kind="list", count=None, at=50)
    try:
        pages = everything(connect(shop))
    except (Malformed, Unanswered):
        return
    assert len(ids(pages)) != pages[-1].total


def test_rows_in_another_order_than_asked_for_are_no_listing(shop: Sandbox) -> None:
    rows = [{"id": number, "name": "x"} for number in (3, 2, 1)]
    shop.faults.answer(200, {"total": 3, "data": rows}, kind="list")
    with pytest.raises(Malformed, match="order"):
        everything(connect(shop))


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


# --- writing


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_create_answers_with_the_record(shop: Sandbox, wrapped: bool) -> None:
    shop.switches.wrapped = wrapped
    connector = connect(shop)
    shown = create(connector, **NEW, groups="VIP|Sỉ")
    assert {name: shown.fields[name] for name in NEW} == NEW
    assert shown.fields["groups"] == "Sỉ|VIP"
    assert connector.get(shown.vendor_id).fields == shown.fields


@pytest.mark.parametrize("missing", ["keep", "clear"])
def test_an_update_carries_the_whole_record(shop: Sandbox, missing: Any) -> None:
    shop.switches.put_missing = missing
    vendor_id = shop.human_create(**LAN, code="LAN-1")
    before = connect(shop).get(vendor_id).fields
    after = update(connect(shop), vendor_id, email="new@example.com").fields
    assert after == {**before, "email": "new@example.com"}


def test_what_we_gave_is_carried_as_given(shop: Sandbox) -> None:
    shop.switches.put_missing = "clear"
    shop.switches.mangle = {"address": ["upper"]}
    vendor_id = shop.human_create(**LAN)
    update(connect(shop), vendor_id, {"street1": "5 Phố Huế"}, email="new@example.com")
    (body,) = [entry.body for entry in shop.ledger if entry.kind == "update"]
    assert body["address"] == "5 Phố Huế"


def test_a_hidden_phone_that_we_gave_is_carried(shop: Sandbox) -> None:
    shop.switches.put_missing = "clear"
    vendor_id = shop.human_create(**LAN)
    shop.switches.hide_contact_number = True
    update(connect(shop), vendor_id, {"phone": "0912345678"}, email="new@example.com")
    assert shop.snapshot()[vendor_id]["contactNumber"] == "0912345678"


def test_values_are_emptied(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    names = ("email", "phone", "street1", "street2", "notes", "gender", "birth_date", "groups", "vat_number")
    shown = update(connect(shop), vendor_id, None, **dict.fromkeys((*names, "state", "city"), ""))
    assert not any(shown.fields[name] for name in (*names, "state", "city"))
    assert shown.fields["full_name"] == "Trần Thị Lan"


def test_city_and_state_change_together(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    shown = update(connect(shop), vendor_id, city="Quận Đống Đa")
    assert (shown.fields["state"], shown.fields["city"]) == ("Hà Nội", "Quận Đống Đa")


def test_a_group_that_is_not_there_is_refused_before_anything_is_sent(shop: Sandbox) -> None:
    with pytest.raises(Rejected) as refused:
        create(connect(shop), full_name="An", groups="Không có")
    assert "groupIds" in refused.value.fields
    assert shop.snapshot() == {}


def test_the_branch_is_sent_where_the_shop_keeps_customers_by_branch(shop: Sandbox) -> None:
    shop.switches.by_branch = True
    with pytest.raises(Rejected) as refused:
        create(connect(shop), full_name="An")
    assert "branchId" in refused.value.fields
    shown = create(connect(shop, branch=3), full_name="An")
    assert shop.snapshot()[shown.vendor_id]["branchId"] == 3
    (finding,) = [each for each in connect(shop).check() if not each.ok]
    assert "branch" in finding.fix


def test_the_stamp_is_the_code_where_that_holds_external_ids(shop: Sandbox) -> None:
    connector = connect(shop, external="code")
    assert "customer_number" not in connector.fields
    written = connector.write("customer", Change("create", {"full_name": "An"}, stamp="crm-17", key="op-1"))
    assert written.vendor_id is not None
    assert connector.get(written.vendor_id).fields["external_id"] == "crm-17"
    assert [shown.vendor_id for shown in connector.find(Keys(stamp="CRM-17"))] == [written.vendor_id]


def test_a_deleted_customer_is_missing(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    connector.write("delete", Change("delete", {}, vendor_id))
    for status in (404, 420):
        shop.switches.unknown_id_status = status
        with pytest.raises(Missing):
            connector.get(vendor_id)


# --- refusals


@pytest.mark.parametrize(
    ("switches", "fields"),
    [
        ({"duplicate_phone": "refuse"}, {"phone": "0912345678"}),
        ({"duplicate_email": "refuse"}, {"email": "lan@example.com"}),
        ({}, {"customer_number": "KH000001"}),
    ],
)
def test_a_taken_key_is_already_there_on_create_and_rejected_on_update(
    shop: Sandbox, switches: Any, fields: Any
) -> None:
    shop.human_create(**LAN)
    for name, value in switches.items():
        setattr(shop.switches, name, value)
    connector = connect(shop)
    with pytest.raises(AlreadyThere):
        create(connector, full_name="An", **fields)
    other = shop.human_create(name="An")
    with pytest.raises(Rejected):
        update(connector, other, **fields)


def test_refusals_come_back_field_by_field(shop: Sandbox) -> None:
    with pytest.raises(Rejected) as refused:
        create(connect(shop), full_name="An", email="x" * 300)
    assert set(refused.value.fields) == {"email"}


def test_a_token_that_ends_is_renewed_once(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    connector.get(vendor_id)
    shop.revoke_tokens()
    sent = connector.requests
    assert connector.get(vendor_id).vendor_id == vendor_id
    assert connector.requests == sent + 3  # refused, token, again


def test_a_token_refused_with_another_status_is_renewed_too(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    body = {"responseStatus": {"errorCode": "TokenException", "message": "Token"}}
    shop.faults.answer(400, body, kind="get")
    assert connector.get(vendor_id).vendor_id == vendor_id
    assert len([entry for entry in shop.ledger if entry.kind == "token"]) == 2


def test_wrong_credentials_are_refused(shop: Sandbox) -> None:
    with pytest.raises(Refused):
        everything(connect(shop, secret="wrong"))
    with pytest.raises((Refused, Forbidden)):
        everything(connect(shop, retailer="other"))


def test_the_hourly_limit_is_told_with_its_wait(shop: Sandbox) -> None:
    shop.switches.get_limit_per_hour = 0
    shop.human_create(**LAN)
    with pytest.raises(Throttled) as throttled:
        connect(shop).get("1000001")
    assert throttled.value.wait is not None


def test_a_lost_answer_is_unanswered(shop: Sandbox) -> None:
    connector = connect(shop)
    shop.faults.drop(processed=True, kind="create")
    with pytest.raises(Unanswered):
        create(connector, **NEW)
    assert [shown.fields["phone"] for shown in connector.find(Keys(phone="+84 987 654 321"))] == [
        "0987654321"
    ]


# --- finding


def test_a_phone_is_found_in_any_form_and_only_whole(shop: Sandbox) -> None:
    wanted = [
        shop.human_create(name=form, contactNumber=form)
        for form in ("0912345678", "+84912345678", "0912 345 678")
    ]
    shop.human_create(name="longer", contactNumber="09123456789")
    assert [shown.vendor_id for shown in connect(shop).find(Keys(phone="+84912345678"))] == wanted[::-1]


def test_a_code_is_found_exactly(shop: Sandbox) -> None:
    shop.human_create(**LAN, code="KH-1")
    connector = connect(shop)
    assert len(connector.find(Keys(code="kh-1"))) == 1
    assert connector.find(Keys(code="KH")) == ()
    assert connector.find(Keys(code="../customers")) == ()
    assert "email" not in connector.abilities.finds


# --- the rest


@pytest.mark.parametrize("key", ["text", "bytes"])
def test_a_webhook_names_its_customers(shop: Sandbox, key: Any) -> None:
    secret = base64.b64encode(b"a secret of the shop").decode()
    body = orjson.dumps({"Notifications": [{"Action": "customer.update.5", "Data": [{"Id": 7}, {"Id": 8}]}]})
    raw = secret.encode() if key == "text" else base64.b64decode(secret)
    headers = {"X-Hub-Signature": "sha1=" + hmac.digest(raw, body, "sha256").hex()}
    connector = connect(shop)
    assert connector.hint(headers, body, secret, now()) == ("7", "8")
    with pytest.raises(Forbidden):
        connector.hint(headers, body + b" ", secret, now())
    with pytest.raises(Forbidden):
        connector.hint({}, body, secret, now())


def test_a_scope_narrows_the_listing(shop: Sandbox) -> None:
    inside = shop.human_create(**LAN)
    shop.human_create(name="An")
    assert ids(everything(connect(shop, pull={"group": 11}))) == [inside]
    assert ids(everything(connect(shop, pull={"search": "Lan"}))) == [inside]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"pull": {"city": "Hà Nội"}}, "pull"),
        ({"branch": "one"}, "branch"),
        ({"external": "name"}, "external_id_field"),
    ],
)
def test_settings_that_cannot_be_understood_are_named(shop: Sandbox, options: Any, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        connect(shop, **options)
    assert [problem.key for problem in error.value.problems] == [key]


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("Hà Nội - Quận Ba Đình", ("Hà Nội", "Quận Ba Đình")),
        ("Hà Nội", ("Hà Nội", None)),
        ("", (None, None)),
        ("Bà Rịa - Vũng Tàu", ("Bà Rịa - Vũng Tàu", None)),
        ("Bà Rịa - Vũng Tàu - Thành phố Vũng Tàu", ("Bà Rịa - Vũng Tàu", "Thành phố Vũng Tàu")),
        ("Ninh Thuận - Thành phố Phan Rang - Tháp Chàm", ("Ninh Thuận", "Thành phố Phan Rang - Tháp Chàm")),
    ],
)
def test_a_location_is_province_and_district(location: str, place: tuple[str | None, str | None]) -> None:
    assert place_of(location) == place
    state, city = place
    assert location_of(state or "", city or "") == location
