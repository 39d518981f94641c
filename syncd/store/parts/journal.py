"""The journal: every change of every golden field, append-only.

Changes of one customer that share a number, as those of one reconcile do, share a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from syncd.store.columns import microseconds, microseconds_or_none, moment, moment_or_none, written
from syncd.store.copying import copy_rows
from syncd.store.transaction import Row, Transaction

# Who brought a value: connection, vendor id, and when (the vendor's own time, else when it was first seen).
Bringer = tuple[str, str, datetime | None]

_COLUMNS: Final = ("customer", "number", "run", "at", "changes")


@dataclass(slots=True)
class JournalRow:
    """One change of one golden slot: what it was, what it is, by which rule, from whom, and what it beat."""

    number: int
    customer: str
    run: str
    at: datetime
    slot: str
    before: dict[str, str]
    after: dict[str, str]
    rule: str
    by: Bringer | None = None
    beaten: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""


class Journal:
    """The journal in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def append(self, rows: Iterable[JournalRow]) -> None:
        """Add changes."""
        together: dict[tuple[str, int, str, datetime], list[JournalRow]] = defaultdict(list)
        for row in rows:
            together[row.customer, row.number, row.run, row.at].append(row)
        packed = [
            (customer, number, run, microseconds(at), written([_packed(row) for row in changes]))
            for (customer, number, run, at), changes in together.items()
        ]
        insert_rows(self._tx, packed)

    def of(self, customer_id: str) -> list[JournalRow]:
        """Return the changes of a customer, oldest first."""
        sql = "SELECT customer, number, run, at, changes FROM journal WHERE customer = ? ORDER BY number"
        return _read_all(self._tx.rows(sql, customer_id))

    def of_run(self, run: str, after: int = 0, limit: int = 1_000) -> list[JournalRow]:
        """Return the changes of a run with numbers past `after`, oldest first.

        At least `limit` stored rows where there are as many; all changes of the last number come along.
        """
        sql = (
            "SELECT customer, number, run, at, changes FROM journal WHERE run = ? AND number > ? AND number <= "
            "coalesce((SELECT number FROM journal WHERE run = ? AND number > ? ORDER BY number LIMIT 1 OFFSET ?), ?) "
            "ORDER BY number, customer"
        )
        return _read_all(self._tx.rows(sql, run, after, run, after, limit - 1, 2**62))


def insert_rows(tx: Transaction, rows: Sequence[Row]) -> None:
    """Insert stored rows."""
    if tx.is_postgres:
        copy_rows(tx, "journal", _COLUMNS, rows)
        return
    tx.each("INSERT INTO journal (customer, number, run, at, changes) VALUES (?, ?, ?, ?, ?)", rows)


def _packed(row: JournalRow) -> dict[str, Any]:
    packed: dict[str, Any] = {"slot": row.slot}
    if row.before:
        packed["before"] = row.before
    if row.after:
        packed["after"] = row.after
    packed["rule"] = row.rule
    if row.by:
        packed["by"] = (*row.by[:2], microseconds_or_none(row.by[2]))
    if row.beaten:
        packed["beaten"] = row.beaten
    if row.note:
        packed["note"] = row.note
    return packed


def _read_all(rows: Iterable[Row]) -> list[JournalRow]:
    return [
        _read(change, customer, number, run, moment(at))
        for customer, number, run, at, changes in rows
        for change in orjson.loads(changes)
    ]


def _read(change: dict[str, Any], customer: str, number: int, run: str, at: datetime) -> JournalRow:
    by = change.get("by")
    return JournalRow(
        number,
        customer,
        run,
        at,
        change.get("slot", ""),
        change.get("before", {}),
        change.get("after", {}),
        change.get("rule", ""),
        (by[0], by[1], moment_or_none(by[2])) if by else None,
        change.get("beaten", []),
        change.get("note", ""),
    )
