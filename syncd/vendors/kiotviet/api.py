"""The addresses of KiotViet's Public API, and the shapes in which it answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from syncd.customer import elements, tidy
from syncd.errors import Malformed, Throttled
from syncd.vendors.auth import ClientCredentials
from syncd.vendors.budget import Kind
from syncd.vendors.call import Expect
from syncd.vendors.http import Http, segment
from syncd.vendors.kiotviet.fields import Row
from syncd.vendors.kiotviet.replies import is_stale_token, refusal
from syncd.vendors.reply import Reply, after_writing, unusable
from syncd.vendors.table import mapping_of, whole

Pairs = Sequence[tuple[str, str]]
WITH_GROUPS = ("includeCustomerGroup", "true")


class Api:
    """One retailer's Public API; `scope` narrows every listing."""

    def __init__(self, http: Http, auth: ClientCredentials, scope: Pairs = ()) -> None:
        self.http = http
        self.auth = auth
        self.scope = tuple(scope)
        self._groups: Mapping[str, int] | None = None
        self._shows_phones = False
        self._lock = threading.Lock()

    def customers(self, query: Pairs) -> Reply:
        """Read one page of a listing."""
        reply = self.send("GET", "customers", query=[*query, WITH_GROUPS])
        self._shows_phones = self._shows_phones or any(map(shows_phone, rows_of(reply)))
        return reply

    def hides_phones(self) -> bool:
        """Tell whether the shop hides phone numbers: its own filter finds customers by theirs and does not show them."""
        if self._shows_phones:
            return False
        return (
            bool(rows_of(self.customers([("contactNumber", "0"), ("pageSize", "1")])))
            and not self._shows_phones
        )

    def customer(self, path: str) -> tuple[Row, Reply]:
        """Read one customer by "ID" or "code/CODE". Raises Missing."""
        # The guide names this parameter for lists only; an update must not lose groups that an answer left out.
        reply = self.send("GET", f"customers/{path}", query=[WITH_GROUPS])
        return record(reply, _unwrapped(reply.json())), reply

    def by_code(self, code: str) -> tuple[Row, Reply]:
        """Read the customer with this code. Raises Missing."""
        return self.customer(f"code/{segment(code)}")

    def settings(self) -> Row:
        """Read the shop's settings."""
        return mapping_of(self.send("GET", "settings").json())

    def group_ids(self, names: str) -> list[int] | None:
        """Return the ids of groups "A|B"; None where one is not known, after looking afresh."""
        wanted = elements(names)
        if not wanted:
            return []
        for fresh in (False, True):
            known = self.groups(fresh=fresh)
            if all(name in known for name in wanted):
                return [known[name] for name in wanted]
        return None

    def ids_of_known_groups(self, names: str) -> list[int]:
        """Return the ids of those of the groups "A|B" that were there when they were last listed."""
        known = self.groups() if names else {}
        return [known[name] for name in elements(names) if name in known]

    def group_names(self, ids: Sequence[object]) -> str | None:
        """Return the names of groups joined by "|"; None where one is not known."""
        known = {number: name for name, number in self.groups().items()} if ids else {}
        names = [known.get(whole(number) or 0) for number in ids]
        return "|".join(name for name in names if name) if all(names) else None

    def groups(self, *, fresh: bool = False) -> Mapping[str, int]:
        """Return group name → id; names are all that a record shows [KiotViet integrators]."""
        with self._lock:
            if self._groups is None or fresh:
                rows = self._all_groups()
                self._groups = {tidy(str(row["name"])): int(row["id"]) for row in rows if _is_group(row)}
            return self._groups

    def _all_groups(self) -> list[Row]:
        """Read every group; whether that list comes in pages, as the others do, is not documented."""
        reply = self.send("GET", "customers/group")
        rows, total = rows_of(reply), whole(mapping_of(reply.json()).get("total")) or 0
        while len(rows) < total:
            page = [("pageSize", "100"), ("currentItem", str(len(rows)))]
            known = [row.get("id") for row in rows]
            new = [
                row
                for row in rows_of(self.send("GET", "customers/group", query=page))
                if row.get("id") not in known
            ]
            if not new:
                break
            rows += new
        return rows

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> tuple[Row, Reply]:
        """Send a create or update and return the record that it answers, wrapped or bare.

        The guide prints the bare record, the vendor's own plugin reads it from `data`.
        """
        reply = self.send(method, path, json=document, kind="write")
        with after_writing(reply):
            return record(reply, _unwrapped(reply.json())), reply

    def delete(self, vendor_id: str) -> None:
        """Send a delete. Raises Missing."""
        self.send("DELETE", f"customers/{segment(vendor_id)}", kind="write", expect_json=False)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | None = None,
        json: Any = None,
        kind: Kind = "read",
        expect_json: bool = True,
    ) -> Reply:
        """Send one request, once more with a new token where the old one was refused with another status than 401."""
        expect: Expect = "json" if expect_json else "nothing"
        token = self.auth.headers()
        reply = self.http.send(method, path, query=query, json=json, kind=kind, expect=expect)
        if is_stale_token(reply):
            self.auth.renew(token)
            reply = self.http.send(method, path, query=query, json=json, kind=kind, expect=expect)
        if not reply.ok:
            error = refusal(reply, self.http.clean)
            if isinstance(error, Throttled) and error.wait is not None:
                self.http.hold(error.wait)
            raise error
        return reply


def _unwrapped(answer: Any) -> Any:
    """Return the record in an answer: bare, in `data`, or the only one of a list there."""
    inner = mapping_of(answer).get("data", answer)
    return inner[0] if isinstance(inner, list) and len(inner) == 1 else inner


def rows_of(reply: Reply) -> list[Row]:
    """Return the rows of a list that are objects."""
    rows = mapping_of(reply.json()).get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def shows_phone(row: Row) -> bool:
    """Tell whether a row shows a phone number."""
    return bool(row.get("contactNumber"))


def record(reply: Reply, row: Any) -> Row:
    """Return a record that an answer shows. Raises Malformed."""
    if not isinstance(row, Mapping) or not id_of(row):
        raise Malformed(f"{reply.source} was not answered by a customer.", "Look at the record in KiotViet.")
    if reply.suspect and (reason := unusable(row)):
        raise Malformed(f"{reply.source} shows a customer that {reason}.", "Correct the record in KiotViet.")
    return row


def id_of(row: Row) -> str:
    """Return a record's id, "" where it has none; ids of zero and less are sums, not customers [guide]."""
    number = whole(row.get("id"))
    return str(number) if number is not None and number > 0 else ""


def _is_group(row: Row) -> bool:
    return isinstance(row.get("name"), str) and whole(row.get("id")) is not None
