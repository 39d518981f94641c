"""Frozen values that name the stages of the way: what was shown, stated, decided, planned, done and reported.

A *slot* is what changes together: one field, or the unit `name` or `address` with its parts
(`syncd.customer.SLOTS`). Values are text; "" is empty; a field that is absent from a mapping is unknown.
Times are aware UTC datetimes.
"""

from syncd.values.golden import Customer, Decision, Founded, Golden, Said
from syncd.values.known import (
    Newcomer,
    Record,
    RecordKey,
    Role,
    Shadow,
    Sketch,
    Statement,
    StatementKind,
    Unconfirmed,
)
from syncd.values.planned import NOTED, UNDER_WAY, Change, Draft, Held, Operation, OperationKind, Written
from syncd.values.shown import Direction, FieldSpec, Item, Page, Poison, Shown, Writable
from syncd.values.told import Report, Review, Tally

__all__ = [
    "NOTED",
    "UNDER_WAY",
    "Change",
    "Customer",
    "Decision",
    "Direction",
    "Draft",
    "FieldSpec",
    "Founded",
    "Golden",
    "Held",
    "Item",
    "Newcomer",
    "Operation",
    "OperationKind",
    "Page",
    "Poison",
    "Record",
    "RecordKey",
    "Report",
    "Review",
    "Role",
    "Said",
    "Shadow",
    "Shown",
    "Sketch",
    "Statement",
    "StatementKind",
    "Tally",
    "Unconfirmed",
    "Writable",
    "Written",
]
