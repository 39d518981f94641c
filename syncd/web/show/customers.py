"""A customer as the page shows it: golden beside every record's value, why on every field, and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from syncd.customer import SLOTS, base_of, slots_of, value_in
from syncd.store import JournalRow, Reading
from syncd.values import Customer, Record
from syncd.web.show.plan import FieldShown, fields_shown
from syncd.web.show.words import RECORD_WORDS, Word, beaten_words, field_word, rule_word


@dataclass(frozen=True, slots=True)
class Mark:
    """A record in a list of customers."""

    connection: str
    mark: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A customer in a list."""

    id: str
    label: str
    email: str
    phone: str
    records: tuple[Mark, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class RecordShown:
    """One record of a customer."""

    connection: str
    vendor_id: str
    role: str
    state: str
    tone: str
    observed: datetime | None
    written: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One line of the history."""

    label: str
    at: datetime
    because: str
    run: str
    fields: tuple[FieldShown, ...]
    beaten: tuple[str, ...]


def label_of(customer: Customer) -> str:
    """Return what a customer is called: a name, else a company, an e-mail, the id."""
    values = customer.values()
    parts = " ".join(values[name] for name in ("first_name", "last_name") if values.get(name))
    return values.get("full_name") or parts or values.get("company") or values.get("email") or customer.id


def rows_shown(tx: Reading, customers: Sequence[Customer], why: Mapping[str, str] | None = None) -> list[Row]:
    """Return customers for a list, with their records."""
    records = tx.records.of_customers([customer.id for customer in customers])
    return [
        _row(customer, records.get(customer.id, []), (why or {}).get(customer.id, ""))
        for customer in customers
    ]


def _row(customer: Customer, records: Sequence[Record], why: str) -> Row:
    values = customer.values()
    marks = tuple(_mark(record) for record in records)
    return Row(customer.id, label_of(customer), values.get("email", ""), values.get("phone", ""), marks, why)


def _mark(record: Record) -> Mark:
    title = f"{record.role}, {RECORD_WORDS.get(record.state, Word(record.state)).word.lower()}: {record.vendor_id}"
    if record.state == "gone":
        return Mark(record.connection, " gone", "", title)
    if record.problem:
        return Mark(record.connection, " set aside", "bad", title)
    return Mark(
        record.connection,
        " ×2" if record.role == "duplicate" else "",
        "warn" if record.role == "duplicate" else "",
        title,
    )


def record_shown(record: Record) -> RecordShown:
    """Return a record for the customer's page."""
    word = RECORD_WORDS.get(record.state, Word(record.state))
    return RecordShown(
        record.connection,
        record.vendor_id,
        record.role,
        word.word,
        word.tone,
        record.observed,
        record.written,
        record.problem,
    )


def history_shown(rows: Sequence[JournalRow], zone: ZoneInfo) -> list[ChangeShown]:
    """Return the history, newest first."""
    return [_change(row, zone) for row in reversed(rows)]


def _change(row: JournalRow, zone: ZoneInfo) -> ChangeShown:
    names = [
        name
        for name in SLOTS.get(row.slot, (row.slot,))
        if row.before.get(name, "") != row.after.get(name, "")
    ]
    fields = fields_shown({name: (row.before.get(name, ""), row.after.get(name, "")) for name in names})
    who = f", from {row.by[0]}" if row.by else ""
    note = f" ({row.note})" if row.note else ""
    beaten = tuple(beaten_words(one, zone) for one in row.beaten)
    return ChangeShown(
        field_word(row.slot), row.at, f"{rule_word(row.rule)}{who}{note}", row.run, fields, beaten
    )


def why(tx: Reading, customer: Customer, name: str) -> dict[str, Any]:
    """Return everything that explains one field: its value, its rule, and every change with what it beat."""
    decided = [customer.golden[slot] for slot in slots_of(name, customer.golden)]
    golden = max(decided, key=lambda each: each.number, default=None)
    changes = [_change_plain(row, name) for row in tx.journal.of(customer.id) if slots_of(name, [row.slot])]
    return {
        "customer": customer.id,
        "field": name,
        "value": customer.values().get(name),
        "rule": golden.rule if golden else None,
        "pinned": any(name in (each, base_of(each)) for pins in customer.pins.values() for each in pins),
        "changes": changes,
    }


def _change_plain(row: JournalRow, name: str) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": row.at,
        "run": row.run,
        "rule": row.rule,
        "before": value_in(name, row.before),
        "after": value_in(name, row.after),
        "connection": row.by[0] if row.by else None,
        "vendor_id": row.by[1] if row.by else None,
        "said_at": row.by[2] if row.by else None,
        "beaten": [{**one, "value": value_in(name, one.get("value", {}))} for one in row.beaten],
        "note": row.note,
    }
