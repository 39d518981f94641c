"""The page as people meet it: a real server on a real store, four simulated vendors, and visitors with cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher

from syncd.app import App
from syncd.cli.sandboxed import configuration, environment
from syncd.config import load
from syncd.daemon.listen import Door, Listener, bind
from syncd.metrics import Metrics
from syncd.sandbox import Sandbox
from syncd.store import Writing
from syncd.web import create_app, one_time_link
from syncd.web.entrance import passwords
from syncd.web.entrance.guard import Guard
from syncd.web.visitor import begin_session
from tests.support.stores import ready

PASSWORD = "violet tram over seven lakes"
STRONG = passwords._hasher
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HASHED = QUICK.hash(PASSWORD)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "Robert'); DROP TABLE customers;--",
    "\u202etxt.exe",
)


@dataclass
class Visit:
    """A browser that has been to the page: it sends what browsers send, and keeps its cookie."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        """Open a page; redirects are not followed."""
        return self.session.get(self.base + path, timeout=20, allow_redirects=False, **more)

    def post(self, path: str, form: Any = None, site: str = "same-origin", **more: Any) -> requests.Response:
        """Send a form, by default from a page of the same site."""
        headers = {"Sec-Fetch-Site": site, **more.pop("headers", {})}
        return self.session.post(
            self.base + path, data=form, headers=headers, timeout=20, allow_redirects=False, **more
        )

    def log_in(self, name: str = "admin", password: str = PASSWORD) -> requests.Response:
        """Log in."""
        return self.post("/login", {"name": name, "password": password})


@dataclass
class Page:
    """The served page, its App and its vendors."""

    app: App
    guard: Guard
    base: str
    sandbox: Sandbox

    def visit(self) -> Visit:
        """Return a browser that was never here."""
        return Visit(self.base)

    def logged_in(self, name: str = "admin") -> Visit:
        """Return a browser that is logged in."""
        visit = self.visit()
        # as a login does, but without the half second that a password costs
        site = self.guard.app.state.site  # type: ignore[attr-defined]
        secret = self.app.store.do(lambda tx: begin_session(tx, site, name, "tests"))
        visit.session.cookies.set("syncd", secret)
        return visit

    def token(self, name: str = "admin") -> str:
        """Return an API token, made as a person makes one."""
        answer = self.logged_in(name).post("/settings/tokens", {"label": "tests", "days": "30"})
        found = re.search(r"syncd_[\w-]{43}", answer.text)
        assert found, answer.text
        return found.group()

    def program(self, name: str = "admin") -> Visit:
        """Return a program with a token."""
        visit = self.visit()
        visit.session.headers["Authorization"] = f"Bearer {self.token(name)}"
        return visit


def people(sandbox: Sandbox) -> None:
    """Put people into the CRM and the till: some in both, some with names that want to be more than names."""
    for number, (first, last) in enumerate((("An", "Peeters"), ("Bram", "Claes"))):
        contact = {"firstname": first, "lastname": last, "email": f"{first.lower()}@example.com"}
        sandbox.perfex.human_create(
            company="", contact={**contact, "phonenumber": f"+3247012345{number}"}, city="Gent"
        )
    sandbox.kiotviet.human_create(name="An Peeters", email="an@example.com", contactNumber="0470 99 99 99")
    sandbox.kiotviet.human_create(name="An Peeters", email="an@example.com", contactNumber="0470 99 99 98")
    for number, name in enumerate(HOSTILE):
        sandbox.kiotviet.human_create(name=name, email=f"odd{number}@example.com")


def users(app: App) -> None:
    """Add an admin and somebody who may only look."""

    def add(tx: Writing) -> None:
        tx.accounts.add_user("admin", "admin", HASHED)
        tx.accounts.add_user("mai", "viewer", HASHED)

    app.store.do(add)


def served(folder: Path, sandbox: Sandbox, urls: dict[str, str], *, fresh: bool = False) -> Iterator[Page]:
    """Serve the page over a store in a folder; nobody has a password yet where it is to be `fresh`."""
    flags = {"web.port": 0, "store.backups": str(folder / "backups")}
    store = {"SYNCD__STORE__URL": ready(f"sqlite:///{folder}/syncd.db")}
    environ = store | urls | {"SYNCD__SAFETY__APPROVE": "first"}
    with App.open(load(configuration(), environ, flags), metrics=Metrics()) as app:
        if not fresh:
            users(app)
        bound = bind("127.0.0.1", 0)
        assert bound is not None
        guard = create_app(app)
        listener = Listener(Door(guard), bound)
        listener.start()
        try:
            yield Page(app, guard, listener.address, sandbox)
        finally:
            listener.leave()
            listener.join(10)


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Hash passwords with little work: what is at stake here is who gets in, not how long guessing takes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", QUICK)
        yield


@pytest.fixture
def empty_page(tmp_path: Path) -> Iterator[Page]:
    """The page of a store that nobody has used: no user, no run."""
    yield from served(tmp_path, Sandbox.empty(), nowhere(), fresh=True)


def nowhere() -> dict[str, str]:
    """Return secrets for connections that are never asked."""
    return dict.fromkeys(
        ("CRM_TOKEN", "KV_ID", "KV_SECRET", "OMNI_TOKEN", "PEXIP_ID", "PEXIP_SECRET"), "unused"
    )


@pytest.fixture
def plain_page(tmp_path: Path) -> Iterator[Page]:
    """The page with two users and nothing synced."""
    yield from served(tmp_path, Sandbox.empty(), nowhere())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page after one dry run and one sync, whose writes wait for approval."""
    sandbox = Sandbox.empty()
    people(sandbox)
    with sandbox.serve() as running:
        for page in served(tmp_path_factory.mktemp("page"), sandbox, environment(running)):
            page.app.sync((), dry_run=True, asked_by="admin")
            page.app.sync((), asked_by="admin")
            yield page


@pytest.fixture
def first_link(empty_page: Page) -> str:
    """The one-time link that a first start prints."""
    return one_time_link(empty_page.app, empty_page.base)
