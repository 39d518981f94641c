"""What vendors show: their fields, one record as it came and as it reads, and the pages of a listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from syncd.values.lean import lean

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
    `repeats_name` says that the vendor shows a person's name here where there is nothing else.
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
    repeats_name: bool = False


@lean(frozen=True, slots=True)
class Item:
    """One record as it came over the wire: its id, its payload without secrets, and whether it is a tombstone."""

    vendor_id: str
    payload: Mapping[str, Any]
    deleted: bool = False


@lean(frozen=True, slots=True)
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
    `removed` are ids that the vendor itself reports as deleted. `followed` says that nobody waits for the next page: it
    is there already, or will be at once.
    """

    items: tuple[Item, ...]
    started: datetime
    last: bool
    resume: Mapping[str, Any] | None = None
    cursor: Mapping[str, Any] | None = None
    total: int | None = None
    removed: tuple[str, ...] = ()
    poison: tuple[Poison, ...] = ()
    followed: bool = False
