"""One vendor under its own limit: so many edits made elsewhere at eight in the morning, synced every five minutes.

What is counted: when the vendor shows the last edit, the least time that the requests it was sent could take under
its limit, how many of them it refused, and how long people who press the button during that time wait for its pull.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.rations.virtual import BEGIN, Stop, Time
from syncd.app import App
from syncd.config import load
from syncd.sandbox import Sandbox, Vendor
from syncd.sandbox.ledger import Entry
from syncd.sync.progress import Progress
from syncd.values import Report
from syncd.vendors.budget import Budgets, Ration, Rationed
from tests.support.wsgi import WsgiAdapter

EVERY = 300.0  # seconds between two scheduled runs
LATENCY = 0.2
PRESSED = (420.0, 1_500.0, 2_700.0)  # seconds after which somebody asks for a sync
DAY = 86_400.0
LATER = 7_200.0  # after the first sync, when every limit is untouched again


HEAD = """
[store]
url = "sqlite:///{folder}/syncd.db"
backups = "{folder}/backups"
[safety]
approve = "never"
max_updates = [1000000, "100%"]
max_same_field = [1000000, "100%"]
"""
TABLES = {
    "omniwallet": """
[connections.loyalty]
vendor = "omniwallet"
base_url = "http://127.0.0.1:8393/v1"
account = "myshop"
token = "env:OMNI_TOKEN"
push = []
allow_http = true
""",
    "kiotviet": """
[connections.shop]
vendor = "kiotviet"
base_url = "http://127.0.0.1:8392"
token_url = "http://127.0.0.1:8392/connect/token"
retailer = "myshop"
client_id = "env:KV_ID"
client_secret = "env:KV_SECRET"
region = "VN"
allow_http = true
""",
    "perfex": """
[connections.crm]
vendor = "perfex"
base_url = "http://127.0.0.1:8391"
token = "env:CRM_TOKEN"
groups = "unused"
region = "BE"
allow_http = true
""",
    "pexip_engage": """
[connections.booking]
vendor = "pexip_engage"
base_url = "http://127.0.0.1:8394"
token_url = "http://127.0.0.1:8394/realms/acme/protocol/openid-connect/token"
enterprise = "acme"
client_id = "env:PEXIP_ID"
client_secret = "env:PEXIP_SECRET"
region = "BE"
allow_http = true
""",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """What a vendor allows: so many of the requests that count, in so many seconds."""

    connection: str
    requests: int
    seconds: float
    at_once: int
    counts: Callable[[str], bool] = field(default=lambda _: True)  # by the request's method


LIMITS = {
    "kiotviet": Limit("shop", 5_000, 3_600, 8, lambda method: method == "GET"),
    "perfex": Limit("crm", 100, 60, 4),
    "pexip_engage": Limit("booking", 3_000, 60, 4),
}


class _Timed(Budgets):
    """Budgets that count in virtual time."""

    def __init__(self, time: Time, stop: Stop) -> None:
        super().__init__(stop=stop)
        self._time, self._until = time, stop
        self._made: dict[str, Rationed] = {}

    def of(self, ration: Ration) -> Rationed:
        """Return the budget of a ration's key."""
        return self._made.setdefault(
            ration.key, Rationed(ration, stop=self._until, ticks=self._time, wall=self._time.clock)
        )


class _Distant(WsgiAdapter):
    """A vendor whose answers take their time."""

    def __init__(self, vendor: Any, time: Time) -> None:
        super().__init__(vendor)
        self._time = time

    def send(self, request: requests.PreparedRequest, *words: Any, **more: Any) -> requests.Response:
        """Answer a request after the time that it takes to come and go."""
        self._time.sleep(LATENCY)
        return super().send(request, *words, **more)


