"""What can be made to go wrong, over real sockets."""

import gzip
import threading
import time
from collections.abc import Callable

import pytest
import requests

from syncd.sandbox import RunningSandbox, Sandbox
from tests.sandbox.callers import Caller, Clock

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def fill(sandbox: Sandbox, count: int = 10) -> None:
    for number in range(count):
        sandbox.kiotviet.human_create(name=f"N{number}")


def ids(reply: requests.Response) -> list[int]:
    return [row["id"] - 1_000_000 for row in reply.json()["data"]]


def test_an_answer_is_given_instead_and_nothing_is_done(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.answer(503, {"oops": 1}, kind="create", headers={"Retry-After": "7"})
    reply = shop.post("/customers", json={"name": "A"})
    assert (reply.status_code, reply.json(), reply.headers["Retry-After"]) == (503, {"oops": 1}, "7")
    assert sandbox.kiotviet.snapshot() == {}
    assert sandbox.kiotviet.ledger.writes() == []
    assert sandbox.kiotviet.ledger.requests("create")[0].processed is False
    assert shop.post("/customers", json={"name": "A"}).status_code == 200


def test_raw_bytes_may_be_answered(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.answer(
        200, "\ufeff{NaN", headers={"Content-Type": "application/json; charset=latin-1"}
    )
    reply = shop.get("/customers")
    assert reply.content == "\ufeff{NaN".encode()
    assert reply.headers["Content-Type"] == "application/json; charset=latin-1"


def test_a_fault_chooses_its_calls(sandbox: Sandbox, shop: Caller) -> None:
    fill(sandbox, 3)
    faults = sandbox.kiotviet.faults
    faults.answer(500, kind="list", nth=2, count=2)
    assert [shop.get("/customers").status_code for _ in range(4)] == [200, 500, 500, 200]
    faults.answer(500, path=r"/customers/\d+2$", count=None)
    assert [shop.get(f"/customers/{key}").status_code for key in (1000001, 1000002, 1000002)] == [
        200,
        500,
        500,
    ]
    faults.clear()
    assert shop.get("/customers/1000002").status_code == 200
    faults.answer(500, method="PUT")
    assert shop.get("/customers/1000001").status_code == 200
    assert shop.put("/customers/1000001", json={"name": "B"}).status_code == 500


def test_a_probability_repeats_with_its_seed() -> None:
    def statuses() -> list[int]:
        sandbox = Sandbox.empty(seed=5)
        sandbox.omniwallet.faults.answer(500, probability=0.5, count=None)
        with sandbox.serve() as running, requests.Session() as session:
            return [
                session.get(running.urls["omniwallet"] + "/v1/x", timeout=5).status_code for _ in range(30)
            ]

    first = statuses()
    assert first == statuses()
    assert 5 < first.count(500) < 25


def test_a_connection_is_dropped_before_or_after_the_work(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.drop(processed=False, kind="create")
    with pytest.raises(requests.ConnectionError):
        shop.post("/customers", json={"name": "Never"})
    assert sandbox.kiotviet.snapshot() == {}
    sandbox.kiotviet.faults.drop(processed=True, kind="create")
    with pytest.raises(requests.ConnectionError):
        shop.post("/customers", json={"name": "Done"})
    assert [row["name"] for row in sandbox.kiotviet.snapshot().values()] == ["Done"]
    assert [entry.accepted for entry in sandbox.kiotviet.ledger.requests("create")] == [False, True]


def test_a_late_call_times_out_and_is_processed_when_its_time_has_come(
    sandbox: Sandbox, shop: Caller, clock: Clock
) -> None:
    sandbox.kiotviet.faults.late(90, kind="create")
    with pytest.raises(requests.ReadTimeout):
        shop.post("/customers", json={"name": "Late"}, timeout=1)
    clock.forward(89)
    assert shop.get("/customers").json()["total"] == 0
    clock.forward(10)
    row = shop.get("/customers").json()["data"][0]
    assert (row["name"], row["createdDate"]) == ("Late", "2026-03-01T19:01:30.25")
    notes = [(entry.note, entry.processed) for entry in sandbox.kiotviet.ledger.requests("create")]
    assert notes == [("late", False), ("late", True)]


@pytest.mark.parametrize("at", [0, 1, 100])
def test_a_reply_is_cut_at_any_byte(sandbox: Sandbox, shop: Caller, at: int) -> None:
    fill(sandbox)
    sandbox.kiotviet.faults.add("truncate", kind="list", at=at)
    with pytest.raises(BROKEN):
        shop.get("/customers")
    assert shop.get("/customers").json()["total"] == 10


def test_a_reply_drips(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.add("drip", kind="list", at=40, seconds=0.02)
    began = time.monotonic()
    assert shop.get("/customers").json()["total"] == 0
    assert time.monotonic() - began > 0.03


@pytest.mark.parametrize("what", ["latency", "hold"])
def test_a_reply_takes_its_time(sandbox: Sandbox, shop: Caller, what: str) -> None:
    sandbox.kiotviet.faults.add(what, seconds=0.2)
    began = time.monotonic()
    assert shop.get("/customers").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_what_is_held_back_was_done_at_once(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.add("hold", kind="create", seconds=5)
    with pytest.raises(requests.ReadTimeout):
        shop.post("/customers", json={"name": "A"}, timeout=1)
    assert len(sandbox.kiotviet.snapshot()) == 1


def test_a_login_page_with_200(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.add("html")
    reply = shop.get("/customers")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")
    assert "password" in reply.text


def test_a_redirect_goes_where_it_is_told(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.add("redirect", status=308, headers={"Location": "http://127.0.0.1:9/there"})
    reply = shop.get("/customers")
    assert (reply.status_code, reply.headers["Location"]) == (308, "http://127.0.0.1:9/there")


def test_a_gzip_bomb_is_small_on_the_wire(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.faults.add("gzip_bomb", at=5_000_000)
    reply = shop.get("/customers", stream=True)
    wire = reply.raw.read(decode_content=False)
    assert len(wire) < 50_000
    assert len(gzip.decompress(wire)) == 5_000_002


def test_lists_that_lie(sandbox: Sandbox, shop: Caller) -> None:
    fill(sandbox)
    cases: list[tuple[str, dict[str, object], list[int], int]] = [
        ("half_list", {}, [1, 2, 3], 10),
        ("half_list", {"consistent": True}, [1, 2, 3], 5),
        ("empty_list", {}, [], 10),
        ("empty_list", {"consistent": True}, [], 0),
        ("wrong_total", {"at": 7}, [1, 2, 3], 17),
        ("shift_page", {"at": 2}, [3, 4, 5], 10),
    ]
    for what, conditions, expected, total in cases:
        sandbox.kiotviet.faults.add(what, kind="list", **conditions)
        reply = shop.get("/customers?pageSize=3&orderBy=id")
        assert (ids(reply), reply.json()["total"]) == (expected, total)
    sandbox.kiotviet.faults.add("half_list", kind="list")
    assert ids(shop.get("/customers?pageSize=3&currentItem=3&orderBy=id")) == [4, 5]
    sandbox.kiotviet.faults.add("repeat_page", kind="list")
    assert ids(shop.get("/customers?pageSize=3&currentItem=3&orderBy=id")) == [1, 2, 3]


@pytest.mark.parametrize("vendor", ["perfex", "omniwallet", "pexip_engage"])
def test_the_others_lie_in_their_own_form(
    sandbox: Sandbox, crm: Caller, loyalty: Caller, booking: Caller, vendor: str
) -> None:
    create: dict[str, Callable[[int], str]] = {
        "perfex": lambda number: sandbox.perfex.human_create(company=str(number)),
        "omniwallet": lambda number: sandbox.omniwallet.human_create(
            name="N", email=f"n{number}@example.com"
        ),
        "pexip_engage": lambda number: sandbox.pexip_engage.human_create(firstName=str(number)),
    }
    for number in range(6):
        create[vendor](number)
    sandbox.vendors[vendor].faults.add("half_list", kind="list")
    sandbox.vendors[vendor].faults.add("wrong_total", kind="list", at=94)
    body = {"perfex": crm, "omniwallet": loyalty, "pexip_engage": booking}[vendor].get("/customers").json()
    total = {"perfex": "total", "omniwallet": "page", "pexip_engage": "totalCount"}[vendor]
    announced = body["meta"][total]
    assert len(body["data"]) == 3
    assert (announced["total"] if vendor == "omniwallet" else announced) == 100


def test_an_empty_perfex_list_is_its_404(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.human_create(company="A")
    sandbox.perfex.faults.add("empty_list", kind="list")
    assert crm.get("/customers").json() == {"status": False, "message": "No data were found"}


def test_what_was_created_is_found_later(sandbox: Sandbox, crm: Caller, clock: Clock) -> None:
    sandbox.perfex.human_create(company="Old")
    sandbox.perfex.faults.add("search_lag", kind="create", seconds=30)
    assert crm.post("/customers", data={"company": "New"}).status_code == 200
    assert crm.get("/customers").json()["meta"]["total"] == 1
    assert crm.get("/customers/search/New").status_code == 404
    assert crm.get("/customers/2").status_code == 200
    clock.forward(31)
    assert crm.get("/customers").json()["meta"]["total"] == 2
    assert crm.get("/customers/search/New").status_code == 200


def test_what_was_changed_reads_as_before_for_a_while(
    sandbox: Sandbox, booking: Caller, clock: Clock
) -> None:
    key = sandbox.pexip_engage.human_create(firstName="Old")
    sandbox.pexip_engage.faults.add("read_lag", kind="update", seconds=30)
    assert booking.patch(f"/customers/{key}", json={"firstName": "New"}).json()["data"]["firstName"] == "New"
    assert booking.get(f"/customers/{key}").json()["data"]["firstName"] == "Old"
    assert booking.get("/customers").json()["data"][0]["firstName"] == "Old"
    clock.forward(31)
    assert booking.get(f"/customers/{key}").json()["data"]["firstName"] == "New"
    assert booking.get("/customers").json()["data"][0]["firstName"] == "New"


def test_tokens_are_revoked_and_restored(
    sandbox: Sandbox, crm: Caller, shop: Caller, loyalty: Caller, booking: Caller
) -> None:
    sandbox.perfex.human_create(company="A")
    callers = {"perfex": crm, "kiotviet": shop, "omniwallet": loyalty, "pexip_engage": booking}
    for name, caller in callers.items():
        sandbox.vendors[name].faults.add("revoke", kind="list")
        assert caller.get("/customers").status_code in (401, 404)
        assert sandbox.vendors[name].ledger.requests("list")[-1].accepted is False
        sandbox.vendors[name].restore_tokens()
    assert [callers[name].get("/customers").status_code for name in ("perfex", "omniwallet")] == [200, 200]


def test_a_wrong_fault_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="there is no fault 'explode'"):
        sandbox.perfex.faults.add("explode")
    with pytest.raises(ValueError, match="a fault has no when"):
        sandbox.perfex.faults.add_json({"what": "html", "when": "now"})


def test_many_threads_at_once_lose_nothing(sandbox: Sandbox, running: RunningSandbox, shop: Caller) -> None:
    def create(first: int) -> None:
        with requests.Session() as session:
            for number in range(first, first + 25):
                sent = {"name": f"N{number}"}
                session.post(
                    running.urls["kiotviet"] + "/customers", json=sent, headers=shop.headers, timeout=10
                )

    threads = [threading.Thread(target=create, args=(first,)) for first in range(0, 200, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {row["name"] for row in sandbox.kiotviet.snapshot().values()}
    assert names == {f"N{number}" for number in range(200)}
    numbers = [entry.number for entry in sandbox.kiotviet.ledger]
    assert numbers == list(range(1, len(numbers) + 1))
