"""Frozen values that name the stages of the way: what was shown, stated, decided, planned, done and reported.

A *slot* is what changes together: one field, or the unit `name` or `address` with its parts
(`syncd.customer.SLOTS`). Values are text; "" is empty; a field that is absent from a mapping is unknown.
Times are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from syncd.customer import NO, base_of, gathered, is_element

StatementKind = Literal["initial", "edit", "clear"]
OperationKind = Literal["create", "update", "archive", "delete"]
Role = Literal["primary", "duplicate"]
Direction = Literal["both", "in", "out", "off", "fill"]
Writable = Literal["never", "create", "update", "always"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One canonical field at one connection: whether it is shown, whether it can be written, and its limits.

    `absent_is_empty` says that a complete record without the key shows an empty value, not an unknown one.
    `maximum` is in characters. `choices` are the canonical values that the vendor accepts, None for any.
    `owned` fields are read only unless `[fields.NAME] owner` says otherwise.
    `needs` are the other fields that must be known and non-empty for this one to be written (an address as a whole).
    `clearable` is False where the vendor has no way to empty the field.
    `wire` is the vendor's own name for it, as its refusals use it.
    `hold` says why updates of this field are not sent at present, "" where nothing is in the way; creates go on.
    """

    name: str
    direction: Direction = "both"
    writable: Writable = "always"
    maximum: int | None = None
    choices: frozenset[str] | None = None
    required: bool = False
    absent_is_empty: bool = True
    needs: tuple[str, ...] = ()
    clearable: bool = True
    hold: str = ""
    wire: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One record as it came over the wire: its id, its payload without secrets, and whether it is a tombstone."""

    vendor_id: str
    payload: Mapping[str, Any]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One record as a vendor showed it, in canonical fields but in the vendor's own wording.

    `fields[f]` is what was shown, None and "" both being empty; a field that is not in it is unknown.
    `started` is when the request began that showed it. `created` and `modified` are the vendor's own times.
    """

    vendor_id: str
    fields: Mapping[str, str | None]
    payload: Mapping[str, Any]
    started: datetime
    created: datetime | None = None
    modified: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Poison:
    """A row that cannot be used, set aside with the reason; the rest of its page goes on."""

    vendor_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing.

    `resume` continues the pass after this page; `last` says that the pass is complete, and then `cursor` is the
    watermark for the next incremental pass and `total` what the vendor announced, where it announces anything.
    `removed` are ids that the vendor itself reports as deleted.
    """

    items: tuple[Item, ...]
    started: datetime
    last: bool
    resume: Mapping[str, Any] | None = None
    cursor: Mapping[str, Any] | None = None
    total: int | None = None
    removed: tuple[str, ...] = ()
    poison: tuple[Poison, ...] = ()


@dataclass(frozen=True, slots=True)
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
    def record(self) -> tuple[str, str]:
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


@dataclass(frozen=True, slots=True)
class Sketch:
    """As much of a record as identity looks at; `seen` is empty where only the keys were asked for."""

    id: int
    connection: str
    vendor_id: str
    customer: str | None
    state: str
    fresh: bool
    first_seen: datetime | None
    created: datetime | None
    keys: frozenset[tuple[str, str]]
    seen: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return (self.connection, self.vendor_id)

    def value(self, name: str) -> str:
        """Return what the vendor last showed in a field, "" where that is empty or unknown."""
        return self.seen.get(name) or ""


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden value of one slot: its parts, who holds it, since which journal number, by which rule."""

    value: Mapping[str, str]
    number: int
    rule: str
    holder: Statement | None = None
    conflict: tuple[Statement, ...] = ()
    held_parts: tuple[str, ...] = ()


@dataclass(slots=True)
class Customer:
    """The golden record: our id, the golden slots, the pins, and what the rules remember of it."""

    id: str
    golden: dict[str, Golden] = field(default_factory=dict)
    pins: dict[str, dict[str, str]] = field(default_factory=dict)
    alias_of: str | None = None
    first_seen: datetime | None = None
    looked: dict[str, datetime] = field(default_factory=dict)  # connection → when a key search in it began
    stamps: dict[str, str] = field(default_factory=dict)  # connection → stamp that we wrote there
    frozen: dict[str, str] = field(default_factory=dict)  # slot → why it is frozen
    doubts: dict[str, str] = field(default_factory=dict)  # record → why nothing may be created for it yet
    refused: dict[str, str] = field(default_factory=dict)  # connection → its words on the create it refused
    due: bool = False
    version: int = 0

    def values(self) -> dict[str, str]:
        """Return field → golden value, without empty ones; a full name that nobody stated is its parts."""
        values = {name: text for slot in self.golden.values() for name, text in slot.value.items() if text}
        if any(map(is_element, self.golden)):
            values = {name: text for name, text in gathered(values).items() if text}
        if "full_name" not in values and (values.keys() & {"first_name", "last_name"}):
            values["full_name"] = " ".join(
                values[part] for part in ("first_name", "last_name") if part in values
            )
        return values


