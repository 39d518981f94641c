"""Tokens: taken once, obeyed to their end, renewed once for all threads, and never shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from syncd.errors import Refused, Unreachable
from syncd.vendors.auth import ClientCredentials, Token
from syncd.vendors.http import Http
from tests.vendors.hostile import Answer, Hostile, hang_up, hostile, reply

START = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Drawer:
    """A shelf in memory."""

    texts: dict[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str | None:
        return self.texts.get(key)

    def update(self, key: str, change: Callable[[str | None], str], seconds: float) -> str:
        assert seconds > 0
        self.texts[key] = change(self.texts.get(key))
        return self.texts[key]


def token(word: str = "t1", **more: Any) -> Answer:
    return reply(orjson.dumps({"access_token": word, "expires_in": 300, "token_type": "Bearer", **more}))


def credentials(server: Hostile, clock: Clock, drawer: Drawer | None = None) -> ClientCredentials:
    http = Http(
        server.url, name="booking", clock=clock, allow_http=True, timeout=1.0, redact=["canary-secret"]
    )
    form = {"client_id": "us", "client_secret": "canary-secret", "scope": "customers"}
    return ClientCredentials(http, form, clock=clock, shelf=drawer)


def test_a_token_is_asked_for_as_oauth_says_and_kept() -> None:
    with hostile(token()) as server:
        auth = credentials(server, Clock())
        assert [dict(auth.headers()) for _ in range(2)] == [{"Authorization": "Bearer t1"}] * 2
        assert auth.requests == 1
    assert b"Content-Type: application/x-www-form-urlencoded" in server.requests[0]
    body = server.requests[0].partition(b"\r\n\r\n")[2]
    assert body == b"grant_type=client_credentials&client_id=us&client_secret=canary-secret&scope=customers"


@pytest.mark.parametrize(
    ("life", "good", "bad"),
    [(300, 239, 241), (10, 7, 9), (None, 239, 241), ("3600", 3539, 3541), (-5, 239, 241)],
)
def test_a_token_is_obeyed_to_a_little_before_its_end(life: Any, good: int, bad: int) -> None:
    clock = Clock()
    with hostile(token("t1", expires_in=life), token("t2")) as server:
        auth = credentials(server, clock)
        auth.headers()
        clock.now = START + timedelta(seconds=good)
        assert auth.headers() == {"Authorization": "Bearer t1"}
        clock.now = START + timedelta(seconds=bad)
        assert auth.headers() == {"Authorization": "Bearer t2"}


def test_a_clock_that_jumps_back_does_not_keep_a_token_alive() -> None:
    clock = Clock()
    with hostile(token("t1"), token("t2")) as server:
        auth = credentials(server, clock)
        auth.headers()
        clock.now = START - timedelta(hours=1)
        assert auth.headers() == {"Authorization": "Bearer t2"}


def test_threads_that_find_a_token_refused_share_one_renewal() -> None:
    with hostile(token("t1"), token("t2")) as server:
        auth = credentials(server, Clock())
        stale = auth.headers()
        threads = [threading.Thread(target=auth.renew, args=(stale,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert auth.headers() == {"Authorization": "Bearer t2"}
    assert len(server.requests) == 2


def test_a_token_outlives_the_process_until_it_ends_or_is_refused() -> None:
    drawer, clock = Drawer(), Clock()
    with hostile(token("t1"), token("t2"), token("t3")) as server:
        credentials(server, clock, drawer).headers()
        again = credentials(server, clock, drawer)
        assert again.headers() == {"Authorization": "Bearer t1"}
        assert again.requests == 0
        again.renew(again.headers())
        assert credentials(server, clock, drawer).headers() == {"Authorization": "Bearer t2"}
        clock.now += timedelta(seconds=300)
        assert credentials(server, clock, drawer).headers() == {"Authorization": "Bearer t3"}
    assert len(server.requests) == 3


def test_a_resting_token_is_only_for_the_credentials_that_it_was_given_to() -> None:
    drawer = Drawer()
    with hostile(token("t1")) as one, hostile(token("t2")) as other:
        credentials(one, Clock(), drawer).headers()
        assert credentials(other, Clock(), drawer).headers() == {"Authorization": "Bearer t2"}
    assert not any("canary-secret" in key for key in drawer.texts)


def test_a_token_shows_itself_to_nobody() -> None:
    assert "resting" not in repr(Token("resting", START, START))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b'{"error": "invalid_client", "error_description": "canary-secret"}', status="400 Bad"),
        reply(b'{"error": "unauthorized_client"}', status="401 No"),
        reply(b"<html>", status="404 No", headers="Content-Type: text/html"),
    ],
)
def test_a_refusal_says_what_to_check_and_shows_no_secret(answer: Answer) -> None:
    with hostile(answer) as server, pytest.raises(Refused) as error:
        credentials(server, Clock()).headers()
    assert "client_secret" in error.value.next_step
    assert "canary-secret" not in str(error.value)


@pytest.mark.parametrize(
    "answer",
    [
        hang_up,
        reply(status="500 Oops"),
        reply(b"<html>"),
        reply(b"{}"),
        reply(b'{"access_token": 7}'),
        reply(b'{"access_token": "a\\nb"}'),
        reply(b"[]"),
    ],
)
def test_without_a_token_nothing_has_been_sent_to_the_vendor(answer: Answer) -> None:
    with hostile(answer) as server, hostile(reply()) as vendor:
        auth = credentials(server, Clock())
        http = Http(vendor.url, name="booking", clock=Clock(), allow_http=True, auth=auth)
        with pytest.raises(Unreachable):
            http.send("POST", "customers", json={}, kind="write", tries=1)
    assert vendor.requests == []


def test_a_refused_token_is_renewed_once_and_then_it_is_over() -> None:
    with hostile(token("t1"), token("t2")) as server, hostile(reply(status="401 No")) as vendor:
        http = Http(vendor.url, clock=Clock(), allow_http=True, auth=credentials(server, Clock()))
        with pytest.raises(Refused):
            http.send("GET", "customers")
        assert http.requests == 4
    assert [b"Bearer t1" in request for request in vendor.requests] == [True, False]


def test_a_renewed_token_carries_the_request() -> None:
    with (
        hostile(token("t1"), token("t2")) as server,
        hostile(reply(status="401 No"), reply(b"[1]")) as vendor,
    ):
        http = Http(vendor.url, clock=Clock(), allow_http=True, auth=credentials(server, Clock()))
        assert http.send("POST", "customers", json={}, kind="write").json() == [1]


def test_a_vendor_that_repeats_the_token_shows_it_to_nobody() -> None:
    with hostile(token("canary-token")) as server:
        auth = credentials(server, Clock())
        with hostile(reply(b"{}")) as vendor:
            http = Http(vendor.url, clock=Clock(), allow_http=True, auth=auth)
            http.send("GET", "customers")
            assert http.clean("Bearer canary-token is not allowed") == "Bearer ••• is not allowed"
