"""Pexip Engage: short tokens with scopes, strict bodies, languages, soft deletion, four calls at a time."""

import threading
from typing import Any

import pytest
import requests

from syncd.sandbox import RunningSandbox, Sandbox
from tests.sandbox.callers import Caller, Clock, pexip_token

PLACE: dict[str, Any] = {
    "countryCode": "BE",
    "postalCode": "9000",
    "translations": {
        "city": [{"language": "nl", "value": "Gent"}],
        "street1": [{"language": "nl", "value": "Kerkstraat 1"}, {"language": "fr", "value": "Rue 1"}],
    },
}


def code(reply: requests.Response) -> int:
    """The status, when the body is the documented list of four strings with the same status."""
    first = reply.json()["errors"][0]
    assert set(first) == {"message", "code", "type", "statusCode"}
    assert all(isinstance(value, str) and value for value in first.values())
    assert first["statusCode"] == str(reply.status_code)
    return reply.status_code


@pytest.fixture
def jan(sandbox: Sandbox) -> str:
    return sandbox.pexip_engage.human_create(
        firstName="Jan", lastName="Maes", email="jan@example.com", externalId="7", location=PLACE
    )


def test_tokens_belong_to_a_realm_and_live_for_minutes(
    running: RunningSandbox, sandbox: Sandbox, booking: Caller, clock: Clock
) -> None:
    base = running.urls["pexip_engage"]
    assert pexip_token(base, sandbox).json()["expires_in"] == 300
    assert pexip_token(base, sandbox, realm="other").status_code == 404
    assert pexip_token(base, sandbox, client_secret="no").json()["error"] == "unauthorized_client"
    assert booking.get("/customers").status_code == 200
    clock.forward(301)
    assert code(booking.get("/customers")) == 401


def test_scopes_decide_what_a_token_may_do(
    running: RunningSandbox, sandbox: Sandbox, booking: Caller, jan: str
) -> None:
    def bearer(scope: str) -> dict[str, str]:
        token = pexip_token(running.urls["pexip_engage"], sandbox, scope=scope).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    reader = bearer("engage:customers:readOnly")
    assert booking.get(f"/customers/{jan}", headers=reader).status_code == 200
    assert code(booking.patch(f"/customers/{jan}", json={"notes": "x"}, headers=reader)) == 403
    assert code(booking.get("/customers", headers=bearer(""))) == 403
    sandbox.pexip_engage.switches.scope_required = False
    assert booking.get("/customers", headers=bearer("")).status_code == 200


def test_a_token_is_for_one_enterprise(running: RunningSandbox, booking: Caller) -> None:
    other = Caller(running.urls["pexip_engage"] + "/enterprises/other", booking.headers)
    with other.session:
        assert code(other.get("/customers")) == 403


def test_pages_are_offsets(sandbox: Sandbox, booking: Caller) -> None:
    for number in range(30):
        sandbox.pexip_engage.human_create(firstName=f"N{number:02d}")
    body = booking.get("/customers").json()
    assert (len(body["data"]), body["meta"]) == (25, {"offset": 0, "limit": 25, "totalCount": 30})
    rest = booking.get("/customers?offset=25&limit=100").json()["data"]
    assert [row["firstName"] for row in rest] == ["N25", "N26", "N27", "N28", "N29"]
    for bad in ("limit=0", "limit=101", "limit=x", "offset=-1", "colour=red"):
        assert code(booking.get(f"/customers?{bad}")) == 400
    sandbox.pexip_engage.switches.page_size_over = "clamp"
    assert booking.get("/customers?limit=500").json()["meta"]["limit"] == 100


def test_filters_are_lists_even_for_one_value(sandbox: Sandbox, booking: Caller, jan: str) -> None:
    sandbox.pexip_engage.human_create(firstName="Els", email="els@example.com")
    for query in ("email[]=JAN@example.com", "external-id[]=7", f"id[]={jan}&id[]=99"):
        rows = booking.get(f"/customers?{query}").json()
        assert ([row["id"] for row in rows["data"]], rows["meta"]["totalCount"]) == ([jan], 1)
    for query in ("email=jan@example.com", "external-id=7", "id=1"):
        assert code(booking.get(f"/customers?{query}")) == 400