@dataclass(frozen=True, slots=True)
class Decision:
    """One change of one golden slot: what it was, what it is, by which rule, and what it beat."""

    customer: str
    slot: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    rule: str
    number: int
    by: Statement | None = None
    beaten: tuple[Statement, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that is due but not written, and why; `until` names what would release it."""

    connection: str
    customer: str
    field: str
    reason: str
    vendor_id: str | None = None
    waits: Literal["look", "person", "golden", "settle", "link", "stamp"] = "golden"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written into one record: the pure plan's row, before it becomes an operation.

    `fields` maps a canonical field to (before, after); `numbers` a slot to the journal number it delivers.
    `overwrites` are the slots in which a record's own, differing initial value would be replaced.
    """

    connection: str
    kind: OperationKind
    customer: str
    fields: Mapping[str, tuple[str, str]]
    numbers: Mapping[str, int]
    reason: str
    vendor_id: str | None = None
    stamp: str | None = None
    overwrites: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()


@dataclass(slots=True)
class Operation:
    """A stored draft with its life: planned, waiting, claimed, sent, confirmed, rejected, unknown, dropped.

    `id` is "op-" and a number. `content` is a digest of what it does, to which approval and discard attach.
    `steps` are the names of the requests it is made of; `step` is the index of the one under way.
    """

    id: str
    draft: Draft
    state: str
    content: str
    run: str
    steps: tuple[str, ...] = ()
    step: int = 0
    attempts: int = 0
    intent_at: datetime | None = None
    settle_at: datetime | None = None
    not_before: datetime | None = None
    approved_by: str = ""
    error: str = ""
    progress: dict[str, Any] = field(
        default_factory=dict
    )  # what finished steps returned (for example a new id)


@dataclass(frozen=True, slots=True)
class Change:
    """What a connector is asked to do with one record.

    `fields` are the canonical fields to be written, "" meaning clear. `current` is the record as it was read
    last (None for a create), `given` what we last gave each field. `key` is the operation's id, the same on
    every attempt; `trace` names run and operation.
    """

    kind: OperationKind
    fields: Mapping[str, str]
    vendor_id: str | None = None
    current: Shown | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    stamp: str | None = None
    key: str = ""
    trace: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """What one step of a write gave: the record's id where it is known now, and the record if the answer shows it."""

    vendor_id: str | None = None
    shown: Shown | None = None
    progress: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Review:
    """Something only a person should decide, with its evidence and the choices."""

    kind: str  # duplicate | shared_email | possible_same | conflict | deletion | limits | first_write | mass_change | unknown_outcome | clear | duplicate_edit | deleted_and_edited | stamp | bounce
    subject: str  # what it is about, stable: the same subject and evidence are never asked twice
    evidence: Mapping[str, Any]
    choices: tuple[str, ...]
    connection: str | None = None
    customer: str | None = None
    id: int | None = None
    state: str = "open"


@dataclass(slots=True)
class Tally:
    """The report's figures of one connection."""

    pulled: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    held: int = 0
    failed: int = 0
    requests: int = 0
    linked: int = 0
    archived: int = 0
    deleted: int = 0
    complete: bool = False
    error: str = ""
    problem: int = 0  # the exit status that goes with the error

    def add(self, other: Tally) -> None:
        """Add another one's figures; how a pull ended is not theirs to say."""
        for each in fields(self):
            if type(each.default) is int and each.name != "problem":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class Report:
    """What one run did."""

    run: str
    status: str = "ok"  # ok | attention | held | failed
    dry_run: bool = False
    connections: dict[str, Tally] = field(default_factory=dict)
    plan: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)
    reviews: int = 0
    new_reviews: int = 0
    new_holds: int = 0
    customers: int = 0
    drift: int = 0
    exposed: int = 0  # human edits between our read and our read-back that the read-back revealed
    started: datetime | None = None
    ended: datetime | None = None
    errors: list[str] = field(default_factory=list)
    exit_status: int = 0
