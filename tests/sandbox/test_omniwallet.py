"""Omniwallet: JSON:API keyed by e-mail, cards that renew themselves, points that only move by their own calls."""

from typing import Any

import orjson
import pytest
import requests

from syncd.sandbox import RunningSandbox, Sandbox
from tests.sandbox.callers import JSON_API, Caller, Clock


def document(key: str | None = None, **attributes: Any) -> bytes:
    data: dict[str, Any] = {"type": "customers", "attributes": attributes}
    return orjson.dumps({"data": data | ({"id": key} if key else {})})


def pointer(reply: requests.Response) -> str:
    found: str = reply.json()["errors"][0]["source"]["pointer"]
    return found.rpartition("/")[2]


@pytest.fixture
def ana(sandbox: Sandbox) -> str:
    return sandbox.omniwallet.human_create(
        name="Ana", last_name="García", email="ana@example.com", phone="+34612345678", points=50, level="gold"
    )


def test_token_and_account_are_both_needed(loyalty: Caller) -> None:
    assert loyalty.get("/customers").status_code == 200
    assert loyalty.get("/customers", headers={"Authorization": "Bearer 1|x"}).status_code == 401
    assert loyalty.get("/customers", headers={"X-Omniwallet-Account": ""}).status_code == 401


def test_the_older_host_needs_no_account(loyalty: Caller, sandbox: Sandbox, running: RunningSandbox) -> None:
    older = Caller(running.urls["omniwallet"] + "/api/v1", {**loyalty.headers, "X-Omniwallet-Account": ""})
    with older.session:
        assert older.get("/customers").status_code == 404
        sandbox.omniwallet.switches.old_host = True
        assert older.get("/customers").status_code == 200


def test_the_media_type_is_json_api(loyalty: Caller, sandbox: Sandbox) -> None:
    plain = {"Content-Type": "application/json"}
    sent = document(name="A", email="a@example.com")
    assert loyalty.post("/customers", data=sent, headers=plain).status_code == 415
    assert loyalty.get("/customers", headers={"Accept": "text/html"}).status_code == 406
    assert loyalty.get("/customers").headers["Content-Type"] == JSON_API
    sandbox.omniwallet.switches.strict_media = False
    assert loyalty.post("/customers", data=sent, headers=plain).status_code == 201


def test_pages(sandbox: Sandbox, loyalty: Caller) -> None:
    for number in range(130):
        sandbox.omniwallet.human_create(name=f"N{number:03d}", email=f"n{number:03d}@example.com")
    body = loyalty.get("/customers").json()
    assert body["meta"]["page"] == {
        "currentPage": 1,
        "from": 1,
        "lastPage": 9,
        "perPage": 15,
        "to": 15,
        "total": 130,
    }
    last = loyalty.get("/customers?page[size]=100&page[number]=2&sort=email").json()
    assert (len(last["data"]), last["data"][0]["id"], "next" in last["links"]) == (
        30,
        "n100@example.com",
        False,
    )
    past = loyalty.get("/customers?page[size]=100&page[number]=3").json()
    assert (past["data"], past["meta"]["page"]["from"]) == ([], None)
    assert loyalty.get("/customers?page[size]=101").status_code == 400
    sandbox.omniwallet.switches.page_size_over = "clamp"
    assert len(loyalty.get("/customers?page[size]=1000").json()["data"]) == 100