class Day:
    """The vendors, syncd over them, and time that passes as it is waited for."""

    def __init__(self, folder: Path, vendor: str, people: int) -> None:
        self.limit = LIMITS[vendor]
        self.people = people
        self.time = Time()
        self.sandbox = Sandbox.empty(clock=self.time.clock)
        self.sandbox.perfex.switches.version = "3.1"
        self.sandbox.perfex.switches.per_minute = LIMITS["perfex"].requests
        self.vendor: Vendor = self.sandbox.vendors[vendor]
        for number in range(people):
            self._settle(number, vendor)
        self.app = self._opened(folder, vendor)
        self.pulled_at = 0.0

    def live(self) -> dict[str, float]:
        """Live through the day and return what it showed."""
        with self.app, self.time.passing():
            self._sync("loyalty", self.limit.connection)
            self.time.now += LATER
            began, known = self.time.now, len(self.vendor.ledger)
            for number in range(self.people):
                self.sandbox.omniwallet.human_edit(_email(number), phone=_phone(number))
            waited = self._until_quiet(began)
        asked = [each for each in list(self.vendor.ledger)[known:] if each.by == "api"]
        return self._told(asked, began) | {"waited": max(waited)}

    def _until_quiet(self, began: float) -> list[float]:
        """Run by schedule and by hand until the vendor was sent every edit; return how long people waited."""
        pressed = deque(began + after for after in PRESSED)
        waiting, waited = deque[float](), list[float]()
        scheduled = began
        while waiting or pressed or not self._done():
            if self.time.now - began > DAY:
                raise RuntimeError("The day is over, and the vendor does not show every edit.")
            by_hand = bool(pressed) and pressed[0] <= max(scheduled, self.time.now)
            self.time.now = max(self.time.now, pressed[0] if by_hand else scheduled)
            if by_hand:
                waiting.append(pressed.popleft())
            else:
                scheduled += EVERY
            if self._run(by_hand=by_hand):
                waited += [self.pulled_at - since for since in waiting]
                waiting.clear()
        return waited

    def _run(self, *, by_hand: bool) -> bool:
        """Sync both connections, or those whose time has come; tell whether the limited one was pulled."""
        names = [name for name in ("loyalty", self.limit.connection) if by_hand or self._may(name)]
        if not names:
            return False
        report = self._sync(*names)
        return self.limit.connection in names and report.connections[self.limit.connection].complete

    def _may(self, name: str) -> bool:
        with self.app.store.look() as tx:
            state = tx.connections.load(name)
        return state is None or state.not_before is None or state.not_before <= self.time.clock()

    def _sync(self, *names: str) -> Report:
        def progress(step: Progress) -> None:
            if step.stage == "pull" and step.connection == self.limit.connection:
                self.pulled_at = self.time.now

        return self.app.sync(names, progress=progress)

    def _done(self) -> bool:
        with self.app.store.look() as tx:
            counts = tx.operations.open_counts()
            due = tx.customers.due(limit=1)
        return not counts and not due and self._written() >= self.people

    def _written(self) -> int:
        """Return to how many customers the vendor took a write with their new number."""
        return len({each.customer for each in self.vendor.ledger if each.by == "api" and _is_edit(each)})

    def _told(self, asked: Sequence[Entry], began: float) -> dict[str, float]:
        writes = [each.at for each in asked if _is_edit(each)]
        took = (max(writes) - BEGIN).total_seconds() - began
        until = [each for each in asked if each.at <= max(writes) and each.status != 429]
        counting = sum(self.limit.counts(each.method) for each in until)
        by_rate = (counting - 1) // self.limit.requests * self.limit.seconds
        by_distance = len(until) * LATENCY / self.limit.at_once
        return {
            "took": took,
            "least": max(by_rate, by_distance),
            "requests": len(until),
            "refused": sum(each.status == 429 for each in asked),
        }

    def _settle(self, number: int, vendor: str) -> None:
        """Make somebody a customer at the loyalty programme and at the vendor, with the same words in both."""
        email, first, last = _email(number), "Mai", f"Tran{number}"
        self.sandbox.omniwallet.human_create(name=first, last_name=last, email=email)
        if vendor == "kiotviet":
            self.sandbox.kiotviet.human_create(name=f"{last} {first}", email=email)
        elif vendor == "perfex":
            contact = {"firstname": first, "lastname": last, "email": email}
            self.sandbox.perfex.human_create(company="", contact=contact)
        else:
            self.sandbox.pexip_engage.human_create(firstName=first, lastName=last, email=email)

    def _opened(self, folder: Path, vendor: str) -> App:
        path = folder / "syncd.toml"
        path.write_text(HEAD.format(folder=folder) + TABLES["omniwallet"] + TABLES[vendor], encoding="utf-8")
        stop = Stop(self.time)
        return App.open(
            load(path, self.sandbox.secrets()),
            clock=self.time.clock,
            adapters={
                "loyalty": _Distant(self.sandbox.omniwallet, self.time),
                self.limit.connection: _Distant(self.vendor, self.time),
            },
            budgets=_Timed(self.time, stop),
            stop=stop,
        )


def _is_edit(entry: Entry) -> bool:
    return (
        entry.method in ("PUT", "PATCH")
        and entry.accepted
        and "phone" in str(entry.body).lower().replace("contactnumber", "phone")
    )


def _email(number: int) -> str:
    return f"mai{number}@example.org"


def _phone(number: int) -> str:
    return f"+8491{number:07d}"
