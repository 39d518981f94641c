"""Customers on the page: tabs, the past, the table to take away; and what failed, down to one operation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.cli.sandboxed import environment
from syncd.sandbox import Sandbox
from syncd.spreadsheet import plain
from syncd.store import Writing
from syncd.values import Held
from syncd.web.pages.customer import PAGE
from syncd.web.show.failed import cause_of
from tests.store.made import operation
from tests.web.conftest import Page, people, served
from tests.web.test_pages import customer_of

CITY = "Brugge"


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page after a first sync that wrote, and a second that brought an edit."""
    sandbox = Sandbox.empty()
    people(sandbox)
    sandbox.kiotviet.human_create(name="=1+1", email="formula@example.com", contactNumber="0470 11 22 33")
    with sandbox.serve() as running:
        for page in served(tmp_path_factory.mktemp("lived"), sandbox, environment(running)):
            page.app.sync((), yes=True, asked_by="admin")
            userid = next(iter(sandbox.perfex.snapshot()))
            sandbox.perfex.human_edit(userid, city=CITY)
            page.app.sync((), yes=True, asked_by="admin")
            yield page


def test_a_customer_is_shown_as_of_any_run(lived: Page) -> None:
    visit = lived.logged_in()
    path = f"/customers/{customer_of(lived, 'an@example.com')}"
    first, second = visit.get(f"{path}?as_of=run-1"), visit.get(f"{path}?as_of=run-2")
    assert "As it was after" in first.text
    assert '<td class="differs"><bdi>Gent</bdi></td><td><bdi>Brugge</bdi></td>' in first.text
    assert 'class="differs"><bdi>Gent' not in second.text
    assert f'href="?as_of={"run-2"}#past"' in second.text
    assert visit.get(f"{path}?as_of=run-99").status_code == 404
    assert visit.get(f"{path}?as_of=yesterday").status_code == 422
    assert "As it was after" not in visit.get(path).text


def test_a_program_reads_the_past_and_the_history_page_by_page(lived: Page) -> None:
    program = lived.program()
    path = f"/api/v1/customers/{customer_of(lived, 'an@example.com')}"
    assert program.get(f"{path}/as-of/run-1").json()["fields"]["city"] == "Gent"
    assert program.get(f"{path}/as-of/run-2").json()["fields"]["city"] == "Brugge"
    assert program.get(f"{path}/as-of/run-77").status_code == 404
    whole = program.get(f"{path}/history?limit=500").json()
    assert whole["next"] is None
    seen: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = program.get(f"{path}/history?limit=1&after={after}").json()
        seen += page["changes"]
        after = page["next"]
    assert seen == whole["changes"]
    assert {"Gent", "Brugge"} <= {change["after"].get("city") for change in seen}


def test_records_are_moved_to_the_customer_they_belong_to(lived: Page) -> None:
    visit, program = lived.logged_in(), lived.program()
    there, here = (customer_of(lived, f"odd{number}@example.com") for number in (2, 3))
    with lived.app.store.look() as tx:
        taken = next(one for one in tx.records.of_customers([there])[there] if one.connection == "shop")
    form = {"record": f"shop/{taken.vendor_id}", "to": here}
    assert visit.post(f"/customers/{there}/move", form).headers["location"] == f"/customers/{here}?said=moved"
    assert f">{taken.vendor_id}<" in visit.get(f"/customers/{here}").text
    named = {"records": [{"connection": "shop", "vendor_id": taken.vendor_id}]}
    moved = program.post(f"/api/v1/customers/{there}/move", json=named)
    assert moved.status_code == 200, moved.text
    assert taken.vendor_id in {one["vendor_id"] for one in moved.json()["records"]}
    assert visit.post(f"/customers/{there}/move", {"to": here}).status_code == 422


def test_a_program_takes_away_everything_known_and_that_is_written_down(lived: Page) -> None:
    customer = customer_of(lived, "an@example.com")
    found = lived.program().get(f"/api/v1/customers/{customer}/export").json()
    assert found["fields"]["email"] == "an@example.com"
    assert {one["connection"] for one in found["records"]} == {"crm", "shop", "loyalty", "booking"}
    assert found["records"][0]["payload"]
    assert found["history"]
    file = lived.logged_in().get(f"/customers/{customer}/export").json()
    assert file.keys() == found.keys()
    assert file["records"] == found["records"]
    with lived.app.store.look() as tx:
        assert tx.audit.list(limit=1)[0].action == "exported a customer"
    assert lived.program("mai").get(f"/api/v1/customers/{customer}/export").status_code == 403


def test_a_program_reads_the_health(lived: Page) -> None:
    found = lived.program("mai").get("/api/v1/health").json()["findings"]
    assert {"Daemon", "Connections", "Work", "Store", "Configuration"} == {one["subject"] for one in found}
    assert next(one for one in found if one["what"] == "backup")["level"] == "soon"


