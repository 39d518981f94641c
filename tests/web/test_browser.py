"""The page in a real browser on a real daemon: an admin's day from the first link to an undone run.

Wants the system's chromium. SYNCD_TEST_SCREENSHOTS=FOLDER keeps a picture of every page, light, dark and on a phone.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from tests.daemon.conftest import IDLE, Daemon, Place, place, until
from tests.web.conftest import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
__all__ = ["place"]

# An admin who syncs by hand and approves first writes.
BY_HAND = {**IDLE, "SYNCD__SAFETY__APPROVE": "first"}

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATHS = ("/", "/runs", "/customers", "/reviews", "/connections", "/activity", "/health", "/settings")
HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>", "javascript:alert(1)", "<iframe src=javascript:alert(1)>", "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "<%= 7*7 %>",
    "{% raw %}{{ 7*7 }}", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>", "]]><script>alert(1)</script>", "<math><mtext></mtext><script>alert(1)</script></math>",
    "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>", "\\\"-alert(1)-\\\"", "&lt;script&gt;alert(1)",
    "%3Cscript%3Ealert(1)%3C/script%3E", "<ScRiPt>alert(1)</sCrIpT>", "<style>*{background:url(//x)}</style>",
    "<link rel=stylesheet href=//x>", "<base href=//x>", "<form action=//x><button>go</button>", "\u202eelpmaxe", "=1+1",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "No chromium is installed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


class Admin:
    """An admin with a browser window; whatever the page should not do is kept in `faults`."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("dialog", self._asked)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("request", self._watched)

    def _asked(self, dialog: Dialog) -> None:
        """Say yes to the page's own question before an undo, and keep every other one as a fault."""
        if dialog.type == "confirm" and dialog.message.startswith("Take back"):
            dialog.accept()
            return
        self.faults.append(dialog.message)
        dialog.dismiss()

    def _watched(self, request: object) -> None:
        url = getattr(request, "url", "")
        if not url.startswith((self.address, "data:")):
            self.faults.append(f"a request to {url}")

    def open(self, path: str) -> str:
        """Open a page and return its text."""
        answer = self.page.goto(self.address + path, wait_until="domcontentloaded")
        assert answer is not None
        assert answer.status == 200, path
        return self.page.inner_text("main")

    def first_login(self, daemon: Daemon) -> None:
        """Open the one-time link, choose a password, and arrive."""
        link = re.search(r"http://\S+/setup\?token=\S+", daemon.said)
        assert link
        self.page.goto(link.group())
        self.page.fill("#password", PASSWORD)
        self.page.click("button.primary")
        self.page.wait_for_url(self.address + "/")


def _admin(browser: Browser, daemon: Daemon) -> Admin:
    admin = Admin(browser.new_context(viewport={"width": 1280, "height": 900}), daemon.address)
    admin.first_login(daemon)
    return admin


def _all_approved(admin: Admin, place: Place) -> bool:
    """Approve the first plan that waits, if any; tell whether everybody is at every vendor."""
    if "Look at the plan" in admin.open("/"):
        admin.page.click("text=Look at the plan >> nth=0")
        admin.page.click("text=Approve all")
        assert "Approved" in admin.page.inner_text("main")
    return set(place.customers().values()) == {3, 4}


def _customer_page(admin: Admin) -> str:
    """Find a customer by e-mail, and return the path of its page."""
    admin.open("/customers?q=an%40example.com")
    admin.page.click("tbody a")
    admin.page.wait_for_selector("table.compare")
    return admin.page.url.removeprefix(admin.address)


def _shown(admin: Admin, customer: str) -> str:
    """Return what the grid of a customer shows."""
    admin.open(customer)
    return admin.page.inner_text("table.compare")


def _wait_for_end(admin: Admin) -> None:
    """Wait until the run on the page has ended, as its live part tells."""
    admin.page.wait_for_selector(".state:not(.busy)", timeout=60_000)
    admin.page.wait_for_function("!document.querySelector('[data-live]')", timeout=60_000)


