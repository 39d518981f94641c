"""Leave to write is asked when nothing more stands between a write and its first byte, and kept back is not sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from syncd.errors import LeaseLost
from syncd.store.lease import lost
from syncd.vendors.auth import ClientCredentials
from syncd.vendors.budget import Allowance, Ration, Rationed
from syncd.vendors.http import Http
from syncd.vendors.leave import asking
from tests.vendors.hostile import Answer, Hostile, hostile, reply
from tests.vendors.test_http import client, now

OK = reply(b"{}")
DENIED = reply(b"{}", status="401 Unauthorized")


def granted(word: str) -> Answer:
    return reply(b'{"access_token": "%s", "expires_in": 3600}' % word.encode())


class Told(threading.Event):
    """Notes in their order when leave is asked and when something else is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        self.ticks = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.ticks += timeout or 0.0
        self.events.append("waited")
        return False

    def ask(self) -> None:
        self.events.append("asked")

    def now(self) -> float:
        return self.ticks


def refuse() -> None:
    raise lost()


def write(http: Http, ask: Callable[[], None]) -> None:
    with asking(ask):
        http.send("POST", "customers", json={}, kind="write")


def _waiting(server: Hostile, told: Told) -> Http:
    """Return a client that may send a request every thirty seconds."""
    ration = Ration("shop", (Allowance(1, 30),))
    return client(server, budget=Rationed(ration, stop=told, ticks=told.now))


def test_leave_is_asked_after_the_budget_was_waited_for() -> None:
    told = Told()
    with hostile(OK) as server:
        http = _waiting(server, told)
        http.send("GET", "customers")
        write(http, told.ask)
    assert told.events == ["waited", "asked", "asked"]  # when its turn has come, and before its first byte


def test_leave_that_is_taken_away_while_connecting_keeps_the_write_back() -> None:
    asked: list[str] = []

    def ask() -> None:
        asked.append("once")
        if len(asked) == 2:
            raise lost()

    with hostile(OK) as server:
        with pytest.raises(LeaseLost):
            write(client(server), ask)
        assert server.requests == []


def test_leave_is_asked_again_after_a_token_was_renewed() -> None:
    told = Told()
    with hostile(granted("old"), granted("new")) as door, hostile(DENIED, OK) as server:
        tokens = ClientCredentials(client(door), {}, clock=now)
        http = client(server, auth=tokens)
        with asking(told.ask):
            tokens.headers()
            told.events.clear()
            http.send("POST", "customers", json={}, kind="write")
        assert len(server.requests) == 2
    assert told.events == ["asked"] * 4  # with each token when its turn has come, and before its first byte


def test_a_write_without_leave_is_not_sent_and_a_read_needs_none() -> None:
    with hostile(OK) as server:
        http = client(server)
        with pytest.raises(LeaseLost):
            write(http, refuse)
        assert server.requests == []
        with asking(refuse):
            http.send("GET", "customers")
        assert len(server.requests) == 1


def test_leave_is_asked_by_the_thread_that_writes_alone() -> None:
    with hostile(OK) as server:
        http = client(server)
        with asking(refuse):
            thread = threading.Thread(target=lambda: http.send("POST", "customers", json={}, kind="write"))
            thread.start()
            thread.join()
        assert len(server.requests) == 1
        write(http, lambda: None)
        with pytest.raises(LeaseLost), asking(lambda: None):
            write(http, refuse)


def test_leave_that_is_taken_away_with_the_request_in_hand_lets_not_even_its_headers_go() -> None:
    asked: list[str] = []

    def ask() -> None:
        asked.append("once")
        if len(asked) == 4:
            raise lost()

    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        http = Http(f"http://127.0.0.1:{listener.getsockname()[1]}", clock=now, allow_http=True)
        answering = threading.Thread(target=lambda: seen.append(_answer_once(listener)))
        answering.start()
        write(http, ask)  # the connection is open from here on
        with pytest.raises(LeaseLost):
            write(http, ask)
        http.close()
        answering.join()
    assert seen == [b""]


def _answer_once(listener: socket.socket) -> bytes:
    """Answer one request of a connection, and return what else comes before it is closed."""
    connection, _ = listener.accept()
    with connection:
        while not connection.recv(65536).endswith(b"{}"):
            pass
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        return connection.recv(65536)
