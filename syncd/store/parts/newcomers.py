"""Writing records that nobody has seen before: a first load is little else, so they go in without a look at what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from syncd.store.columns import encoded, microseconds, microseconds_or_none
from syncd.store.copying import copy_rows
from syncd.store.documents import write_first
from syncd.store.parts.record_rows import INSERT_KEYS, ZERO, holds_zero, write_keys
from syncd.store.transaction import Transaction
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
_KEYS: Final = ("kind", "value", "record")


def add_newcomers(tx: Transaction, newcomers: Sequence[Newcomer], number: int) -> None:
    """Write records that are not there yet, and their keys; `number` is the journal number of what they say first.

    One that is there after all is refused by the index of vendor ids.
    """
    now = microseconds(tx.now)
    rows: list[tuple[Any, ...]] = []
    keys: list[tuple[str, str, int]] = []
    for own, new in zip(_numbers(tx, len(newcomers)), newcomers, strict=True):
        rows.append(_row(own, new, number, now))
        keys += [(kind, value, own) for kind, value in new.keys]
        number += len(new.stated)
    # sorted: neighbours in the index are written together
    keys.sort()
    if tx.is_postgres:
        copy_rows(tx, "records", _COLUMNS, [_decoded(row) for row in rows])
        copy_rows(tx, "keys", _KEYS, keys)
    else:
        tx.each(_INSERT, rows)
        tx.each(INSERT_KEYS, keys)


def _row(own: int, new: Newcomer, number: int, now: int) -> tuple[Any, ...]:
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


def _decoded(row: tuple[Any, ...]) -> tuple[Any, ...]:
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
