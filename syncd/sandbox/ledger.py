"""The ledger: an append-only list of all that was asked of a vendor and all that people did at its screen.

It is the history that an oracle compares with, so it also keeps what was refused, and never a secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from syncd.sandbox.wire import Call

WRITES = frozenset(
    {"create", "update", "delete", "contact_create", "contact_update", "contact_delete", "bulk", "points"}
)
_SECRET = frozenset(
    {
        "authorization",
        "authtoken",
        "api_key",
        "rest_enable_keys",
        "x-api-key",
        "x-auth-token",
        "client_id",
        "client_secret",
        "cookie",
        "secret",
        "password",
    }
)


@dataclass(frozen=True)
class Entry:
    """One request, or one edit by a person at the vendor's own screen."""

    number: int
    at: datetime
    by: str
    kind: str
    method: str
    path: str
    status: int
    customer: str | None = None
    processed: bool = True
    note: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    @property
    def accepted(self) -> bool:
        """Whether the vendor did what was asked."""
        return self.processed and 200 <= self.status < 300

    def as_json(self) -> dict[str, Any]:
        """The entry as the control interface prints it."""
        return asdict(self)


class Ledger:
    """What happened at one vendor, oldest first; numbers start at 1."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self.entries))

    def __len__(self) -> int:
        return len(self.entries)

    def request(self, call: Call, status: int, at: datetime, processed: bool = True) -> None:
        """Adds a request; status 0 means that no answer was given."""
        self._add(
            at=at,
            by="api",
            kind=call.kind,
            method=call.method,
            path=call.path,
            status=status,
            customer=call.customer,
            processed=processed,
            note=call.note,
            query=_masked(call.query),
            headers=_masked(call.headers),
            body=_masked(call.parsed()),
        )

    def human(self, kind: str, customer: str, fields: dict[str, Any], at: datetime) -> None:
        """Adds what a person did at the vendor's own screen."""
        self._add(
            at=at, by="human", kind=kind, method="", path="", status=200, customer=customer, body=fields
        )

    def since(self, number: int) -> list[Entry]:
        """The entries after that number."""
        return self.entries[number:]

    def requests(self, *kinds: str) -> list[Entry]:
        """The requests, or those of the given kinds."""
        return [entry for entry in self if entry.by == "api" and (not kinds or entry.kind in kinds)]

    def writes(self) -> list[Entry]:
        """The writes that the vendor carried out for a program."""
        return [entry for entry in self.requests() if entry.kind in WRITES and entry.accepted]

    def _add(self, **values: Any) -> None:
        self.entries.append(Entry(number=len(self.entries) + 1, **values))


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "***" if _secret(name) else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value


def _secret(name: Any) -> bool:
    return str(name).lower() in _SECRET
