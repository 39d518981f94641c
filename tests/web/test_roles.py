"""Every route wants a visitor; whoever may only look can do nothing."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from syncd.web.api import routes as api
from syncd.web.pages import routes as pages
from tests.web.conftest import Page

OPEN = {"/login", "/setup", "/healthz", "/readyz", "/metrics", "/robots.txt"}
OWN = {
    "/logout",
    "/settings/tokens",
    "/settings/tokens/{number}/revoke",
    "/settings/sessions/end",
    "/settings/password",
}
FILLED = {"run_id": "run-1", "operation": "op-1", "customer": "x", "customer_id": "x", "number": "1", "name": "crm",
          "field": "email", "verb": "pause", "verdict": "approve"}  # fmt: skip


def routes() -> list[tuple[str, str]]:
    """Return every method and path of the page and the API."""
    found = [
        (method, route.path)
        for router in (*pages.ROUTERS, *api.ROUTERS)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    assert len(found) > 40
    return found


def filled(path: str) -> str:
    """Return a path with its parameters filled in."""
    return path.format(**FILLED)


def test_nobody_passes_without_being_known(plain_page: Page) -> None:
    visit = plain_page.visit()
    for method, path in routes():
        if path in OPEN:
            continue
        answer = visit.session.request(
            method,
            plain_page.base + filled(path),
            headers={"Sec-Fetch-Site": "same-origin"},
            allow_redirects=False,
        )
        expected = 303 if method in {"GET", "HEAD"} and not path.startswith("/api/") else 401
        assert answer.status_code == expected, (method, path, answer.text)


def test_who_may_only_look_changes_nothing(plain_page: Page) -> None:
    visit = plain_page.logged_in("mai")
    for method, path in routes():
        if method in {"GET", "HEAD"} or path in OPEN | OWN:
            continue
        answer = visit.session.request(
            method, plain_page.base + filled(path), headers={"Sec-Fetch-Site": "same-origin"}, json={}
        )
        assert answer.status_code == 403, (method, path, answer.text)
    with plain_page.app.store.look() as tx:
        assert tx.runs.list() == []


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/customers", "/reviews", "/connections", "/activity", "/health", "/settings"]
)
def test_who_may_only_look_sees_every_page_without_buttons(page: Page, path: str) -> None:
    answer = page.logged_in("mai").get(path)
    assert answer.status_code == 200
    assert "Sync now" not in answer.text
    assert "Pause" not in answer.text
