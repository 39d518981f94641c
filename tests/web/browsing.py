"""The system's chromium, and an admin who sits before it and notices whatever the page should not do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from tests.daemon.conftest import Daemon
from tests.web.conftest import PASSWORD

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATHS = ("/", "/runs", "/customers", "/reviews", "/connections", "/activity", "/health", "/settings")


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
        """Say yes to the page's own questions, and keep every other one as a fault."""
        if dialog.type == "confirm" and dialog.message.startswith(("Take back", "Discard")):
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
        return self.text()

    def text(self) -> str:
        """Return what the page says."""
        return self.page.inner_text("main")

    def first_login(self, daemon: Daemon) -> None:
        """Open the one-time link, choose a password, and arrive."""
        link = re.search(r"http://\S+/setup\?token=\S+", daemon.said)
        assert link
        self.page.goto(link.group())
        self.page.fill("#password", PASSWORD)
        self.page.click("button.primary")
        self.page.wait_for_url(self.address + "/")

    def wait_for_end(self) -> str:
        """Wait until the run on the page has ended, as its live part tells; return the run's path."""
        self.page.wait_for_selector(".state:not(.busy)", timeout=60_000)
        self.page.wait_for_function("!document.querySelector('[data-live]')", timeout=60_000)
        return self.page.url.split("?")[0].removeprefix(self.address)

    def find(self, email: str) -> str:
        """Find a customer by e-mail as an admin does, and return the path of its page."""
        self.open("/")
        self.page.keyboard.press("/")
        self.page.wait_for_url("**/customers")
        self.page.fill("#q", email)
        self.page.keyboard.press("Enter")
        self.page.click("tbody a")
        self.page.wait_for_selector("table.compare")
        return self.page.url.removeprefix(self.address)


def admin_at(browser: Browser, daemon: Daemon) -> Admin:
    """Return an admin who has just logged in for the first time."""
    admin = Admin(browser.new_context(viewport={"width": 1280, "height": 900}), daemon.address)
    admin.first_login(daemon)
    return admin
