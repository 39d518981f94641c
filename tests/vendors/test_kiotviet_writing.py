"""Writing to KiotViet: updates that may replace, and refusals in Vietnamese."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from syncd.errors import (
    AlreadyThere,
    Forbidden,
    Missing,
    Refused,
    Rejected,
    Throttled,
    Unanswered,
    Unsearchable,
    VendorError,
)
from syncd.sandbox.kiotviet import KiotViet as Sandbox
from syncd.values import Change
from syncd.vendors.base import Keys
from tests.vendors.kiotviet_shop import LAN, NEW, connect, create, everything, update


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_create_answers_with_the_record(shop: Sandbox, wrapped: bool) -> None:
    shop.switches.wrapped = wrapped
    connector = connect(shop)
    shown = create(connector, **NEW, groups="VIP|Sỉ")
    assert {name: shown.fields[name] for name in NEW} == NEW
    assert shown.fields["groups"] == "Sỉ|VIP"
    assert connector.get(shown.vendor_id).fields == shown.fields


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_create_is_made_though_the_groups_that_the_shop_gave_it_cannot_be_read(
    shop: Sandbox, status: int
) -> None:
    payload = connect(shop).get(shop.human_create(**LAN)).payload
    shown = {key: value for key, value in payload.items() if key != "groups"}
    details = [{"id": 1, "customerId": 1, "groupId": 11}]
    shop.faults.answer(200, {"data": {**shown, "customerGroupDetails": details}}, kind="create")
    groups = shop.faults.answer(
        status, {}, path="customers/group", headers={"Retry-After": "300"}, count=None
    )
    written = connect(shop).write("customer", Change("create", {"full_name": "An"}, key="op-1"))
    assert (written.vendor_id, written.shown) == (str(shown["id"]), None)
    assert groups.fired


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


@pytest.mark.parametrize("missing", ["keep", "clear"])
def test_what_only_null_could_empty_stays_where_null_is_kept(shop: Sandbox, missing: Any) -> None:
    shop.switches.put_null, shop.switches.put_missing = "keep", missing
    connector = connect(shop, put_null="keep")
    assert {name for name, spec in connector.fields.items() if not spec.clearable} >= {"gender", "birth_date"}
    vendor_id = shop.human_create(**LAN)
    before = connector.get(vendor_id).fields
    texts = dict.fromkeys(("email", "phone", "street1", "street2", "notes", "vat_number", "groups"), "")
    after = update(connector, vendor_id, None, **texts).fields
    assert {name: after[name] or "" for name in texts} == texts
    assert {name: after[name] for name in after.keys() - texts} == {
        name: before[name] for name in before.keys() - texts
    }


def test_city_and_state_change_together(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    shown = update(connect(shop), vendor_id, city="Quận Đống Đa")
    assert (shown.fields["state"], shown.fields["city"]) == ("Hà Nội", "Quận Đống Đa")


def test_a_create_goes_without_a_group_that_is_not_there(shop: Sandbox) -> None:
    shown = create(connect(shop), full_name="An", groups="Không có|VIP")
    assert shown.fields["groups"] == "VIP"


def test_a_group_that_is_not_there_is_refused_by_name_before_anything_is_sent(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    before = shop.snapshot()
    with pytest.raises(Rejected) as refused:
        update(connect(shop), vendor_id, groups="Không có|VIP")
    assert set(refused.value.fields) == {"groups:Không có"}
    assert shop.snapshot() == before


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


@pytest.mark.parametrize(
    ("switches", "fields"),
    [
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


@pytest.mark.parametrize(
    ("email", "error"), [("LAN@example.com", AlreadyThere), ("an@example.com", Rejected)]
)
def test_a_taken_phone_is_somebody_else_unless_the_e_mail_says_otherwise(
    shop: Sandbox, email: str, error: type[Exception]
) -> None:
    vendor_id = shop.human_create(**LAN)
    shop.switches.duplicate_phone = "refuse"
    with pytest.raises(error) as refused:
        create(connect(shop), full_name="An", phone="+84912345678".replace("+84", "0"), email=email)
    if error is Rejected:
        assert isinstance(refused.value, Rejected)
        assert vendor_id in refused.value.fields["contactNumber"]
        assert "0912345678" not in str(refused.value)


def test_a_taken_phone_is_rejected_on_update(shop: Sandbox) -> None:
    shop.human_create(**LAN)
    shop.switches.duplicate_phone = "refuse"
    other = shop.human_create(name="An")
    with pytest.raises(Rejected):
        update(connect(shop), other, phone="0912345678")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("Số điện thoại 0912345678 đã được sử dụng", AlreadyThere),
        ("Mã khách hàng bị trùng", AlreadyThere),
        (unicodedata.normalize("NFD", "Mã khách hàng đã tồn tại"), AlreadyThere),
        ("Nhóm khách hàng không tồn tại", Rejected),
        ("Tên khách hàng không hợp lệ", Rejected),
    ],
)
def test_vietnamese_words_are_understood_without_fields(
    shop: Sandbox, words: str, error: type[Exception]
) -> None:
    status = {"errorCode": "KvValidateCustomerException", "message": words}
    shop.faults.answer(420, {"responseStatus": status}, kind="create")
    with pytest.raises(error):
        create(connect(shop), full_name="An", phone="0900000000")


def test_an_update_that_cannot_carry_a_hidden_phone_waits(shop: Sandbox) -> None:
    shop.switches.put_missing, shop.switches.hide_contact_number = "clear", True
    vendor_id = shop.human_create(**LAN)
    with pytest.raises(Rejected) as held:
        update(connect(shop), vendor_id, email="new@example.com")
    assert "hidden_phones" in str(held.value)
    assert shop.snapshot()[vendor_id]["contactNumber"] == "0912 345 678"
    shop.switches.put_missing = "keep"
    update(connect(shop, hidden_phones="send"), vendor_id, email="new@example.com")
    assert shop.snapshot()[vendor_id]["email"] == "new@example.com"


def test_a_customer_without_a_phone_is_updated_where_none_is_hidden(shop: Sandbox) -> None:
    shop.switches.put_missing = "clear"
    vendor_id = shop.human_create(**{**LAN, "contactNumber": None})
    assert update(connect(shop), vendor_id, email="new@example.com").fields["email"] == "new@example.com"
    shop.human_create(**LAN)
    assert update(connect(shop), vendor_id, email="two@example.com").fields["email"] == "two@example.com"


def test_hidden_phones_cannot_be_searched(shop: Sandbox) -> None:
    shop.human_create(**LAN)
    shop.switches.hide_contact_number = True
    with pytest.raises(Unsearchable):
        connect(shop).find(Keys(phone="0912345678"))
    assert connect(shop).find(Keys(phone="0987654321")) == ()


def test_what_nobody_documents_as_writable_is_carried_all_the_same(shop: Sandbox) -> None:
    shop.switches.put_missing, shop.switches.organization = "clear", "keep"
    more = {"organization": "Quán Lan", "subNumber": "0900000001", "identificationNumber": "001190000001"}
    vendor_id = shop.human_create(**LAN, **more)
    update(connect(shop), vendor_id, email="new@example.com")
    assert {name: shop.snapshot()[vendor_id][name] for name in more} == more
    (body,) = [entry.body for entry in shop.ledger if entry.kind == "update"]
    assert body["IdentificationNumber"] == "001190000001"


def test_an_update_goes_without_what_the_shop_refuses_to_carry(shop: Sandbox) -> None:
    shop.switches.organization = "refuse"
    vendor_id = shop.human_create(**LAN, organization="Quán Lan")
    connector = connect(shop)
    assert update(connector, vendor_id, email="new@example.com").fields["email"] == "new@example.com"
    assert shop.snapshot()[vendor_id]["organization"] == "Quán Lan"
    update(connector, vendor_id, email="two@example.com")
    updates = [entry for entry in shop.ledger if entry.kind == "update"]
    assert [entry.accepted for entry in updates] == [False, True, True]
    with pytest.raises(Rejected) as refused:
        update(connect(shop), vendor_id, email="x" * 300)
    assert refused.value.fields.keys() == {"email"}


def test_no_group_is_lost_where_groups_come_in_pages(shop: Sandbox) -> None:
    shop.switches.put_missing, shop.switches.group_pages = "clear", True
    shop.state.groups |= {number: f"Nhóm {number}" for number in range(100, 250)}
    vendor_id = shop.human_create(**{**LAN, "groupIds": [11, 115, 249]})
    update(connect(shop), vendor_id, email="new@example.com")
    assert sorted(shop.snapshot()[vendor_id]["groupIds"]) == [11, 115, 249]


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


@pytest.mark.parametrize("status", [429, 403, 420])
def test_the_hourly_limit_is_told_with_its_wait(shop: Sandbox, status: Any) -> None:
    shop.switches.get_limit_per_hour = 0
    shop.switches.over_limit_status = status
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


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"responseStatus": {"errorCode": "Exception", "message": "x"}}),
        (404, {"message": "Không tìm thấy khách hàng"}),
        (420, {"responseStatus": {"errorCode": "KvNotFoundException", "message": "x"}}),
        (400, {"message": "Khách hàng không tồn tại trong hệ thống"}),
    ],
)
def test_a_customer_that_is_gone_may_be_told_in_many_ways(shop: Sandbox, status: int, body: Any) -> None:
    vendor_id = shop.human_create(**LAN)
    shop.faults.answer(status, body, kind="get")
    with pytest.raises(Missing):
        connect(shop).get(vendor_id)


@pytest.mark.parametrize("body", ["", "<html>", {"message": "no Route matched"}, {}, [], {"error": "x"}])
def test_a_404_of_somebody_else_makes_nobody_missing(shop: Sandbox, body: Any) -> None:
    vendor_id = shop.human_create(**LAN)
    shop.faults.answer(404, body, kind="get")
    with pytest.raises(VendorError) as error:
        connect(shop).get(vendor_id)
    assert not isinstance(error.value, Missing)


def test_an_answer_may_wrap_its_record_in_a_list(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    row = dict(connector.get(vendor_id).payload)
    shop.faults.answer(200, {"message": "ok", "data": [row]}, kind="update")
    change = Change("update", {"email": "q@example.com"}, vendor_id, connector.get(vendor_id))
    assert connector.write("customer", change).vendor_id == vendor_id


def test_an_answer_that_shows_only_a_part_is_no_record(shop: Sandbox) -> None:
    vendor_id = shop.human_create(**LAN)
    connector = connect(shop)
    change = Change("update", {"email": "q@example.com"}, vendor_id, connector.get(vendor_id))
    shop.faults.answer(200, {"message": "ok", "data": {"id": int(vendor_id), "name": "Lan"}}, kind="update")
    written = connector.write("customer", change)
    assert (written.vendor_id, written.shown) == (vendor_id, None)
