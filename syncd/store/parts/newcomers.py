"""Writing records that nobody has seen before: a first load is little else, so they go in without a look at what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from syncd.store.columns import encoded, microseconds, microseconds_or_none
from syncd.store.copying import copy_rows
from syncd.store.documents import write_first
from syncd.store.parts.record_rows import INSERT_KEYS, ZERO, holds_zero, write_keys
from syncd.store.transaction import Row, Transaction, chunks
from syncd.values import Newcomer

# These go in as bytes: text would be decoded here, only to be encoded again by the driver.
_DOCUMENTS: Final = ("shadow", "payload")
_TOLD: Final = (
    "id", "connection", "vendor_id", "digest", "first_seen", "observed", "created", "modified", "keys", *_DOCUMENTS,
)  # fmt: skip
# What all of them have in common.
_ALIKE: Final = {
    "role": "primary",
    "state": "live",
    "fresh": 1,
    "linked_at": 0,
    "considered": 0,
    "problem": "",
}
_COLUMNS: Final = (*_TOLD, *_ALIKE)
# SQLite takes bytes that are cast for text in the encoding of the store, which is UTF-8 [SQLite documentation, CAST].
_VALUES: Final = (
    *("CAST(? AS TEXT)" if name in _DOCUMENTS else "?" for name in _TOLD),
    *map(repr, _ALIKE.values()),
)
_INSERT: Final = f"INSERT INTO records ({', '.join(_COLUMNS)}) VALUES ({', '.join(_VALUES)})"
_ZERO: Final = ZERO.encode()
_WARM: Final = 100  # rows made before they are written
_KEYS: Final = ("kind", "value", "record")


def add_newcomers(tx: Transaction, newcomers: Iterable[Newcomer], most: int, number: int) -> tuple[int, int]:
    """Write records that are not there yet, `most` of them, and their keys; return how many, and the number after theirs.

    What they say is numbered from `number`. Each is written soon after it was made: what has left the processor's cache
    costs several times as much. One that is there after all is refused by the index of vendor ids.
    """
    making = _Making(microseconds(tx.now), number)
    rows = map(making.row, _numbers(tx, most), newcomers)
    if tx.is_postgres:
        copy_rows(tx, "records", _COLUMNS, map(_decoded, rows))
        copy_rows(tx, "keys", _KEYS, sorted(making.keys))
    else:
        for chunk in chunks(rows, _WARM):
            tx.each(_INSERT, chunk)
        # sorted: neighbours in the index are written together
        tx.each(INSERT_KEYS, sorted(making.keys))
    return making.count, making.number


class _Making:
    """Newcomers on their way to rows: their keys so far, and the number of what the next one says first."""

    __slots__ = ("_now", "count", "keys", "number")

    def __init__(self, now: int, number: int) -> None:
        self._now = now
        self.count = 0
        self.keys: list[tuple[str, str, int]] = []
        self.number = number

    def row(self, own: int, new: Newcomer) -> Row:
        """Return the row of the next one."""
        row = _row(own, new, self.number, self._now)
        self.count += 1
        self.number += len(new.stated)
        self.keys += [(kind, value, own) for kind, value in new.keys]
        return row


def _row(own: int, new: Newcomer, number: int, now: int) -> Row:
    started, modified = microseconds(new.started), microseconds_or_none(new.modified)
    created = modified if new.created is new.modified else microseconds_or_none(new.created)
    shadow, keys = write_first(new, number, (started, now, modified)), write_keys(new.keys)
    if _ZERO in shadow or ZERO in keys or "\x00" in new.vendor_id:
        raise holds_zero(new.connection)
    return (
        own,
        new.connection,
        new.vendor_id,
        new.digest,
        started,
        started,
        created,
        modified,
        keys,
        shadow,
        encoded(new.payload if type(new.payload) is dict else dict(new.payload)) if new.payload else None,
    )


def _decoded(row: Row) -> Row:
    """Return a whole row, with its documents as text: PostgreSQL's driver takes bytes for bytes."""
    *rest, shadow, payload = row
    return (*rest, shadow.decode(), payload and payload.decode(), *_ALIKE.values())


def _numbers(tx: Transaction, count: int) -> Sequence[int]:
    """Return the next numbers of records. Nobody else takes any meanwhile: one unit writes at a time."""
    if tx.is_postgres:
        sql = "SELECT nextval(pg_get_serial_sequence('records', 'id')) FROM generate_series(1, ?)"
        return [row[0] for row in tx.rows(sql, count)]
    first = int(tx.rows("SELECT coalesce(max(id), 0) + 1 FROM records")[0][0])
    return range(first, first + count)
