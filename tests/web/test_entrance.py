"""Coming in: nobody without a login, no guessing, no other site's forms, no default password."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
import requests

from syncd.app import App
from syncd.cli.sandboxed import configuration
from syncd.config import load
from syncd.errors import UsageError
from syncd.store import Writing
from syncd.web import choose_password, create_app
from syncd.web.application import greeting
from syncd.web.entrance.guard import HEADERS
from syncd.web.entrance.passwords import accept, easy
from syncd.web.entrance.patience import Patience, account, pause, subject_of
from syncd.web.pages.door import inside
from tests.web.conftest import PASSWORD, Page, nowhere


def test_a_stranger_is_sent_to_the_login_and_back(plain_page: Page) -> None:
    visit = plain_page.visit()
    answer = visit.get("/customers?q=an")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fcustomers%3Fq%3Dan"
    shown = visit.get(answer.headers["location"])
    assert 'name="next" value="/customers?q=an"' in shown.text
    form = {"name": "admin", "password": PASSWORD, "next": "/customers?q=an"}
    assert visit.post("/login", form).headers["location"] == "/customers?q=an"
    assert visit.get("/customers?q=an").status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/runs", "/api/v1/customers", "/api/v1/reviews/1", "/api/v1/connections"]
)
def test_the_api_tells_a_stranger_401(plain_page: Page, path: str) -> None:
    answer = plain_page.visit().get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("secret", ["syncd_wrong", "tok\u00e9n", "", "syncd_" + "x" * 5000])
def test_a_wrong_token_is_401_whatever_it_is(plain_page: Page, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}".encode()}
    assert plain_page.visit().get("/api/v1/runs", headers=headers).status_code == 401


def test_the_first_start_has_no_password_but_a_link_that_works_once(
    empty_page: Page, first_link: str
) -> None:
    visit = empty_page.visit()
    assert visit.log_in("admin", "admin").status_code == 401
    token = urlsplit(first_link).query.removeprefix("token=")
    assert visit.get(f"/setup?token={token}").status_code == 200
    refused = visit.post("/setup", {"token": token, "password": "passwordadmin"})
    assert refused.status_code == 422
    assert "easy to guess" in refused.text
    chosen = visit.post("/setup", {"token": token, "password": PASSWORD})
    assert chosen.status_code == 303
    assert visit.get("/").status_code == 200
    again = empty_page.visit().post("/setup", {"token": token, "password": PASSWORD + "!"})
    assert again.status_code == 410
    assert greeting(empty_page.app, empty_page.base) == [f"The admin page is at {empty_page.base}"]


def test_a_network_is_refused_before_anybody_has_a_password(empty_page: Page) -> None:
    environ = nowhere() | {"SYNCD__STORE__URL": empty_page.app.settings.store.url}
    settings = load(configuration(), environ, {"web.host": "0.0.0.0"})
    with App.open(settings) as app, pytest.raises(UsageError, match="nobody has a password"):
        create_app(app)


def test_a_password_chosen_on_the_command_line_lets_in_and_ends_other_logins(plain_page: Page) -> None:
    before = plain_page.logged_in("mai")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD")} | nowhere()
    environ |= {"SYNCD_CONFIG": str(configuration()), "SYNCD__STORE__URL": plain_page.app.settings.store.url}

    def choose(password: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "syncd", "password", "mai"]
        return subprocess.run(
            command,
            input=password + "\n",
            env=environ,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    assert choose("short").returncode == 2
    assert before.get("/").status_code == 200
    assert choose("quiet harbour under nine pines").returncode == 0
    assert before.get("/").status_code == 303
    assert plain_page.visit().log_in("mai", "quiet harbour under nine pines").status_code == 303


def test_guessing_is_stopped_before_it_is_worked_on(plain_page: Page) -> None:
    visit = plain_page.visit()
    answers = [visit.log_in("admin", f"wrong {number}").status_code for number in range(40)]
    assert answers.count(401) <= 10
    assert set(answers) == {401, 429}
    plain_page.app.store.do(_has_failed_often)
    assert visit.log_in().status_code == 429


def test_a_restart_forgives_no_guessing_and_a_password_from_the_command_line_does(plain_page: Page) -> None:
    visit = plain_page.visit()
    while visit.log_in("admin", "wrong").status_code != 429:
        pass
    names = (account("admin"),)
    plain_page.app.store.do(_has_failed_often)
    again = Patience(plain_page.app.store)
    assert again.enter(names)
    choose_password(plain_page.app, "admin", PASSWORD, by="tests")
    assert not again.enter(names)


def _has_failed_often(tx: Writing) -> None:
    """Count so many failures of the admin that the wait outlasts whatever this machine is busy with."""
    for _ in range(12):
        tx.accounts.add_failure(subject_of(account("admin")))


def test_what_was_tried_does_not_rest_in_the_store(plain_page: Page) -> None:
    plain_page.visit().log_in("my secret in the wrong box", "x")
    path = plain_page.app.store.database.path
    assert path is not None
    assert b"my secret in the wrong box" not in b"".join(
        each.read_bytes() for each in path.parent.glob("syncd.db*")
    )


def test_waits_grow_to_a_quarter_of_an_hour_and_no_further() -> None:
    waits = [pause(count).total_seconds() for count in range(20)]
    assert waits[:7] == [0, 0, 0, 0, 0, 1, 2]
    assert max(waits) == 900


def test_an_unknown_user_is_told_the_same_as_a_wrong_password(plain_page: Page) -> None:
    one, other = plain_page.visit().log_in("nobody", "x"), plain_page.visit().log_in("admin", "x")
    assert one.status_code == other.status_code == 401
    assert one.text.replace("nobody", "admin") == other.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_does_nothing(plain_page: Page, site: str) -> None:
    visit = plain_page.logged_in()
    assert visit.post("/runs", {}, site=site).status_code == 403
    with plain_page.app.store.look() as tx:
        assert tx.runs.list() == []


def test_without_fetch_metadata_the_origin_decides(plain_page: Page) -> None:
    visit = plain_page.logged_in()

    def ask(**headers: str) -> int:
        return visit.session.post(
            plain_page.base + "/runs", headers=headers, allow_redirects=False
        ).status_code

    assert ask(Origin="https://evil.example") == 403
    assert ask(Origin="null") == 403
    assert ask() == 403
    assert ask(Origin=plain_page.base) == 303


def test_a_rebound_name_gets_nothing(plain_page: Page) -> None:
    answer = plain_page.visit().get("/login", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_a_body_that_is_too_large_is_refused_announced_or_not(plain_page: Page) -> None:
    visit = plain_page.logged_in()
    assert visit.post("/runs", b"x" * 2_000_000).status_code == 413

    def dribble() -> object:
        for _ in range(200):
            yield b"x" * 10_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert visit.post("/runs", dribble(), headers=form).status_code == 413
    document = {"Content-Type": "application/json"}
    answer = plain_page.program().post("/api/v1/runs", dribble(), headers=document)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/runs", "/static/base.css", "/nowhere", "/healthz"])
def test_every_answer_carries_the_security_headers(plain_page: Page, path: str) -> None:
    headers = plain_page.visit().get(path).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert ("no-store" in headers["cache-control"]) != path.startswith("/static/")


def test_no_page_has_inline_script_or_style(page: Page) -> None:
    visit = page.logged_in()
    for path in (
        "/",
        "/runs",
        "/runs/run-1",
        "/customers",
        "/reviews",
        "/connections",
        "/health",
        "/settings",
    ):
        text = visit.get(path).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=\"|javascript:", text), path


def test_the_cookie_is_new_at_login_and_dead_after_logout(plain_page: Page) -> None:
    visit = plain_page.visit()
    visit.session.cookies.set("syncd", "chosen-by-somebody-else")
    answer = visit.log_in()
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    secret = answer.cookies["syncd"]
    assert secret != "chosen-by-somebody-else"
    visit.session.cookies.clear()
    visit.session.cookies.set("syncd", secret)
    assert visit.get("/").status_code == 200
    assert visit.post("/logout").status_code == 303
    visit.session.cookies.set("syncd", secret)
    assert visit.get("/").status_code == 303


def test_neither_cookie_nor_token_rests_in_the_store(plain_page: Page) -> None:
    visit = plain_page.visit()
    assert visit.log_in().status_code == 303
    token = plain_page.token()
    path = plain_page.app.store.database.path
    assert path is not None
    kept = b"".join(each.read_bytes() for each in path.parent.glob("syncd.db*"))
    assert visit.session.cookies["syncd"].encode() not in kept
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept


def test_a_changed_password_ends_other_logins(plain_page: Page) -> None:
    mine, other = plain_page.logged_in("mai"), plain_page.logged_in("mai")
    form = {"old": PASSWORD, "new": "quiet harbour under nine pines"}
    assert mine.post("/settings/password", form).status_code == 303
    assert mine.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_a_user_who_is_kept_out_is_out_at_once(plain_page: Page) -> None:
    theirs, program = plain_page.logged_in("mai"), plain_page.program("mai")
    assert program.get("/api/v1/runs").status_code == 200
    assert plain_page.logged_in().post("/settings/users/mai/disable").status_code == 303
    assert theirs.get("/").status_code == 303
    assert program.get("/api/v1/runs").status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "/\n/evil", "javascript:x"]
)
def test_a_login_leads_nowhere_else(target: str) -> None:
    assert inside(target) == "/"


@pytest.mark.parametrize(
    "password", ["passwordpassword", "aaaaaaaaaaaa", "qwertzuiopasdf", "admin1234567", "123456789012"]
)
def test_easy_passwords_are_known(password: str) -> None:
    assert easy(password, "admin")


@pytest.mark.parametrize("password", ["polniypizdec0211", "needforspeed", "CounterStrike"])
def test_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(UsageError, match="easy to guess"):
        accept(password, "admin")


@pytest.mark.parametrize("password", [PASSWORD, "tr0ub4dor-and-3-more", "ngựa pin ghim đúng"])
def test_good_passwords_pass(password: str) -> None:
    assert not easy(password, "admin")


def test_health_is_open_and_says_nothing_else(plain_page: Page) -> None:
    answer = requests.get(plain_page.base + "/healthz", timeout=10)
    assert answer.json() == {"status": "ok"}
    ready = requests.get(plain_page.base + "/readyz", timeout=10)
    assert ready.status_code == 503
