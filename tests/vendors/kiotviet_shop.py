"""A simulated KiotViet shop, and what tests ask of a connector to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from syncd.sandbox.kiotviet import KiotViet as Sandbox
from syncd.values import Change, Page, Shown
from syncd.vendors.base import Pass, VendorSettings
from syncd.vendors.kiotviet import KiotViet
from tests.support.wsgi import WsgiAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

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


def connect(
    shop: WSGIApplication,
    *,
    secret: str = "secret",
    external: str | None = None,
    fields: Any = None,
    **options: Any,
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
