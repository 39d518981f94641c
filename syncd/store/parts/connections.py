"""What is remembered of each connection: how far its pulls have come, and how it is doing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from syncd.store.tables import connections
from syncd.store.transaction import Transaction


@dataclass(slots=True)
class ConnectionState:
    """One connection's state.

    cursor          the watermark of its incremental pulls
    resume          the open pass, if any: whether it is full, where it goes on, when it started, rows so far,
                    and whether it gave way to other runs
    full_started    when the last complete full pass started
    looked_started  when the last complete pass of any kind started that builds on a complete full pass
    state           ok | paused | refused | unreachable | incomplete, with the reason in words
    not_before      no attempt of the schedule before this time
    approved        a person has approved writing here, under the mapping with the digest `mapping`
    answers         whether this vendor's answers to writes show what is stored; None: not known yet
    fidelity        what this vendor makes of values, by field, for the admin to see
    """

    name: str
    vendor: str
    cursor: dict[str, Any] | None = None
    resume: dict[str, Any] | None = None
    full_started: datetime | None = None
    looked_started: datetime | None = None
    last_success: datetime | None = None
    last_attempt: datetime | None = None
    state: str = "ok"
    reason: str = ""
    not_before: datetime | None = None
    failures: int = 0
    approved: bool = False
    answers: bool | None = None
    mapping: str = ""
    records: int = 0
    fidelity: dict[str, Any] = field(default_factory=dict)


_NAMES = tuple(part.name for part in fields(ConnectionState))
_ONE = select(connections).where(connections.c.name == bindparam("name"))
_ALL = select(connections).order_by(connections.c.name)


class Connections:
    """The connections' states in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def load(self, name: str) -> ConnectionState | None:
        """Return a connection's state, None where it was never saved."""
        found = self._tx.execute(_ONE, {"name": name}).first()
        return _read(found) if found else None

    def all(self) -> dict[str, ConnectionState]:
        """Return every connection's state by name, those no longer configured too."""
        found = self._tx.execute(_ALL)
        return {row.name: _read(row) for row in found}

    def save(self, state: ConnectionState) -> None:
        """Write a connection's state."""
        row = asdict(state)
        row["approved"] = int(state.approved)
        row["answers"] = None if state.answers is None else int(state.answers)
        self._tx.upsert(connections, row)


def _read(row: Row[Any]) -> ConnectionState:
    found = {name: getattr(row, name) for name in _NAMES}
    found["approved"] = bool(row.approved)
    found["answers"] = None if row.answers is None else bool(row.answers)
    return ConnectionState(**found)
