"""Every page with much on it, in light, in dark and on a phone: none stands in anybody's way, none is too wide.

axe-core looks at each page as it is shown. SYNCD_TEST_SCREENSHOTS=docs/img keeps a picture of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from syncd.cli.sandboxed import environment
from syncd.sandbox import Sandbox
from tests.web.browsing import PATHS, browser
from tests.web.conftest import Page, served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
__all__ = ["browser"]

# Pictures show the places of an installed syncd, not those of whoever made them.
_AS_INSTALLED = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    node.nodeValue = node.nodeValue
      .replace(/\\/[\\w.-]+\\S*\\/syncd\\.db/g, "/var/lib/syncd/syncd.db")
      .replace(/\\/[\\w.-]+\\S*\\/sandbox\\.toml/g, "/etc/syncd/syncd.toml");
  }
}"""
LOOKS = (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light"))
SEEN = tuple(("overview" if path == "/" else path.strip("/"), path) for path in PATHS)
FEW = {"SYNCD__SAFETY__MAX_UPDATES": '[8, "1%"]', "SYNCD__FIELDS__PHONE__CONFLICT": "review"}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a shop in the middle of its day: written once, edited since, with much that waits for a person."""
    sandbox = Sandbox.demo()
    with sandbox.serve() as running:
        environ = environment(running) | FEW
        for page in served(tmp_path_factory.mktemp("busy"), sandbox, environ):
            page.app.sync((), dry_run=True, asked_by="admin")
            page.app.sync((), yes=True, asked_by="admin")
            _edited(sandbox)
            page.app.sync((), asked_by="schedule")
            page.app.pause("booking", "admin")
            lease = page.app.store.acquire("daemon 4711", ttl=timedelta(hours=1))
            assert lease is not None
            yield page
            lease.release()


def _edited(sandbox: Sandbox) -> None:
    """Let people edit at the vendors: two who did not know of each other, and more than the limits let pass."""
    till = {
        shown.get("email"): one for one, shown in sandbox.kiotviet.snapshot().items() if shown.get("email")
    }
    edited = 0
    for number, (userid, shown) in enumerate(sandbox.perfex.snapshot().items()):
        email = next((one.get("email") for one in shown.get("contacts", ())), None)
        if email in till and edited < 30:
            edited += 1
            sandbox.perfex.human_edit(userid, contact={"phonenumber": f"+3247055{number:04}"})
            if edited <= 4:
                sandbox.kiotviet.human_edit(till[email], contactNumber=f"090211{number:04}")


def _places(page: Page) -> list[tuple[str, str]]:
    """Return the name and path of every page there is."""
    with page.app.store.look() as tx:
        customer = tx.tabs.page("conflict", "", 1)[0]
        conflict = tx.reviews.list(kind="conflict", limit=1)[0].id
        failed = tx.operations.list(states=("rejected", "waiting"), run="run-2", limit=1)
        operation = (failed or tx.operations.list(states=("waiting",), limit=1))[0].id
    return [
        *SEEN,
        ("plan", "/runs/run-3"),
        ("run", "/runs/run-2"),
        ("dry-run", "/runs/run-1"),
        ("operations", "/operations"),
        ("operation", f"/operations/{operation}"),
        ("customer", f"/customers/{customer}"),
        ("past", f"/customers/{customer}?as_of=run-2"),
        ("held", "/customers?show=held"),
        ("review", f"/reviews/{conflict}"),
        ("connection", "/connections/new?vendor=kiotviet"),
    ]


@pytest.mark.parametrize(("look", "width", "scheme"), LOOKS)
def test_no_page_stands_in_anybodys_way(
    busy: Page, browser: Browser, look: str, width: int, scheme: str
) -> None:
    folder = os.environ.get("SYNCD_TEST_SCREENSHOTS")
    size = {"width": width, "height": 900 if width > 400 else 844}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    cookie = busy.logged_in().session.cookies["syncd"]
    shown = context.new_page()
    faults = _looked_at(shown, "login", busy.base + "/login", width, folder, look)
    context.add_cookies([{"name": "syncd", "value": cookie, "url": busy.base}])
    for name, path in _places(busy):
        faults += _looked_at(shown, name, busy.base + path, width, folder, look)
    context.close()
    assert faults == []


def _looked_at(page: object, name: str, address: str, width: int, folder: str | None, look: str) -> list[str]:
    """Open a page, keep its picture where that is asked for, and return what is wrong with it."""
    from playwright.sync_api import Page as Tab

    assert isinstance(page, Tab)
    answer = page.goto(address, wait_until="domcontentloaded")
    assert answer is not None
    assert answer.status == 200, address
    faults = []
    if page.evaluate("document.documentElement.scrollWidth") > width:
        faults.append(f"{name}: wider than {width}")
    if folder:
        page.evaluate(_AS_INSTALLED)
        page.screenshot(path=Path(folder) / f"{name}-{look}.png")
    found = Axe().run(page).response
    faults += [
        f"{name}: {one['impact']} {one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
    return faults
