"""How a record becomes a row and a row a record; and how many are written at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import orjson

from syncd.errors import StoreError
from syncd.store.columns import microseconds_or_none, moment_or_none, written
from syncd.store.copying import copy_upsert
from syncd.store.documents import is_first, read_shadow, said_first, write_shadow
from syncd.store.transaction import Row, Transaction
from syncd.values import Record, Sketch

COLUMNS: Final = (
    "id", "connection", "vendor_id", "customer", "role", "state", "digest", "fresh", "first_seen", "observed",
    "written", "created", "modified", "linked_at", "considered", "absent_since", "problem", "keys", "shadow",
)  # fmt: skip

SKETCHED: Final = (
    "id", "connection", "vendor_id", "customer", "state", "fresh", "first_seen", "created", "linked_at", "keys",
    "shadow",
)  # fmt: skip

_SAVED: Final = (*COLUMNS[1:], "payload")
_KEYS: Final = _SAVED.index("keys")
_KEPT: Final = ("connection", "vendor_id")
_SETS: Final = ", ".join(
    f"{name} = coalesce(excluded.payload, records.payload)"
    if name == "payload"
    else f"{name} = excluded.{name}"
    for name in _SAVED
    if name not in _KEPT
)
_ON_CONFLICT: Final = f"ON CONFLICT (connection, vendor_id) DO UPDATE SET {_SETS}"
_UPSERT: Final = (
    f"INSERT INTO records ({', '.join(_SAVED)}) VALUES ({', '.join('?' * len(_SAVED))}) {_ON_CONFLICT}"
)

INSERT_KEYS: Final = "INSERT INTO keys (kind, value, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
ZERO: Final = "\\u0000"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def read_record(row: Row) -> Record:
    """Return the record of a row of COLUMNS, with its payload where the row goes on with it."""
    (
        number, connection, vendor_id, customer, role, state, digest, fresh, first_seen, observed, written_at,
        created, modified, linked_at, considered, absent_since, problem, keys, shadow, *payload,
    ) = row  # fmt: skip
    return Record(
        connection=connection,
        vendor_id=vendor_id,
        shadow=read_shadow(shadow, (connection, vendor_id)),
        id=number,
        payload=orjson.loads(payload[0]) if payload and payload[0] else {},
        digest=digest,
        customer=customer,
        role=role,
        state=state,
        first_seen=moment_or_none(first_seen),
        observed=moment_or_none(observed),
        written=moment_or_none(written_at),
        created=moment_or_none(created),
        modified=moment_or_none(modified),
        linked_at=linked_at,
        considered=considered,
        fresh=fresh == 1,
        absent_since=moment_or_none(absent_since),
        keys=read_keys(keys),
        problem=problem,
    )


def read_sketch(row: Row) -> Sketch:
    """Return the sketch of a row of SKETCHED."""
    number, connection, vendor_id, customer, state, fresh, first_seen, created, linked_at, keys, shadow = row
    document = orjson.loads(shadow)
    first = customer is None and not linked_at and state == "live" and is_first(document)
    return Sketch(
        number,
        connection,
        vendor_id,
        customer,
        state,
        fresh == 1,
        moment_or_none(first_seen),
        moment_or_none(created),
        linked_at,
        read_keys(keys),
        document.get("seen", _NOTHING),
        said_first(document) if first else _NOTHING,
        document["from"][0] if first else (),
        shadow if first else "",
    )


def shadow_row(record: Record) -> tuple[Any, ...]:
    """Return what reconciling moves of a stored record, and its number."""
    return (1 if record.fresh else 0, record.considered, _storable_shadow(record), record.id)


def _storable_shadow(record: Record) -> str:
    shadow = write_shadow(record.shadow, record.key)
    _check_zeros(record, shadow)
    return shadow


def _check_zeros(record: Record, shadow: str, keys: str = "") -> None:
    if ZERO in shadow or ZERO in keys or "\x00" in record.vendor_id:
        raise holds_zero(record.connection)


def holds_zero(connection: str) -> StoreError:
    """Return the error of a record that holds a zero character."""
    return StoreError(
        f"A record of {connection} holds a zero character and cannot be stored.",
        "Correct it in the system that it comes from.",
    )


def _row(record: Record) -> tuple[Any, ...]:
    shadow, keys = write_shadow(record.shadow, record.key), write_keys(record.keys)
    _check_zeros(record, shadow, keys)
    return (
        record.connection,
        record.vendor_id,
        record.customer,
        record.role,
        record.state,
        record.digest,
        1 if record.fresh else 0,
        microseconds_or_none(record.first_seen),
        microseconds_or_none(record.observed),
        microseconds_or_none(record.written),
        microseconds_or_none(record.created),
        microseconds_or_none(record.modified),
        record.linked_at,
        record.considered,
        microseconds_or_none(record.absent_since),
        record.problem,
        keys,
        shadow,
        written(dict(record.payload)) if record.payload else None,
    )


def write_keys(keys: Iterable[tuple[str, str]]) -> str:
    """Return a record's keys as the text of its own row."""
    return written(sorted(keys)) if keys else ""


