"""Foundings: records that were never linked and have said nothing but what they showed first, and whom they make.

Nearly all records of a first load are such. Their customers are written from the documents that the records came
with, without a value for every statement, golden slot and line of the journal between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from syncd.store.columns import microseconds, written
from syncd.store.documents import knowing
from syncd.store.parts import customers, journal
from syncd.store.transaction import Row, Transaction
from syncd.values import Founded

_LINK: Final = (
    "UPDATE records SET customer = ?, role = ?, linked_at = ?, fresh = ?, considered = ?, shadow = ? "
    "WHERE id = ? AND customer IS NULL"
)


def link_rows(tx: Transaction, rows: Sequence[Row]) -> None:
    """Link unlinked records and write what reconciling moves."""
    tx.each(_LINK, rows)


class Foundings:
    """What becomes of newcomers, in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def write(self, founded: Sequence[Founded], number: int, linked_at: int, run: str) -> None:
        """Write new customers with their records' links and their journal; each takes the next number of it."""
        numbered = list(enumerate(founded, number))
        customers.insert_rows(self._tx, [customer_row(one, at) for at, one in numbered])
        link_rows(self._tx, [row for at, one in numbered for row in record_rows(one, at, linked_at)])
        now = microseconds(self._tx.now)
        journal.insert_rows(
            self._tx, [row for at, one in numbered for row in journal_rows(one, at, run, now)]
        )


def customer_row(one: Founded, number: int) -> Row:
    """Return a new customer's row; nothing of it is due."""
    places: dict[int, int] = {}
    origins: list[list[Any]] = []
    golden: dict[str, Any] = {}
    for slot, (value, holder, _) in one.golden.items():
        place = places.get(holder.id)
        if place is None:
            place = places[holder.id] = len(origins)
            origins.append([*holder.origin, holder.connection, holder.vendor_id])
        # a first word knew nothing of golden
        golden[slot] = [number, one.rule, value, [place, holder.words[slot], 0]]
    document = {"from": origins, "golden": golden} if golden else {}
    seen = [each.first_seen for each, _ in one.members if each.first_seen]
    label, words = customers.named(one.customer, {slot: value for slot, (value, _, _) in one.golden.items()})
    first_seen = microseconds(min(seen)) if seen else None
    return (one.customer, None, first_seen, 0, 0, label, words, written(document))


def record_rows(one: Founded, number: int, linked_at: int) -> Iterable[Row]:
    """Yield what the records of a new customer are linked by."""
    for each, known in one.members:
        considered = max(each.words.values())
        shadow = knowing(each.stored, dict.fromkeys(known, number))
        yield (one.customer, "primary", linked_at, 0, considered, shadow, each.id)


def journal_rows(one: Founded, number: int, run: str, now: int) -> Iterable[Row]:
    """Yield the line of the journal, none where no slot of the customer says anything."""
    bringers: dict[int, tuple[str, str, int]] = {}
    changes = []
    for slot, (value, holder, moved) in one.golden.items():
        if not moved:
            continue
        by = bringers.get(holder.id)
        if by is None:
            _, _, new_seen, _, modified = holder.origin
            when = new_seen if modified is None else modified
            by = bringers[holder.id] = (holder.connection, holder.vendor_id, when)
        changes.append({"slot": slot, "after": value, "rule": one.rule, "by": by})
    if changes:
        yield (one.customer, number, run, now, written(changes))
