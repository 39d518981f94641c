"""What goes over the API, as documents with stable keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Name = Annotated[str, Field(min_length=1, max_length=100)]
RUN = r"^run-[0-9]{1,18}$"
OPERATION = r"^op-[0-9]{1,18}$"
Sides = Annotated[list[str], Field(min_length=2, max_length=2, description="Before and after.")]
NUMBER = 2**53


class Asked(BaseModel):
    """A body that says exactly what is wanted: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid")


class RunAsked(Asked):
    """A request for a run; no connection means all of them."""

    connections: list[Name] = Field(default_factory=list, max_length=1000)
    dry_run: bool = False
    full: bool = False


class RunOut(BaseModel):
    """A run; `report` and `progress` are there when it is asked for by its id."""

    id: str
    connections: list[str]
    dry_run: bool
    full: bool
    asked_by: str
    state: str = Field(description="requested, running, done or failed")
    status: str = Field(description="ok, attention, held or failed; empty while it is not done")
    joined: int = Field(description="how many more requests it answers")
    asked_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    progress: dict[str, Any] | None = None
    report: dict[str, Any] | None = None


class RunsOut(BaseModel):
    """A page of runs, newest first; `next` is the `after` of the next page."""

    runs: list[RunOut]
    next: str | None


class OperationOut(BaseModel):
    """One change of one record: `fields` maps a field to its value before and after."""

    id: str
    connection: str
    kind: str
    state: str
    customer: str
    vendor_id: str | None
    fields: dict[str, Sides]
    reason: str
    run: str
    error: str


class OperationsOut(BaseModel):
    """A page of operations, newest first."""

    operations: list[OperationOut]
    next: str | None


class VerdictAsked(Asked):
    """Which waiting operations are meant: single ones, else those of connections, else all of a run."""

    run: Annotated[str, Field(pattern=RUN)] | None = None
    connections: list[Name] = Field(default_factory=list, max_length=1000)
    operations: list[Annotated[str, Field(pattern=OPERATION)]] = Field(
        default_factory=list, max_length=10_000
    )


class VerdictOut(BaseModel):
    """How many operations were decided."""

    decided: int


class RecordOut(BaseModel):
    """One record of a customer, with what its connection shows."""

    connection: str
    vendor_id: str
    role: str
    state: str
    shown: dict[str, str | None] | None = None


class CustomerOut(BaseModel):
    """A customer: the golden values by field, and the records linked to it."""

    id: str
    fields: dict[str, str]
    records: list[RecordOut]
    pinned: list[str] = Field(default_factory=list)


class CustomersOut(BaseModel):
    """A page of customers."""

    customers: list[CustomerOut]
    next: str | None


class WhyOut(BaseModel):
    """Why a field has its value: the rule, and every change with what it beat, oldest first."""

    customer: str
    field: str
    value: str | None
    rule: str | None
    pinned: bool
    changes: list[dict[str, Any]]


class ChangeOut(BaseModel):
    """One change of one slot of golden values: before, after, by which rule, from whom, and what it beat."""

    number: int
    at: datetime
    run: str
    slot: str
    before: dict[str, str]
    after: dict[str, str]
    rule: str
    connection: str | None
    vendor_id: str | None
    beaten: list[dict[str, Any]]
    note: str


class HistoryOut(BaseModel):
    """A page of a customer's history, oldest first; `next` is the `after` of the next page."""

    customer: str
    changes: list[ChangeOut]
    next: int | None


class PastOut(BaseModel):
    """A customer's golden values as they were after a run."""

    id: str
    run: str
    at: datetime
    fields: dict[str, str]


class PinAsked(Asked):
    """A field to pin; a null value takes the pin off."""

    field: Name
    value: Annotated[str, Field(max_length=10_000)] | None


class MergeAsked(Asked):
    """The customer that becomes part of the one addressed."""

    other: Name


class RecordNamed(Asked):
    """A record by its connection and its id there."""

    connection: Name
    vendor_id: Annotated[str, Field(min_length=1, max_length=300)]


class SplitAsked(Asked):
    """Records that are somebody else's."""

    records: list[RecordNamed] = Field(min_length=1, max_length=100)


class EraseAsked(Asked):
    """The customer's id once more."""

    repeated: Name


class ErasedOut(BaseModel):
    """What was erased here, and what is left to do at each vendor."""

    customer: str
    records: int
    steps: list[str]


class UndoneOut(BaseModel):
    """How many values went back."""

    returned: int


class ReviewOut(BaseModel):
    """Something that only a person should decide."""

    id: int
    kind: str
    subject: str
    state: str
    connection: str | None
    customer: str | None
    evidence: dict[str, Any]
    choices: list[str]


class ReviewsOut(BaseModel):
    """A page of reviews, by number."""

    reviews: list[ReviewOut]
    next: int | None


class ChoiceAsked(Asked):
    """One of a review's choices."""

    choice: Annotated[str, Field(min_length=1, max_length=200)]


class ConnectionOut(BaseModel):
    """A connection and how it is doing."""

    name: str
    vendor: str
    enabled: bool
    state: str
    word: str
    reason: str
    schedule: str | None
    records: int
    last_success: datetime | None
    last_attempt: datetime | None
    next: list[datetime]
    push: list[str]


class ConnectionsOut(BaseModel):
    """All configured connections."""

    connections: list[ConnectionOut]


class FindingOut(BaseModel):
    """One line of a test: what was tried, whether it worked, and what to do if not."""

    what: str
    ok: bool
    detail: str
    fix: str


class FindingsOut(BaseModel):
    """What a test of a connection found."""

    connection: str
    findings: list[FindingOut]


class ExaminedOut(BaseModel):
    """One line of what was looked at: good, soon or wrong, and what to do about it."""

    subject: str
    what: str
    level: Literal["good", "soon", "wrong"]
    detail: str
    fix: str


class HealthOut(BaseModel):
    """Everything that was looked at; no vendor was asked."""

    findings: list[ExaminedOut]


class DeedOut(BaseModel):
    """One thing that somebody did."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


class DeedsOut(BaseModel):
    """A page of what people did, newest first."""

    activity: list[DeedOut]
    next: int | None