def test_an_admins_day(place: Place, browser: Browser) -> None:
    place.sandbox.kiotviet.human_create(
        name="An Peeters", email="an@example.com", contactNumber="0470 99 99 98"
    )
    daemon = place.start(**BY_HAND)
    daemon.says("The admin page is at")
    admin = _admin(browser, daemon)
    until(lambda: place.done() >= 4, "the first scheduled runs")

    # look before anything is written
    admin.open("/")
    admin.page.click("text=Dry run of all")
    _wait_for_end(admin)
    assert "nothing was written" in admin.page.inner_text("main")

    # then sync, see what waits, approve all of it, and follow it until it is done
    until(lambda: _all_approved(admin, place), "everybody at every vendor", 120)

    # one decision by its key
    admin.open("/reviews")
    admin.page.keyboard.press("j")
    admin.page.keyboard.press("Enter")
    admin.page.wait_for_selector("text=Your decision")
    admin.page.keyboard.press("1")
    admin.page.wait_for_selector("text=admin decided: Keep as it is")

    # somebody edits at a vendor; the run that brought it is undone
    until(lambda: place.done() == len(place.runs()), "nothing under way")
    userid = next(iter(place.sandbox.perfex.snapshot()))
    place.sandbox.perfex.human_edit(userid, city="Brugge")
    admin.open("/")
    admin.page.click("article:has-text('crm') >> text=Sync now")
    _wait_for_end(admin)
    run = admin.page.url.split("?")[0].removeprefix(admin.address)
    assert "Brugge" in _shown(admin, _customer_page(admin))
    admin.open(run)
    admin.page.click("button:has-text('Undo')")
    admin.page.wait_for_url("**said=undone")
    customer = _customer_page(admin)
    assert admin.page.inner_text("tr:has-text('City') td.gold").startswith("Gent")
    until(
        lambda: _all_approved(admin, place) and "Brugge" not in _shown(admin, customer), "Gent in the CRM", 90
    )
    assert admin.faults == []
    _pictures(browser, admin, place, customer)
    assert daemon.end() == 0


def test_thirty_hostile_names_do_nothing_anywhere(place: Place, browser: Browser) -> None:
    for number, name in enumerate(HOSTILE):
        place.sandbox.kiotviet.human_create(name=name, email=f"odd{number}@example.com", address=name)
    daemon = place.start(**BY_HAND)
    daemon.says("The admin page is at")
    admin = _admin(browser, daemon)
    until(lambda: place.done() >= 4, "the first scheduled runs")
    for path in (*PATHS, *(f"/runs/run-{number}" for number in range(1, 5))):
        admin.open(path)
    admin.open("/customers")
    links = admin.page.eval_on_selector_all("tbody a", "all => all.map(one => one.getAttribute('href'))")
    assert len(links) >= len(HOSTILE)
    for link in links:
        text = admin.open(str(link))
        assert "Values" in text
    assert admin.faults == []
    assert daemon.end() == 0


def _pictures(browser: Browser, admin: Admin, place: Place, customer: str) -> None:
    """Keep a picture of every page where that is asked for, and in any case see that none is wider than its window."""
    folder = os.environ.get("SYNCD_TEST_SCREENSHOTS")
    state = admin.page.context.storage_state()
    with_plan = next(f"/runs/run-{number}" for number, *_ in place.runs() if number > 4)
    for look, width, scheme in (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light")):
        size = {"width": width, "height": 900 if width > 400 else 844}
        context = browser.new_context(viewport=size, color_scheme=scheme, storage_state=state)  # type: ignore[arg-type]
        page = context.new_page()
        for name, path in _named(with_plan, customer):
            page.goto(admin.address + path, wait_until="domcontentloaded")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (look, path)
            if folder:
                page.screenshot(path=Path(folder) / f"{name}-{look}.png")
        context.close()


def _named(run: str, customer: str) -> list[tuple[str, str]]:
    named = [(path.strip("/") or "overview", path) for path in PATHS]
    return [*named, ("run", run), ("customer", customer), ("review", "/reviews/1")]
