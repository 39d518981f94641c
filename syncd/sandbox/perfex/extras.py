"""The rest of the interface: custom fields, batches, the poll for Zapier, webhooks."""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from syncd.sandbox.perfex.crm import Crm, fail
from syncd.sandbox.perfex.lists import NO_DATA, invalid
from syncd.sandbox.perfex.writing import posted, put, rendered
from syncd.sandbox.vendor import Refused
from syncd.sandbox.webhooks import Delivery, Event, Hook, post
from syncd.sandbox.wire import Call, Json, Reply

WAITS = (60, 300, 900, 3600, 14400)
"""Seconds between the attempts of a delivery [Themesic's webhook document]."""
TOOLS = {
    "customers_list": ("GET", "/api/customers"),
    "customers_get": ("GET", "/api/customers/{id}"),
    "customers_create": ("POST", "/api/customers"),
    "customers_update": ("PUT", "/api/customers/{id}"),
    "customers_delete": ("DELETE", "/api/customers/{id}"),
    "contacts_create": ("POST", "/api/contacts"),
    "contacts_update": ("PUT", "/api/contacts/{id}"),
    "contacts_delete": ("DELETE", "/api/contacts/{id}"),
}
EVENTS = ("customer", "contact"), ("created", "updated", "deleted")


class Extras:
    """Handlers that are neither customers nor contacts."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def openapi(self, call: Call) -> Reply:
        """The public description by which a 3.x module is recognised."""
        if not self.crm.switches.paginates:
            return self.crm.missing(replace(call, failure=404))
        version = "3.1.0" if self.crm.switches.version == "3.1" else "3.0.3"
        info = {"title": "Perfex CRM REST API", "version": version}
        return Reply(
            200, {"openapi": "3.1.0", "info": info, "paths": {"/customers": {"get": {}, "post": {}}}}
        )

    def custom_fields(self, call: Call, subject: str, key: str | None = None) -> Reply:
        """The definitions of custom fields, with the values of one record where one is named."""
        state = self.crm.state
        rows = {"customers": state.customers, "contacts": state.contacts}.get(subject)
        defined = [each for each in state.custom_fields if each.fieldto == subject]
        if rows is None or not defined or (key and key not in rows):
            return fail(404, NO_DATA)
        values = rows.now(key)["custom"] if key else {}
        return Reply(200, [_definition(each, values.get(each.id, "")) for each in defined])

    def batch(self, call: Call) -> Reply:
        """Up to fifty operations, each answered on its own; none undoes another."""
        if not self.crm.switches.paginates:
            return self.crm.missing(replace(call, failure=404))
        operations = posted(self.crm, call).get("operations")
        if not isinstance(operations, list) or not operations or len(operations) > 50:
            raise invalid({"operations": "Give 1 to 50 operations."})
        results = [self._operation(call, number, each) for number, each in enumerate(operations)]
        failed = sum(1 for result in results if result["status"] == "error")
        done = len(results) - failed
        return Reply(200, {"status": True, "completed": done, "failed": failed, "results": results})

    def poll(self, call: Call) -> Reply:
        """Active customers whose creation (not change, whatever the documents say) is since then, newest first."""
        if not self.crm.switches.paginates:
            return self.crm.missing(replace(call, failure=404))
        since, limit = _number(call, "since", 0), _number(call, "limit", 50)
        moment = datetime.fromtimestamp(since, ZoneInfo(self.crm.switches.timezone))
        bound = f"{moment:%Y-%m-%d %H:%M:%S}"
        rows = self.crm.state.customers.listed(self.crm.now(), "newest", (_age, True))
        new = [
            row for row in rows if row["columns"]["datecreated"] >= bound and row["columns"]["active"] == "1"
        ]
        data = [rendered(self.crm, row, "customers") for row in new[:limit]]
        meta = {"since": since, "count": len(data), "next_poll": int(self.crm.now().timestamp())}
        return Reply(200, {"status": True, "data": data, "meta": meta})

    def _operation(self, call: Call, number: int, operation: Any) -> Json:
        wanted = operation if isinstance(operation, dict) else {}
        tool, arguments = str(wanted.get("tool")), dict(wanted.get("arguments") or {})
        if tool not in TOOLS:
            return {"index": number, "tool": tool, "status": "error", "error": f"Unknown tool: {tool}"}
        reply = self._inner(call, *TOOLS[tool], arguments)
        outcome = {"index": number, "tool": tool}
        if reply.status < 300:
            return {**outcome, "status": "success", "result": reply.body}
        return {
            **outcome,
            "status": "error",
            "error": reply.body.get("message") if isinstance(reply.body, dict) else "",
        }

    def _inner(self, call: Call, method: str, path: str, arguments: Json) -> Reply:
        if "{id}" in path:
            path = path.format(id=arguments.pop("id", 0))
        headers = {**call.headers, "content-type": "application/json"}
        headers.pop("idempotency-key", None)
        inner = replace(
            call, method=method, path=path, headers=headers, body=orjson.dumps(arguments), query={}
        )
        return self.crm.inner(inner)


class Hooks:
    """The webhooks of a 3.x module."""

    def __init__(self, crm: Crm) -> None:
        self.crm = crm

    def listing(self, call: Call) -> Reply:
        """All webhooks."""
        self._only_new(call)
        hooks = [_shown(hook) for hook in self.crm.state.hooks.values()]
        return Reply(200, hooks) if hooks else fail(404, NO_DATA)

    def get(self, call: Call, key: str) -> Reply:
        """One webhook."""
        return Reply(200, _shown(self._hook(call, key)))

    def create(self, call: Call) -> Reply:
        """Registers an address."""
        self._only_new(call)
        sent = posted(self.crm, call)
        if errors := {
            name: f"The {name} field is required." for name in ("name", "url", "events") if not sent.get(name)
        }:
            raise invalid(errors)
        key = str(self.crm.state.next_hook)
        self.crm.state.next_hook += 1
        self.crm.state.hooks[key] = Hook(
            key, str(sent["url"]), _events(sent["events"]), str(sent.get("secret") or "")
        )
        self.crm.state.hooks[key].name = str(sent["name"])
        return Reply(200, {"status": True, "message": "Webhook added successfully", "record_id": int(key)})

    def update(self, call: Call, key: str) -> Reply:
        """Changes an address."""
        hook, sent = self._hook(call, key), put(call)
        hook.url = str(sent.get("url", hook.url))
        hook.secret = str(sent.get("secret", hook.secret))
        hook.events = _events(sent["events"]) if "events" in sent else hook.events
        return Reply(200, {"status": True, "message": "Webhook updated successfully"})

    def delete(self, call: Call, key: str) -> Reply:
        """Forgets an address."""
        del self.crm.state.hooks[self._hook(call, key).id]
        return Reply(200, {"status": True, "message": "Webhook deleted successfully"})

    def toggle(self, call: Call, key: str) -> Reply:
        """Switches an address on or off."""
        hook = self._hook(call, key)
        hook.active = not hook.active
        return Reply(200, {"status": True, "active": hook.active})

    def logs(self, call: Call, key: str) -> Reply:
        """What was delivered to an address."""
        self._hook(call, key)
        rows = [row for row in self.crm.state.deliveries if row["webhook_id"] == key]
        return Reply(200, rows) if rows else fail(404, NO_DATA)

    def catalogue(self, call: Call) -> Reply:
        """The names of all events."""
        self._only_new(call)
        names = [
            name for subject in EVENTS[0] for verb in EVENTS[1] for name in self.crm.events_of(subject, verb)
        ]
        return Reply(200, {"status": True, "data": names})

    def deliver(self) -> list[Delivery]:
        """Sends what is due; a delivery is tried three times, with growing waits."""
        now = int(self.crm.now().timestamp())
        due = [event for event in self.crm.state.events if event.at <= now]
        return [self._deliver(event, now) for event in due if event.hook in self.crm.state.hooks]

    def _deliver(self, event: Event, now: int) -> Delivery:
        hook = self.crm.state.hooks[event.hook]
        body = orjson.dumps({"event": event.name, "timestamp": now, "data": event.data})
        headers = {"X-Perfex-Event": event.name, "User-Agent": "Perfex-CRM-API/3.0"}
        if hook.secret:
            digest = hmac.digest(hook.secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hex()
            headers["X-Perfex-Signature"] = f"t={now},v1={digest}"
        event.attempts += 1
        status = post(hook.url, headers, body)
        event.at = now + WAITS[min(event.attempts, len(WAITS)) - 1]
        if 200 <= status < 300 or event.attempts >= 3:
            self.crm.state.events.remove(event)
        self.crm.state.deliveries.append({"webhook_id": hook.id, "event": event.name, "status_code": status})
        return Delivery(hook.id, event.name, event.id, event.attempts, status, headers, body)

    def _only_new(self, call: Call) -> None:
        if not self.crm.switches.paginates:
            raise Refused(self.crm.missing(replace(call, failure=404)))

    def _hook(self, call: Call, key: str) -> Hook:
        self._only_new(call)
        hook = self.crm.state.hooks.get(key)
        if hook is None:
            raise Refused(fail(404, NO_DATA))
        return hook


def _definition(each: Any, value: str) -> Json:
    shown = {"field_name": f"custom_fields[{each.fieldto}][{each.id}]", "custom_field_id": str(each.id)}
    shown |= {
        "label": each.label,
        "required": "1" if each.required else "0",
        "type": each.type,
        "value": value,
    }
    return shown | ({"options": ",".join(each.options)} if each.options else {})


def _shown(hook: Hook) -> Json:
    return {
        "id": hook.id,
        "name": hook.name,
        "url": hook.url,
        "events": ",".join(hook.events),
        "active": hook.active,
    }


def _events(wanted: Any) -> tuple[str, ...]:
    names = wanted if isinstance(wanted, list) else str(wanted).split(",")
    return tuple(str(name).strip() for name in names)


def _age(row: Json) -> tuple[str, int]:
    return row["columns"]["datecreated"], int(row["columns"]["userid"])


def _number(call: Call, name: str, default: int) -> int:
    text = call.first(name)
    return int(text) if text and text.isdigit() else default