def test_the_history_comes_in_pages(lived: Page) -> None:
    customer = customer_of(lived, "odd1@example.com")
    for number in range(PAGE + 5):
        lived.app.pin(customer, "notes", f"note {number} of many", "admin")
    visit = lived.logged_in()
    newest = visit.get(f"/customers/{customer}").text
    assert f"note {PAGE + 4} of many" in newest
    assert "note 2 of many" not in newest
    older = newest.split('class="pager"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "note 2 of many" in visit.get(older).text


@pytest.mark.parametrize(
    "show", ["", "synced", "pending", "conflict", "held", "excluded", "aside", "unlinked", "nonsense"]
)
def test_every_tab_opens_and_names_the_one_it_is(lived: Page, show: str) -> None:
    answer = lived.logged_in().get(f"/customers?show={show}")
    assert answer.status_code == 200
    here = "" if show == "nonsense" else show
    href = f"/customers?show={here}" if here else "/customers"
    assert f'href="{href}" aria-current="true"' in answer.text


def test_tabs_say_why_a_customer_is_in_them(lived: Page) -> None:
    with lived.app.store.look() as tx:
        one, other = tx.tabs.page("synced", "", 1)[0], customer_of(lived, "odd0@example.com")
        before = tx.holds.of([one, other])
    held = [
        Held("crm", one, "", "parked: the customer is not among those that crm is limited to"),
        Held("crm", other, "phone", "the vendor does not know this value"),
    ]
    lived.app.store.do(lambda tx: tx.holds.replace([one, other], held, "run-2"))
    visit = lived.logged_in()
    excluded, waiting = visit.get("/customers?show=excluded").text, visit.get("/customers?show=held").text
    lived.app.store.do(lambda tx: tx.holds.replace([one, other], before, "run-2"))
    assert one in excluded
    assert "is limited to" in excluded
    assert other not in excluded
    assert "crm phone: the vendor does not know this value" in waiting
    assert one not in waiting


def test_the_table_has_everybody_and_no_formula(lived: Page) -> None:
    answer = lived.logged_in().get("/customers.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), strict=True))
    head, *body = rows
    with lived.app.store.look() as tx:
        assert len(body) == tx.customers.count()
    assert not [cell for row in body for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    found = next(row for row in body if "formula@example.com" in row)
    assert found[head.index("full_name")] == "'=1+1"
    phones = {row[head.index("phone")] for row in body}
    assert "'+32470123450" in phones
    assert plain("'+32470123450") == "+32470123450"


def test_the_table_of_a_search_is_that_of_the_search_and_written_down(lived: Page) -> None:
    text = lived.logged_in().get("/customers.csv?q=formula%40").text
    assert text.count("\r\n") == 2
    with lived.app.store.look() as tx:
        deed = tx.audit.list(limit=1)[0]
    assert (deed.who, deed.action, deed.subject) == ("admin", "exported customers", "formula@")
    assert lived.logged_in("mai").get("/customers.csv").status_code == 403


def test_what_failed_stands_by_its_cause_and_leads_to_one_answer(lived: Page) -> None:
    ids = [customer_of(lived, f"odd{number}@example.com") for number in (0, 1, 4)]

    def fail(tx: Writing) -> None:
        added = [operation("crm", one, str(number), state="rejected") for number, one in enumerate(ids)]
        for number, one in enumerate(added):
            one.error, one.run = f"crm refused it: “{number}0” is no phone number", "run-2"
        tx.operations.add(added)

    lived.app.store.do(fail)
    visit = lived.logged_in()
    text = visit.get("/runs/run-2").text
    assert "Failed, by cause" in text
    assert "<strong>3</strong> records: <bdi>crm refused it: … is no phone number</bdi>" in text
    path = text.split('<a class="tag" href="/operations/')[1].split('"')[0]
    shown = visit.get(f"/operations/{path}").text
    assert "is no phone number" in shown
    assert "phonenumber" in shown
    assert "Try again" in shown
    assert "Try again" not in lived.logged_in("mai").get(f"/operations/{path}").text


def test_an_operation_that_is_not_there_is_404(lived: Page) -> None:
    visit = lived.logged_in()
    assert visit.get("/operations/op-999999").status_code == 404
    assert visit.get("/operations/nonsense").status_code == 422


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("shop refused it: “0470” is no number", "shop refused it: … is no number"),
        ("420: an@example.com is taken by 1000012", "…: … is taken by …"),
        ("", "no reason was given"),
    ],
)
def test_a_cause_is_an_answer_without_what_is_one_records_own(error: str, cause: str) -> None:
    assert cause_of(error) == cause


def test_tables_and_pages_of_the_past_need_a_login(plain_page: Page, tmp_path: Path) -> None:
    visit = plain_page.visit()
    for path in ("/customers.csv", "/operations/op-1", "/customers/x?as_of=run-1"):
        assert visit.get(path).status_code == 303
