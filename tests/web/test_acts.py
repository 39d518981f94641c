"""What a person decides on a page reaches the store, is written down, and asks for the run that carries it out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli.sandboxed import environment
from syncd.sandbox import Sandbox
from tests.web.conftest import Page, people, served
from tests.web.test_pages import customer_of


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Page]:
    """A page of one's own after one sync, whose writes wait for approval."""
    sandbox = Sandbox.empty()
    people(sandbox)
    with sandbox.serve() as running:
        for page in served(tmp_path, sandbox, environment(running)):
            page.app.sync((), asked_by="admin")
            yield page


def states(page: Page) -> dict[str, int]:
    """Return how many operations are in each state."""
    with page.app.store.look() as tx:
        counted: dict[str, int] = {}
        for operation in tx.operations.list(limit=1000):
            counted[operation.state] = counted.get(operation.state, 0) + 1
    return counted


def test_approve_all_writes_with_the_next_run(acting: Page) -> None:
    waiting = states(acting)["waiting"]
    answer = acting.logged_in().post("/runs/run-1/decide", {"verdict": "approve"})
    assert answer.headers["location"] == "/runs/run-1?said=approved"
    assert states(acting) == {"planned": waiting}
    assert "Plan decided" in acting.logged_in().get("/runs").text
    wrote = acting.app.sync(("booking", "crm", "loyalty", "shop")).run
    shown = acting.logged_in().get(f"/runs/{wrote}").text
    assert f'{waiting} more that it wrote had been planned by <a href="/runs/run-1">run-1</a>' in shown
    after = states(acting)
    assert after["confirmed"] >= waiting
    assert "waiting" not in after
    with acting.app.store.look() as tx:
        assert {deed.action for deed in tx.audit.list()} >= {"approve", "asked for a run"}


def test_one_operation_can_be_discarded_and_the_rest_approved(acting: Page) -> None:
    visit = acting.logged_in()
    waiting = states(acting)["waiting"]
    with acting.app.store.look() as tx:
        one = tx.operations.list(states=("waiting",), limit=1)[0]
    assert visit.post("/runs/run-1/decide", {"verdict": "discard", "operation": one.id}).status_code == 303
    assert states(acting) == {"waiting": waiting - 1, "dropped": 1}
    again = visit.post("/runs/run-1/decide", {"verdict": "discard", "operation": one.id})
    assert again.status_code == 422
    with acting.app.store.look() as tx:
        assert tx.operations.verdicts([one.content]) == {one.content: "discarded"}


def test_approval_by_connection_leaves_the_others_waiting(acting: Page) -> None:
    acting.logged_in().post("/runs/run-1/decide", {"verdict": "approve", "connection": "shop"})
    with acting.app.store.look() as tx:
        waiting = {one.draft.connection for one in tx.operations.list(states=("waiting",), limit=1000)}
        planned = {one.draft.connection for one in tx.operations.list(states=("planned",), limit=1000)}
    assert planned == {"shop"}
    assert "shop" not in waiting


def test_two_admins_decide_one_review_and_the_second_is_told(acting: Page) -> None:
    with acting.app.store.look() as tx:
        review = next(one for one in tx.reviews.list() if one.kind == "duplicate")
    first, second = acting.logged_in(), acting.logged_in()
    assert "Keep as it is" in second.get(f"/reviews/{review.id}").text
    assert first.post(f"/reviews/{review.id}", {"choice": "keep"}).status_code == 303
    late = second.post(f"/reviews/{review.id}", {"choice": "different"})
    assert late.status_code == 409
    assert "no longer open" in late.text
    assert "admin decided: Keep as it is" in second.get(f"/reviews/{review.id}").text


def test_a_pin_wins_and_is_shown(acting: Page) -> None:
    customer = customer_of(acting, "bram@example.com")
    visit = acting.logged_in()
    assert visit.post(f"/customers/{customer}/pin", {"field": "city", "value": "Brugge"}).status_code == 303
    text = visit.get(f"/customers/{customer}").text
    assert "pinned" in text
    assert "Brugge" in text
    program = acting.program()
    why = program.get(f"/api/v1/customers/{customer}/why/city").json()
    assert (why["value"], why["pinned"], why["rule"]) == ("Brugge", True, "pinned")
    visit.post(f"/customers/{customer}/pin", {"field": "city", "unpin": "1"})
    assert program.get(f"/api/v1/customers/{customer}/why/city").json()["pinned"] is False


