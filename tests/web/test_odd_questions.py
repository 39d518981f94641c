"""Whatever stands in an address, on either database: an answer, never a server error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.sandbox import Sandbox
from tests.store.conftest import migrated
from tests.support.postgres import Migrate
from tests.web.conftest import Page, nowhere, served

# a zero, half a surrogate, more than a database counts, another script's digit, more than anybody types
ODD = ("a%00b", "%ED%A0%80", "9223372036854775808", "run-9223372036854775808", "run-٣", "-1", "a" * 3000)
PATHS = (
    "/runs?after={0}", "/runs?connection={0}", "/runs?show={0}", "/runs/{0}", "/runs/run-1?after={0}", "/runs/run-1?state={0}",
    "/operations?after={0}", "/operations?connection={0}", "/operations?state={0}", "/operations/{0}",
    "/customers?q={0}", "/customers?after={0}", "/customers?show={0}", "/customers?connection={0}", "/customers/{0}",
    "/customers/{0}/export", "/customers/{0}?as_of={0}", "/reviews?after={0}", "/reviews?show={0}", "/reviews/{0}",
    "/activity?after={0}", "/activity?before={0}", "/connections/new?vendor={0}", "/connections/{0}", "/live/runs/{0}", "/setup?token={0}",
    "/static/{0}", "/hooks/{0}", "/{0}", "/login?next={0}",
    "/api/v1/runs?after={0}", "/api/v1/runs?limit={0}", "/api/v1/runs/{0}", "/api/v1/operations?after={0}",
    "/api/v1/operations?connection={0}", "/api/v1/operations?run={0}", "/api/v1/operations?state={0}", "/api/v1/operations?customer={0}",
    "/api/v1/operations/{0}", "/api/v1/customers?after={0}", "/api/v1/customers?q={0}", "/api/v1/customers?search={0}",
    "/api/v1/customers?connection={0}", "/api/v1/customers/{0}", "/api/v1/customers/{0}/history?after={0}",
    "/api/v1/customers/{0}/why/phone", "/api/v1/customers/{0}/as-of/{0}", "/api/v1/reviews?after={0}", "/api/v1/reviews?kind={0}",
    "/api/v1/reviews?state={0}", "/api/v1/reviews/{0}", "/api/v1/connections/{0}", "/api/v1/{0}",
)  # fmt: skip


@pytest.fixture
def page(prepared_store: Callable[[Migrate], str], tmp_path: Path) -> Iterator[Page]:
    """The page on each database in turn, with two users and one run that nobody carries out."""
    urls = nowhere() | {"SYNCD__STORE__URL": prepared_store(migrated)}
    for page in served(tmp_path, Sandbox.empty(), urls):
        page.app.store.do(lambda tx: tx.runs.request(("crm",), {}, "admin"))
        yield page


def test_no_address_is_a_server_error(page: Page) -> None:
    visit, program = page.logged_in(), page.program()
    broken = {}
    for path in PATHS:
        for odd in ODD:
            asked = path.replace("{0}", odd)
            answer = (program if path.startswith("/api/") else visit).get(
                asked, stream=asked.startswith("/live/")
            )
            if answer.status_code >= 500:
                broken[asked[:90]] = answer.status_code
            answer.close()
    assert broken == {}


def test_no_form_and_no_document_stores_a_zero(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    visit, program = page.logged_in(), page.program()
    assert visit.post("/settings/tokens", {"label": "a\0b", "days": "30"}).status_code == 400
    assert visit.post("/customers/x\0/pin", {"field": "phone", "value": "1"}).status_code == 400
    asked = program.post(
        "/api/v1/runs", headers={"Content-Type": "application/json"}, form=b'{"connections": ["\\u0000"]}'
    )
    assert (asked.status_code, asked.headers["content-type"]) == (400, "application/problem+json")
    assert "A page broke" not in caplog.text
