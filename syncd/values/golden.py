"""What is golden: each slot with who holds it, the customer that they make, and how one came to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.customer import gathered, is_element
from syncd.values.known import Sketch, Statement
from syncd.values.lean import lean


@lean(frozen=True, slots=True)
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


# A slot's value, who holds it, and whether that is a change: an empty one is none.
Said = tuple[Mapping[str, str], Sketch, bool]


@lean(frozen=True, slots=True)
class Founded:
    """A new customer that newcomers make: what is golden by which rule, and of each the slots that it knows."""

    customer: str
    rule: str
    golden: Mapping[str, Said]
    members: Sequence[tuple[Sketch, Iterable[str]]]
