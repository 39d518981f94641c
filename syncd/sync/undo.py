"""Undo: what a run changed goes back to what it was, wherever nobody has edited since.

An undo is a statement by the admin: golden returns, a normal plan follows, also into the connection that the edit
came from. A field that somebody edited since is left alone and named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.customer import same
from syncd.errors import UsageError
from syncd.rules.units import taken_back
from syncd.store import JournalRow, Writing
from syncd.sync.decide import BY_HAND
from syncd.values import Customer, Golden, Record, RecordKey, Statement

PAGE = 1_000


@dataclass(slots=True)
class Undone:
    """What an undo did: values that went back, those that somebody changed since (customer, slot), and creations.

    A creation is never taken back: the record is a customer of that vendor's by now, and an undo deletes nobody.
    """

    returned: int = 0
    edited_since: list[tuple[str, str]] = field(default_factory=list)
    created: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the run had changed no value by an edit, so that none could go back."""
        return not self.returned and not self.edited_since


def undo_run(tx: Writing, run: str, by: str) -> Undone:
    """Take back what a run made golden. Raises UsageError where nobody knows the run."""
    rows = _rows(tx, run)
    if run == BY_HAND or (not rows and tx.runs.get(run) is None):
        raise UsageError(f"There is no run {run}.", "`syncd runs list` shows the runs.")
    changed = _on_the_whole(_changes(tx, rows))
    result = Undone(created=_created(tx, run))
    if not changed:
        return result
    number = tx.meta.numbers(1)
    customers = _living(tx, {row.customer for row in changed})
    records = tx.records.of_customers({customer.id for customer in customers.values()})
    written = _written(tx, run)
    journalled: list[JournalRow] = []
    for row in changed:
        customer = customers[row.customer]
        golden = customer.golden.get(row.slot)
        if golden is None or _edited_since(golden, row, records.get(customer.id, ())):
            result.edited_since.append((customer.id, row.slot))
            continue
        value = taken_back(row.slot, row.before, row.after)
        customer.golden[row.slot] = Golden(value, number, "undone", holder=_said_before(tx, row, number))
        _give_back(records.get(customer.id, ()), row.slot, value, number, written)
        customer.due = True
        journalled.append(_undone(replace(row, customer=customer.id), number, run, by, tx))
        result.returned += 1
    tx.records.save(record for group in records.values() for record in group if record.key in written)
    tx.customers.save({customer.id: customer for customer in customers.values()}.values())
    tx.journal.append(journalled)
    tx.audit.add(by, "undo run", run, {"returned": result.returned, "edited_since": len(result.edited_since)})
    return result


def _on_the_whole(rows: Iterable[JournalRow]) -> list[JournalRow]:
    """Return what changed from before a run to its end: a field may have been decided twice in it."""
    first: dict[tuple[str, str], JournalRow] = {}
    last: dict[tuple[str, str], JournalRow] = {}
    for row in rows:
        place = (row.customer, row.slot)
        first.setdefault(place, row)
        last[place] = row
    whole = [replace(row, before=first[place].before) for place, row in last.items()]
    return [row for row in whole if row.before != row.after]


def _living(tx: Writing, ids: Collection[str]) -> dict[str, Customer]:
    """Return customers by the ids that they had; those that were merged since are one and the same."""
    found = tx.customers.load(ids)
    once = {customer.id: customer for customer in found.values()}
    return {asked: once[customer.id] for asked, customer in found.items()}


def _edited_since(golden: Golden, row: JournalRow, records: Sequence[Record]) -> bool:
    """Tell whether somebody has edited a slot since a run decided it: otherwise, in a conflict, or to say the same."""
    if golden.number != row.number or golden.conflict:
        return True
    said = [record.shadow.stated.get(row.slot) for record in records if record.role == "primary"]
    return any(one is not None and one.kind != "initial" and one.number > row.number for one in said)


def _written(tx: Writing, run: str) -> dict[RecordKey, dict[str, str]]:
    """Return what the records held in the fields that a run wrote, before it did."""
    found: dict[RecordKey, dict[str, str]] = {}
    for operation in tx.operations.of_run(run):
        draft = operation.draft
        if operation.state == "confirmed" and draft.kind == "update" and draft.vendor_id:
            before = {name: pair[0] for name, pair in draft.fields.items()}
            found.setdefault((draft.connection, draft.vendor_id), {}).update(before)
    return found


def _created(tx: Writing, run: str) -> int:
    """Return how many records a run created at vendors."""
    return sum(one.state == "confirmed" and one.draft.kind == "create" for one in tx.operations.of_run(run))


def _give_back(
    records: Sequence[Record],
    slot: str,
    value: Mapping[str, str],
    number: int,
    written: Mapping[RecordKey, Mapping[str, str]],
) -> None:
    """Have records whose own, never-golden value was overwritten get that one, and not the golden value of others."""
    for record in records:
        stated = record.shadow.stated.get(slot)
        for name, before in written.get(record.key, {}).items():
            own = stated.value.get(name) if stated else None
            if own and same(name, own, before) and not same(name, own, value.get(name)):
                record.shadow.back[name] = (own, number)


def _changes(tx: Writing, rows: Sequence[JournalRow]) -> list[JournalRow]:
    """Leave out what records said when they were first seen, or when their customer was first decided.

    It is somebody's own and no change by the run: to take it back would empty it at its source. A name above all: a
    record without one would be nobody's.
    """
    began: dict[str, int] = {}
    for row in rows:
        began[row.customer] = min(row.number, began.get(row.customer, row.number))
    said = [row for row in rows if not _only_adds(row)]
    known = {name for name in {row.customer for row in said} if _was_known(tx, name, began[name])}
    return [row for row in said if row.customer in known]


def _was_known(tx: Writing, customer: str, number: int) -> bool:
    """Tell whether a customer had any value before a decision."""
    return any(any(row.after.values()) for row in tx.journal.of(customer) if row.number < number)


def _only_adds(row: JournalRow) -> bool:
    """Tell whether an initial value only added to what was known, or a first name was given."""
    stood = {name: text for name, text in row.before.items() if text}
    if row.slot == "name" and not stood:
        return True
    return row.rule.startswith("initial") and all(row.after.get(name) == text for name, text in stood.items())


def _rows(tx: Writing, run: str) -> list[JournalRow]:
    found: list[JournalRow] = []
    after = 0
    while page := tx.journal.of_run(run, after, PAGE):
        found += page
        after = page[-1].number
    return found


def _said_before(tx: Writing, row: JournalRow, number: int) -> Statement | None:
    """Return who had said the value that comes back, as the statement it is from now on."""
    earlier = [
        each
        for each in tx.journal.of(row.customer)
        if each.slot == row.slot and each.number < row.number and each.after == row.before and each.by
    ]
    if not earlier or earlier[-1].by is None:
        return None
    connection, vendor_id, at = earlier[-1].by
    return Statement(connection, vendor_id, row.slot, row.before, "edit", number, knew=number, new_seen=at)


def _undone(row: JournalRow, number: int, run: str, by: str, tx: Writing) -> JournalRow:
    return JournalRow(
        number=number,
        customer=row.customer,
        run=BY_HAND,
        at=tx.now,
        slot=row.slot,
        before=row.after,
        after=row.before,
        rule="undone",
        note=f"{run} undone by {by}",
    )
