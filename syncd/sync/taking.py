"""Taking: one observation becomes part of its record, with its keys, and with what is said of clears that go no further.

Every look ends here, whether a listing showed the record, a read before a write, or a hint of the vendor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from syncd.rules.absorb import absorb
from syncd.rules.first import first_look
from syncd.rules.ground import Absorbed, Ground
from syncd.store import ConnectionState, Reading, Writing
from syncd.sync.journal import ignored_row
from syncd.sync.scene import Scene, Source, keys_of, record_keys
from syncd.values import Newcomer, Record, Review, Shown, Statement


def digest(payload: Mapping[str, Any], mapping: bytes) -> bytes:
    """Return what tells an unchanged record: its payload under the mapping that it was read by."""
    told = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS) + mapping
    return hashlib.blake2b(told, digest_size=16).digest()


class _Numbers:
    """Journal numbers, reserved by the block and taken one by one."""

    def __init__(self, tx: Writing, block: int) -> None:
        self.tx, self.block = tx, block
        self._reserve()

    def __call__(self) -> int:
        if self.next == self.end:
            self._reserve()
        self.next += 1
        return self.next - 1

    def _reserve(self) -> None:
        self.next = self.tx.meta.numbers(self.block)
        self.end = self.next + self.block


def grounds(
    tx: Writing, scene: Scene, source: Source, state: ConnectionState | None, records: int
) -> Callable[..., Ground]:
    """Return a maker of the ground to absorb upon; journal numbers are reserved for so many records at a time."""
    specs = source.connector.fields
    numbers = _Numbers(tx, max(1, records * len(specs)))
    readable, stating = source.readable, source.stating
    unchanged_since = state.looked_started if state else None

    plain = Ground(
        source.name,
        source.region,
        readable,
        stating,
        scene.ignores_clear,
        numbers,
        tx.now,
        unchanged_since,
        repeating=source.repeating,
    )

    def ground(busy: frozenset[str] = frozenset()) -> Ground:
        return replace(plain, busy=busy) if busy else plain

    return ground


def under_way(tx: Reading, connection: str, vendor_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Return by record the fields that a write under way carries: its read-back decides them, and no other look."""
    sent = tx.operations.open_on_records(connection, vendor_ids, ("sent",)) if vendor_ids else {}
    return {vendor_id: frozenset(operation.draft.fields) for vendor_id, operation in sent.items()}


def take(
    tx: Writing, scene: Scene, source: Source, record: Record, shown: Shown, ground: Ground, run: str
) -> Absorbed:
    """Absorb one observation into a record, keep its keys, and journal the clears that go no further."""
    absorbed = take_values(tx, scene, record, shown, ground, run)
    if not shown.deleted and not absorbed.dropped:
        record.keys = record_keys(record, source, scene)
    return absorbed


def take_values(
    tx: Writing, scene: Scene, record: Record, shown: Shown, ground: Ground, run: str
) -> Absorbed:
    """Do the same without the keys, which matter only where the record is written down."""
    if shown.deleted:
        record.state, record.fresh = "gone", record.fresh and record.customer is not None
        record.payload = shown.payload
        record.observed = shown.started
        return Absorbed([], [])
    absorbed = absorb(record, shown, ground)
    if absorbed.dropped:
        return absorbed
    record.state, record.absent_since = "live", None
    record.fresh = record.fresh or record.customer is None  # back again, it still wants its customer
    _journal_ignored(tx, scene, record, absorbed.ignored, run)
    return absorbed


def newcomer(source: Source, scene: Scene, shown: Shown, told: bytes) -> Newcomer:
    """Take the first look at a record that is not known: what `take` makes of it, the short way.

    `told` is its digest.
    """
    readable, stating = source.readable, source.stating
    look = first_look(shown.fields, readable)
    return Newcomer(
        source.name,
        shown.vendor_id,
        look.seen,
        look.tidied,
        look.stated(stating, all_state=readable is stating),
        shown.payload,
        told,
        shown.started,
        shown.created,
        shown.modified,
        keys_of(shown.vendor_id, look.seen, shown.created, source, scene),
    )


def _journal_ignored(
    tx: Writing, scene: Scene, record: Record, ignored: Iterable[Statement], run: str
) -> None:
    for statement in ignored:
        if record.customer is None:
            continue
        customer = tx.customers.load([record.customer])[record.customer]
        golden = customer.golden.get(statement.slot)
        tx.journal.append(
            [ignored_row(customer.id, statement, dict(golden.value) if golden else {}, run, tx.now)]
        )
        if scene.policy(statement.slot).on_clear == "review":
            tx.reviews.open([_clear_review(record, statement)], run)


def _clear_review(record: Record, statement: Statement) -> Review:
    return Review(
        kind="clear",
        subject=f"{record.connection}/{record.vendor_id}/{statement.slot}",
        evidence={"slot": statement.slot, "number": statement.number},
        choices=("clear_everywhere", "put_back", "leave"),
        connection=record.connection,
        customer=record.customer,
    )
