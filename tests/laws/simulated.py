"""Vendors in memory that behave as the real ones do at their worst: they mangle, lag, replace whole records and fail.

An `Account` is what stands at the vendor, with the people who work there; a `SimulatedConnector` is syncd's way to
it. Only the connector knows requests, faults and lag; people see what is stored at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from syncd.customer import clean, fold
from syncd.errors import AlreadyThere, Busy, Missing, Rejected, Throttled, Unanswered, Unreachable
from syncd.values import Change, FieldSpec, Item, Page, Shown, Written
from syncd.vendors.base import Abilities, Finding, Keys, Pass

Mangler = Callable[[str], str | None]
Row = dict[str, str | None]

MANGLERS: Mapping[str, Mangler] = {
    "keeps": lambda text: text,
    "upper": str.upper,
    "title": str.title,
    "trims": str.strip,
    "cuts": lambda text: text[:14],
    "plain": fold,
    "null": lambda text: text or None,
    "digits": lambda text: "".join(c for c in text if c.isdigit()) if text.startswith("+") else text,
}

FaultKind = Literal[
    "busy", "throttled", "unreachable", "refused value", "lost before", "lost after", "killed before", "killed after"
]  # fmt: skip


SETTLE = timedelta(seconds=120)  # before it a write that does not show is only doubted
FRESH = timedelta(
    seconds=6
)  # what the settings allow to be written upon without another look, and its requests


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing of syncd may catch it."""


