"""The same applications without a socket: plain WSGI, and under requests through the adapter of these tests."""

import time

import pytest
import requests
from werkzeug.test import Client

from syncd.sandbox import Dropped, Sandbox
from tests.sandbox.callers import Clock
from tests.support.wsgi import wsgi_session

BASE = "http://crm.sandbox/api"


@pytest.fixture
def session(sandbox: Sandbox) -> requests.Session:
    made = wsgi_session(sandbox.perfex)
    made.headers["authtoken"] = sandbox.secrets()["CRM_TOKEN"]
    return made


def test_a_plain_wsgi_call(sandbox: Sandbox) -> None:
    client = Client(sandbox.perfex)
    headers = {"authtoken": sandbox.secrets()["CRM_TOKEN"]}
    reply = client.post("/api/customers", data={"company": "Hồng"}, headers=headers)
    assert (reply.status_code, reply.json) == (
        200,
        {"status": True, "message": "Client add successful.", "record_id": 1},
    )
    sandbox.perfex.faults.drop(processed=True)
    with pytest.raises(Dropped) as dropped:
        client.get("/api/customers", headers=headers)
    assert dropped.value.processed is True


def test_requests_through_the_adapter(session: requests.Session) -> None:
    assert session.post(f"{BASE}/customers", data={"company": "Hồng & Co"}).json()["record_id"] == 1
    assert (
        session.get(f"{BASE}/customers/search/", params={"q": "hong &"}).json()[0]["company"] == "Hồng & Co"
    )
    assert session.put(f"{BASE}/customers/1", json={"city": "Gent"}).status_code == 200


@pytest.mark.parametrize("processed", [True, False])
def test_a_dropped_connection_is_a_connection_error(
    sandbox: Sandbox, session: requests.Session, processed: bool
) -> None:
    sandbox.perfex.faults.drop(processed=processed)
    with pytest.raises(requests.ConnectionError):
        session.post(f"{BASE}/customers", data={"company": "A"})
    assert len(sandbox.perfex.snapshot()) == int(processed)


@pytest.mark.parametrize(("what", "there_at_once"), [("late", 0), ("latency", 0), ("hold", 1)])
def test_a_time_out_needs_no_waiting(
    sandbox: Sandbox, session: requests.Session, clock: Clock, what: str, there_at_once: int
) -> None:
    sandbox.perfex.faults.add(what, seconds=60)
    began = time.monotonic()
    with pytest.raises(requests.ReadTimeout):
        session.post(f"{BASE}/customers", data={"company": "A"}, timeout=(1, 5))
    assert time.monotonic() - began < 2
    assert len(sandbox.perfex.snapshot()) == there_at_once
    clock.forward(61)
    assert len(sandbox.perfex.snapshot()) == 1


def test_a_cut_reply_is_noticed(sandbox: Sandbox, session: requests.Session) -> None:
    sandbox.perfex.human_create(company="A")
    sandbox.perfex.faults.add("truncate", at=20)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{BASE}/customers")


def test_gzip_and_redirects_pass_through(sandbox: Sandbox, session: requests.Session) -> None:
    sandbox.perfex.faults.add("gzip_bomb", at=1000)
    assert session.get(f"{BASE}/customers").json() == []
    sandbox.perfex.faults.add("redirect", headers={"Location": "http://127.0.0.1:9/"})
    assert session.get(f"{BASE}/customers", allow_redirects=False).status_code == 307


def test_a_clock_of_its_own_replaces_waiting(
    sandbox: Sandbox, session: requests.Session, clock: Clock
) -> None:
    sandbox.perfex.pause = clock.forward  # type: ignore[method-assign]
    sandbox.perfex.faults.add("latency", seconds=30)
    sandbox.perfex.human_create(company="A")
    assert session.get(f"{BASE}/customers").status_code == 200
    assert clock().minute == 0
    assert clock().second == 30


def test_ten_thousand_customers_are_all_on_their_pages(sandbox: Sandbox, session: requests.Session) -> None:
    for number in range(10_000):
        sandbox.perfex.human_create(company=f"Company {number}")
    pages = [session.get(f"{BASE}/customers?per_page=100&page={page}").json() for page in range(1, 101)]
    assert len({row["userid"] for page in pages for row in page["data"]}) == 10_000
