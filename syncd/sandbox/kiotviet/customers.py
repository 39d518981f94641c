"""The customers of `/customers`: lists with tombstones and a server clock, writes with what the guide leaves open."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from syncd.sandbox.kiotviet.fields import EMPTY, WRITABLE, checked, sent
from syncd.sandbox.kiotviet.shop import RETAILER_ID, VIETNAM, Shop, fail, invalid
from syncd.sandbox.rows import Key
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, Reply

CREATED, UPDATED = "Thêm mới khách hàng thành công", "Cập nhật khách hàng thành công"
SORTABLE = ("id", "code", "name", "createdDate", "modifiedDate", "contactNumber")


class Customers:
    """Handlers for customers."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def listing(self, call: Call) -> Reply:
        """A page of customers; parameters that the guide does not know are ignored, and so filter nothing."""
        size, start, since = (
            self._size(call),
            _whole(call, "currentItem", 0),
            self._since(call, "lastModifiedFrom"),
        )
        rows = self._filtered(call, self._ordered(call, since), since)
        page, total = self.shop.page(call, rows, self._start(start, size, len(rows)), size)
        groups, totals = _flag(call, "includeCustomerGroup"), _flag(call, "includeTotal")
        data = [self.shop.shown(row, groups, totals) for row in page]
        body: Json = {"total": total, "pageSize": size, "data": data}
        if start == 0:
            self._first_page(call, body, since)
        body["timestamp"] = self.shop.time(self.shop.now())
        return Reply(200, body)

    def get(self, call: Call, key: int) -> Reply:
        """One customer by id."""
        call.customer = str(key)
        row = self.shop.state.customers.shown(str(key), self.shop.now())
        return Reply(200, self.shop.shown(row)) if row else self.shop.unknown()

    def get_by_code(self, call: Call, code: str) -> Reply:
        """One customer by code."""
        call.customer = self.shop.state.codes.get(code.lower())
        row = self.shop.state.customers.shown(call.customer or "", self.shop.now())
        return Reply(200, self.shop.shown(row)) if row else self.shop.unknown()

    def create(self, call: Call) -> Reply:
        """Adds a customer and shows it."""
        row = self.add(sent(self.shop, call), self.shop.hidden_until(call))
        call.customer = str(row["id"])
        details = [{"id": each, "customerId": row["id"], "groupId": each} for each in row["groupIds"]]
        return self._written(CREATED, {**self.shop.shown(row, groups=False), "customerGroupDetails": details})

    def update(self, call: Call, key: int) -> Reply:
        """Changes a customer and shows it."""
        call.customer = str(key)
        if str(key) not in self.shop.state.customers:
            return self.shop.unknown()
        row = self.change(str(key), sent(self.shop, call), self.shop.stale_until(call))
        return self._written(UPDATED, self.shop.shown(row))

    def delete(self, call: Call, key: int) -> Reply:
        """Deletes a customer; its id is told in removedIds from then on."""
        call.customer = str(key)
        if str(key) not in self.shop.state.customers:
            return self.shop.unknown()
        self.remove(str(key))
        return Reply(200, {"message": "Xóa dữ liệu thành công"})

    def create_many(self, call: Call) -> Reply:
        """Adds a list of customers and tells no ids."""
        rows = self._many(call)
        forbidden = {"groupIds", "branchId"}
        self._each(rows, lambda row: self.add({k: v for k, v in row.items() if k not in forbidden}))
        return Reply(200, {"message": "Thêm mới danh sách khách hàng thành công"})

    def update_many(self, call: Call) -> Reply:
        """Changes a list of customers."""
        rows = self._many(call)
        self._each(rows, lambda row: self.change(str(row.get("id")), row))
        return Reply(200, {"message": "Cập nhật danh sách khách hàng thành công"})

    # rows

    def add(self, fields: Json, visible_at: datetime | None = None, human: bool = False) -> Json:
        """Inserts a customer; raises Refused where a rule of the shop is broken."""
        shop, state = self.shop, self.shop.state
        self._check_create(fields, human)
        now, number = shop.now(), state.next_id
        code = fields.get("code") or self._next_code()
        kept = {
            name: value for name, value in fields.items() if value is not None and (human or name in WRITABLE)
        }
        row = {"id": number, **EMPTY, **kept, **({} if human else self._ignored_at_birth()), "code": code}
        row |= {"retailerId": RETAILER_ID, "branchId": fields.get("branchId") or 1}
        row |= {"createdDate": now, "modifiedDate": now}
        self._check_unique(row)
        state.next_id += 1
        state.codes[code.lower()] = str(number)
        state.customers.insert(str(number), row, visible_at)
        shop.announce("customer.update", _notified(shop, row))
        return row

    def change(
        self, key: str, fields: Json, stale_until: datetime | None = None, human: bool = False
    ) -> Json:
        """Changes a customer; what happens to fields that are absent or null is a switch."""
        shop, row = self.shop, self.shop.state.customers.find(key)
        if row is None:
            raise Refused(shop.unknown())
        kept = {name: value for name, value in fields.items() if human or name in WRITABLE}
        if not human:
            kept = self._put(kept)
        new = {**row, **kept, "modifiedDate": shop.now()}
        if not new["name"]:
            raise invalid("name", "Tên khách hàng không được để trống.")
        new["code"] = new["code"] or row["code"]
        new["groupIds"] = new["groupIds"] or []
        self._check_unique(new, key)
        del shop.state.codes[row["code"].lower()]
        shop.state.codes[new["code"].lower()] = key
        shop.state.customers.change(key, new, stale_until)
        shop.announce("customer.update", _notified(shop, new))
        return new

    def remove(self, key: str) -> None:
        """Deletes a customer and leaves a tombstone."""
        row = self.shop.state.customers.remove(key)
        del self.shop.state.codes[row["code"].lower()]
        self.shop.state.removed.append((self.shop.now(), row["id"]))
        self.shop.announce("customer.delete", {"RemoveId": [row["id"]]})

    def _put(self, fields: Json) -> Json:
        switches = self.shop.switches
        if switches.put_null == "keep":
            fields = {name: value for name, value in fields.items() if value is not None}
        if switches.put_missing == "clear":
            fields = {**{name: EMPTY[name] for name in WRITABLE if name != "code"}, **fields}
        if switches.organization == "ignore":
            fields = {name: value for name, value in fields.items() if name != "organization"}
        return fields

    def _ignored_at_birth(self) -> Json:
        switches = self.shop.switches
        ignored = {"taxCode": switches.tax_code_on_create, "organization": switches.organization}
        return {name: None for name, what in ignored.items() if what == "ignore"}

    def _next_code(self) -> str:
        self.shop.state.next_code += 1
        return f"KH{self.shop.state.next_code - 1:06d}"

    def _check_create(self, fields: Json, human: bool) -> None:
        if not fields.get("name"):
            raise invalid("name", "Tên khách hàng không được để trống.")
        if self.shop.switches.by_branch and not human and not fields.get("branchId"):
            raise invalid("branchId", "Chi nhánh không được để trống.")

    def _check_unique(self, row: Json, but: str = "") -> None:
        self._check_code(row, but)
        switches = self.shop.switches
        if switches.duplicate_phone != "allow" and row["contactNumber"]:
            self._check_phone(row, but)
        if switches.duplicate_email == "refuse" and row["email"]:
            wanted = row["email"].lower()
            if any((other["email"] or "").lower() == wanted for other in self._others(but)):
                raise invalid("email", f"Email {row['email']} đã tồn tại.")

    def _check_code(self, row: Json, but: str) -> None:
        taken = self.shop.state.codes.get((row["code"] or "").lower())
        if taken is not None and taken != but:
            text = f"Mã khách hàng {row['code']} đã tồn tại."
            status = self.shop.switches.duplicate_code_status
            raise Refused(fail(status, "KvValidateCustomerException", text, {"code": text}))

    def _check_phone(self, row: Json, but: str) -> None:
        wanted = re.sub(r"\s", "", row["contactNumber"])
        for other in self._others(but):
            apart = (
                self.shop.switches.duplicate_phone == "per_branch" and other["branchId"] != row["branchId"]
            )
            if not apart and re.sub(r"\s", "", other["contactNumber"] or "") == wanted:
                raise invalid("contactNumber", f"Số điện thoại {row['contactNumber']} đã tồn tại.")

    def _others(self, but: str) -> list[Json]:
        customers = self.shop.state.customers
        return [customers.now(each) for each in customers if each != but]

    # lists

    def _size(self, call: Call) -> int:
        size = _whole(call, "pageSize", 20)
        if 1 <= size <= 100:
            return size
        if self.shop.switches.page_size_over == "clamp" and size > 100:
            return 100
        raise Refused(fail(400, "ValidationException", "pageSize phải từ 1 đến 100.", {"pageSize": "1-100"}))

    def _start(self, start: int, size: int, count: int) -> int:
        if start < max(count, 1) or self.shop.switches.past_the_end == "empty":
            return start
        if self.shop.switches.past_the_end == "last":
            return max(count - 1, 0) // size * size
        raise Refused(
            fail(400, "ArgumentOutOfRangeException", "currentItem không hợp lệ.", {"currentItem": str(start)})
        )

    def _ordered(self, call: Call, since: datetime | None) -> list[Json]:
        order = call.first("orderBy") or ""
        name = next((each for each in SORTABLE if each.lower() == order.lower()), "id" if not order else None)
        if name is None:
            raise Refused(
                fail(400, "ArgumentException", f"orderBy {order} không hợp lệ.", {"orderBy": order})
            )
        backwards = not order or (call.first("orderDirection") or "Asc").lower() == "desc"
        keys: list[Key] = [(lambda row: row[name] or "", backwards)] if name != "id" else [(_id, backwards)]
        listed, now = self.shop.state.customers.listed, self.shop.now()
        if since is None:
            return listed(now, f"{name} {backwards}", *keys)
        order = f"{name} {backwards} {since} {self.shop.switches.from_inclusive}"
        return listed(now, order, *keys, only=lambda row: self._is_since(row["modifiedDate"], since))

    def _since(self, call: Call, name: str) -> datetime | None:
        text = call.first(name)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Refused(
                fail(400, "SerializationException", f"{name} không hợp lệ.", {name: text})
            ) from None
        if moment.tzinfo is None or self.shop.switches.z_means == "local":
            moment = moment.replace(tzinfo=VIETNAM)
        return moment.astimezone(UTC)

    def _filtered(self, call: Call, rows: list[Json], since: datetime | None) -> list[Json]:
        until = self._since(call, "toDate") if since else None
        if until:
            rows = [row for row in rows if row["modifiedDate"] <= until]
        for name in ("code", "name", "contactNumber"):
            if text := call.first(name):
                rows = _containing(rows, name, text)
        if group := call.first("groupId"):
            rows = [row for row in rows if group in map(str, row["groupIds"])]
        if day := call.first("birthDate"):
            rows = [row for row in rows if (row["birthDate"] or "").startswith(day[:10])]
        return rows

    def _is_since(self, moment: datetime, since: datetime) -> bool:
        return moment >= since if self.shop.switches.from_inclusive else moment > since

    def _first_page(self, call: Call, body: Json, since: datetime | None) -> None:
        if _flag(call, "includeRemoveIds"):
            removed = [
                each for at, each in self.shop.state.removed if since is None or self._is_since(at, since)
            ]
            body[self.shop.switches.removed_ids_name] = removed
        if self.shop.switches.summary_row:
            body["data"].insert(0, {"id": -1, "name": "", "debt": 0})

    # write replies and bulk

    def _written(self, message: str, shown: Json) -> Reply:
        return Reply(200, {"message": message, "data": shown} if self.shop.switches.wrapped else shown)

    def _many(self, call: Call) -> list[Any]:
        body = call.json()
        rows = body.get("listCustomers") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not rows:
            raise invalid("listCustomers", "Danh sách khách hàng không được để trống.")
        if self.shop.switches.bulk_maximum and len(rows) > self.shop.switches.bulk_maximum:
            raise invalid("listCustomers", "Danh sách khách hàng quá dài.")
        return rows

    def _each(self, rows: list[Any], act: Any) -> None:
        before = self.shop.backup() if self.shop.switches.bulk_atomic else None
        for row in rows:
            try:
                act(checked(self.shop, row))
            except Refused:
                if before:
                    self.shop.restore(before)
                    raise


def _id(row: Json) -> int:
    number: int = row["id"]
    return number


def _flag(call: Call, name: str) -> bool:
    return (call.first(name) or "").lower() in ("true", "1")


def _whole(call: Call, name: str, default: int) -> int:
    text = call.first(name)
    if text is None or text == "":
        return default
    if not text.isdigit():
        raise Refused(fail(400, "SerializationException", f"{name} không hợp lệ.", {name: text}))
    return int(text)


def _containing(rows: list[Json], name: str, text: str) -> list[Json]:
    wanted = re.sub(r"\s", "", text).lower() if name == "contactNumber" else text.lower()
    strip = name == "contactNumber"
    return [row for row in rows if wanted in _plain(row[name], strip)]


def _plain(value: str | None, strip: bool) -> str:
    return re.sub(r"\s", "", value or "").lower() if strip else (value or "").lower()


def _notified(shop: Shop, row: Json) -> Json:
    names = "id code name gender birthDate contactNumber address locationName email type organization taxCode comments"
    shown = {f"{name[0].upper()}{name[1:]}": row[name] for name in names.split()}
    return {**shown, "ModifiedDate": shop.time(row["modifiedDate"])}
