"""KiotViet: the contract, its settings, its webhooks."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import pytest

from syncd.errors import (
    ConfigError,
    Forbidden,
)
from syncd.sandbox.kiotviet import KiotViet as Sandbox
from syncd.vendors.base import Keys
from syncd.vendors.kiotviet.fields import location_of, place_of
from tests.vendors.contract import ADDRESS, VendorContract
from tests.vendors.kiotviet_shop import LAN, connect, everything, ids, now


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