def test_newest_changes_first(sandbox: Sandbox, loyalty: Caller, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        sandbox.omniwallet.human_create(name=name, email=f"{name}@example.com")
        clock.forward(60)
    sandbox.omniwallet.human_edit("a@example.com", phone="1")
    rows = loyalty.get("/customers?sort=-updatedAt").json()["data"]
    assert [row["attributes"]["name"] for row in rows] == ["a", "c", "b"]
    assert rows[0]["attributes"]["updatedAt"] == "2026-03-01T12:03:00.250000Z"
    assert loyalty.get("/customers?sort=colour").status_code == 400


def test_filters_are_prefixes_and_no_ranges(
    sandbox: Sandbox, loyalty: Caller, ana: str, clock: Clock
) -> None:
    clock.forward(86_400)
    sandbox.omniwallet.human_create(name="Later", email="later@example.com")
    found = loyalty.get("/customers?filter[createdAt]=2026-03-01").json()["data"]
    assert [row["id"] for row in found] == [ana]
    assert (
        loyalty.get("/customers?filter[createdAt]=2026-03-01T12:00:00").json()["meta"]["page"]["total"] == 1
    )
    assert loyalty.get("/customers?filter[updatedAt]=2026").status_code == 400
    assert loyalty.get("/customers?filter[email]=x").status_code == 400
    sandbox.omniwallet.switches.updated_filter = "prefix"
    assert loyalty.get("/customers?filter[updatedAt]=2026-03").json()["meta"]["page"]["total"] == 2


def test_one_customer_by_its_email_in_any_case(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    body = loyalty.get("/customers/ANA%40example.com").json()["data"]
    assert (body["type"], body["id"], body["attributes"]["points"]) == ("customers", ana, 50)
    assert set(body["links"]) >= {"add-points", "subtract-points", "downloadPassApple"}
    assert loyalty.get("/customers/nobody@example.com").status_code == 404
    sandbox.omniwallet.switches.email_case = "sensitive"
    assert loyalty.get("/customers/ANA%40example.com").status_code == 404


def test_a_create_makes_up_a_card(loyalty: Caller) -> None:
    reply = loyalty.post("/customers", data=document(name="Luis", email="luis@example.com", card=""))
    attributes = reply.json()["data"]["attributes"]
    assert reply.status_code == 201
    assert attributes["card"].isdigit()
    assert (attributes["points"], attributes["last_name"]) == (0, None)


@pytest.mark.parametrize(
    ("attributes", "status", "named"),
    [
        ({"email": "x@example.com"}, 422, "name"),
        ({"name": "", "email": "x@example.com"}, 422, "name"),
        ({"name": "X"}, 422, "email"),
        ({"name": "X", "email": "nonsense"}, 422, "email"),
        ({"name": "X", "email": "x@example.com", "phone": 600}, 422, "phone"),
        ({"name": "X", "email": "x@example.com", "points": 5}, 422, "points"),
        ({"name": "X", "email": "x@example.com", "city": "Madrid"}, 400, "city"),
    ],
)
def test_what_a_create_refuses(loyalty: Caller, attributes: dict[str, Any], status: int, named: str) -> None:
    reply = loyalty.post("/customers", data=document(**attributes))
    assert (reply.status_code, pointer(reply)) == (status, named)


def test_documents_that_are_none(loyalty: Caller, ana: str) -> None:
    assert loyalty.post("/customers", data=b'{"name": "X"}').status_code == 400
    assert loyalty.post("/customers", data=b"{").status_code == 400
    assert loyalty.post("/customers", data=document("x", name="X", email="x@example.com")).status_code == 403
    wrong = orjson.dumps({"data": {"type": "people", "attributes": {}}})
    assert loyalty.post("/customers", data=wrong).status_code == 409
    assert (
        loyalty.patch(f"/customers/{ana}", data=document("other@example.com", phone="1")).status_code == 409
    )
    assert loyalty.put(f"/customers/{ana}", data=document(phone="1")).status_code == 405


@pytest.mark.parametrize("status", [409, 422])
def test_an_email_that_exists(sandbox: Sandbox, loyalty: Caller, ana: str, status: Any) -> None:
    sandbox.omniwallet.switches.duplicate = status
    reply = loyalty.post("/customers", data=document(name="Other", email="Ana@Example.com"))
    assert (reply.status_code, pointer(reply)) == (status, "email")
    assert list(sandbox.omniwallet.snapshot()) == [ana]


def test_a_patch_is_partial_and_null_clears(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    reply = loyalty.patch(f"/customers/{ana}", data=document(ana, phone=None, level="silver"))
    assert reply.status_code == 200
    stored = sandbox.omniwallet.snapshot()[ana]
    assert (stored["phone"], stored["level"], stored["last_name"]) == (None, "silver", "García")
    sandbox.omniwallet.switches.null_clears = False
    loyalty.patch(f"/customers/{ana}", data=document(ana, last_name=None))
    assert sandbox.omniwallet.snapshot()[ana]["last_name"] == "García"


def test_an_empty_card_is_a_new_card(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    old = sandbox.omniwallet.snapshot()[ana]["card"]
    loyalty.patch(f"/customers/{ana}", data=document(phone="1"))
    assert sandbox.omniwallet.snapshot()[ana]["card"] == old
    loyalty.patch(f"/customers/{ana}", data=document(card=""))
    new = sandbox.omniwallet.snapshot()[ana]["card"]
    assert new not in (old, "", None)
    sandbox.omniwallet.switches.empty_card = "clear"
    loyalty.patch(f"/customers/{ana}", data=document(card=""))
    assert sandbox.omniwallet.snapshot()[ana]["card"] is None


@pytest.mark.parametrize(
    ("name", "value"), [("points", 7), ("email", "new@example.com"), ("birthday", "1990-01-01")]
)
def test_what_a_patch_may_not_change_by_itself(
    sandbox: Sandbox, loyalty: Caller, ana: str, name: str, value: Any
) -> None:
    refused = loyalty.patch(f"/customers/{ana}", data=document(**{name: value}))
    assert (refused.status_code, pointer(refused)) == (422, name)
    setattr(sandbox.omniwallet.switches, f"{name}_by_patch", "ignore")
    assert loyalty.patch(f"/customers/{ana}", data=document(**{name: value})).status_code == 200
    assert sandbox.omniwallet.snapshot()[ana][name] != value
    setattr(sandbox.omniwallet.switches, f"{name}_by_patch", "accept")
    assert (
        loyalty.patch(f"/customers/{ana}", data=document(**{name: value})).json()["data"]["attributes"][name]
        == value
    )


def test_an_accepted_new_email_is_a_new_id(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    sandbox.omniwallet.switches.email_by_patch = "accept"
    sandbox.omniwallet.human_create(name="B", email="b@example.com")
    card = sandbox.omniwallet.snapshot()[ana]["card"]
    assert loyalty.patch(f"/customers/{ana}", data=document(email="b@example.com")).status_code == 422
    loyalty.patch(f"/customers/{ana}", data=document(email="ana.new@example.com"))
    assert loyalty.get(f"/customers/{ana}").status_code == 404
    assert sandbox.omniwallet.snapshot()["ana.new@example.com"]["card"] == card


def test_a_person_can_rename_in_the_panel(sandbox: Sandbox, ana: str) -> None:
    sandbox.omniwallet.human_edit(ana, email="ana.new@example.com")
    assert list(sandbox.omniwallet.snapshot()) == ["ana.new@example.com"]


def test_a_delete_leaves_no_trace(loyalty: Caller, ana: str) -> None:
    reply = loyalty.delete(f"/customers/{ana}")
    assert (reply.status_code, reply.content) == (204, b"")
    assert loyalty.get(f"/customers/{ana}").status_code == 404
    assert loyalty.get("/customers").json()["data"] == []


def test_points_move_once_per_external_id(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    plain = {"Content-Type": "application/json"}
    sent = {"points": 10, "type": "sync", "external_id": "op-1"}
    for _ in range(2):
        reply = loyalty.post(f"/customers/{ana}/add-points", json=sent, headers=plain)
        assert reply.json()["data"]["attributes"]["points"] == 60
    sandbox.omniwallet.switches.duplicate_transaction = "refuse"
    assert loyalty.post(f"/customers/{ana}/add-points", json=sent, headers=plain).status_code == 422
    sandbox.omniwallet.switches.duplicate_transaction = "apply"
    loyalty.post(f"/customers/{ana}/add-points", json=sent, headers=plain)
    assert sandbox.omniwallet.snapshot()[ana]["points"] == 70


def test_points_are_subtracted_booked_by_value_and_cancelled(
    sandbox: Sandbox, loyalty: Caller, ana: str
) -> None:
    def send(path: str, **body: Any) -> requests.Response:
        return loyalty.post(path, json=body, headers={"Content-Type": "application/json"})

    base = f"/customers/{ana}"
    assert send(f"{base}/subtract-points", points=20, type="x").json()["data"]["attributes"]["points"] == 30
    assert send(f"{base}/subtract-points", points=31, type="x").status_code == 422
    assert send(f"{base}/add-points", points=-1, type="x").status_code == 422
    assert send(f"{base}/add-points", points=1).status_code == 422
    assert send(f"{base}/add-points", points=1, type="x" * 256).status_code == 422
    sandbox.omniwallet.switches.point_value = 2
    assert (
        send(f"{base}/add-points-from-value", value=9.5, type="sale").json()["data"]["attributes"]["points"]
        == 34
    )
    assert len(loyalty.get(f"{base}/transactions").json()["data"]) == 2
    assert send("/transactions/1/delay", action="cancel").status_code == 200
    assert sandbox.omniwallet.snapshot()[ana]["points"] == 54
    assert loyalty.get("/transactions/1").json()["data"]["attributes"]["applied"] is False
    assert loyalty.get("/settings/POINTS_VALUE").json()["data"]["value"] == "2"


def test_a_limit_can_be_set(sandbox: Sandbox, loyalty: Caller) -> None:
    sandbox.omniwallet.switches.per_minute = 1
    assert [loyalty.get("/customers").status_code for _ in range(2)] == [200, 429]


def test_what_nobody_knows_is_a_switch(sandbox: Sandbox, loyalty: Caller, ana: str) -> None:
    switches = sandbox.omniwallet.switches
    switches.past_the_end = "refuse"
    assert loyalty.get("/customers?page[number]=1").status_code == 200
    assert loyalty.get("/customers?page[number]=2").status_code == 400
    switches.longest = 5
    assert pointer(loyalty.patch(f"/customers/{ana}", data=document(last_name="Martínez"))) == "last_name"
    switches.unknown_attributes = "ignore"
    assert loyalty.patch(f"/customers/{ana}", data=document(city="Madrid")).status_code == 200
    switches.error_form = "error"
    assert loyalty.get("/customers/nobody@example.com").json() == {"error": "Customer not found."}
