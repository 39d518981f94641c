"""A table of records that may lag: new rows can be hidden from listings, changed rows can still read as before.

Orders are sorted once per state of the table, so that paging through many rows costs a slice per page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Fields = dict[str, Any]
Key = tuple[Callable[[Fields], Any], bool]
"""What to sort by, and whether backwards."""
_KEPT_ORDERS = 32
Test = Callable[[Fields], bool]


def _all(_: Fields) -> bool:
    return True


@dataclass(slots=True)
class Row:
    """One record; `before` is what reads still show until `stale_until`."""

    fields: Fields
    visible_at: datetime | None = None
    before: Fields | None = None
    stale_until: datetime | None = None


@dataclass
class Table:
    """Records by id, in the order of their making."""

    rows: dict[str, Row] = field(default_factory=dict)
    version: int = 0
    _orders: dict[str, tuple[int, list[str], list[Fields]]] = field(default_factory=dict)
    _lagging: dict[str, datetime] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any]) -> Table:
        """A copy that shares the rows, which are replaced and never changed."""
        return Table(dict(self.rows), self.version, {}, dict(self._lagging))

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, key: str) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.rows))

    def now(self, key: str) -> Fields:
        """The record as it is stored, whatever reads still show."""
        return self.rows[key].fields

    def find(self, key: str) -> Fields | None:
        """The stored record, if there is one."""
        row = self.rows.get(key)
        return row.fields if row else None

    def shown(self, key: str, at: datetime) -> Fields | None:
        """The record as a read at that time shows it."""
        row = self.rows.get(key)
        if row is None:
            return None
        return row.before if row.stale_until and at < row.stale_until else row.fields

    def insert(self, key: str, fields: Fields, visible_at: datetime | None = None) -> None:
        """Adds a record, hidden from listings until `visible_at`."""
        self.rows[key] = Row(fields, visible_at)
        self._note(key, visible_at)

    def change(self, key: str, fields: Fields, stale_until: datetime | None = None) -> None:
        """Replaces a record's fields; reads show the old ones until `stale_until`."""
        row = self.rows[key]
        before = row.fields if stale_until else None
        self.rows[key] = Row(fields, row.visible_at, before, stale_until)
        self._note(key, stale_until)

    def remove(self, key: str) -> Fields:
        """Takes a record out and returns it."""
        self.version += 1
        self._lagging.pop(key, None)
        return self.rows.pop(key).fields

    def rename(self, old: str, new: str) -> None:
        """Gives a record another id."""
        self.rows[new] = self.rows.pop(old)
        self.version += 1

    def listed(self, at: datetime, order: str, *keys: Key, only: Test = _all) -> list[Fields]:
        """The records that a listing at that time shows; `order` names keys and test for the sorted copy kept here.

        The list is shared between calls: slice it, filter it, but leave it as it is.
        """
        ids, fields = self._sorted(order, keys, only)
        self._lagging = {each: until for each, until in self._lagging.items() if until > at}
        if not self._lagging:
            return fields
        shown = ((self.rows[each], self.shown(each, at)) for each in ids)
        return [
            fields
            for row, fields in shown
            if fields and only(fields) and not (row.visible_at and at < row.visible_at)
        ]

    def _sorted(self, order: str, keys: tuple[Key, ...], only: Test) -> tuple[list[str], list[Fields]]:
        version, ids, fields = self._orders.get(order, (-1, [], []))
        if version != self.version:
            ids = [each for each in self.rows if only(self.rows[each].fields)]
            for key, backwards in reversed(keys):
                ids.sort(key=lambda each, key=key: key(self.rows[each].fields), reverse=backwards)  # type: ignore[misc]
            fields = [self.rows[each].fields for each in ids]
            if len(self._orders) >= _KEPT_ORDERS:
                self._orders.clear()
            self._orders[order] = (self.version, ids, fields)
        return ids, fields

    def _note(self, key: str, until: datetime | None) -> None:
        self.version += 1
        if until:
            self._lagging[key] = until