def read_keys(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(map(tuple, orjson.loads(text))) if text else frozenset()


# --- writing many --------------------------------------------------------------------------------


def save_rows(tx: Transaction, records: Sequence[Record]) -> None:
    """Write records, their numbers and their keys; of one that stands there twice, the last."""
    records = list({record.key: record for record in records}.values())
    before = _stored(tx, records)
    _unlink_moving(tx, records, before)
    rows = [_row(record) for record in records]
    if tx.is_postgres:
        copy_upsert(tx, "records", _SAVED, rows, _ON_CONFLICT)
    else:
        tx.each(_UPSERT, rows)
    _number(tx, records, before)
    _save_keys(tx, zip(records, (row[_KEYS] for row in rows), strict=True), before)


# What is stored of a record before it is written: its number, its keys' text, its customer and its role.
_Before = dict[tuple[str, str], tuple[int, str, str | None, str]]


def _stored(tx: Transaction, records: Sequence[Record]) -> _Before:
    found: _Before = {}
    sql = (
        "SELECT vendor_id, id, keys, customer, role FROM records "
        f"WHERE connection = ? AND {tx.among('vendor_id')}"
    )
    wanted: dict[str, list[str]] = defaultdict(list)
    for record in records:
        wanted[record.connection].append(record.vendor_id)
    for connection, vendor_ids in wanted.items():
        for vendor_id, number, keys, customer, role in tx.rows(sql, connection, tx.listed(vendor_ids)):
            found[connection, vendor_id] = (number, keys, customer, role)
    return found


def _unlink_moving(tx: Transaction, records: Sequence[Record], before: _Before) -> None:
    """Take records that change customer or role out of the index of primaries, so that their order does not matter."""
    moving = [
        (before[record.key][0],)
        for record in records
        if record.key in before
        and before[record.key][2] is not None
        and before[record.key][2:] != (record.customer, record.role)
    ]
    tx.each("UPDATE records SET customer = NULL WHERE id = ?", moving)


def _number(tx: Transaction, records: Sequence[Record], before: _Before) -> None:
    new = [record for record in records if record.key not in before]
    numbers = {key: row[0] for key, row in _stored(tx, new).items()} if new else {}
    for record in records:
        record.id = numbers[record.key] if record.key in numbers else before[record.key][0]


def _save_keys(tx: Transaction, records: Iterable[tuple[Record, str]], before: _Before) -> None:
    gone: list[tuple[str, str, int]] = []
    come: list[tuple[str, str, int]] = []
    for record, text in records:
        stored = before.get(record.key)
        before_text = stored[1] if stored else ""
        if before_text == text:
            continue
        old, number = read_keys(before_text), int(record.id or 0)
        gone.extend((*key, number) for key in old - record.keys)
        come.extend((*key, number) for key in record.keys - old)
    tx.each("DELETE FROM keys WHERE kind = ? AND value = ? AND record = ?", sorted(gone))
    # sorted: neighbours in the index are written together
    tx.each(INSERT_KEYS, sorted(come))
