"""KiotViet: tokens, lists with tombstones and a server clock, and writes with what the guide leaves open."""

from typing import Any

import pytest
import requests

from syncd.sandbox import RunningSandbox, Sandbox
from tests.sandbox.callers import Caller, Clock, kiotviet_token


def add(sandbox: Sandbox, count: int) -> list[str]:
    return [sandbox.kiotviet.human_create(name=f"Khách {number:03d}") for number in range(count)]


def error(reply: requests.Response) -> str:
    code: str = reply.json()["responseStatus"]["errorCode"]
    return code


def test_a_token_for_either_spelling_of_the_scope(running: RunningSandbox, sandbox: Sandbox) -> None:
    base = running.urls["kiotviet"]
    body = kiotviet_token(base, sandbox).json()
    assert (body["expires_in"], body["token_type"], body["access_token"].count(".")) == (86400, "Bearer", 2)
    assert kiotviet_token(base, sandbox, scopes="", scope="PublicApi.Access").status_code == 200
    refusals = [
        ({"client_secret": "no"}, "invalid_client"),
        ({"scopes": ""}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ]
    for change, word in refusals:
        reply = kiotviet_token(base, sandbox, **change)
        assert (reply.status_code, reply.json()) == (400, {"error": word})


def test_a_token_expires_in_the_middle_and_a_new_one_works(
    sandbox: Sandbox, shop: Caller, running: RunningSandbox, clock: Clock
) -> None:
    assert shop.get("/customers").status_code == 200
    clock.forward(86_401)
    reply = shop.get("/customers")
    assert (reply.status_code, error(reply)) == (401, "TokenException")
    token = kiotviet_token(running.urls["kiotviet"], sandbox).json()["access_token"]
    assert shop.get("/customers", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("status", [401, 403])
def test_the_retailer_must_be_named(sandbox: Sandbox, shop: Caller, status: Any) -> None:
    sandbox.kiotviet.switches.missing_retailer_status = status
    assert shop.get("/customers", headers={"Retailer": ""}).status_code == status
    assert shop.get("/customers", headers={"Retailer": "other"}).status_code == status


def test_pages_are_offsets_of_at_most_a_hundred(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 130)
    assert len(shop.get("/customers").json()["data"]) == 20
    body = shop.get("/customers?pageSize=100&currentItem=100&orderBy=id").json()
    assert (body["total"], body["pageSize"], len(body["data"])) == (130, 100, 30)
    assert body["data"][0]["name"] == "Khách 100"
    assert shop.get("/customers?pageSize=100&currentItem=500").json()["data"] == []
    assert shop.get("/customers?pageSize=101").status_code == 400
    sandbox.kiotviet.switches.page_size_over = "clamp"
    assert len(shop.get("/customers?pageSize=1000").json()["data"]) == 100


def test_orders(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 3)
    newest = [row["name"] for row in shop.get("/customers?orderBy=name&orderDirection=Desc").json()["data"]]
    assert newest == ["Khách 002", "Khách 001", "Khách 000"]
    assert shop.get("/customers?orderBy=colour").status_code == 400


def test_times_are_vietnams_without_a_zone(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 1)
    body = shop.get("/customers").json()
    assert body["timestamp"] == "2026-03-01T19:00:00.25"
    assert body["data"][0]["createdDate"] == "2026-03-01T19:00:00.25"
    sandbox.kiotviet.switches.fraction_digits = 7
    assert shop.get("/customers").json()["timestamp"] == "2026-03-01T19:00:00.2500000"
    sandbox.kiotviet.switches.fraction_digits = 0
    assert shop.get("/customers").json()["timestamp"] == "2026-03-01T19:00:00"


def test_changes_since_the_servers_own_timestamp(sandbox: Sandbox, shop: Caller, clock: Clock) -> None:
    first, second = add(sandbox, 2)
    cursor = shop.get("/customers").json()["timestamp"]
    clock.forward(60)
    sandbox.kiotviet.human_edit(second, contactNumber="0912 345 678")
    rows = shop.get("/customers", params={"lastModifiedFrom": "2026-03-01T19:00:30"}).json()["data"]
    assert [str(row["id"]) for row in rows] == [second]
    inclusive = shop.get("/customers", params={"lastModifiedFrom": cursor}).json()
    assert {str(row["id"]) for row in inclusive["data"]} == {first, second}
    sandbox.kiotviet.switches.from_inclusive = False
    assert shop.get("/customers", params={"lastModifiedFrom": cursor}).json()["total"] == 1
    assert shop.get("/customers?lastModifiedFrom=soon").status_code == 400


def test_a_z_is_read_as_local_time_or_not(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 1)
    query = {"lastModifiedFrom": "2026-03-01T13:00:00Z"}
    assert shop.get("/customers", params=query).json()["total"] == 1
    sandbox.kiotviet.switches.z_means = "utc"
    assert shop.get("/customers", params=query).json()["total"] == 0


def test_tombstones_stand_on_the_first_page_only(sandbox: Sandbox, shop: Caller, clock: Clock) -> None:
    keys = add(sandbox, 25)
    sandbox.kiotviet.human_delete(keys[0])
    clock.forward(10)
    sandbox.kiotviet.human_delete(keys[1])
    asked = {"includeRemoveIds": "true"}
    assert shop.get("/customers", params=asked).json()["removedIds"] == [int(keys[0]), int(keys[1])]
    recent = {**asked, "lastModifiedFrom": "2026-03-01T19:00:05"}
    assert shop.get("/customers", params=recent).json()["removedIds"] == [int(keys[1])]
    assert "removedIds" not in shop.get("/customers", params={**asked, "currentItem": 20}).json()
    assert "removedIds" not in shop.get("/customers").json()
    sandbox.kiotviet.switches.removed_ids_name = "removeId"
    assert shop.get("/customers", params=asked).json()["removeId"] == [int(keys[0]), int(keys[1])]


def test_numbers_are_found_by_part_and_can_be_hidden(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.human_create(name="A", contactNumber="0912 345 678")
    sandbox.kiotviet.human_create(name="B", contactNumber="0912345999")
    assert shop.get("/customers?contactNumber=0912345").json()["total"] == 2
    assert shop.get("/customers?contactNumber=5678").json()["data"][0]["contactNumber"] == "0912 345 678"
    sandbox.kiotviet.switches.hide_contact_number = True
    assert "contactNumber" not in shop.get("/customers").json()["data"][0]


def test_unknown_parameters_filter_nothing(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 3)
    assert shop.get("/customers?searchTerm=nobody").json()["total"] == 3
    assert shop.get("/customers?name=002").json()["total"] == 1


def test_groups_are_names_joined_by_a_bar_where_asked_for(sandbox: Sandbox, shop: Caller) -> None:
    key = sandbox.kiotviet.human_create(name="A", groupIds=[11, 13])
    assert "groups" not in shop.get("/customers").json()["data"][0]
    assert shop.get("/customers?includeCustomerGroup=true").json()["data"][0]["groups"] == "VIP|Sỉ"
    assert shop.get("/customers?groupId=12").json()["total"] == 0
    members = shop.get("/customers/group").json()["data"][0]["customerGroupDetails"]
    assert [each["customerId"] for each in members] == [int(key)]


def test_nulls_are_left_out_or_sent(sandbox: Sandbox, shop: Caller) -> None:
    key = add(sandbox, 1)[0]
    assert "email" not in shop.get(f"/customers/{key}").json()
    sandbox.kiotviet.switches.null_keys = "send"
    assert shop.get(f"/customers/{key}").json()["email"] is None


def test_a_summary_row_has_a_negative_id(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 1)
    sandbox.kiotviet.switches.summary_row = True
    assert [row["id"] for row in shop.get("/customers").json()["data"]] == [-1, 1_000_001]


def test_one_customer_by_id_or_code(sandbox: Sandbox, shop: Caller) -> None:
    key = add(sandbox, 1)[0]
    assert shop.get("/customers/code/kh000001").json()["id"] == int(key)
    assert shop.get("/customers/code/none").status_code == 404
    assert shop.get("/customers/99").status_code == 404
    sandbox.kiotviet.switches.unknown_id_status = 420
    assert shop.get("/customers/99").status_code == 420


def test_a_create_is_wrapped_and_numbered(sandbox: Sandbox, shop: Caller) -> None:
    sent = {
        "name": "Lê Văn Bê",
        "contactNumber": "0912",
        "groupIds": [11],
        "birthDate": "1990-05-17",
        "gender": True,
    }
    data = shop.post("/customers", json=sent).json()["data"]
    assert (data["code"], data["birthDate"], data["gender"]) == ("KH000001", "1990-05-17T00:00:00", True)
    assert [each["groupId"] for each in data["customerGroupDetails"]] == [11]
    sandbox.kiotviet.switches.wrapped = False
    assert shop.post("/customers", json={"name": "B"}).json()["name"] == "B"


def test_a_form_works_as_in_the_vendors_own_plugin(sandbox: Sandbox, shop: Caller) -> None:
    shop.post("/customers", data={"name": "A", "gender": "false", "branchId": "3", "groupIds[]": ["11"]})
    stored = sandbox.kiotviet.snapshot()["1000001"]
    assert (stored["gender"], stored["branchId"], stored["groupIds"]) == (False, 3, [11])


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 420, "KvValidateCustomerException"),
        ({"name": ""}, 420, "KvValidateCustomerException"),
        ({"name": "A", "groupIds": [99]}, 420, "KvValidateCustomerException"),
        ({"name": "x" * 256}, 420, "KvValidateCustomerException"),
        ({"name": 5}, 400, "SerializationException"),
        ({"name": "A", "gender": "true"}, 400, "SerializationException"),
        ({"name": "A", "birthDate": "yesterday"}, 400, "SerializationException"),
        ({"name": "A", "branchId": [1]}, 400, "SerializationException"),
        ({"name": "A", "nickname": "x"}, 400, "SerializationException"),
    ],
)
def test_what_a_create_refuses(
    sandbox: Sandbox, shop: Caller, sent: dict[str, Any], status: int, code: str
) -> None:
    reply = shop.post("/customers", json=sent)
    assert (reply.status_code, error(reply)) == (status, code)
    assert sandbox.kiotviet.snapshot() == {}


