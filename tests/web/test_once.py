"""Writes that name themselves happen once, whatever is sent again, by whom, and after what."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from syncd.sandbox import Sandbox
from tests.web.conftest import Page, Visit, nowhere, served

RUNS = "/api/v1/runs"
DRY = {"connections": ["crm"], "dry_run": True}


def ask(program: Visit, key: str, body: object = DRY, path: str = RUNS) -> requests.Response:
    """Send a write that names itself."""
    return program.post(path, json=body, headers={"Idempotency-Key": key})


def runs(page: Page) -> int:
    """Return how many runs were asked for, those that wait and those that are over."""
    with page.app.store.look() as tx:
        return len(tx.runs.list())


def end_runs(page: Page) -> None:
    """End whatever waits, so that an equal request would not simply join it."""
    with page.app.store.look() as tx:
        waiting = tx.runs.requested()
    for run in waiting:
        page.app.store.do(lambda tx, run=run: tx.runs.finish(run.id, "ok", {}))  # type: ignore[misc]


def test_the_same_again_gets_the_same_answer_and_does_nothing(plain_page: Page) -> None:
    program = plain_page.program()
    first = ask(program, "one")
    end_runs(plain_page)
    again = ask(program, "one")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert runs(plain_page) == 1
    assert ask(program, "two").json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [(RUNS, {"connections": ["shop"], "dry_run": True}), (RUNS + "?x=1", DRY), ("/api/v1/operations/approve", {})],
)  # fmt: skip
def test_another_content_under_the_same_key_is_a_mistake(plain_page: Page, path: str, body: object) -> None:
    program = plain_page.program()
    assert ask(program, "one").status_code == 202
    answer = ask(program, "one", body, path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Idempotency-Key" in answer.json()["detail"]
    assert runs(plain_page) == 1


def test_an_answer_without_a_body_is_repeated_too(plain_page: Page) -> None:
    program = plain_page.program()
    answers = [ask(program, "pause", None, "/api/v1/connections/crm/pause") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert answers[1].headers["idempotency-replayed"] == "true"
    with plain_page.app.store.look() as tx:
        assert len([deed for deed in tx.audit.list() if deed.subject == "crm"]) == 1


def test_a_refused_request_may_be_mended_under_the_same_key(plain_page: Page) -> None:
    program = plain_page.program()
    assert ask(program, "one", {"connections": ["nowhere"]}).status_code == 422
    assert ask(program, "one").status_code == 202


def test_a_key_is_its_visitors_own(plain_page: Page) -> None:
    other = plain_page.visit()
    assert ask(plain_page.program(), "one").status_code == 202
    assert ask(other, "one").status_code == 401
    assert ask(plain_page.program("mai"), "one").status_code == 403


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "\u00e9".encode().decode("latin-1")])
def test_a_key_is_up_to_255_plain_characters(plain_page: Page, key: str) -> None:
    answer = ask(plain_page.program(), key)
    assert answer.status_code == 422
    assert runs(plain_page) == 0


def test_ten_at_once_are_one(plain_page: Page) -> None:
    program = plain_page.program()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ask(program, "one"), range(10)))
    said = Counter(answer.status_code for answer in answers)
    assert set(said) <= {202, 409}
    assert said[202] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
    with plain_page.app.store.look() as tx:
        assert tx.runs.list()[0].joined == 0


def test_a_restart_forgets_no_key(tmp_path: Path) -> None:
    opened = contextmanager(served)
    with opened(tmp_path, Sandbox.empty(), nowhere()) as page:
        token = page.token()
        first = ask(_with(page, token), "one")
        end_runs(page)
    with opened(tmp_path, Sandbox.empty(), nowhere(), fresh=True) as page:
        again = ask(_with(page, token), "one")
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"
        assert runs(page) == 1


def _with(page: Page, token: str) -> Visit:
    visit = page.visit()
    visit.session.headers["Authorization"] = f"Bearer {token}"
    return visit


def test_the_document_says_so_of_every_write(plain_page: Page) -> None:
    document = plain_page.visit().get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            names = [one["name"].lower() for one in said.get("parameters", [])]
            assert ("idempotency-key" in names) == (method != "get"), (method, path)
            assert ("409" in said["responses"]) >= (method != "get"), (method, path)
            assert len(names) == len(set(names)), (method, path)
            problem = said["responses"]["422"]["content"]
            assert re.fullmatch("application/problem\\+json", next(iter(problem)))
