"""Four simulated vendors in this process, one App over them, and a clock that only tests move."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from syncd.app import App
from syncd.config import load
from syncd.sandbox import Sandbox
from syncd.values import Customer, Record, Report
from tests.support.stores import ready
from tests.support.wsgi import WsgiAdapter

NAMES = {"crm": "perfex", "shop": "kiotviet", "loyalty": "omniwallet", "booking": "pexip_engage"}
WRITES = frozenset({"create", "update", "delete", "points", "bulk"})

HOOK_SECRET = "hush"

CONFIG = """
[store]
url = "{url}"
[safety]
approve = "{approve}"
settle_seconds = 120
{safety}
[connections.crm]
vendor = "perfex"
base_url = "http://127.0.0.1:8391"
allow_http = true
token = "env:CRM_TOKEN"
push = ["create", "update"]
region = "BE"
groups = "unused"
{crm}
[connections.shop]
vendor = "kiotviet"
base_url = "http://127.0.0.1:8392"
token_url = "http://127.0.0.1:8392/connect/token"
allow_http = true
retailer = "myshop"
client_id = "env:KV_ID"
client_secret = "env:KV_SECRET"
push = ["create", "update"]
region = "VN"
{shop}
[connections.loyalty]
vendor = "omniwallet"
base_url = "http://127.0.0.1:8393/v1"
allow_http = true
account = "myshop"
token = "env:OMNI_TOKEN"
push = ["create", "update"]
region = "ES"
{loyalty}
[connections.booking]
vendor = "pexip_engage"
base_url = "http://127.0.0.1:8394"
token_url = "http://127.0.0.1:8394/realms/acme/protocol/openid-connect/token"
allow_http = true
enterprise = "acme"
client_id = "env:PEXIP_ID"
client_secret = "env:PEXIP_SECRET"
push = ["create", "update"]
region = "BE"
external_id = "crm"
external_id_field = "externalId"
{booking}
"""


class Clock:
    """A clock that moves a millisecond at every look, and as far as a test says."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, **length: float) -> None:
        """Let time go by."""
        self.now += timedelta(**length)


class World:
    """Vendors, an App over them, and what a test wants to know of both."""

    def __init__(self, folder: Path, url: str, *, approve: str = "never", **extra: str) -> None:
        self.clock = Clock()
        self.sandbox = Sandbox.empty(clock=self.clock)
        self.folder, self.url = folder, ready(url)
        self.path = folder / "syncd.toml"
        self.configure(approve=approve, **extra)
        self.app = self.opened()

    def configure(self, *, approve: str = "never", **extra: str) -> None:
        """Write the configuration; `extra` adds lines to the table of that name."""
        added = {name: extra.get(name, "") for name in ("safety", *NAMES)}
        self.path.write_text(CONFIG.format(url=self.url, approve=approve, **added) + extra.get("more", ""))

    def opened(self) -> App:
        """Open syncd on the store, as after a restart."""
        settings = load(self.path, {**self.sandbox.secrets(), "HOOK_SECRET": HOOK_SECRET})
        adapters = {name: WsgiAdapter(self.vendor(name)) for name in NAMES}
        return App.open(settings, clock=self.clock, adapters=adapters)

    def restart(self) -> None:
        """Close syncd and open it again."""
        self.app.close()
        self.app = self.opened()

    def vendor(self, name: str) -> Any:
        """Return the simulated vendor of a connection."""
        return getattr(self.sandbox, NAMES[name])

    def sync(self, *connections: str, dry_run: bool = False, full: bool = False, yes: bool = False) -> Report:
        """Sync a minute later."""
        self.clock.forward(minutes=1)
        return self.app.sync(connections, dry_run=dry_run, full=full, yes=yes)

    def quiet(self, most: int = 4) -> Report:
        """Sync until a run writes nothing; fail where that takes longer than it may."""
        for _ in range(most):
            before = self.writes()
            report = self.sync()
            if self.writes() == before:
                return report
        raise AssertionError("it does not come to rest")

    def writes(self) -> Counter[tuple[str, str]]:
        """Return how often each vendor was written to, by kind."""
        return Counter(
            (name, entry.kind)
            for name in NAMES
            for entry in self.vendor(name).ledger.entries
            if entry.kind in WRITES
        )

    def customers(self) -> list[tuple[Customer, list[Record]]]:
        """Return every customer with its records."""
        with self.app.store.look() as tx:
            found = tx.customers.list(limit=10_000)
            records = tx.records.of_customers([customer.id for customer in found])
        return [(customer, records.get(customer.id, [])) for customer in found]

    def only(self) -> tuple[Customer, list[Record]]:
        """Return the only customer there is."""
        found = self.customers()
        assert len(found) == 1, [customer.values() for customer, _ in found]
        return found[0]

    def reviews(self) -> Counter[str]:
        """Return the open reviews by kind."""
        with self.app.store.look() as tx:
            return Counter(review.kind for review in tx.reviews.list(limit=10_000))