def test_codes_are_unique(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 1)
    reply = shop.post("/customers", json={"name": "B", "code": "kh000001"})
    assert reply.status_code == 420
    assert reply.json()["responseStatus"]["errors"][0]["fieldName"] == "code"


def test_tax_code_and_organization_are_kept_by_update_or_not_at_all(sandbox: Sandbox, shop: Caller) -> None:
    sent = {"name": "A", "taxCode": "0101", "organization": "ACME"}
    assert "taxCode" not in shop.post("/customers", json=sent).json()["data"]
    updated = shop.put("/customers/1000001", json=sent).json()["data"]
    assert updated["taxCode"] == "0101"
    assert "organization" not in updated
    sandbox.kiotviet.switches.tax_code_on_create = "keep"
    sandbox.kiotviet.switches.organization = "keep"
    assert shop.post("/customers", json=sent).json()["data"]["organization"] == "ACME"


def test_a_put_keeps_or_clears_what_it_leaves_out(sandbox: Sandbox, shop: Caller) -> None:
    key = sandbox.kiotviet.human_create(name="A", email="a@example.com", address="1 Lê Lợi", groupIds=[11])
    shop.put(f"/customers/{key}", json={"name": "A", "email": None})
    stored = sandbox.kiotviet.snapshot()[key]
    assert (stored["email"], stored["address"], stored["groupIds"]) == (None, "1 Lê Lợi", [11])
    sandbox.kiotviet.switches.put_missing = "clear"
    shop.put(f"/customers/{key}", json={"name": "A"})
    stored = sandbox.kiotviet.snapshot()[key]
    assert (stored["address"], stored["groupIds"], stored["code"]) == (None, [], "KH000001")
    assert shop.put(f"/customers/{key}", json={"email": "x"}).status_code == 420


