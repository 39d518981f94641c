"""Omniwallet's JSON:API under `/v1`, and under `/api/v1` as its older host had it."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.routing import Map

from syncd.sandbox.omniwallet.customers import EMPTY, Customers
from syncd.sandbox.omniwallet.points import Hooks, Points
from syncd.sandbox.omniwallet.programme import OmniwalletSwitches, Programme
from syncd.sandbox.vendor import Clock, real_clock, routes
from syncd.sandbox.webhooks import Delivery
from syncd.sandbox.wire import Json

__all__ = ["Omniwallet", "OmniwalletSwitches"]

PATHS = (
    ("GET", "/customers", "list", "customers.listing"),
    ("POST", "/customers", "create", "customers.create"),
    ("GET", "/customers/<path:email>", "get", "customers.get"),
    ("PATCH", "/customers/<path:email>", "update", "customers.update"),
    ("DELETE", "/customers/<path:email>", "delete", "customers.delete"),
    ("POST", "/customers/<path:email>/add-points", "points", "points.add"),
    ("POST", "/customers/<path:email>/subtract-points", "points", "points.subtract"),
    ("POST", "/customers/<path:email>/add-points-from-value", "points", "points.add_value"),
    ("GET", "/customers/<path:email>/transactions", "transactions", "points.of_customer"),
    ("GET", "/transactions/<key>", "transactions", "points.get"),
    ("POST", "/transactions/<key>/delay", "other", "points.delay"),
    ("GET", "/settings", "settings", "points.settings"),
    ("GET", "/settings/<key>", "settings", "points.setting"),
)


class Omniwallet(Programme):
    """The WSGI application."""

    routes: ClassVar[Map] = routes(
        *(
            (method, prefix + path, kind, handler)
            for prefix in ("/v1", "/api/v1")
            for method, path, kind, handler in PATHS
        )
    )

    def __init__(
        self, clock: Clock = real_clock, seed: int = 0, account: str = "myshop", token: str = ""
    ) -> None:
        super().__init__(clock, seed, account, token)
        self.customers, self.points, self.hooks = Customers(self), Points(self), Hooks(self)

    def human_create(self, **fields: Any) -> str:
        _check(fields)
        with self.lock:
            if self.key(fields["email"]) in self.state.customers:
                raise ValueError("this e-mail is a customer already; choose another")
            row = self.customers.add(fields)
            self.ledger.human("human_create", row["email"], fields, self.now())
        return str(row["email"])

    def human_edit(self, customer: str, **fields: Any) -> None:
        _check(fields)
        with self.lock:
            self.customers.change(self.key(customer), fields)
            self.ledger.human("human_edit", customer, fields, self.now())

    def human_delete(self, customer: str) -> None:
        with self.lock:
            self.state.customers.remove(self.key(customer))
            self.ledger.human("human_delete", customer, {}, self.now())

    def snapshot(self) -> dict[str, Json]:
        with self.lock:
            self.catch_up()
            rows = (self.state.customers.now(key) for key in self.state.customers)
            return {row["email"]: self.shown(row)["attributes"] for row in rows}

    def deliver_webhooks(self) -> list[Delivery]:
        return self.hooks.deliver()


def _check(fields: Json) -> None:
    if unknown := set(fields) - set(EMPTY):
        raise ValueError(f"Omniwallet has no field {', '.join(sorted(unknown))}; it has {', '.join(EMPTY)}")
