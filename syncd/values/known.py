"""What is remembered of a record: what it stated, its two shadows, and its link to a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from syncd.customer import NO, base_of, is_element
from syncd.values.lean import lean

StatementKind = Literal["initial", "edit", "clear"]
Role = Literal["primary", "duplicate"]
RecordKey = tuple[str, str]  # the connection's name, and the id by which its vendor knows the record


@lean(frozen=True, slots=True)
class Statement:
    """What a record says of its own about one slot.

    `number` orders it in the journal's count; `knew` is the number of the golden value last acked there.
    The old value was last seen by the request that began at `old_seen` (None: never), the new one first by the
    request that began at `new_seen`; the pull that brought it ended at `pull_ended` (None: still running).
    `modified` is the vendor's own time, present only where no write of ours can have caused it.
    """

    connection: str
    vendor_id: str
    slot: str
    value: Mapping[str, str]
    kind: StatementKind
    number: int
    knew: int = 0
    old_seen: datetime | None = None
    new_seen: datetime | None = None
    pull_ended: datetime | None = None
    modified: datetime | None = None

    @property
    def record(self) -> RecordKey:
        return (self.connection, self.vendor_id)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A write whose read-back still showed the old value: decided by the first look after `settle`."""

    sent: str
    number: int
    settle: datetime | None  # None: decided, it is to be written once more
    tries: int = 1  # writes so far that were answered with success


@dataclass(slots=True)
class Shadow:
    """What is known of one record, field by field and slot by slot; stored as one document.

    seen      field → what the vendor last showed
    acked     field → the golden value this record was last given, or what it showed of its own
    knew      slot → journal number of that golden value
    stated    slot → the record's latest statement
    cleared   slot → number of a clear that goes no further (policy `ignore`)
    doubtful  field → a write that is not yet confirmed
    not_kept  field → journal number of the golden value that this vendor did not keep
    given     fields that were ever written by us (a PUT of the whole carries them as given)
    renders   fields whose renderings differed from what was sent, recognisably
    allowed   slot → number up to which overwriting this record's own initial value is approved
    withheld  slot → number of a statement that waits for a person before golden considers it
    refused   field → (value, the vendor's words): a value that this vendor does not take
    back      field → (own value that an undo gave back, number of the golden value beside which it stays)
    repeated  what a field that repeats the name still shows of a former one: it says nothing
    ours      whether we created the record: then what it shows first is its vendor's doing, not a person's
    """

    seen: dict[str, str | None] = field(default_factory=dict)
    acked: dict[str, str] = field(default_factory=dict)
    knew: dict[str, int] = field(default_factory=dict)
    stated: dict[str, Statement] = field(default_factory=dict)
    cleared: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, Unconfirmed] = field(default_factory=dict)
    not_kept: dict[str, int] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    renders: set[str] = field(default_factory=set)
    allowed: dict[str, int] = field(default_factory=dict)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    ours: bool = False
    repeated: str = ""
    withheld: dict[str, int] = field(default_factory=dict)
    back: dict[str, tuple[str, int]] = field(default_factory=dict)

    def has(self, name: str) -> str | None:
        """Return what the record has of golden in a field, None where nobody knows."""
        value = self.acked.get(name)
        return value if value is not None or not is_element(name) else self._unasked(name)

    def shows(self, name: str) -> str | None:
        """Return what the vendor shows in a field, None where it is empty or unknown."""
        value = self.seen.get(name)
        return value if value is not None or not is_element(name) else self._unasked(name)

    def _unasked(self, name: str) -> str | None:
        """Return the answer to a question that was not asked yet: a set that is shown lacks what it does not show."""
        return NO if base_of(name) in self.seen else None


@dataclass(slots=True)
class Record:
    """One customer as one connection shows it, with its shadow and its link."""

    connection: str
    vendor_id: str
    shadow: Shadow
    id: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    customer: str | None = None
    role: Role = "primary"
    state: str = "live"  # live | suspect (absent once) | gone
    first_seen: datetime | None = None
    observed: datetime | None = (
        None  # when the request of its last absorbed observation or our last write began
    )
    written: datetime | None = None  # when our last write to it began
    created: datetime | None = None
    modified: datetime | None = None
    linked_at: int = (
        0  # journal number when it was linked; an edit with a later number is newer than the link
    )
    considered: int = 0  # statements up to this number are part of golden already
    fresh: bool = False  # not linked yet, or with statements that golden has not considered
    absent_since: datetime | None = None  # when the first full pass that did not show it began
    keys: frozenset[tuple[str, str]] = frozenset()  # (kind, value): what it may be recognised by
    problem: str = ""  # why this record is set aside, "" when it is not

    @property
    def key(self) -> tuple[str, str]:
        return (self.connection, self.vendor_id)

    @property
    def shown(self) -> dict[str, str | None]:
        """Return what the vendor last showed, field by field; a set as a whole."""
        return {name: text for name, text in self.shadow.seen.items() if not is_element(name)}

    def value(self, name: str) -> str:
        """Return what the vendor last showed in a field, "" where that is empty or unknown."""
        return self.shadow.seen.get(name) or ""


@lean(frozen=True, slots=True)
class Newcomer:
    """A record that nobody has seen before, as one look showed it: all that it says is initial, and of that look.

    seen    field → what is shown
    tidied  field → its tidy form, where that is another text
    stated  slot → what is said of it, None where that is what is shown there; in the order in which slots are shown
    """

    connection: str
    vendor_id: str
    seen: Mapping[str, str | None]
    tidied: Mapping[str, str]
    stated: Mapping[str, Mapping[str, str] | None]
    payload: Mapping[str, Any]
    digest: bytes
    started: datetime
    created: datetime | None
    modified: datetime | None
    keys: frozenset[tuple[str, str]]

    @property
    def key(self) -> tuple[str, str]:
        return (self.connection, self.vendor_id)

    def value(self, name: str) -> str:
        """Return what the vendor shows in a field, "" where that is empty or unknown."""
        return self.seen.get(name) or ""


@lean(frozen=True, slots=True)
class Sketch:
    """As much of a record as identity looks at.

    A *newcomer* was never linked and has said nothing but what it showed first, all of it in one look. Only of one
    `words` has the slots that it speaks of, each with the number of what it says; `origin` and `stored` are the store's.
    """

    id: int
    connection: str
    vendor_id: str
    customer: str | None
    state: str
    fresh: bool
    first_seen: datetime | None
    created: datetime | None
    linked_at: int
    keys: frozenset[tuple[str, str]]
    seen: Mapping[str, str | None] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    origin: Sequence[Any] = ()
    stored: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.connection, self.vendor_id)

    @property
    def is_newcomer(self) -> bool:
        return bool(self.stored)

    def value(self, name: str) -> str:
        """Return what the vendor last showed in a field, "" where that is empty or unknown."""
        return self.seen.get(name) or ""