def test_null_in_a_put_can_be_ignored(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.switches.put_null = "keep"
    key = sandbox.kiotviet.human_create(name="A", email="a@example.com")
    shop.put(f"/customers/{key}", json={"email": None})
    assert sandbox.kiotviet.snapshot()[key]["email"] == "a@example.com"


@pytest.mark.parametrize(
    ("rule", "statuses"), [("allow", [200, 200]), ("refuse", [420, 420]), ("per_branch", [420, 200])]
)
def test_the_same_number_twice(sandbox: Sandbox, shop: Caller, rule: Any, statuses: list[int]) -> None:
    sandbox.kiotviet.switches.duplicate_phone = rule
    sandbox.kiotviet.human_create(name="A", contactNumber="0912 345 678", branchId=1)
    sent = [{"name": "B", "contactNumber": "0912345678", "branchId": branch} for branch in (1, 2)]
    assert [shop.post("/customers", json=each).status_code for each in sent] == statuses


def test_the_same_email_and_branches(sandbox: Sandbox, shop: Caller) -> None:
    sandbox.kiotviet.switches.duplicate_email = "refuse"
    sandbox.kiotviet.switches.by_branch = True
    sandbox.kiotviet.human_create(name="A", email="a@example.com")
    assert shop.get("/settings").json()["ManagerCustomerByBranch"] is True
    assert shop.post("/customers", json={"name": "B"}).status_code == 420
    taken = shop.post("/customers", json={"name": "B", "branchId": 1, "email": "A@example.com"})
    assert taken.json()["responseStatus"]["errors"][0]["fieldName"] == "email"


def test_a_delete_says_so_in_vietnamese_and_the_id_is_gone(sandbox: Sandbox, shop: Caller) -> None:
    key = add(sandbox, 1)[0]
    assert shop.delete(f"/customers/{key}").json() == {"message": "Xóa dữ liệu thành công"}
    assert [call(f"/customers/{key}").status_code for call in (shop.get, shop.delete)] == [404, 404]
    assert shop.put(f"/customers/{key}", json={"name": "A"}).status_code == 404


def test_lists_of_customers_tell_no_ids_and_are_all_or_nothing(sandbox: Sandbox, shop: Caller) -> None:
    rows = [{"name": "A"}, {"name": ""}]
    assert shop.post("/listaddcutomers", json={"listCustomers": rows}).status_code == 420
    assert sandbox.kiotviet.snapshot() == {}
    sandbox.kiotviet.switches.bulk_atomic = False
    reply = shop.post("/listaddcutomers", json={"listCustomers": rows})
    assert reply.json() == {"message": "Thêm mới danh sách khách hàng thành công"}
    sent = {"listCustomers": [{"id": 1000001, "name": "C"}]}
    assert shop.put("/listupdatecustomers", json=sent).status_code == 200
    assert [row["name"] for row in sandbox.kiotviet.snapshot().values()] == ["C"]
    sandbox.kiotviet.switches.bulk_maximum = 1
    assert shop.post("/listaddcutomers", json={"listCustomers": rows}).status_code == 420


def test_gets_are_limited_and_writes_are_not(sandbox: Sandbox, shop: Caller, clock: Clock) -> None:
    sandbox.kiotviet.switches.get_limit_per_hour = 2
    assert [shop.get("/customers").status_code for _ in range(3)] == [200, 200, 429]
    assert 1 <= int(shop.get("/customers").headers["Retry-After"]) <= 3601
    assert shop.post("/customers", json={"name": "A"}).status_code == 200
    clock.forward(3600)
    assert shop.get("/customers").status_code == 200


def test_wrong_methods_and_addresses(shop: Caller) -> None:
    assert shop.patch("/customers/1", json={}).status_code == 405
    assert shop.get("/clients").status_code == 404
    assert shop.post("/customers", data=b"{", headers={"Content-Type": "application/json"}).status_code == 400


def test_what_nobody_knows_is_a_switch(sandbox: Sandbox, shop: Caller) -> None:
    add(sandbox, 5)
    switches = sandbox.kiotviet.switches
    switches.past_the_end = "last"
    assert [
        row["name"] for row in shop.get("/customers?pageSize=2&currentItem=9&orderBy=id").json()["data"]
    ] == ["Khách 004"]
    switches.past_the_end = "refuse"
    assert shop.get("/customers?pageSize=2&currentItem=9").status_code == 400
    switches.duplicate_code_status = 409
    assert shop.post("/customers", json={"name": "B", "code": "KH000001"}).status_code == 409
    switches.get_limit_per_hour, switches.over_limit_status = 1, 403
    assert shop.get("/customers").status_code == 403
    switches.unknown_keys = "ignore"
    assert shop.post("/customers", json={"name": "C", "nickname": "x"}).status_code == 200
