"""What each vendor is asked for the same work, counted at the vendor, against the least that its API allows.

`python -m bench.requests_spent` serves the simulated vendors over HTTP on loopback, fills one with 10,000 customers
at a time, lets syncd do four things with it, and puts the table between the marks of docs/vendors.md. Nothing here is
timed: the counts are the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import ROOT
from syncd.app import App
from syncd.config import load
from syncd.sandbox import Sandbox, Vendor

DOCUMENT = ROOT / "docs" / "vendors.md"
BEGIN, END = "<!-- measured: requests -->", "<!-- end -->"
THINGS = ("first pull", "again", "changes pulled", "changes pushed")
CHANGES = 100
PAGE = 100

CONFIG = """
[store]
url = "sqlite:///{folder}/syncd.db"
backups = "{folder}"
[safety]
approve = "never"
[connections.asked]
vendor = "{vendor}"
base_url = "{url}{path}"
allow_http = true
region = "BE"
{settings}
[connections.empty]
vendor = "{other}"
base_url = "{other_url}{other_path}"
allow_http = true
push = []
{other_settings}
"""
OAUTH = 'client_id = "env:{0}_ID"\nclient_secret = "env:{0}_SECRET"\n'
SETTINGS: Mapping[str, tuple[str, str]] = {
    "perfex": ("", 'token = "env:CRM_TOKEN"\ngroups = "unused"\n'),
    "kiotviet": ("", 'retailer = "myshop"\ntoken_url = "{url}/connect/token"\n' + OAUTH.format("KV")),
    "omniwallet": ("/v1", 'account = "myshop"\ntoken = "env:OMNI_TOKEN"\n'),
    "pexip_engage": (
        "",
        'enterprise = "acme"\ntoken_url = "{url}/realms/acme/protocol/openid-connect/token"\n'
        + OAUTH.format("PEXIP"),
    ),
}


@dataclass(frozen=True)
class Kind:
    """One vendor in one form: how people are entered and changed there, and the least its API allows."""

    title: str
    vendor: str
    enter: Callable[[int], Mapping[str, Any]]
    edit: Callable[[str], Mapping[str, Any]]
    least: Callable[[int], Sequence[int]]  # customers → requests for each of the four things, without tokens
    switches: Mapping[str, Any]


def pages(rows: int) -> int:
    """Return how many pages so many rows take."""
    return -(-rows // PAGE)


def _contact(number: int) -> Mapping[str, Any]:
    contact = {"firstname": "Ann", "lastname": f"N{number}", "email": f"ann{number}@example.com"}
    return {"company": f"Company {number}", "contact": contact | {"phonenumber": f"+3247{number:07}"}}


def _person(number: int) -> Mapping[str, Any]:
    return {**_contact(number), "company": ""}


def _perfex(
    title: str,
    version: str,
    listing: Callable[[int], int],
    enter: Callable[[int], Mapping[str, Any]] = _contact,
) -> Kind:
    # A record is a customer and its contact: two reads before, one write of the contact, its read after.
    return Kind(
        title,
        "perfex",
        enter,
        lambda phone: {"contact": {"phonenumber": phone}},
        lambda n: (listing(n), listing(n), listing(n), 4 * CHANGES),
        {"version": version},
    )


KINDS = (
    _perfex("Perfex 2.x", "2.0", lambda _: 2),
    _perfex("Perfex 3.0", "3.0", lambda n: pages(n) + 1),
    _perfex("Perfex 3.1", "3.1", lambda n: 2 * pages(n)),
    _perfex("Perfex 3.1, private persons", "3.1", lambda n: 2 * pages(n), _person),
    Kind(
        "KiotViet",
        "kiotviet",
        lambda n: {"name": f"Khách {n}", "contactNumber": f"09{n:08}"},
        lambda phone: {"contactNumber": phone.replace("+32", "0")},
        lambda n: (pages(n), 1, pages(CHANGES), 2 * CHANGES),
        {},
    ),
    Kind(
        "Omniwallet",
        "omniwallet",
        lambda n: {"name": "Ann", "last_name": f"N{n}", "email": f"ann{n}@example.com"},
        lambda phone: {"phone": phone},
        lambda n: (pages(n), 1, pages(CHANGES + 1), 2 * CHANGES),  # it ends at a row that is known already
        {},
    ),
    Kind(
        "Pexip Engage",
        "pexip_engage",
        lambda n: {"firstName": "Ann", "lastName": f"N{n}", "email": f"ann{n}@example.com"},
        lambda phone: {"phoneNumber": phone},
        lambda n: (pages(n), pages(n), pages(n), 2 * CHANGES),
        {},
    ),
)


class Clock:
    """The time, moved on between the things that are done, so that nothing counts as just done."""

    def __init__(self) -> None:
        self.ahead = timedelta(days=-30)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **length: float) -> None:
        """Let time go by."""
        self.ahead += timedelta(**length)


@dataclass
class Trial:
    """One vendor with its customers, and an App that is connected to it and to an empty one."""

    kind: Kind
    clock: Clock
    vendor: Vendor
    app: App
    people: list[str]

    def spent(self, work: Callable[[], object]) -> Counter[str]:
        """Return what the vendor was asked by one piece of work, an hour after the last."""
        self.clock.forward(hours=1)
        before = len(self.vendor.ledger.entries)
        work()
        return Counter(entry.kind for entry in self.vendor.ledger.entries[before:] if entry.by == "api")

    def pull(self, full: bool = False) -> None:
        """Pull everything, or what has changed."""
        report = self.app.sync(["asked"], full=full)
        assert report.connections["asked"].complete, report

    def edited(self) -> None:
        """Pull what people have changed at the vendor."""
        for number, vendor_id in enumerate(self.people[:CHANGES]):
            self.vendor.human_edit(vendor_id, **self.kind.edit(f"+32479{number:06}"))
        self.clock.forward(hours=1)
        self.pull()

    def pushed(self, people: Sequence[str]) -> None:
        """Push what was changed here, in a run that does not list this vendor."""
        with self.app.store.look() as tx:
            records = tx.records.load("asked", people)
        for number, record in enumerate(records.values()):
            assert record.customer is not None
            self.app.pin(record.customer, "phone", f"+32478{number:06}", "bench")
        report = self.app.sync(["empty"])
        assert report.connections["asked"].updated == len(people), report.connections

    def four(self) -> Iterator[Counter[str]]:
        """Yield what each of the four things takes."""
        yield self.spent(self.pull)
        yield self.spent(self.pull)
        yield self.spent(self.edited)
        self.pushed(self.people[-1:])  # once a connection, a write's answer is compared with a read
        yield self.spent(lambda: self.pushed(self.people[CHANGES : 2 * CHANGES]))


@contextmanager
def trial(kind: Kind, customers: int) -> Iterator[Trial]:
    """Fill a vendor, serve it, and connect to it."""
    clock = Clock()
    sandbox = Sandbox.empty(clock)
    vendor = sandbox.vendors[kind.vendor]
    for name, value in kind.switches.items():
        setattr(vendor.switches, name, value)
    people = []
    for number in range(customers):
        people.append(vendor.human_create(**kind.enter(number)))
        clock.forward(seconds=30)  # as people come: a thousand in one minute would be looked at once more
    with sandbox.serve() as running, TemporaryDirectory() as folder:
        file = Path(folder) / "syncd.toml"
        file.write_text(_configured(kind.vendor, running.urls, folder), encoding="utf-8")
        with App.open(load(file, sandbox.secrets()), clock=clock) as app:
            yield Trial(kind, clock, vendor, app, people)


def _configured(vendor: str, urls: Mapping[str, str], folder: str) -> str:
    other = "omniwallet" if vendor != "omniwallet" else "perfex"
    (path, settings), (other_path, other_settings) = SETTINGS[vendor], SETTINGS[other]
    return CONFIG.format(
        folder=folder,
        vendor=vendor,
        url=urls[vendor],
        path=path,
        settings=settings.format(url=urls[vendor]),
        other=other,
        other_url=urls[other],
        other_path=other_path,
        other_settings=other_settings.format(url=urls[other]),
    )


# --- the table ------------------------------------------------------------------------------------


def counted(kind: Kind, customers: int) -> dict[str, int]:
    """Return what each of the four things took without tokens, and the least that it can take."""
    with trial(kind, customers) as one:
        asked = {name: spent.total() - spent["token"] for name, spent in zip(THINGS, one.four(), strict=True)}
    leasts = zip(THINGS, kind.least(customers), strict=True)
    return asked | {f"{name}, least": least for name, least in leasts}


def row(kind: Kind, customers: int) -> str:
    """Return one vendor's line: of each thing what it took, and how that is to the least."""
    with trial(kind, customers) as one:
        cells = [_cell(spent, least) for spent, least in zip(one.four(), kind.least(customers), strict=True)]
    return f"| {kind.title} | {' | '.join(cells)} |"


