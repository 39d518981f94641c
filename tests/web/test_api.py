"""The API: run requests, pages by key, problems, and a document that says the truth about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.web.conftest import Page
from tests.web.test_pages import customer_of


def test_a_run_is_asked_for_with_202_and_ten_requests_are_one(plain_page: Page) -> None:
    program = plain_page.program()
    body = {"connections": ["crm", "shop"], "dry_run": False, "full": False}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: program.post("/api/v1/runs", json=body), range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    run = answers[0].json()["id"]
    assert answers[0].headers["location"] == f"/api/v1/runs/{run}"
    shown = program.get(f"/api/v1/runs/{run}").json()
    assert shown["state"] == "requested"
    assert shown["joined"] == 9
    assert shown["connections"] == ["crm", "shop"]


def test_a_store_that_is_away_is_told_at_once_and_works_again_when_it_is_back(plain_page: Page) -> None:
    program, body = plain_page.program(), {"connections": ["crm"]}
    path = plain_page.app.store.database.path
    assert path is not None
    away = path.rename(path.with_name("away.db"))
    try:
        answers = [program.post("/api/v1/runs", json=body) for _ in range(3)]
    finally:
        away.rename(path)
    assert {answer.status_code for answer in answers} == {503}
    assert "was replaced" in answers[0].text
    assert program.post("/api/v1/runs", json=body).status_code == 202


def test_the_same_names_in_another_order_and_twice_are_the_same_request(plain_page: Page) -> None:
    program = plain_page.program()
    one = program.post("/api/v1/runs", json={"connections": ["shop", "crm"]}).json()["id"]
    assert program.post("/api/v1/runs", json={"connections": ["crm", "shop", "crm"]}).json()["id"] == one
    assert program.post("/api/v1/runs", json={"connections": ["crm"]}).json()["id"] != one


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"connections": ["nowhere"]}, "There is no connection nowhere"),
        ({"conections": []}, "conections"),
        ({"connections": "crm"}, "connections"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ([], ""),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_a_problem(plain_page: Page, body: object, words: str) -> None:
    answer = plain_page.program().post("/api/v1/runs", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_program_needs_no_browser_headers(plain_page: Page) -> None:
    program = plain_page.program()
    answer = program.session.post(plain_page.base + "/api/v1/runs", json={"connections": ["crm"]})
    assert answer.status_code == 202


def test_pages_by_key_show_everything_once(page: Page) -> None:
    program = page.program()
    seen: list[str] = []
    after = ""
    while True:
        answer = program.get("/api/v1/customers", params={"limit": "3", "after": after}).json()
        seen += [one["id"] for one in answer["customers"]]
        after = answer["next"]
        if not after:
            break
    with page.app.store.look() as tx:
        assert sorted(seen) == sorted(one.id for one in tx.customers.list(limit=1000))
    assert len(seen) == len(set(seen))


def test_a_customer_with_its_records_and_why(page: Page) -> None:
    program = page.program()
    customer = customer_of(page, "an@example.com")
    shown = program.get(f"/api/v1/customers/{customer}").json()
    assert shown["fields"]["email"] == "an@example.com"
    assert {one["connection"] for one in shown["records"]} >= {"crm", "shop"}
    assert sorted(one["role"] for one in shown["records"] if one["connection"] == "shop") == [
        "duplicate",
        "primary",
    ]
    why = program.get(f"/api/v1/customers/{customer}/why/phone").json()
    assert why["rule"] == "initial_priority"
    assert why["changes"][0]["after"] == "+32470123450"
    assert (
        program.get("/api/v1/customers", params={"q": "an@example"}).json()["customers"][0]["id"] == customer
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/runs/run-999", 404),
        ("/api/v1/runs/banana", 422),
        ("/api/v1/customers/nobody", 404),
        ("/api/v1/reviews/999", 404),
        ("/api/v1/operations/op-999", 404),
        ("/api/v1/runs?limit=100000", 422),
        ("/api/v1/runs?after=%00", 400),
        ("/api/v1/nothing", 404),
    ],
)  # fmt: skip
def test_problems_have_their_status(page: Page, path: str, status: int) -> None:
    answer = page.program().get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_reviews_and_operations_are_listed(page: Page) -> None:
    program = page.program()
    reviews = program.get("/api/v1/reviews").json()["reviews"]
    assert {one["kind"] for one in reviews} >= {"duplicate"}
    assert all(one["choices"] for one in reviews)
    operations = program.get("/api/v1/operations", params={"state": "waiting", "run": "run-2"}).json()[
        "operations"
    ]
    assert operations
    assert {one["state"] for one in operations} == {"waiting"}
    one = operations[0]
    assert program.get(f"/api/v1/operations/{one['id']}").json() == one


def test_connections_say_how_they_are(page: Page) -> None:
    shown = {one["name"]: one for one in page.program().get("/api/v1/connections").json()["connections"]}
    assert set(shown) == {"booking", "crm", "loyalty", "shop"}
    assert shown["crm"]["state"] == "ok"
    assert shown["crm"]["records"] == 2


def test_the_document_is_openapi_and_names_every_route(plain_page: Page) -> None:
    document = plain_page.visit().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert "/api/v1/runs" in document["paths"]
    assert not [path for path in document["paths"] if not path.startswith("/api/v1/")]
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            assert "401" in said["responses"], (method, path)
            assert any(status.startswith("2") for status in said["responses"]), (method, path)


def test_metrics_tell_states_and_counts(page: Page) -> None:
    text = page.visit().get("/metrics").text
    assert "syncd_build_info{" in text
    assert 'syncd_connection_state{connection="crm",state="ok"} 1.0' in text
    assert 'syncd_operations{connection="shop",state="waiting"}' in text
    assert "syncd_vendor_requests_total{" in text