class Clock:
    """A time that moves only when somebody waits or sends a request."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Traits:
    """How a vendor behaves.

    `lag` is in seconds, for lists and searches; `slow_get` has a read right after a write show the old value for as
    long. `keyed` has the e-mail as its id. `mangles` maps a field to the name of a mangler.
    """

    fields: tuple[str, ...]
    mangles: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False
    answers: bool = False
    unique_email: bool = False
    keyed: bool = False
    incremental: bool = False
    lag: float = 0.0
    slow_get: bool = False
    finds: frozenset[str] = frozenset({"email"})
    forgets: frozenset[str] = frozenset()  # fields that answer with success and keep the old value
    maximum: Mapping[str, int] = field(default_factory=dict)
    page_size: int = 3

    def mangled(self, name: str, text: str | None) -> str | None:
        """Return what this vendor stores of a value."""
        return MANGLERS[self.mangles.get(name, "keeps")](text or "")


@dataclass(slots=True)
class Version:
    """What a record was from a time on; None: it was deleted."""

    since: datetime
    row: Row | None


@dataclass(slots=True)
class Entry:
    """One write that the vendor processed, for whoever judges afterwards."""

    account: str
    kind: str
    vendor_id: str
    fields: Mapping[str, str]
    at: datetime


@dataclass(slots=True)
class Word:
    """Something that a person wrote into a field, as the vendor stored it.

    `token` is a part of it that nobody else ever wrote, "" where there is none. `read` tells that syncd was shown
    it; `gone` why it never could be: another person wrote over it first, or syncd did between its read and its
    read-back, which only the vendor could prevent.
    """

    account: str
    vendor_id: str
    field: str
    text: str
    at: datetime
    token: str = ""
    read: bool = False
    gone: Literal["", "written over", "exposed", "lost"] = ""


class Account:
    """One account at one vendor: its records with their past, what people wrote, and a ledger of what syncd wrote."""

    def __init__(self, name: str, traits: Traits, clock: Clock) -> None:
        self.name, self.traits, self.clock = name, traits, clock
        self.words: list[Word] = []
        self.unconfirmed: dict[str, frozenset[str]] = {}  # id → fields that syncd wrote and has not read back
        self.looked: dict[str, datetime] = {}  # id → when the last request began that showed it to syncd
        self.history: dict[str, list[Version]] = {}
        self.ids = count(1)
        self.ledger: list[Entry] = []
        self.made: set[str] = set()  # ids of records that syncd created

    # --- what stands there -----------------------------------------------------------------------

    def row(self, vendor_id: str, at: datetime | None = None) -> Row | None:
        """Return a record as it was at a time, by default as it is now."""
        at = at or self.clock()
        past = [version for version in self.history.get(vendor_id, ()) if version.since <= at]
        return past[-1].row if past else None

    def live(self, at: datetime | None = None) -> dict[str, Row]:
        """Return all records as they were at a time."""
        rows = {vendor_id: self.row(vendor_id, at) for vendor_id in self.history}
        return {vendor_id: row for vendor_id, row in rows.items() if row is not None}

    def changed_at(self, vendor_id: str, at: datetime) -> datetime:
        """Return the vendor's own time of a record's last change."""
        return [version for version in self.history[vendor_id] if version.since <= at][-1].since

    def put(self, vendor_id: str, row: Row | None) -> None:
        """Store a record as it is from now on."""
        self.history.setdefault(vendor_id, []).append(Version(self.clock(), row))

    def add(self, values: Mapping[str, str]) -> str:
        """Store a new record and return its id. Raises AlreadyThere."""
        row: Row = {name: self.traits.mangled(name, values.get(name)) for name in self.traits.fields}
        self._check_unique(row.get("email"), None)
        email = (row.get("email") or "").lower()
        vendor_id = email if self.traits.keyed else str(next(self.ids))
        self.put(vendor_id, row)
        return vendor_id

    def change(self, vendor_id: str, values: Mapping[str, str]) -> None:
        """Change fields of a record. Raises Missing and Rejected."""
        row = self.row(vendor_id)
        if row is None:
            raise Missing("There is no such customer.")
        new = {name: self.traits.mangled(name, text) for name, text in values.items()}
        self._check_unique(new.get("email"), vendor_id)
        self.put(vendor_id, {**row, **new})

    # --- who wrote what --------------------------------------------------------------------------

    def note(self, vendor_id: str, names: Iterable[str], tokens: Mapping[str, str]) -> None:
        """Note what a person just wrote; a word there that syncd has not read is written over."""
        row = self.row(vendor_id) or {}
        for name in names:
            for word in self._unread(vendor_id, name) + self._undecided(vendor_id, name):
                word.gone = "written over"
            text = row.get(name) or ""
            self.words.append(Word(self.name, vendor_id, name, text, self.clock(), tokens.get(name, "")))

    def show(self, vendor_id: str, row: Row, started: datetime) -> None:
        """Note that syncd was shown a record."""
        self.looked[vendor_id] = started
        written = self.unconfirmed.pop(vendor_id, frozenset())
        for name, text in row.items():
            for word in self._unread(vendor_id, name):
                word.read = word.text == (text or "")
                if word.read and name in written:
                    word.gone = "exposed"  # written between our write and its read-back

    def exposed(self, vendor_id: str, name: str) -> bool:
        """Tell whether the last word in a field fell between our write and its read-back, and passes for ours."""
        words = [word for word in self.words if (word.vendor_id, word.field) == (vendor_id, name)]
        return bool(words) and words[-1].gone == "exposed"

    def overwrite(self, vendor_id: str, names: Iterable[str]) -> None:
        """Note that syncd is about to write fields: what people wrote there and it has not read is lost."""
        row = self.row(vendor_id) or {}
        looked = self.looked.get(vendor_id)
        fresh = looked is not None and self.clock() - looked <= FRESH
        for word in [word for name in names for word in self._unread(vendor_id, name)]:
            unseen = looked is not None and word.at >= looked - timedelta(seconds=self.traits.lag)
            if word.text == (row.get(word.field) or ""):
                word.gone = "exposed" if fresh and unseen else "lost"

    def _undecided(self, vendor_id: str, name: str) -> list[Word]:
        """Return words written while a write of ours was in doubt: only what stands after the settle time is heard."""
        writes = [one.at for one in self.ledger if one.vendor_id == vendor_id and name in one.fields]
        doubt = max(writes, default=None)
        return [
            word
            for word in self.words
            if (word.vendor_id, word.field) == (vendor_id, name)
            and doubt is not None
            and doubt <= word.at <= self.clock() <= doubt + SETTLE
        ]

    def _unread(self, vendor_id: str, name: str) -> list[Word]:
        return [
            word
            for word in self.words
            if word.vendor_id == vendor_id and word.field == name and not word.read and not word.gone
        ]

    def _check_unique(self, email: str | None, vendor_id: str | None) -> None:
        if not email or not (self.traits.unique_email or self.traits.keyed):
            return
        others = {other: row for other, row in self.live().items() if other != vendor_id}
        if any(clean("email", row.get("email")) == clean("email", email) for row in others.values()):
            if vendor_id is None:
                raise AlreadyThere("This e-mail is taken.")
            raise Rejected("This e-mail is taken.", fields={"email": "taken"})


@dataclass(slots=True)
class Fault:
    """What befalls a request to come: the `after`-th one of its kind from now on."""

    kind: FaultKind
    after: int = 0


class SimulatedConnector:
    """syncd's way to an account, through requests that take time, show the past and fail."""

    def __init__(self, account: Account) -> None:
        self.account, self.name, self.vendor = account, account.name, "simulated"
        traits = account.traits
        self.abilities = Abilities(
            finds=traits.finds,
            replaces=traits.replaces,
            answers=traits.answers,
            unique=frozenset({"email"}) if traits.unique_email or traits.keyed else frozenset(),
            keyed_by="email" if traits.keyed else "",
            incremental=traits.incremental,
            page_size=traits.page_size,
            lag=traits.lag,
        )
        self.fields: Mapping[str, FieldSpec] = {name: self._spec(name) for name in traits.fields}
        self.requests = 0
        self.faults: list[Fault] = []
        self.down = False
        self.shows = 1.0  # the part of the customers that a listing still shows
        self.interrupt: Callable[[], None] | None = None  # what people do while a run goes on
        self.interrupt_at = 0

    def _spec(self, name: str) -> FieldSpec:
        keyed = self.account.traits.keyed and name == "email"
        maximum = self.account.traits.maximum.get(name)
        return FieldSpec(name, writable="create" if keyed else "always", required=keyed, maximum=maximum)

    # --- requests --------------------------------------------------------------------------------

    def _request(self) -> datetime:
        """Begin a request: time passes, people act, and the vendor may not be there."""
        started = self.account.clock()
        self.requests += 1
        self.account.clock.wait(0.05)
        if self.interrupt is not None:
            self.interrupt_at -= 1
            if self.interrupt_at < 0:
                act, self.interrupt = self.interrupt, None
                act()
        if self.down:
            raise Unreachable("The vendor does not answer.")
        return started

    def _fault(self) -> FaultKind | None:
        """Return what befalls this write, None where nothing does."""
        for fault in self.faults:
            if fault.after == 0:
                self.faults.remove(fault)
                return fault.kind
            fault.after -= 1
        return None

    def _seen_at(self) -> datetime:
        return self.account.clock() - timedelta(seconds=self.account.traits.lag)

    def _shown(self, vendor_id: str, row: Row, started: datetime, at: datetime) -> Shown:
        modified = self.account.changed_at(vendor_id, at)
        created = self.account.history[vendor_id][0].since
        return Shown(vendor_id, dict(row), {"row": dict(row)}, started, created, modified)

    # --- reading ---------------------------------------------------------------------------------

    def pages(self, walk: Pass) -> Iterator[Page]:
        """Yield the listing, or what changed since the cursor, a few records a page."""
        begun = self._request()
        at = self._seen_at()
        since = datetime.fromisoformat(walk.cursor["at"]) if walk.cursor and not walk.full else None
        rows = [
            (vendor_id, row)
            for vendor_id, row in self.account.live(at).items()
            if since is None or self.account.changed_at(vendor_id, at) >= since
        ]
        rows = rows[: int(len(rows) * self.shows)]
        size = self.account.traits.page_size
        for first in range(0, max(1, len(rows)), size):
            started = begun if first == 0 else self._request()
            last = first + size >= len(rows)
            for vendor_id, row in rows[first : first + size]:
                self.account.show(vendor_id, row, started)
            yield Page(
                items=tuple(self._item(vendor_id, row, at) for vendor_id, row in rows[first : first + size]),
                started=started,
                last=last,
                resume=None,
                cursor={"at": (at - timedelta(seconds=1)).isoformat()} if last else None,
                total=len(rows) if since is None else None,
            )

    def _item(self, vendor_id: str, row: Row, at: datetime) -> Item:
        times = [self.account.history[vendor_id][0].since, self.account.changed_at(vendor_id, at)]
        return Item(vendor_id, {"row": dict(row), "times": [time.isoformat() for time in times]})

    def read(self, item: Item, started: datetime) -> Shown:
        """Translate one row of a listing."""
        created, modified = (datetime.fromisoformat(text) for text in item.payload["times"])
        return Shown(item.vendor_id, dict(item.payload["row"]), item.payload, started, created, modified)

    def get(self, vendor_id: str) -> Shown:
        """Read one record. Raises Missing."""
        started = self._request()
        at = self._seen_at() if self.account.traits.slow_get else self.account.clock()
        at = max(at, self.account.history[vendor_id][0].since) if vendor_id in self.account.history else at
        row = self.account.row(vendor_id, at)
        if row is None:
            raise Missing("There is no such customer.")
        self.account.show(vendor_id, row, started)
        return self._shown(vendor_id, row, started, at)

    def find(self, keys: Keys) -> Sequence[Shown]:
        """Return the records with an e-mail or phone."""
        started, at = self._request(), self._seen_at()
        asked = {name: getattr(keys, name) for name in self.account.traits.finds if getattr(keys, name)}
        return [
            self._shown(vendor_id, row, started, at)
            for vendor_id, row in self.account.live(at).items()
            if any(clean(name, row.get(name)) == clean(name, text) for name, text in asked.items())
        ]

    # --- writing ---------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[str, ...]:
        """Name the one request that a change takes."""
        return ("write",) if change.fields else ()

    def write(self, step: str, change: Change) -> Written:
        """Process one write, or fail before or after."""
        assert step == "write"
        self._request()
        fault = self._fault()
        self._fail(fault, _BEFORE)
        vendor_id = self._process(change)
        self._fail(fault, _AFTER)
        row = self.account.row(vendor_id)
        assert row is not None
        started = self.account.clock()
        shown = self._shown(vendor_id, row, started, started) if self.account.traits.answers else None
        return Written(vendor_id, shown)

    @staticmethod
    def _fail(fault: FaultKind | None, errors: Mapping[Any, Callable[[], BaseException]]) -> None:
        if fault in errors:
            error = errors[fault]()
            raise error

    def _process(self, change: Change) -> str:
        account, traits = self.account, self.account.traits
        fields = {name: text for name, text in change.fields.items() if name not in traits.forgets}
        if change.kind == "create":
            vendor_id = account.add(fields)
            account.made.add(vendor_id)
        else:
            assert change.vendor_id is not None
            vendor_id = change.vendor_id
            whole = {**self._whole(change), **fields}
            account.overwrite(vendor_id, whole)
            account.change(vendor_id, whole)
        written = traits.fields if change.kind == "create" else tuple(change.fields)
        account.unconfirmed[vendor_id] = frozenset(written)
        account.ledger.append(
            Entry(account.name, change.kind, vendor_id, dict(change.fields), account.clock())
        )
        return vendor_id

    def _whole(self, change: Change) -> dict[str, str]:
        """Return what a PUT of the whole carries unchanged: as given where we gave it, else as it was read."""
        if not self.account.traits.replaces or change.current is None:
            return {}
        shown = {name: text or "" for name, text in change.current.fields.items()}
        return {**shown, **{name: text for name, text in change.given.items() if name in shown}}

    # --- the rest --------------------------------------------------------------------------------

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        """Name nobody: these vendors have no webhooks."""
        return ()

    def check(self) -> Sequence[Finding]:
        """Say whether the vendor answers."""
        return [Finding("reach it", not self.down)]

    def close(self) -> None:
        """Let go of nothing."""


_BEFORE: Mapping[Any, Callable[[], BaseException]] = {
    "busy": lambda: Busy("Too busy."),
    "throttled": lambda: Throttled("Slow down.", wait=30.0),
    "unreachable": lambda: Unreachable("The vendor does not answer."),
    "refused value": lambda: Rejected("This cannot be stored."),
    "lost before": lambda: Unanswered("The line was cut."),
    "killed before": Killed,
}
_AFTER: Mapping[Any, Callable[[], BaseException]] = {
    "lost after": lambda: Unanswered("The line was cut."),
    "killed after": Killed,
}

__all__ = [
    "MANGLERS",
    "Account",
    "Clock",
    "Fault",
    "FaultKind",
    "Killed",
    "SimulatedConnector",
    "Traits",
    "Word",
]