def test_times_are_utc_with_milliseconds_and_required_keys_stand(booking: Caller, jan: str) -> None:
    shown = booking.get(f"/customers/{jan}").json()["data"]
    assert (shown["createdAt"], shown["deletedAt"]) == ("2026-03-01T12:00:00.250Z", None)
    assert (shown["existing"], shown["timeZone"]) == (False, "Europe/Brussels")
    assert code(booking.get("/customers/77")) == 404


def test_languages_fall_back_only_where_a_star_allows_it(booking: Caller, jan: str) -> None:
    def city(wanted: str) -> Any:
        return booking.get(f"/customers/{jan}", headers={"Accept-Language": wanted}).json()["data"][
            "location"
        ]

    assert city("en")["city"] is None
    assert city("en *")["city"] == {"language": "nl", "value": "Gent"}
    assert city("")["city"]["value"] == "Gent"
    assert city("fr")["street1"]["value"] == "Rue 1"
    assert city("en")["translations"]["city"][0]["value"] == "Gent"
    assert city("en")["formattedAddress"] == "Kerkstraat 1, 9000 Gent, BE"


def test_a_patch_is_partial_and_null_clears(
    sandbox: Sandbox, booking: Caller, jan: str, clock: Clock
) -> None:
    clock.forward(60)
    reply = booking.patch(f"/customers/{jan}", json={"notes": "hi", "lastName": None})
    shown = reply.json()["data"]
    assert (shown["notes"], shown["lastName"], shown["firstName"]) == ("hi", None, "Jan")
    assert shown["updatedAt"] == "2026-03-01T12:01:00.250Z"
    assert sandbox.pexip_engage.snapshot()[jan] == shown


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"firstName": ""}, 400),
        ({"firstName": 5}, 400),
        ({"nickname": "x"}, 400),
        ({"id": "9"}, 400),
        ({"language": "vi"}, 400),
        ({"existing": "yes"}, 400),
        ({"externalId": "x" * 256}, 400),
        ({"timeZone": "Mars/Base"}, 422),
        ({"location": {"postalCode": "9000"}}, 422),
        ({"location": {**PLACE, "countryCode": "BEL"}}, 422),
        ({"location": {"countryCode": "BE"}}, 422),
        ({"location": {"countryCode": "BE", "translations": {"city": [], "street1": []}}}, 422),
        ({"location": {**PLACE, "city": {"language": "nl", "value": "Gent"}}}, 400),
        ({"location": {**PLACE, "formattedAddress": "x"}}, 400),
        ({"location": {**PLACE, "postalCode": ""}}, 400),
        ({"location": {**PLACE, "geolocation": {"latitude": 91, "longitude": 0}}}, 400),
        (
            {
                "location": {
                    **PLACE,
                    "translations": {**PLACE["translations"], "city": [{"language": "nl", "value": ""}]},
                }
            },
            400,
        ),
    ],
)
def test_what_a_patch_refuses(
    sandbox: Sandbox, booking: Caller, jan: str, sent: dict[str, Any], status: int
) -> None:
    before = sandbox.pexip_engage.snapshot()
    assert code(booking.patch(f"/customers/{jan}", json=sent)) == status
    assert sandbox.pexip_engage.snapshot() == before


def test_bodies_that_are_none(booking: Caller, jan: str) -> None:
    assert code(booking.patch(f"/customers/{jan}", data="notes=x")) == 400
    assert (
        code(booking.patch(f"/customers/{jan}", data=b"{", headers={"Content-Type": "application/json"}))
        == 400
    )
    assert code(booking.put(f"/customers/{jan}", json={})) == 405
    assert code(booking.get("/customers/1/2/3")) == 404