def test_one_customer_is_read_again_right_now(acting: Page) -> None:
    customer = customer_of(acting, "bram@example.com")
    with acting.app.store.look() as tx:
        record = tx.records.of_customers([customer])[customer][0]
    acting.sandbox.perfex.human_edit(record.vendor_id, contact={"phonenumber": "+32470777777"})
    assert acting.logged_in().post(f"/customers/{customer}/sync").status_code == 303
    acting.app.sync(("crm",), dry_run=True)
    assert "+32470777777" in acting.logged_in().get(f"/customers/{customer}").text


def test_a_connection_is_tested_with_findings(acting: Page) -> None:
    text = acting.logged_in().post("/connections/crm/test").text
    assert 'class="finding"' in text
    assert "Wrong" not in text


def test_merge_and_split_give_everybody_their_own_back(acting: Page) -> None:
    one, other = customer_of(acting, "an@example.com"), customer_of(acting, "bram@example.com")
    visit = acting.logged_in()
    merged = visit.post(f"/customers/{one}/merge", {"other": other})
    assert merged.headers["location"] == f"/customers/{one}?said=merged"
    assert f"{other} was merged into this one" in visit.get(f"/customers/{other}").text
    with acting.app.store.look() as tx:
        record = next(
            each for each in tx.records.of_customers([one])[one] if each.value("email") == "bram@example.com"
        )
    back = visit.post(f"/customers/{one}/split", {"record": f"{record.connection}/{record.vendor_id}"})
    assert back.headers["location"] == f"/customers/{other}?said=split"
    assert customer_of(acting, "bram@example.com") == other


def test_erasing_wants_the_id_again_and_says_what_is_left_to_do(acting: Page) -> None:
    customer = customer_of(acting, "bram@example.com")
    visit = acting.logged_in()
    assert visit.post(f"/customers/{customer}/erase", {"repeated": "yes"}).status_code == 422
    exported = visit.get(f"/customers/{customer}/export")
    assert exported.json()["fields"]["email"] == "bram@example.com"
    assert exported.headers["content-disposition"].startswith("attachment")
    gone = visit.post(f"/customers/{customer}/erase", {"repeated": customer})
    assert "delete customer" in gone.text
    assert visit.get(f"/customers/{customer}").status_code == 404
    acting.app.sync(("crm",), full=True)
    with acting.app.store.look() as tx:
        assert not [
            each for each in tx.customers.list(limit=100) if each.values().get("email") == "bram@example.com"
        ]


def test_a_run_is_undone_from_its_page(acting: Page) -> None:
    customer = customer_of(acting, "bram@example.com")
    with acting.app.store.look() as tx:
        record = tx.records.of_customers([customer])[customer][0]
    acting.sandbox.perfex.human_edit(record.vendor_id, city="Brugge")
    run = acting.app.sync(("crm",)).run
    program = acting.program()
    assert program.get(f"/api/v1/customers/{customer}").json()["fields"]["city"] == "Brugge"
    assert "Undo" in acting.logged_in().get(f"/runs/{run}").text
    assert acting.logged_in().post(f"/runs/{run}/undo").headers["location"] == f"/runs/{run}?said=undone"
    assert program.get(f"/api/v1/customers/{customer}").json()["fields"]["city"] == "Gent"
    why = program.get(f"/api/v1/customers/{customer}/why/city").json()
    assert why["rule"] == "undone"
    assert program.post(f"/api/v1/runs/{run}/undo").status_code == 200


def test_only_an_admin_takes_a_customers_data_along(acting: Page) -> None:
    customer = customer_of(acting, "bram@example.com")
    assert acting.logged_in("mai").get(f"/customers/{customer}/export").status_code == 403
