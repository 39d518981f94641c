"""KiotViet's Public API for retail, with its token endpoint on the same port."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import Map

from syncd.sandbox.kiotviet.customers import Customers
from syncd.sandbox.kiotviet.fields import EMPTY
from syncd.sandbox.kiotviet.hooks import Hooks, Lists
from syncd.sandbox.kiotviet.shop import RETAILER_ID, KiotVietSwitches, Shop
from syncd.sandbox.mangle import mangled
from syncd.sandbox.vendor import Clock, real_clock, routes
from syncd.sandbox.webhooks import Delivery
from syncd.sandbox.wire import Json

__all__ = ["RETAILER_ID", "KiotViet", "KiotVietSwitches"]

HUMAN_ONLY = (
    "type",
    "psidFacebook",
    "debt",
    "totalInvoiced",
    "totalRevenue",
    "totalPoint",
    "rewardPoint",
    "branchId",
)


class KiotViet(Shop):
    """The WSGI application."""

    routes: ClassVar[Map] = routes(
        ("POST", "/connect/token", "token", "token"),
        ("GET", "/customers", "list", "customers.listing"),
        ("POST", "/customers", "create", "customers.create"),
        ("GET", "/customers/group", "groups", "lists.groups"),
        ("GET", "/customers/code/<path:code>", "search", "customers.get_by_code"),
        ("GET", "/customers/<int:key>", "get", "customers.get"),
        ("PUT", "/customers/<int:key>", "update", "customers.update"),
        ("DELETE", "/customers/<int:key>", "delete", "customers.delete"),
        ("POST", "/listaddcutomers", "bulk", "customers.create_many"),
        ("PUT", "/listupdatecustomers", "bulk", "customers.update_many"),
        ("GET", "/settings", "settings", "lists.settings"),
        ("GET", "/locations", "locations", "lists.locations"),
        ("GET", "/webhooks", "webhooks", "hooks.listing"),
        ("POST", "/webhooks", "webhooks", "hooks.create"),
        ("GET", "/webhooks/<key>", "webhooks", "hooks.get"),
        ("DELETE", "/webhooks/<key>", "webhooks", "hooks.delete"),
    )

    def __init__(
        self,
        clock: Clock = real_clock,
        seed: int = 0,
        retailer: str = "myshop",
        client_id: str = "",
        client_secret: str = "",
    ) -> None:
        super().__init__(clock, seed, retailer, client_id, client_secret)
        self.customers, self.hooks, self.lists = Customers(self), Hooks(self), Lists(self)

    def human_create(self, **fields: Any) -> str:
        _check(fields)
        with self.lock:
            row = self.customers.add(mangled(fields, self.switches.mangle), human=True)
            self.ledger.human("human_create", str(row["id"]), fields, self.now())
        return str(row["id"])

    def human_edit(self, customer: str, **fields: Any) -> None:
        _check(fields)
        with self.lock:
            self.customers.change(customer, mangled(fields, self.switches.mangle), human=True)
            self.ledger.human("human_edit", customer, fields, self.now())

    def human_delete(self, customer: str) -> None:
        with self.lock:
            self.customers.remove(customer)
            self.ledger.human("human_delete", customer, {}, self.now())

    def snapshot(self) -> dict[str, Json]:
        with self.lock:
            self.catch_up()
            times = ("createdDate", "modifiedDate")
            stored = ((key, self.state.customers.now(key)) for key in self.state.customers)
            return {key: {**row, **{name: self.time(row[name]) for name in times}} for key, row in stored}

    def deliver_webhooks(self) -> list[Delivery]:
        return self.hooks.deliver()


def _check(fields: Json) -> None:
    if unknown := set(fields) - set(EMPTY) - set(HUMAN_ONLY):
        raise ValueError(f"KiotViet has no field {', '.join(sorted(unknown))}; it has {', '.join(EMPTY)}")
