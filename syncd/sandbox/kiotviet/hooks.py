"""KiotViet's webhooks, and the small lists beside the customers."""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

from syncd.sandbox.kiotviet.shop import RETAILER_ID, Shop, fail, invalid
from syncd.sandbox.webhooks import Delivery, Event, Hook, post
from syncd.sandbox.wire import Call, Json, Reply

TYPES = ("customer.update", "customer.delete")
STOPPING = (400, 401, 403, 404, 405)
"""Answers after which the vendor sends nothing more to an address [webhooks page of the guide]."""


class Hooks:
    """Handlers for webhooks, and their sending."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def create(self, call: Call) -> Reply:
        """Registers an address for one type of event."""
        body = call.json()
        wanted: Any = body.get("Webhook") if isinstance(body, dict) else None
        if not isinstance(wanted, dict) or wanted.get("Type") not in TYPES or not wanted.get("Url"):
            raise invalid("Webhook", "Type và Url không được để trống.")
        key = str(self.shop.state.next_hook)
        self.shop.state.next_hook += 1
        hook = Hook(key, str(wanted["Url"]), (str(wanted["Type"]),), str(wanted.get("Secret") or ""))
        hook.active, hook.name = bool(wanted.get("IsActive", True)), str(wanted.get("Description") or "")
        self.shop.state.hooks[key] = hook
        return Reply(200, _shown(hook))

    def listing(self, call: Call) -> Reply:
        """All registered addresses."""
        hooks = [_shown(hook) for hook in self.shop.state.hooks.values()]
        return Reply(200, {"total": len(hooks), "pageSize": 20, "data": hooks[:20]})

    def get(self, call: Call, key: str) -> Reply:
        """One registered address."""
        hook = self.shop.state.hooks.get(key)
        return Reply(200, _shown(hook)) if hook else _missing()

    def delete(self, call: Call, key: str) -> Reply:
        """Forgets an address."""
        return (
            Reply(200, {"message": "Xóa dữ liệu thành công"})
            if self.shop.state.hooks.pop(key, None)
            else _missing()
        )

    def deliver(self) -> list[Delivery]:
        """Sends what is due; a refusal with 4xx switches the address off."""
        state = self.shop.state
        due = [
            event for event in state.events if event.hook in state.hooks and state.hooks[event.hook].active
        ]
        return [self._deliver(event) for event in due if state.hooks[event.hook].active]

    def _deliver(self, event: Event) -> Delivery:
        hook = self.shop.state.hooks[event.hook]
        event.attempts += 1
        body = orjson.dumps(_payload(event))
        headers = {"X-Webhook-Event": event.name, "X-Webhook-Delivery": event.id}
        if hook.secret:
            # despite its prefix the digest is HMAC-SHA256 [two integrators' receivers]
            headers["X-Hub-Signature"] = f"sha1={hmac.digest(self._key(hook), body, hashlib.sha256).hex()}"
        status = post(hook.url, headers, body)
        if 200 <= status < 300 or status in STOPPING:
            self.shop.state.events.remove(event)
        hook.active = status not in STOPPING
        return Delivery(hook.id, event.name, event.id, event.attempts, status, headers, body)

    def _key(self, hook: Hook) -> bytes:
        return (
            base64.b64decode(hook.secret) if self.shop.switches.hook_key == "bytes" else hook.secret.encode()
        )


class Lists:
    """Groups, settings and places."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def groups(self, call: Call) -> Reply:
        """The customer groups, which are read only, with who is in them."""
        members: dict[int, list[Json]] = {each: [] for each in self.shop.state.groups}
        for key in self.shop.state.customers:
            row = self.shop.state.customers.now(key)
            for group in row["groupIds"]:
                members[group].append(
                    {"id": len(members[group]) + 1, "customerId": row["id"], "groupId": group}
                )
        data = [_group(each, name, members[each]) for each, name in self.shop.state.groups.items()]
        total = len(data)
        if self.shop.switches.group_pages:
            start = int(call.first("currentItem") or 0)
            data = data[start : start + min(int(call.first("pageSize") or 20), 100)]
        return Reply(200, {"total": total, "data": data})

    def settings(self, call: Call) -> Reply:
        """What the shop has set."""
        return Reply(200, {"ManagerCustomerByBranch": self.shop.switches.by_branch, "RewardPoint": True})

    def locations(self, call: Call) -> Reply:
        """Places, as far as the seeded people live there."""
        names = ("Hà Nội - Quận Ba Đình", "Hồ Chí Minh - Quận 1", "Đà Nẵng - Quận Hải Châu")
        data = [
            {"id": number, "name": name, "normalName": name.lower()} for number, name in enumerate(names, 1)
        ]
        return Reply(200, {"total": len(data), "data": data})


def _group(key: int, name: str, members: list[Json]) -> Json:
    return {"id": key, "name": name, "retailerId": RETAILER_ID, "customerGroupDetails": members}


def _payload(event: Event) -> Json:
    data = event.data["data"]
    if event.name == "customer.delete":
        return dict(data)
    notification = {"Action": f"{event.name}.{RETAILER_ID}", "Data": [data]}
    return {"Id": event.id, "Attempt": event.attempts, "Notifications": [notification]}


def _shown(hook: Hook) -> Json:
    shown = {"id": int(hook.id), "type": hook.events[0], "url": hook.url, "isActive": hook.active}
    return {**shown, "retailerId": RETAILER_ID, "description": hook.name}


def _missing() -> Reply:
    return fail(404, "KvNotFoundException", "Webhook không tồn tại.")
