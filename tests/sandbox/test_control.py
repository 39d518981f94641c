"""The control interface on every vendor's port, and switches by name."""

from typing import Any

import pytest
import requests

from syncd.sandbox import RunningSandbox, Sandbox, apply_switch
from tests.sandbox.callers import Caller


class Control:
    """Calls the control interface of one vendor."""

    def __init__(self, running: RunningSandbox, vendor: str) -> None:
        self.base = running.urls[vendor] + "/_sandbox/"

    def get(self, path: str) -> Any:
        reply = requests.get(self.base + path, timeout=5)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        reply = requests.post(self.base + path, json=body, timeout=5)
        assert reply.status_code == status, reply.text
        return reply.json()


@pytest.fixture
def control(running: RunningSandbox) -> Control:
    return Control(running, "kiotviet")


def test_people_work_at_the_screen(control: Control, sandbox: Sandbox) -> None:
    key = control.post("customers", {"action": "create", "fields": {"name": "A"}})["id"]
    control.post("customers", {"action": "edit", "id": key, "fields": {"contactNumber": "0912"}})
    assert control.get("customers")[key]["contactNumber"] == "0912"
    control.post("customers", {"action": "delete", "id": key})
    assert control.get("customers") == {}
    kinds = [entry.kind for entry in sandbox.kiotviet.ledger if entry.by == "human"]
    assert kinds == ["human_create", "human_edit", "human_delete"]


def test_mistakes_are_explained(control: Control) -> None:
    assert "action" in control.post("customers", {"action": "x"}, 400)["error"]
    assert "colour" in control.post("customers", {"action": "create", "fields": {"colour": 1}}, 400)["error"]
    assert "7" in control.post("customers", {"action": "delete", "id": "7"}, 404)["error"]
    assert control.post("customers", {"action": "create", "fields": {"name": ""}}, 422)["reply"]
    assert "GET ledger" in control.post("nothing", None, 404)["error"]
    assert "there is no fault" in control.post("faults", {"what": "x"}, 400)["error"]


def test_faults_are_scheduled_and_cleared(control: Control, shop: Caller) -> None:
    wanted = [{"what": "answer", "status": 502, "kind": "list"}, {"what": "html", "nth": 9}]
    assert control.post("faults", wanted) == {"scheduled": 2}
    assert [fault["what"] for fault in control.get("faults")] == ["answer", "html"]
    assert shop.get("/customers").status_code == 502
    requests.delete(control.base + "faults", timeout=5)
    assert control.get("faults") == []


def test_the_ledger_keeps_no_secret(control: Control, shop: Caller, sandbox: Sandbox) -> None:
    shop.get("/customers?pageSize=3")
    ledger = control.get("ledger")
    assert [entry["kind"] for entry in ledger["entries"]] == ["token", "list"]
    assert ledger["entries"][1]["query"] == {"pageSize": ["3"]}
    assert control.get(f"ledger?since={ledger['last']}")["entries"] == []
    printed = requests.get(control.base + "ledger", timeout=5).text
    assert sandbox.secrets()["KV_SECRET"] not in printed
    assert shop.headers["Authorization"].split()[1] not in printed


def test_the_state_the_switches_and_the_clock(control: Control, shop: Caller) -> None:
    before = control.get("state")
    assert (before["vendor"], before["now"]) == ("kiotviet", "2026-03-01T12:00:00.250000+00:00")
    changed = control.post(
        "switches", {"wrapped": False, "get_limit_per_hour": None, "mangle.name": "upper,cut:3"}
    )
    assert (changed["wrapped"], changed["get_limit_per_hour"], changed["mangle"]) == (
        False,
        None,
        {"name": ["upper", "cut:3"]},
    )
    control.post("clock", {"advance": 60})
    assert shop.get("/customers").json()["timestamp"] == "2026-03-01T19:01:00.25"


def test_backup_restore_and_reset(control: Control, sandbox: Sandbox) -> None:
    control.post("restore", None, 400)
    sandbox.kiotviet.human_create(name="A")
    control.post("backup")
    sandbox.kiotviet.human_create(name="B")
    control.post("restore")
    assert [row["name"] for row in control.get("customers").values()] == ["A"]
    control.post("reset")
    assert control.get("customers") == {}
    assert control.get("ledger")["last"] == 0


def test_tokens_are_revoked_with_their_credentials(control: Control, shop: Caller) -> None:
    control.post("tokens", {"action": "revoke", "credentials": True})
    assert shop.get("/customers").status_code == 401
    secrets = Sandbox.empty().secrets()
    form = {"grant_type": "client_credentials", "scopes": "PublicApi.Access"}
    form |= {"client_id": secrets["KV_ID"], "client_secret": secrets["KV_SECRET"]}
    assert shop.post("/connect/token", data=form).status_code == 400
    control.post("tokens", {"action": "restore"})
    assert shop.post("/connect/token", data=form).status_code == 200


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("perfex.version=2.0", "version", "2.0"),
        ("perfex.per_minute=100", "per_minute", 100),
        ("perfex.per_minute=none", "per_minute", None),
        ("perfex.search_broken=True", "search_broken", True),
        ("perfex.auth_failure_status=401", "auth_failure_status", 401),
        ("perfex.latency=0.05", "latency", 0.05),
        ("perfex.denied=customers.put, contacts.put", "denied", ["customers.put", "contacts.put"]),
        (
            "perfex.mangle.contact.phonenumber=phone_digits",
            "mangle",
            {"contact.phonenumber": ["phone_digits"]},
        ),
    ],
)
def test_a_switch_is_set_by_name(setting: str, name: str, value: Any) -> None:
    sandbox = Sandbox.empty()
    apply_switch(sandbox, setting)
    assert getattr(sandbox.perfex.switches, name) == value


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("perfex.verson=2.0", "did you mean 'version'"),
        ("perfx.version=2.0", "did you mean 'perfex'"),
        ("perfex.version=4", "one of 2.0, 3.0, 3.1"),
        ("perfex.search_broken=maybe", "one of true, false"),
        ("perfex.per_minute=often", "it is a number"),
        ("perfex.mangle=upper", "mangle.company=upper"),
        ("perfex.mangle.company=shout", "there is no mangler 'shout'"),
        ("version=2.0", "VENDOR.SWITCH=VALUE"),
    ],
)
def test_a_wrong_switch_names_the_right_one(setting: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        apply_switch(Sandbox.empty(), setting)


def test_switches_refuse_unknown_names() -> None:
    with pytest.raises(AttributeError):
        Sandbox.empty().perfex.switches.verson = "2.0"  # type: ignore[attr-defined]


def test_the_sandbox_stays_on_this_machine() -> None:
    with pytest.raises(ValueError, match="on this machine only"):
        Sandbox.empty().serve(host="192.0.2.1")
    with pytest.raises(ValueError, match="did you mean 'perfex'"):
        Sandbox.empty().serve(ports={"perfx": 1})


def test_a_taken_port_leaves_nothing_open(running: RunningSandbox) -> None:
    taken = int(running.urls["pexip_engage"].rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Sandbox.empty().serve(ports={"pexip_engage": taken})
