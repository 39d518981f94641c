"""Renames: a vendor whose ids are e-mails shows a person with a new e-mail as a new id.

The new id is a rename of a linked record where its card, or its creation time where there is no card, equals that
record's and the old id answers that there is no such record. Then the record keeps its customer and shadows, and the
new e-mail is an edit like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncd.errors import Malformed, Missing
from syncd.store import Store, Writing
from syncd.sync.made import rename_noted
from syncd.sync.scene import Source, traces
from syncd.values import Item, Page, Record, Shadow, Shown, Statement


def renamed(store: Store, source: Source, page: Page) -> dict[str, str]:
    """Return new id → old id for the rows of a page that are renames; asks the vendor for each old id."""
    if not source.connector.abilities.keyed_by:
        return {}
    with store.look() as tx:
        known = tx.records.digests(source.name, [item.vendor_id for item in page.items])
        new = [item for item in page.items if item.vendor_id not in known and not item.deleted]
        shown = {item.vendor_id: one for item in new if (one := _read(source, item, page))}
        wanted = {vendor_id: _traces_of(one, source) for vendor_id, one in shown.items()}
        found = tx.records.by_keys({trace for group in wanted.values() for trace in group})
    return _gone_from_old_id(source, wanted, found)


def rename(tx: Writing, connection: str, old: str, new: str) -> None:
    """Let a record go by a new id, also where golden names it as who holds a value or waits in a conflict."""
    record = tx.records.one(connection, old)
    tx.records.rename(connection, old, new)
    rename_noted(tx, connection, old, new)
    if record is None or record.customer is None:
        return
    for customer in tx.customers.load([record.customer]).values():
        customer.golden = {
            slot: replace(
                golden,
                holder=_as_of(golden.holder, record.key, new) if golden.holder else None,
                conflict=tuple(_as_of(one, record.key, new) for one in golden.conflict),
            )
            for slot, golden in customer.golden.items()
        }
        tx.customers.save([customer])


def _as_of(statement: Statement, record: tuple[str, str], new: str) -> Statement:
    return replace(statement, vendor_id=new) if statement.record == record else statement


def _read(source: Source, item: Item, page: Page) -> Shown | None:
    try:
        return source.connector.read(item, page.started)
    except Malformed:
        return None  # set aside, with its reason, when the page is stored


def _traces_of(shown: Shown, source: Source) -> frozenset[tuple[str, str]]:
    record = Record(source.name, shown.vendor_id, Shadow(seen=dict(shown.fields)), created=shown.created)
    return traces(record, source)


def _gone_from_old_id(
    source: Source,
    wanted: Mapping[str, frozenset[tuple[str, str]]],
    found: Mapping[tuple[str, str], Sequence[Record]],
) -> dict[str, str]:
    renames: dict[str, str] = {}
    for vendor_id, group in wanted.items():
        mates = {mate.vendor_id for trace in group for mate in found.get(trace, ())} - {vendor_id}
        if len(mates) != 1:
            continue
        (old,) = mates
        try:
            source.connector.get(old)
        except Missing:
            renames[vendor_id] = old
    return renames