def _cell(spent: Counter[str], least: int) -> str:
    asked = sum(number for name, number in spent.items() if name != "token")
    tokens = f" + {spent['token']} for a token" if spent["token"] else ""
    return f"{asked:,}{tokens}, {asked / least:.2f} ×"


def table(customers: int, only: Sequence[str] = ()) -> str:
    """Return the table of all vendors."""
    head = (
        f"| requests for | first pull of {customers:,} | again, nothing changed | {CHANGES} changes pulled "
        f"| {CHANGES} changes pushed |"
    )
    chosen = [kind for kind in KINDS if not only or kind.title in only]
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *(row(kind, customers) for kind in chosen)])


def main(arguments: Sequence[str]) -> None:
    """Count, print the table, and put it into the page where asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.requests_spent", description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--only", nargs="+", default=(), choices=[kind.title for kind in KINDS])
    parser.add_argument("--no-write", action="store_true", help="only print the table")
    parser.add_argument("--json", action="store_true", help="print the counts of the one that --only names")
    words = parser.parse_args(arguments)
    if words.json:
        (kind,) = (kind for kind in KINDS if kind.title in words.only)
        print(json.dumps(counted(kind, words.customers)))
        return
    text = table(words.customers, words.only)
    print(text)
    if not words.no_write and not words.only:
        before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise SystemExit(f"{DOCUMENT} has no lines {BEGIN} and {END}")
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
