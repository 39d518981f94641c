"""The customers of `/v1/customers`, keyed by their e-mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from syncd.sandbox.mangle import mangled
from syncd.sandbox.omniwallet.programme import EMAIL, Programme, attributes_of, document, fail, invalid
from syncd.sandbox.rows import Key
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, Reply

TEXTS = ("name", "last_name", "email", "phone", "card", "level", "birthday")
SORTABLE = ("name", "email", "last_name", "points", "createdAt", "updatedAt")
EMPTY: Json = {"name": None, "last_name": None, "email": None, "phone": None, "card": None} | {
    "points": 0,
    "level": None,
    "birthday": None,
}
PARAMETERS = frozenset({"page[size]", "page[number]", "sort", "filter[createdAt]", "filter[updatedAt]"})


class Customers:
    """Handlers for customers."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    def listing(self, call: Call) -> Reply:
        """A page of customers; filters match the beginning of a time and are no ranges."""
        if unknown := set(call.query) - PARAMETERS:
            raise _parameter(min(unknown), "This parameter is not known.")
        size, number = self._size(call), _whole(call, "page[number]", 1)
        rows = self._filtered(call, self._ordered(call))
        page, total = self.programme.page(call, rows, (number - 1) * size, size)
        if not page and number > 1 and self.programme.switches.past_the_end == "refuse":
            raise _parameter("page[number]", "There is no such page.")
        return document(200, self._page(page, total, size, number))

    def get(self, call: Call, email: str) -> Reply:
        """One customer."""
        call.customer = email
        key = self.programme.found(email)
        row = self.programme.state.customers.shown(key, self.programme.now())
        return document(200, {"data": self.programme.shown(row or {})})

    def create(self, call: Call) -> Reply:
        """Adds a customer; a card is made up where none is given."""
        sent = self._checked(attributes_of(call, None))
        call.customer = sent.get("email")
        for name in ("name", "email"):
            if not sent.get(name):
                raise invalid(name, f"The {name} field is required.")
        if self.programme.key(sent["email"]) in self.programme.state.customers:
            status = self.programme.switches.duplicate
            detail = "The email has already been taken."
            return fail(
                status,
                "Conflict" if status == 409 else "Unprocessable Entity",
                detail,
                "/data/attributes/email",
            )
        row = self.add(self._allowed(sent, ("points", "birthday")), self.programme.hidden_until(call))
        return document(201, {"data": self.programme.shown(row)})

    def update(self, call: Call, email: str) -> Reply:
        """Changes what is sent."""
        call.customer = email
        key = self.programme.found(email)
        sent = self._checked(attributes_of(call, email))
        kept = self._allowed(
            sent, ("points", "level", "email", "birthday"), self.programme.state.customers.now(key)
        )
        if not self.programme.switches.null_clears:
            kept = {name: value for name, value in kept.items() if value is not None}
        row = self.change(key, kept, self.programme.stale_until(call))
        return document(200, {"data": self.programme.shown(row)})

    def delete(self, call: Call, email: str) -> Reply:
        """Deletes a customer; nothing tells of it afterwards."""
        call.customer = email
        self.programme.state.customers.remove(self.programme.found(email))
        return document(204, None)

    # rows

    def add(self, fields: Json, visible_at: datetime | None = None) -> Json:
        """Inserts a customer."""
        now = self.programme.now()
        fields = mangled(fields, self.programme.switches.mangle)
        row = {**EMPTY, **fields, "createdAt": now, "updatedAt": now}
        row["card"] = row["card"] or self.programme.new_card()
        row["points"] = row["points"] or 0
        self.programme.state.customers.insert(self.programme.key(row["email"]), row, visible_at)
        self.programme.announce("customer.created", row["email"])
        return row

    def change(self, key: str, fields: Json, stale_until: datetime | None = None) -> Json:
        """Changes a customer; a new e-mail is a new id."""
        state = self.programme.state
        row = state.customers.now(key)
        fields = mangled(fields, self.programme.switches.mangle)
        new = {**row, **self._with_card(row, fields), "updatedAt": self.programme.now()}
        new_key = self.programme.key(new["email"])
        if not new["name"]:
            raise invalid("name", "The name field is required.")
        if new_key != key and new_key in state.customers:
            raise invalid("email", "The email has already been taken.")
        state.customers.change(key, new, stale_until)
        if new_key != key:
            state.customers.rename(key, new_key)
        self.programme.announce("customer.updated", new["email"])
        return new

    def _with_card(self, row: Json, fields: Json) -> Json:
        if "card" not in fields or fields["card"]:
            return fields
        rule = self.programme.switches.empty_card
        if rule == "new":
            return {**fields, "card": self.programme.new_card()}
        return {**fields, "card": row["card"] if rule == "keep" else None}

    def _checked(self, sent: Json) -> Json:
        unknown = set(sent) - set(EMPTY)
        if unknown and self.programme.switches.unknown_attributes == "refuse":
            name = min(unknown)
            raise Refused(
                fail(400, "Bad Request", f"The attribute {name} is not known.", f"/data/attributes/{name}")
            )
        kept = {name: value for name, value in sent.items() if name not in unknown}
        longest = self.programme.switches.longest
        for name, value in kept.items():
            _check_type(name, value)
            if longest and len(str(value)) > longest:
                raise invalid(name, f"The {name} may not be greater than {longest} characters.")
        return kept

    def _allowed(self, sent: Json, guarded: tuple[str, ...], row: Json | None = None) -> Json:
        """The attributes without those that are ignored; refuses those that are refused, unless they change nothing."""
        kept = dict(sent)
        for name in guarded:
            rule = getattr(self.programme.switches, f"{name}_by_patch")
            if name not in kept or rule == "accept":
                continue
            same = row is not None and kept[name] == row[name]
            if rule == "refuse" and not same:
                raise invalid(name, f"The {name} field cannot be written here.")
            del kept[name]
        return kept

    # lists

    def _size(self, call: Call) -> int:
        size = _whole(call, "page[size]", 15)
        if size > 100 and self.programme.switches.page_size_over == "refuse":
            raise _parameter("page[size]", "The page size may not be greater than 100.")
        return min(size, 100)

    def _ordered(self, call: Call) -> list[Json]:
        wanted = call.first("sort") or "createdAt"
        keys = [_sort_key(part) for part in wanted.split(",")]
        return self.programme.state.customers.listed(
            self.programme.now(), wanted, *keys, (lambda row: row["email"], False)
        )

    def _filtered(self, call: Call, rows: list[Json]) -> list[Json]:
        for name in ("createdAt", "updatedAt"):
            prefix = call.first(f"filter[{name}]")
            if not prefix:
                continue
            if name == "updatedAt" and self.programme.switches.updated_filter == "refuse":
                raise _parameter("filter[updatedAt]", "Filter parameter updatedAt is not allowed.")
            rows = [row for row in rows if _stamp(row[name]).startswith(prefix.replace("T", " ").rstrip("Z"))]
        return rows

    def _page(self, rows: list[Json], total: int, size: int, number: int) -> Json:
        last, start = max(-(-total // size), 1), (number - 1) * size
        numbers = {"currentPage": number, "from": start + 1 if rows else None, "lastPage": last}
        numbers |= {"perPage": size, "to": start + len(rows) if rows else None, "total": total}
        links = {"first": _link(1, size), "last": _link(last, size)}
        if number < last:
            links["next"] = _link(number + 1, size)
        data = [self.programme.shown(row) for row in rows]
        return {"meta": {"page": numbers}, "jsonapi": {"version": "1.0"}, "links": links, "data": data}


def _check_type(name: str, value: Any) -> None:
    if name == "points" and (not isinstance(value, int) or isinstance(value, bool)):
        raise invalid(name, "The points must be an integer.")
    if name in TEXTS and value is not None and not isinstance(value, str):
        raise invalid(name, f"The {name} must be a string.")
    if name == "email" and (not isinstance(value, str) or not EMAIL.fullmatch(value)):
        raise invalid(name, "The email must be a valid email address.")
    if name == "name" and not value:
        raise invalid(name, "The name field is required.")


def _sort_key(part: str) -> Key:
    name = part.removeprefix("-")
    if name not in SORTABLE:
        raise _parameter("sort", f"Sort parameter {name} is not allowed.")
    return lambda row: row[name] or "", part.startswith("-")


def _parameter(name: str, detail: str) -> Refused:
    reply = fail(400, "Bad Request", detail)
    reply.body["errors"][0]["source"] = {"parameter": name}
    return Refused(reply)


def _whole(call: Call, name: str, default: int) -> int:
    text = call.first(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise _parameter(name, "The value must be a whole number from 1.")
    return int(text)


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _link(number: int, size: int) -> str:
    return f"/v1/customers?page%5Bnumber%5D={number}&page%5Bsize%5D={size}"
