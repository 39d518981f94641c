"""What people are told: what only they can decide, and what a run did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any


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