def test_a_location_is_replaced_or_merged(sandbox: Sandbox, booking: Caller, jan: str) -> None:
    new = {"countryCode": "NL", "translations": PLACE["translations"]}
    booking.patch(f"/customers/{jan}", json={"location": new})
    assert sandbox.pexip_engage.snapshot()[jan]["location"]["postalCode"] is None
    sandbox.pexip_engage.switches.location_patch = "merge"
    booking.patch(f"/customers/{jan}", json={"location": {**new, "postalCode": "1011"}})
    booking.patch(f"/customers/{jan}", json={"location": {"countryCode": "BE"}})
    stored = sandbox.pexip_engage.snapshot()[jan]["location"]
    assert (stored["postalCode"], stored["countryCode"]) == ("1011", "BE")
    booking.patch(f"/customers/{jan}", json={"location": None})
    assert sandbox.pexip_engage.snapshot()[jan]["location"] is None


def test_a_create_answers_the_new_customer(sandbox: Sandbox, booking: Caller) -> None:
    reply = booking.post("/customers", json={"firstName": "Els", "location": PLACE})
    assert reply.status_code == 201
    assert sandbox.pexip_engage.snapshot() == {"1": reply.json()["data"]}
    sandbox.pexip_engage.switches.can_create = False
    assert code(booking.post("/customers", json={"firstName": "Els"})) == 405


def test_uniqueness_is_a_switch(sandbox: Sandbox, booking: Caller, jan: str) -> None:
    assert booking.post("/customers", json={"email": "jan@example.com"}).status_code == 201
    sandbox.pexip_engage.switches.unique_email = True
    sandbox.pexip_engage.switches.unique_external_id = True
    assert code(booking.post("/customers", json={"email": "JAN@example.com"})) == 422
    assert code(booking.post("/customers", json={"externalId": "7"})) == 422
    assert booking.patch(f"/customers/{jan}", json={"externalId": "7"}).status_code == 200


def test_a_deletion_is_soft(sandbox: Sandbox, booking: Caller, jan: str) -> None:
    assert booking.delete(f"/customers/{jan}").status_code == 204
    assert booking.get("/customers").json()["meta"]["totalCount"] == 0
    assert booking.get("/customers?include-deleted=true").json()["meta"]["totalCount"] == 1
    assert booking.get(f"/customers/{jan}").json()["data"]["deletedAt"] == "2026-03-01T12:00:00.250Z"
    assert code(booking.patch(f"/customers/{jan}", json={"notes": "x"})) == 404
    assert code(booking.delete(f"/customers/{jan}")) == 404
    sandbox.pexip_engage.switches.deleted_get = 404
    assert code(booking.get(f"/customers/{jan}")) == 404
    sandbox.pexip_engage.switches.list_includes_deleted = True
    assert booking.get("/customers").json()["meta"]["totalCount"] == 1


def test_a_conflict_now_and_then_may_be_tried_again(sandbox: Sandbox, booking: Caller, jan: str) -> None:
    sandbox.pexip_engage.switches.conflict_every = 2
    replies = [booking.patch(f"/customers/{jan}", json={"notes": str(number)}) for number in range(4)]
    assert [reply.status_code for reply in replies] == [200, 409, 200, 409]
    assert code(replies[1]) == 409
    assert sandbox.pexip_engage.snapshot()[jan]["notes"] == "2"


def test_a_fifth_call_at_the_same_time_is_too_many(
    sandbox: Sandbox, running: RunningSandbox, booking: Caller
) -> None:
    inside, open_again, statuses = threading.Semaphore(0), threading.Event(), []

    def wait(seconds: float) -> None:
        inside.release()
        assert open_again.wait(30)

    def call() -> None:
        url = running.urls["pexip_engage"] + "/enterprises/acme/customers"
        statuses.append(requests.get(url, headers=booking.headers, timeout=30).status_code)

    sandbox.pexip_engage.switches.latency = 1
    sandbox.pexip_engage.pause = wait  # type: ignore[method-assign]
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert all(inside.acquire(timeout=30) for _ in threads)
    assert code(booking.get("/customers")) == 429
    open_again.set()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200, 200, 200]


def test_a_minute_holds_so_many_calls(sandbox: Sandbox, booking: Caller, clock: Clock) -> None:
    sandbox.pexip_engage.switches.per_minute = 2
    assert [booking.get("/customers").status_code for _ in range(3)] == [200, 200, 429]
    clock.forward(60)
    assert booking.get("/customers").status_code == 200
