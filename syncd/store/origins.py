"""Origins: the kind, the record and the times that the statements of one document have in common, each listed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.store.columns import microseconds_or_none, moment_or_none
from syncd.values import Statement, StatementKind

Own = tuple[str, str]
Origin = tuple[Any, ...]

# A customer's statements are of many records, so none of them is its own.
NOBODY: Final[Own] = ("", "")

_LETTERS: Final[dict[str, str]] = {"initial": "i", "edit": "e", "clear": "c"}
_KINDS: Final[dict[str, StatementKind]] = {"i": "initial", "e": "edit", "c": "clear"}


def statement_of(slot: str, value: Mapping[str, str], number: int, knew: int, origin: Origin) -> Statement:
    """Return a statement of an origin."""
    kind, old_seen, new_seen, pull_ended, modified, connection, vendor_id = origin
    return Statement(
        connection,
        vendor_id,
        slot,
        value,
        kind,
        number,
        knew,
        old_seen,
        new_seen,
        pull_ended,
        modified,
    )


class Origins:
    """The origins of a document's statements, in the order in which they come."""

    __slots__ = ("_last", "_own", "_place", "_places")

    def __init__(self, own: Own) -> None:
        self._own = own
        self._places: dict[Origin, int] = {}
        self._last: Statement | None = None
        self._place = 0

    def packed(self, statement: Statement, shown: Mapping[str, str] | None) -> list[Any]:
        """Return a statement as [origin, number, knew] and its value, unless that is what `shown` says."""
        last = self._last
        # the statements of one look share the very same values: most often there is nothing to look up
        if (
            last is None
            or statement.new_seen is not last.new_seen
            or statement.kind is not last.kind
            or statement.old_seen is not last.old_seen
            or statement.pull_ended is not last.pull_ended
            or statement.modified is not last.modified
            or statement.vendor_id is not last.vendor_id
            or statement.connection is not last.connection
        ):
            self._place = self._place_of(statement)
            self._last = statement
        if statement.value == shown:
            return [self._place, statement.number, statement.knew]
        return [self._place, statement.number, statement.knew, dict(statement.value)]

    def _place_of(self, statement: Statement) -> int:
        origin = (
            statement.kind,
            statement.old_seen,
            statement.new_seen,
            statement.pull_ended,
            statement.modified,
            statement.connection,
            statement.vendor_id,
        )
        return self._places.setdefault(origin, len(self._places))

    def listed(self) -> list[list[Any]]:
        """Return the origins as documents, the record's own ones without its name."""
        return [
            [
                _LETTERS[kind],
                *map(microseconds_or_none, times),
                *(() if tuple(record) == self._own else record),
            ]
            for kind, times, record in ((origin[0], origin[1:5], origin[5:]) for origin in self._places)
        ]


def read_origins(listed: list[list[Any]], own: Own) -> list[Origin]:
    """Return origins from their documents, the record `own`'s own ones with its name."""
    return [
        (
            _KINDS[origin[0]],
            moment_or_none(origin[1]),
            moment_or_none(origin[2]),
            moment_or_none(origin[3]),
            moment_or_none(origin[4]),
            *(origin[5:] or own),
        )
        for origin in listed
    ]
