"""A simulated Perfex installation, and what tests ask of a connector to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.values import Change, Page, Shown
from syncd.vendors.base import Keys, Pass, VendorSettings
from syncd.vendors.perfex import Perfex
from tests.support.wsgi import WsgiAdapter

TOKEN = "aaa.bbb.ccc"
VERSIONS = ("2.0", "3.0", "3.1")
ANNA = {"firstname": "Anna", "lastname": "Maes", "email": "anna@example.com", "phonenumber": "+32470111222"}
PERSON = {"first_name": "Lan", "last_name": "Tran", "email": "lan@example.com", "phone": "+84912345678"}


def now() -> datetime:
    return datetime.now(UTC)


def connect(
    crm: Sandbox, *, token: str = TOKEN, external: str | None = None, fields: Any = None, **options: Any
) -> Perfex:
    settings = VendorSettings(
        "crm",
        "perfex",
        "http://crm.test",
        options={"groups": "unused", **options},
        secrets={"token": token},
        fields=fields or {},
        external_id_field=external,
        allow_http=True,
    )
    return Perfex(settings, clock=now, adapter=WsgiAdapter(crm))


def everything(connector: Perfex) -> list[Page]:
    return list(connector.pages(Pass(full=True)))


def records(connector: Perfex) -> dict[str, Shown]:
    return {
        item.vendor_id: connector.read(item, page.started)
        for page in everything(connector)
        for item in page.items
    }


def create(connector: Perfex, **fields: str) -> str:
    change = Change("create", fields, key="op-1")
    vendor_id = None
    for step in connector.steps(change):
        written = connector.write(step, replace(change, vendor_id=vendor_id))
        vendor_id = (
            written.vendor_id or connector.find(Keys(company=_company(fields), newer_than="0"))[-1].vendor_id
        )
    assert vendor_id is not None
    return vendor_id


def _company(fields: Mapping[str, str]) -> str:
    return fields.get("company") or f"{fields['first_name']} {fields['last_name']}"


def update(connector: Perfex, vendor_id: str, given: Mapping[str, str] | None = None, **fields: str) -> Shown:
    change = Change("update", fields, vendor_id, connector.get(vendor_id), given or {}, key="op-2")
    for step in connector.steps(change):
        connector.write(step, change)
    return connector.get(vendor_id)
