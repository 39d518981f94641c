"""One vendor under its own limit: so many edits made elsewhere at eight in the morning, synced every five minutes.

What is counted: when the vendor takes the last edit, against the least time that so many edits need under its limit;
how many requests they took and how many it refused; and how long people who press the button meanwhile wait for its
pull. Of Omniwallet no limit is known [vendors.md, 3.5], so it is where people edit.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from bench.rations.virtual import BEGIN, Stop, Time
from syncd.app import App
from syncd.config import load
from syncd.daemon.waiting import PATIENCE, Waiting, go_on
from syncd.sandbox import Sandbox, Vendor
from syncd.sandbox.ledger import Entry
from syncd.store import Lease, Run
from syncd.sync.progress import Progress
from syncd.sync.workers import GROUP
from syncd.vendors.budget import Budgets, Ration, Rationed
from tests.support.wsgi import WsgiAdapter

EVERY = 300.0  # seconds between two scheduled runs
LATENCY = 0.2
PRESSED, PRESSED_EVERY = 40.0, 430.0  # seconds after which somebody asks for a sync, and after which again
IDLE = 2.0  # seconds between looks for a request
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
    """What a vendor allows: so many of the requests that count, in so many seconds; and what an edit takes at least."""

    connection: str
    requests: int
    seconds: float
    at_once: int
    edit: int  # requests that an edit takes at least: each part read before, the write, the part read after
    counting: int  # how many of these count
    spent: int = 0  # what others have spent of it just before the edits, so that the rest is soon gone

    def least(self, edits: int) -> float:
        """Return the seconds that so many edits take at least."""
        by_rate = (self.spent + edits * self.counting - 1) // self.requests * self.seconds
        return max(by_rate, edits * self.edit * LATENCY / self.at_once)

    @property
    def patience(self) -> float:
        """Return the seconds after which somebody who asks is served: a minute, and a group of writes at this rate."""
        return PATIENCE + GROUP * self.counting / self.requests * self.seconds


LIMITS = {
    "kiotviet": Limit("shop", 5_000, 3_600, 8, edit=2, counting=1, spent=4_300),
    "perfex": Limit("crm", 100, 60, 4, edit=4, counting=4),
    "pexip_engage": Limit("booking", 3_000, 60, 4, edit=2, counting=2),
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


@dataclass(slots=True)
class Pressing:
    """When somebody asked for a sync, and how long until the vendor had been read."""

    waiting: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def press(self, now: float) -> None:
        """Note that somebody asks."""
        self.waiting.append(now)

    def answer(self, since: float, now: float) -> None:
        """Note that all who had asked by then see the vendor as it is."""
        self.waited += [now - asked for asked in self.waiting if asked <= since]
        self.waiting = [asked for asked in self.waiting if asked > since]


class Day:
    """The vendors, syncd over them, and time that passes as it is waited for."""

    settings = ""  # more of the limited connection

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
        self.pressing = Pressing()

    def live(self) -> dict[str, float]:
        """Live through the day and return what it showed."""
        with self.app, self.time.passing():
            self.app.sync(("loyalty", self.limit.connection))
            self.time.now += LATER
            began, known = self.time.now, len(self.vendor.ledger)
            for number in range(self.people):
                self.sandbox.omniwallet.human_edit(_email(number), phone=_phone(number))
            self._spend()
            self._until_quiet(began)
        asked = [each for each in list(self.vendor.ledger)[known:] if each.by == "api"]
        return self._told(asked, began) | {"waited": max(self.pressing.waited)}

    def _until_quiet(self, began: float) -> None:
        """Do what is asked for, oldest first, until the vendor was sent every edit."""
        for work in (self._schedule, self._press):
            threading.Thread(target=work, daemon=True).start()
        while self.pressing.waiting or not self.pressing.waited or not self._done():
            if self.time.now - began > DAY:
                raise RuntimeError("The day is over, and the vendor does not show every edit.")
            if not self._next():
                self.time.sleep(IDLE)

    def _schedule(self) -> None:
        """Ask for each connection every five minutes, unless it is to be left alone, as the daemon does."""
        while not self.time.over:
            for name in ("loyalty", self.limit.connection):
                if self._may(name):
                    self._ask((name,), "schedule")
            self.time.sleep(EVERY)

    def _press(self) -> None:
        """Press the button now and then."""
        self.time.sleep(PRESSED)
        while not self.time.over:
            self.pressing.press(self.time.now)
            self._ask((), "admin")
            self.time.sleep(PRESSED_EVERY)

    def _ask(self, names: Sequence[str], by: str) -> None:
        flags = {"dry_run": False, "full": False, "yes": False}
        self.app.store.do(lambda tx: tx.runs.request(names, flags, by))

    def _next(self) -> bool:
        """Do the oldest run that somebody asked for, if there is any."""
        lease = self.app.store.acquire("bench")
        assert lease is not None
        try:
            run = self.app.store.do(lambda tx: tx.runs.claim(lease.epoch))
            if run is not None:
                self._execute(run, lease)
            return run is not None
        finally:
            lease.release()

    def _execute(self, run: Run, lease: Lease) -> None:
        """Do a run as the daemon does: after a minute it gives way to who has waited a minute."""
        since, pulled = self.time.now, [0.0]

        def progress(step: Progress) -> None:
            if step.stage == "pull" and step.connection == self.limit.connection:
                pulled[0] = self.time.now

        gives_way = Waiting(self.app.store, ticks=self.time)
        report = self.app.execute(run, lease, progress=progress, gives_way=gives_way)
        self.app.store.do(lambda tx: go_on(tx, run))
        limited = report.connections.get(self.limit.connection)
        if limited is not None and limited.complete and pulled[0]:
            self.pressing.answer(since, pulled[0])

    def _may(self, name: str) -> bool:
        with self.app.store.look() as tx:
            state = tx.connections.load(name)
        return state is None or state.not_before is None or state.not_before <= self.time.clock()

    def _done(self) -> bool:
        with self.app.store.look() as tx:
            counts = tx.operations.open_counts()
            due = tx.customers.due(limit=1)
        return not counts and not due and self._written() >= self.people

    def _written(self) -> int:
        """Return to how many customers the vendor took a write with their new number."""
        return len({each.customer for each in self.vendor.ledger if each.by == "api" and _is_edit(each)})

    def _told(self, asked: Sequence[Entry], began: float) -> dict[str, float]:
        last = max(each.at for each in asked if _is_edit(each))
        spent = [each for each in asked if each.kind not in ("list", "contact_list", "token")]
        return {
            "took": (last - BEGIN).total_seconds() - began,
            "least": self.limit.least(self.people),
            "requests": len(spent),
            "least_requests": self.limit.edit * self.people,
            "refused": sum(each.status == 429 for each in asked),
            "patience": self.limit.patience,
        }

    def _spend(self) -> None:
        """Have most of a shop's allowance spent already, at the vendor and here; asking so often would take minutes."""
        budget = self.budgets.of(Ration("kiotviet myshop"))
        for _ in range(self.limit.spent):
            self.sandbox.kiotviet._gets.hit("all", None, self.time.clock())  # noqa: SLF001 – nobody else counts
            budget.acquire("read", 0.0)

    def _settle(self, number: int, vendor: str) -> None:
        """Make somebody a customer at the loyalty programme and at the vendor, with the same words in both."""
        email, first, last = _email(number), "Mai", f"Tran{number}"
        self.sandbox.omniwallet.human_create(name=first, last_name=last, email=email, phone=_former(number))
        if vendor == "kiotviet":
            self.sandbox.kiotviet.human_create(
                name=f"{last} {first}", email=email, contactNumber=_former(number)
            )
        elif vendor == "perfex":
            contact = {"firstname": first, "lastname": last, "email": email, "phonenumber": _former(number)}
            self.sandbox.perfex.human_create(company="", contact=contact)
        else:
            names = {"firstName": first, "lastName": last}
            self.sandbox.pexip_engage.human_create(**names, email=email, phoneNumber=_former(number))

    def _opened(self, folder: Path, vendor: str) -> App:
        path = folder / "syncd.toml"
        path.write_text(
            HEAD.format(folder=folder) + TABLES["omniwallet"] + TABLES[vendor] + self.settings,
            encoding="utf-8",
        )
        stop = Stop(self.time)
        self.budgets = _Timed(self.time, stop)
        app = App.open(
            load(path, self.sandbox.secrets()),
            clock=self.time.clock,
            adapters={
                "loyalty": _Distant(self.sandbox.omniwallet, self.time),
                self.limit.connection: _Distant(self.vendor, self.time),
            },
            budgets=self.budgets,
            stop=stop,
        )
        # answers come at once here, and take virtual time: writes go out side by side as at a vendor that is far away
        app.scene = replace(app.scene, soon=-1)
        return app


def _is_edit(entry: Entry) -> bool:
    return (
        entry.method in ("PUT", "PATCH")
        and entry.accepted
        and "phone" in str(entry.body).lower().replace("contactnumber", "phone")
    )


def _email(number: int) -> str:
    return f"mai{number}@example.org"


def _former(number: int) -> str:
    return f"+8490{number:07d}"


def _phone(number: int) -> str:
    return f"+8491{number:07d}"
