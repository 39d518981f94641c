"""What stands at a vendor: its records with their past, the people who write there, and a ledger of what syncd wrote.

People see at once what is stored. What they wrote is remembered as words, so that a judge can ask what became of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

from syncd.customer import clean, elements, fold
from syncd.errors import AlreadyThere, Missing, Rejected
from syncd.values import FieldSpec

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

SETTLE = timedelta(seconds=120)  # before it a write that does not show is only doubted
FRESH = timedelta(
    seconds=6
)  # what the settings allow to be written upon without another look, and its requests


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
    long. `keyed` has the e-mail as its id. `mangles` maps a field to the name of a mangler. `specs` are the fields
    about which the vendor is particular; it refuses what they do not allow. `tells_times` is False where no record
    shows when it was changed.
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
    specs: Mapping[str, FieldSpec] = field(default_factory=dict)
    demands: tuple[tuple[str, ...], ...] = ()
    tells_times: bool = True
    removes: bool = False  # it lets customers be archived and deleted
    groups: frozenset[str] | None = None  # the only groups that there are, None: any

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
    read_at: datetime | None = None  # when syncd was first shown it


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
        self.former: dict[str, str] = {}  # id of a renamed record → the one that it had before
        self.strangers: set[str] = set()  # of them those that got other keys before anybody saw them
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
        self._check_whole(row)
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
        self._check_whole({**row, **new}, row)
        self.put(vendor_id, {**row, **new})

    def rename(self, vendor_id: str, email: str) -> None:
        """Give a record of a vendor that is keyed by e-mail another e-mail, and so another id. Raises Rejected."""
        row = self.row(vendor_id)
        assert row is not None
        self._check_unique(email, vendor_id)
        born = self.history[vendor_id][0].since
        self.put(vendor_id, None)
        self.former[email] = vendor_id
        self.history[email] = [Version(born, None)]
        self.put(email, {**row, "email": email})
        for word in [word for word in self.words if word.vendor_id == vendor_id]:
            word.vendor_id = email
        if vendor_id in self.made:
            self.made.add(email)

    # --- who wrote what --------------------------------------------------------------------------

    def note(self, vendor_id: str, names: Iterable[str], tokens: Mapping[str, str]) -> None:
        """Note what a person just wrote; a word there that syncd has not read is written over."""
        row = self.row(vendor_id) or {}
        if vendor_id in self.made and vendor_id in self.unconfirmed and {"email", "phone"} & {*names}:
            self.strangers.add(vendor_id)
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
                word.read, word.read_at = word.text == (text or ""), self.clock()
                if word.read and name in written:
                    word.gone = "exposed"  # written between our write and its read-back

    def forget_looks(self, since: datetime) -> None:
        """Note that a run threw away what it saw after its writes: they are not read back yet.

        Nor was decided what it had read.
        """
        for word in [one for one in self.words if one.read_at and one.read_at >= since]:
            word.read = False
        for one in [one for one in self.ledger if one.at >= since]:
            fields = self.traits.fields if one.kind == "create" else one.fields
            before = self.unconfirmed.get(one.vendor_id, frozenset())
            self.unconfirmed[one.vendor_id] = before | frozenset(fields)
            rekeyed = {word.vendor_id for word in self.words if word.field in ("email", "phone")}
            self.strangers |= {one.vendor_id} & rekeyed if one.kind == "create" else set()

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

    def _check_whole(self, row: Row, before: Row | None = None) -> None:
        """Refuse what lacks a part that this vendor demands, as far as it has changed. Raises Rejected."""
        was = before or {}
        specs = [
            spec for name, spec in self.traits.specs.items() if (row.get(name) or "") != (was.get(name) or "")
        ]
        for spec in specs if before else self.traits.specs.values():
            empty = not row.get(spec.name)
            if empty and (spec.required or (before and not spec.clearable)):
                raise Rejected(f"{spec.name} is required.", fields={spec.name: "required"})
            if not empty and not all(row.get(need) for need in spec.needs):
                raise Rejected(f"{spec.name} needs {spec.needs}.", fields={spec.name: "not alone"})
        strange = self.strange(row.get("groups"))
        if strange:
            raise Rejected(
                "There is no such group.", fields={f"groups:{word}": "unknown" for word in strange}
            )
        if any(not any(row.get(name) for name in group) for group in self.traits.demands):
            raise Rejected(f"One of {self.traits.demands} is required.")

    def strange(self, text: str | None) -> list[str]:
        """Return those of these groups that there are not here."""
        known = self.traits.groups
        return [word for word in elements(text) if known is not None and word not in known]

    def _check_unique(self, email: str | None, vendor_id: str | None) -> None:
        if not email or not (self.traits.unique_email or self.traits.keyed):
            return
        others = {other: row for other, row in self.live().items() if other != vendor_id}
        if any(clean("email", row.get("email")) == clean("email", email) for row in others.values()):
            if vendor_id is None:
                raise AlreadyThere("This e-mail is taken.")
            raise Rejected("This e-mail is taken.", fields={"email": "taken"})
