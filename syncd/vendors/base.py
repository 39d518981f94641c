"""What every connector offers, whatever its vendor: a protocol, what it can do, and one table of fields.

A connector is composed, not inherited: it holds an `Http`, its abilities and its field table. It knows nothing of
golden values or of other vendors. It raises only the vendor errors of `syncd.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from syncd.values import Change, FieldSpec, Item, Page, Shown, Written
from syncd.vendors.budget import Ration

__all__ = [
    "Abilities",
    "Connector",
    "FieldSpec",
    "Finding",
    "GivesCards",
    "Keys",
    "Pass",
    "ReadsParts",
    "Vendor",
    "VendorSettings",
]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a connection can do, as its connector declares it.

    finds           keys by which one record can be looked up: "email", "phone", "external_id", "company", "code"
    replaces        its write destroys, or may destroy, what is left out: always read before writing
    answers         its write answers with the record as stored (to be confirmed once by a GET)
    unique          canonical fields that no two of its records may share
    keyed_by        the canonical field that is the vendor's id, "" if ids are the vendor's own
    incremental     it can list what changed since a cursor
    reports_removed its listings name deleted ids
    concurrency     requests that may be under way at once
    page_size       rows of its largest page (None: the listing is one answer)
    demands         groups of fields of which a create needs at least one each, beside the required ones
    lag             seconds after which a write is surely visible to its searches and lists
    """

    creates: bool = True
    updates: bool = True
    deletes: bool = False
    archives: bool = False
    finds: frozenset[str] = frozenset()
    replaces: bool = False
    answers: bool = False
    unique: frozenset[str] = frozenset()
    keyed_by: str = ""
    incremental: bool = False
    reports_removed: bool = False
    concurrency: int = 8
    page_size: int | None = 100
    demands: tuple[tuple[str, ...], ...] = ()
    lag: float = 0.0


@dataclass(frozen=True, slots=True)
class Pass:
    """One walk through a connection's listing: all of it, or what changed since `cursor`; from `resume` if any."""

    full: bool
    cursor: Mapping[str, Any] | None = None
    resume: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """By what a record may be found at a vendor; a connector uses what it can and verifies what comes back."""

    stamp: str | None = None
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    code: str | None = None
    newer_than: str | None = None  # only records with a greater id (a Perfex create whose answer was lost)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `syncd check`: what was tried, whether it worked, and what to do if not."""

    what: str
    ok: bool
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class VendorSettings:
    """The settings of one connection that its connector needs; secrets are plain text here and shown nowhere."""

    name: str
    vendor: str
    base_url: str
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  # vendor-specific: retailer, enterprise, branch, groups …
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # token, client_id, client_secret
    fields: Mapping[str, str] = field(
        default_factory=dict
    )  # canonical field → in|out|both|off|fill|custom:ID
    external_id_field: str | None = None
    region: str | None = None
    allow_http: bool = False
    timeout: float = 30.0  # seconds: the total deadline of one request


class Connector(Protocol):
    """One configured account at one vendor."""

    name: str
    vendor: str
    abilities: Abilities
    fields: Mapping[str, FieldSpec]

    @property
    def requests(self) -> int:
        """Return how many requests were sent since this connector was made, token requests included."""

    def pages(self, walk: Pass) -> Iterator[Page]:
        """Yield the pages of a listing; the last one says so. Raises VendorError; never yields half a page."""

    def read(self, item: Item, started: datetime) -> Shown:
        """Translate one payload into canonical fields. Raises Malformed where it cannot be understood."""

    def get(self, vendor_id: str) -> Shown:
        """Read one record as it is now. Raises Missing only on the vendor's own word for "no such record"."""

    def find(self, keys: Keys) -> Sequence[Shown]:
        """Return the records that really carry one of the keys (what a fuzzy search returns is checked again)."""

    def steps(self, change: Change) -> tuple[str, ...]:
        """Name the requests that this change takes, in order; none where there is nothing to send."""

    def write(self, step: str, change: Change) -> Written:
        """Send one step. Raises Rejected, AlreadyThere, Missing, Busy, Throttled, Unanswered …"""

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        """Return the ids that a webhook names, after checking its signature. Raises Forbidden."""

    def check(self) -> Sequence[Finding]:
        """Reach the vendor with the cheapest requests and say what works."""

    def close(self) -> None:
        """Let go of the connections."""


@runtime_checkable
class GivesCards(Protocol):
    """A connector to a vendor that gives a customer a new card when asked."""

    def new_card(self, vendor_id: str) -> Shown:
        """Ask for a new card and return the record with it. Raises Rejected where none was given."""


@runtime_checkable
class ReadsParts(Protocol):
    """A connector whose records stand in parts: what was shown of them saves requests when they are read again."""

    def read_again(self, known: Shown) -> Shown:
        """Read a whole record as it is now. Raises as `get` does."""

    def read_back(self, change: Change) -> Shown:
        """Read again what an update has written; fields of other parts are left out. Raises as `get` does."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """The registry's line for a vendor: how to make a connector and which settings it takes.

    `options` maps a setting to (type, default or ..., one sentence); `secrets` names the required secret settings.
    `account` names the options that, with the address, tell one account from another. `ration` says what the vendor
    allows, and to whom: connections with the same key share one budget.
    """

    name: str
    title: str
    connect: Callable[..., Connector]
    options: Mapping[str, tuple[type, Any, str]]
    secrets: tuple[str, ...]
    account: tuple[str, ...] = ()
    webhooks: bool = False
    ration: Callable[[VendorSettings], Ration] | None = None
