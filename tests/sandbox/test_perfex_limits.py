"""Who may call Perfex and how often, replays, batches, polls and webhooks."""

import hashlib
import hmac
from typing import Any

import pytest

from syncd.sandbox import Sandbox
from tests.sandbox.callers import Caller, Clock, Receiver


def test_a_wrong_token_is_a_404_like_an_empty_table_but_in_other_words(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.human_create(company="A")
    for token, message in (("", "Token is not defined."), ("a.b.c", "Token is not found")):
        reply = crm.get("/customers", headers={"authtoken": token})
        assert (reply.status_code, reply.json()) == (404, {"status": False, "message": message})
    sandbox.perfex.switches.auth_failure_status = 401
    assert crm.get("/customers", headers={"authtoken": "a.b.c"}).status_code == 401


def test_the_other_places_for_a_token(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.human_create(company="A")
    token = sandbox.secrets()["CRM_TOKEN"]
    bearer = {"authtoken": "", "Authorization": f"Bearer {token}"}
    assert crm.get("/customers", headers=bearer).status_code == 200
    assert crm.get(f"/customers?api_key={token}", headers={"authtoken": ""}).status_code == 200
    sandbox.perfex.switches.version = "2.0"
    assert crm.get("/customers", headers=bearer).status_code == 404
    assert crm.get("/customers", headers={"authtoken": "", "x-api-key": token}).status_code == 200


def test_twenty_failures_lock_an_address_out_for_a_quarter_of_an_hour(
    crm: Caller, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.perfex.human_create(company="A")
    for _ in range(20):
        crm.get("/customers", headers={"authtoken": "a.b.c"})
    assert crm.get("/customers").status_code == 429
    clock.forward(901)
    assert crm.get("/customers").status_code == 200


def test_a_missing_permission_is_403_with_the_vendors_own_spelling(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.switches.denied = ["customers.put", "contacts.search_get"]
    reply = crm.put("/customers/1", json={"city": "x"})
    assert reply.status_code == 403
    assert "necessay permissions" in reply.json()["message"]
    assert crm.get("/contacts/search/x").status_code == 403


def test_an_inactive_module_is_401(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.switches.module_active = False
    assert (crm.get("/customers").status_code, crm.get("/customers").json()["message"]) == (
        401,
        "API Module is not active",
    )


def test_an_unknown_method_is_405_and_an_unknown_address_a_page(crm: Caller) -> None:
    reply = crm.patch("/customers/1", json={})
    assert (reply.status_code, reply.json()) == (405, {"status": False, "error": "Unknown method"})
    assert crm.get("/nothing").headers["Content-Type"].startswith("text/html")


def test_the_rate_limit_tells_what_is_left_and_then_bites(
    crm: Caller, sandbox: Sandbox, clock: Clock
) -> None:
    sandbox.perfex.switches.per_minute = 3
    remaining = [crm.get("/customers").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    reply = crm.get("/customers")
    assert (reply.status_code, reply.json()["message"]) == (429, "Rate limit exceeded")
    assert int(reply.headers["X-RateLimit-Reset"]) == int(clock().timestamp()) + 61
    clock.forward(61)
    assert crm.get("/customers").status_code == 404


def test_the_limit_per_path_counts_each_path_apart(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.switches.per_hour_and_path = 1
    assert [crm.get("/customers/1").status_code for _ in range(2)] == [404, 429]
    assert crm.get("/customers/2").status_code == 404


def test_the_second_limiter_answers_401(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.switches.per_hour_and_address = 1
    assert [crm.get("/customers/1").status_code for _ in range(2)] == [404, 401]


def test_an_idempotency_key_replays_a_create(crm: Caller, sandbox: Sandbox) -> None:
    key = {"Idempotency-Key": "op-1"}
    first = crm.post("/customers", data={"company": "A"}, headers=key)
    again = crm.post("/customers", data={"company": "B"}, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(sandbox.perfex.snapshot()) == 1
    assert [entry.note for entry in sandbox.perfex.ledger.requests("create")] == ["", "replayed"]


def test_refusals_are_replayed_too_but_server_errors_are_not(crm: Caller, sandbox: Sandbox) -> None:
    key = {"Idempotency-Key": "op-2"}
    assert crm.post("/customers", data={}, headers=key).status_code == 404
    assert crm.post("/customers", data={"company": "A"}, headers=key).status_code == 404
    sandbox.perfex.switches.strict_mysql = True
    other = {"Idempotency-Key": "op-3"}
    assert crm.post("/customers", data={"company": "A", "zip": "1" * 20}, headers=other).status_code == 500
    assert crm.post("/customers", data={"company": "A"}, headers=other).status_code == 200


def test_2_x_knows_no_idempotency(crm: Caller, sandbox: Sandbox) -> None:
    sandbox.perfex.switches.version = "2.0"
    for _ in range(2):
        crm.post("/customers", data={"company": "A"}, headers={"Idempotency-Key": "k"})
    assert len(sandbox.perfex.snapshot()) == 2


def test_a_batch_answers_each_operation_and_the_ledger_knows_them_all(crm: Caller, sandbox: Sandbox) -> None:
    operations = [
        {"tool": "customers_create", "arguments": {"company": "A"}},
        {"tool": "customers_create", "arguments": {}},
        {"tool": "customers_update", "arguments": {"id": 1, "city": "Gent"}},
        {"tool": "invoices_create", "arguments": {}},
    ]
    body = crm.post("/batch", json={"operations": operations}).json()
    assert (body["completed"], body["failed"]) == (2, 2)
    assert [each["status"] for each in body["results"]] == ["success", "error", "success", "error"]
    assert body["results"][0]["result"]["record_id"] == 1
    assert [entry.kind for entry in sandbox.perfex.ledger.writes()] == ["create", "update"]
    assert crm.post("/batch", json={"operations": [{}] * 51}).status_code == 422


def test_the_poll_is_about_creation_whatever_the_documents_say(
    crm: Caller, sandbox: Sandbox, clock: Clock
) -> None:
    old = sandbox.perfex.human_create(company="Old")
    clock.forward(3600)
    since = int(clock().timestamp())
    new = sandbox.perfex.human_create(company="New")
    sandbox.perfex.human_edit(old, city="Gent")
    body = crm.get(f"/zapier/poll/customers?since={since}").json()
    assert [row["userid"] for row in body["data"]] == [new]
    assert body["meta"] == {"since": since, "count": 1, "next_poll": since}


@pytest.mark.parametrize(
    ("version", "names"), [("3.0", ["customer_updated", "client_updated"]), ("3.1", ["customer.updated"])]
)
def test_webhooks_are_signed_and_come_with_the_cron(
    crm: Caller, sandbox: Sandbox, receiver: Receiver, version: Any, names: list[str]
) -> None:
    sandbox.perfex.switches.version = version
    userid = sandbox.perfex.human_create(company="A")
    hook = {"name": "mine", "url": receiver.url, "events": ",".join(names), "secret": "s3"}
    assert crm.post("/webhooks", data=hook).json()["record_id"] == 1
    sandbox.perfex.human_edit(userid, city="Gent")
    assert receiver.received == []
    assert [each.arrived for each in sandbox.perfex.deliver_webhooks()] == [True] * len(names)
    headers, body = receiver.received[0]
    stamp, _, digest = headers["x-perfex-signature"].removeprefix("t=").partition(",v1=")
    assert digest == hmac.new(b"s3", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert [each["event"] for each in receiver.bodies] == names
    assert receiver.bodies[0]["data"]["id"] == userid
    assert names[0] in crm.get("/webhooks/events").json()["data"]


def test_a_failed_delivery_is_tried_three_times_with_growing_waits(
    crm: Caller, sandbox: Sandbox, receiver: Receiver, clock: Clock
) -> None:
    crm.post("/webhooks", data={"name": "mine", "url": receiver.url, "events": "*"})
    sandbox.perfex.human_create(company="A")
    receiver.status = 500
    attempts = []
    for seconds in (0, 30, 31, 300, 900):
        clock.forward(seconds)
        attempts.append(len(sandbox.perfex.deliver_webhooks()))
    assert attempts == [1, 0, 1, 1, 0]
    assert len(crm.get("/webhooks/1/logs").json()) == 3


def test_a_webhook_can_be_changed_switched_off_and_removed(crm: Caller, sandbox: Sandbox) -> None:
    assert crm.post("/webhooks", json={"name": "x"}).status_code == 422
    crm.post("/webhooks", json={"name": "x", "url": "http://127.0.0.1:9/", "events": ["*"]})
    crm.put("/webhooks/1", json={"events": "customer_created"})
    assert crm.get("/webhooks/1").json()["events"] == "customer_created"
    assert crm.post("/webhooks/1/toggle").json()["active"] is False
    sandbox.perfex.human_create(company="A")
    assert sandbox.perfex.deliver_webhooks() == []
    assert crm.delete("/webhooks/1").status_code == 200
    assert crm.get("/webhooks").status_code == 404
