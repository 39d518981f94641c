"""The control interface under `/_sandbox/` on every vendor's port: look, break, edit by hand, move the clock.

| request | does |
|---|---|
| GET ledger?since=N | the entries after number N |
| GET state | clock, switches, how many customers, entries and faults |
| GET, POST, DELETE faults | the scheduled faults; schedules one or a list; forgets all |
| POST switches | sets switches by name: {"version": "2.0"} |
| GET customers | all customers as they are stored |
| POST customers | {"action": "create"\\|"edit"\\|"delete", "id", "fields"}: a person at the vendor's screen |
| POST clock | {"advance": seconds} |
| POST tokens | {"action": "revoke"\\|"restore", "credentials": bool} |
| POST deliver | sends the webhooks that are due |
| POST reset, backup, restore | forgets all; keeps a copy; puts the copy back |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncd.sandbox.switches import set_switch
from syncd.sandbox.vendor import Refused, Vendor
from syncd.sandbox.wire import Call, Json, NotJson, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PREFIX = "/_sandbox/"


class Controlled:
    """A vendor with its control interface, as one WSGI application."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self._backup: Any = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(PREFIX):
            return self.vendor(environ, start_response)
        return self._answer(Call.read(environ)).send(start_response, self.vendor.pause)

    def _answer(self, call: Call) -> Reply:
        act = self._actions().get((call.method, call.path.removeprefix(PREFIX).strip("/")))
        if act is None:
            names = sorted(f"{method} {name}" for method, name in self._actions())
            return Reply(404, {"error": f"there is no such control; there are {', '.join(names)}"})
        try:
            return Reply(200, act(call))
        except (ValueError, TypeError, NotJson) as error:
            return Reply(400, {"error": str(error)})
        except KeyError as error:
            return Reply(404, {"error": f"there is no {error}"})
        except Refused as refused:
            return Reply(422, {"error": "the vendor refuses this", "reply": refused.reply.body})

    def _actions(self) -> dict[tuple[str, str], Callable[[Call], Any]]:
        return {
            ("GET", "ledger"): self._ledger,
            ("GET", "state"): self._state,
            ("GET", "faults"): lambda _: [asdict(fault) for fault in self.vendor.faults],
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "switches"): self._switch,
            ("GET", "customers"): lambda _: self.vendor.snapshot(),
            ("POST", "customers"): self._edit,
            ("POST", "clock"): self._clock,
            ("POST", "tokens"): self._tokens,
            ("POST", "deliver"): self._deliver,
            ("POST", "reset"): self._reset,
            ("POST", "backup"): self._keep,
            ("POST", "restore"): self._put_back,
        }

    def _ledger(self, call: Call) -> Any:
        self.vendor.catch_up()
        entries = self.vendor.ledger.since(int(call.first("since") or 0))
        return {"entries": [entry.as_json() for entry in entries], "last": len(self.vendor.ledger)}

    def _state(self, _: Call) -> Json:
        vendor = self.vendor
        counts = {"customers": len(vendor.snapshot()), "entries": len(vendor.ledger)}
        shown = {"vendor": vendor.name, "now": vendor.now().isoformat(), "switches": asdict(vendor.switches)}
        return {**shown, **counts, "faults": len(vendor.faults.scheduled)}

    def _add_faults(self, call: Call) -> Json:
        wanted = call.json()
        for each in wanted if isinstance(wanted, list) else [wanted]:
            self.vendor.faults.add_json(each)
        return {"scheduled": len(self.vendor.faults.scheduled)}

    def _clear_faults(self, _: Call) -> Json:
        self.vendor.faults.clear()
        return {"scheduled": 0}

    def _switch(self, call: Call) -> Json:
        for name, value in _object(call).items():
            set_switch(self.vendor, name, "none" if value is None else str(value))
        return asdict(self.vendor.switches)

    def _edit(self, call: Call) -> Json:
        wanted = _object(call)
        fields = wanted.get("fields", {})
        match wanted.get("action"):
            case "create":
                return {"id": self.vendor.human_create(**fields)}
            case "edit":
                self.vendor.human_edit(str(wanted["id"]), **fields)
            case "delete":
                self.vendor.human_delete(str(wanted["id"]))
            case _:
                raise ValueError('say what to do: "action" is create, edit or delete')
        return {"id": wanted["id"]}

    def _clock(self, call: Call) -> Json:
        self.vendor.advance(float(_object(call)["advance"]))
        return {"now": self.vendor.now().isoformat()}

    def _tokens(self, call: Call) -> Json:
        wanted = _object(call)
        if wanted.get("action") == "restore":
            self.vendor.restore_tokens()
        else:
            self.vendor.revoke_tokens(credentials=bool(wanted.get("credentials")))
        return {"done": True}

    def _deliver(self, _: Call) -> list[Json]:
        sent = self.vendor.deliver_webhooks()
        return [
            {"hook": each.hook, "event": each.event, "id": each.id, "status": each.status} for each in sent
        ]

    def _reset(self, _: Call) -> Json:
        self.vendor.reset()
        return {"done": True}

    def _keep(self, _: Call) -> Json:
        self._backup = self.vendor.backup()
        return {"done": True}

    def _put_back(self, _: Call) -> Json:
        if self._backup is None:
            raise ValueError("there is no backup yet; POST backup first")
        self.vendor.restore(self._backup)
        return {"done": True}


def _object(call: Call) -> Json:
    body = call.json() if call.body else {}
    if not isinstance(body, dict):
        raise NotJson("send a JSON object")
    return body
