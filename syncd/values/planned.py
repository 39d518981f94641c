"""What is to be written and what is held, from the pure plan to the request and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from syncd.values.lean import lean
from syncd.values.shown import Shown

OperationKind = Literal["create", "update", "archive", "delete"]
# An operation in one of these states may reach its vendor, or may have done so without our knowing.
UNDER_WAY: Final = ("claimed", "sent", "unknown")


@lean(frozen=True, slots=True)
class Held:
    """Something that is due but not written, and why; `until` names what would release it."""

    connection: str
    customer: str
    field: str
    reason: str
    vendor_id: str | None = None
    waits: Literal["look", "person", "golden", "settle", "link", "stamp"] = "golden"


@lean(frozen=True, slots=True)
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


# In the progress of a create whose outcome is not known: ids of unlinked records that it may have made.
NOTED: Final = "noted"


@dataclass(frozen=True, slots=True)
class Change:
    """What a connector is asked to do with one record.

    `fields` are the canonical fields to be written, "" meaning clear. `current` is the record as it was read
    last (None for a create), `given` what we last gave each field, `repeated` a former name that stands there for a company. `key` is the operation's id, the same on
    every attempt; `trace` names run and operation.
    """

    kind: OperationKind
    fields: Mapping[str, str]
    vendor_id: str | None = None
    current: Shown | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    repeated: str = ""
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
