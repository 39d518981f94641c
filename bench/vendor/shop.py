"""One retailer's customers as prepared bytes, and what has changed since the shop was opened."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from typing import Any

import orjson

from bench.vendor.people import FIRST_ID, GROUPS, VIETNAM, customer, email, written


class Shop:
    """A listing in the order of ids; rows are kept as bytes and read only when one is written to."""

    def __init__(self, number: int, count: int, shared: float = 0.0) -> None:
        self.retailer = 500_000 + number
        together = int(count * shared)
        first = 10_000_000 * (number + 1)  # those that this shop has alone
        people = (place if place < together else first + place for place in range(count))
        self.rows = [written(customer(place, person, self.retailer)) for place, person in enumerate(people)]
        self._changed: list[tuple[str, int]] = []  # when and where, in the order of time

    def listing(self, start: int, size: int, since: str) -> bytes:
        """Return one page, of all or of what was changed since a moment."""
        if since:
            places = self._since(since)
            page, total = [self.rows[place] for place in places[start : start + size]], len(places)
        else:
            page, total = self.rows[start : start + size], len(self.rows)
        return b'{"total":%d,"pageSize":%d,"data":[%b],"removedIds":[],"timestamp":"%b"}' % (
            total,
            size,
            b",".join(page),
            now().encode(),
        )

    def _since(self, since: str) -> list[int]:
        first = bisect_left(self._changed, (since, -1))
        return sorted({place for _, place in self._changed[first:]})

    def one(self, key: int) -> bytes | None:
        """Return a customer by id."""
        place = key - FIRST_ID
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def with_code(self, code: str) -> bytes | None:
        """Return a customer by code; those of the first day are numbered, later ones are looked for."""
        number = code.upper().removeprefix("KH")
        if number.isdecimal() and 0 < int(number) <= len(self.rows):
            row = self.rows[int(number) - 1]
            return row if orjson.loads(row)["code"] == code.upper() else None
        return None

    def put(self, key: int, fields: dict[str, Any]) -> bytes | None:
        """Change a customer as a client asks and return it."""
        row = self.one(key)
        if row is None:
            return None
        return self._written(key - FIRST_ID, {**orjson.loads(row), **_kept(fields)})

    def post(self, fields: dict[str, Any]) -> bytes:
        """Add a customer and return it."""
        place = len(self.rows)
        row = {"id": FIRST_ID + place, "code": f"KH{place + 1:07d}", "type": 0, "retailerId": self.retailer}
        self.rows.append(b"")
        return self._written(place, {**row, "branchId": 1, "createdDate": now(), **_kept(fields)})

    def change(self, count: int, what: str, mark: str, first: int = 0) -> None:
        """Change so many customers, evenly spread from the `first` on, as if people had done it."""
        stride = max(1, len(self.rows) // max(count, 1))
        for number in range(count):
            place = (first + stride * number) % len(self.rows)
            row = orjson.loads(self.rows[place])
            row["comments"] = f"{mark} {number}"
            if what == "email" and number % 2:
                row["email"] = f"{mark}.{email(place)}"
            self._written(place, row)

    def _written(self, place: int, row: dict[str, Any]) -> bytes:
        row["modifiedDate"] = now()
        self.rows[place] = written(row)
        self._changed.append((row["modifiedDate"], place))
        return self.rows[place]


def now() -> str:
    """Return the shop's own clock: Vietnam's time without saying so [KiotViet integrators]."""
    return datetime.now(VIETNAM).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what a write stores: groups come as ids and are shown by name."""
    kept = {key: value for key, value in fields.items() if key not in ("id", "groupIds")}
    if "groupIds" in fields:
        kept["groups"] = "|".join(GROUPS.get(number, "") for number in fields["groupIds"] or ())
    return kept
