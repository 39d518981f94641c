"""Webhooks as hints: believed by their signature alone, and then only to read the ids that they name."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests

from syncd.daemon.listen import Door, Listener, bind
from syncd.web import create_app
from tests.sync.test_cases import JAN
from tests.sync.world import HOOK_SECRET, World

HOOKED = 'webhook_secret = "env:HOOK_SECRET"'
BODY = orjson.dumps({"event": "customer.updated", "data": {"customer_id": "jan@example.com"}})


@pytest.fixture
def hooked(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, f"sqlite:///{tmp_path}/store.db", loyalty=HOOKED, shop=HOOKED)
    made.vendor("crm").human_create(**JAN)
    made.quiet()
    yield made
    made.app.close()


@pytest.fixture
def address(hooked: World) -> Iterator[str]:
    """Serve the page of that world, for vendors to call."""
    bound = bind("127.0.0.1", 0)
    assert bound is not None
    listener = Listener(Door(create_app(hooked.app)), bound)
    listener.start()
    yield listener.address
    listener.leave()
    listener.join(10)


def post(url: str, headers: dict[str, str]) -> int:
    """Call as a vendor does; return the status."""
    return requests.post(url, data=BODY, headers=headers, timeout=20).status_code


def signed(world: World, body: bytes, secret: str = HOOK_SECRET) -> dict[str, str]:
    """Sign as Omniwallet does: over the time and the raw body."""
    at = str(int(world.clock().timestamp()))
    told = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Omniwallet-Signature": told, "X-Omniwallet-Timestamp": at, "X-Omniwallet-Hook-Id": "1"}


def test_a_signed_hint_asks_for_a_run_that_reads_that_record_alone(hooked: World, address: str) -> None:
    hooked.vendor("loyalty").human_edit("jan@example.com", phone="+34600111222")
    assert post(f"{address}/hooks/loyalty", signed(hooked, BODY)) == 202
    with hooked.app.store.look() as tx:
        (run,) = tx.runs.requested()
    assert run.flags["only"] == ["jan@example.com"]
    lists = [entry for entry in hooked.vendor("loyalty").ledger.entries if entry.kind == "list"]
    lease = hooked.app.store.acquire("test")
    assert lease is not None
    hooked.app.store.do(lambda tx: tx.runs.start(run.id, lease.epoch))
    report = hooked.app.execute(run, lease)
    lease.release()
    assert report.status == "ok"
    assert report.connections["loyalty"].pulled == 1
    again = [entry for entry in hooked.vendor("loyalty").ledger.entries if entry.kind == "list"]
    assert len(again) == len(lists)
    (crm,) = hooked.vendor("crm").snapshot().values()
    assert crm["contacts"][0]["phonenumber"] == "+34600111222"


@pytest.mark.parametrize(
    ("connection", "status"), [("loyalty", 401), ("shop", 200), ("crm", 404), ("none", 404)]
)
def test_what_is_not_believed_asks_for_nothing(
    hooked: World, address: str, connection: str, status: int
) -> None:
    assert post(f"{address}/hooks/{connection}", signed(hooked, BODY, "guessed")) == status
    with hooked.app.store.look() as tx:
        assert tx.runs.requested() == []
