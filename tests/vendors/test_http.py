"""The wire: what each way of failing proves, and that neither waits nor bodies are without end."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.errors import (
    Busy,
    ConfigError,
    Malformed,
    Rejected,
    Throttled,
    Unanswered,
    Unreachable,
    VendorError,
)
from syncd.vendors.call import address_of
from syncd.vendors.http import Http, segment
from tests.vendors.hostile import Answer, Hostile, drip, hang_up, hostile, raw, reply, silence

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PERSON = "anna%40example.com"


def now() -> datetime:
    return datetime.now(UTC)


def client(server: Hostile, **options: Any) -> Http:
    settings = {"clock": now, "name": "shop", "allow_http": True, "timeout": 1.0, **options}
    return Http(server.url, **settings)


def read(server: Hostile, *, tries: int = 1, **options: Any) -> Any:
    return client(server, **options).send("GET", f"customers/{PERSON}", tries=tries).json()


def write(server: Hostile, *, tries: int = 1, **options: Any) -> Any:
    http = client(server, **options)
    return http.send("POST", f"customers/{PERSON}", json={"name": "Anna"}, kind="write", tries=tries).json()


def test_reads_json_and_counts_requests() -> None:
    with hostile(reply(b'{"name": "\xc4\x90\xe1\xba\xb7ng"}')) as server:
        http = client(server)
        answer = http.send("GET", "customers", query=[("page[size]", "100"), ("email[]", "a@example.com")])
        assert answer.json() == {"name": "Đặng"}
        assert http.requests == 1
    assert server.requests[0].startswith(
        b"GET /customers?page%5Bsize%5D=100&email%5B%5D=a%40example.com HTTP/1.1"
    )


def test_a_byte_order_mark_is_tolerated() -> None:
    with hostile(reply(b'\xef\xbb\xbf{"a": 1}')) as server:
        assert read(server) == {"a": 1}


def test_json_that_calls_itself_html_is_json() -> None:
    with hostile(reply(b'{"a": 1}', headers="Content-Type: text/html; charset=UTF-8")) as server:
        assert read(server) == {"a": 1}


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints\r\nLink: </a>"])
def test_what_comes_before_an_answer_is_not_taken_for_it(status: str) -> None:
    early = f"HTTP/1.1 {status}\r\n\r\n".encode()
    with hostile(raw(early + early + OK + b"Content-Length: 3\r\n\r\n[1]")) as server:
        assert read(server) == [1]
        assert write(server) == [1]


def test_a_server_may_close_after_each_answer() -> None:
    with hostile(raw(OK + b"Connection: close\r\nContent-Length: 3\r\n\r\n[1]", close=True)) as server:
        http = Http(server.url, clock=now, allow_http=True)
        assert [http.send("POST", "x", json={}, kind="write").json() for _ in range(5)] == [[1]] * 5
        http.close()
    assert len(server.requests) == 5


# answer → what a read is told, what a write is told
BROKEN: list[tuple[str, Answer, type[VendorError], type[VendorError]]] = [
    ("hung up", hang_up, Unanswered, Unanswered),
    ("cut by its length", raw(OK + b"Content-Length: 100\r\n\r\n{}", close=True), Unanswered, Unanswered),
    (
        "cut in a chunk",
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1", close=True),
        Unanswered,
        Unanswered,
    ),
    ("cut headers", raw(b"HTTP/1.1 200 OK\r\nContent-", close=True), Malformed, Unanswered),
    ("not HTTP", raw(b"220 smtp.example.com ESMTP\r\n", close=True), Unanswered, Unanswered),
    ("server error", reply(status="500 Oops"), Unanswered, Unanswered),
    ("bad gateway", reply(b"<html>", status="502 Bad Gateway"), Unanswered, Unanswered),
    ("request timeout", reply(status="408 Timeout"), Unanswered, Unanswered),
    ("login page", reply(b"<!doctype html>", headers="Content-Type: text/html"), Malformed, Unanswered),
    ("page in disguise", reply(b" \n<html></html>"), Malformed, Unanswered),
    ("empty", reply(b""), Malformed, Unanswered),
    ("NaN", reply(b'{"points": NaN}'), Malformed, Unanswered),
    ("Infinity", reply(b'{"points": Infinity}'), Malformed, Unanswered),
    ("a number without end", reply(b'{"points": ' + b"1" * 5000 + b"}"), Malformed, Unanswered),
    ("nested without end", reply(b"[" * 100_000), Malformed, Unanswered),
    ("half a document", reply(b'{"data": ['), Malformed, Unanswered),
    (
        "redirect",
        raw(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"),
        Malformed,
        Unanswered,
    ),
    ("broken gzip", reply(b"not gzip", headers="Content-Encoding: gzip"), Unanswered, Unanswered),
]


@pytest.mark.parametrize(
    ("answer", "of_read", "of_write"), [row[1:] for row in BROKEN], ids=[r[0] for r in BROKEN]
)
def test_a_broken_answer_is_told_apart_from_nothing_sent(
    answer: Answer, of_read: type[VendorError], of_write: type[VendorError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with hostile(answer) as server:
        with pytest.raises(of_read) as read_error:
            read(server)
        with pytest.raises(of_write) as write_error:
            write(server)
    for error in (read_error.value, write_error.value):
        assert type(error) in {of_read, of_write}
        assert error.next_step
        assert "anna" not in f"{error!r} {error} {error.__cause__!r} {error.__cause__}"
    assert "anna" not in caplog.text


def test_a_write_is_sent_once_whatever_comes_back() -> None:
    for answer in (hang_up, reply(status="500 Oops"), reply(b"<html>")):
        with hostile(answer) as server, pytest.raises(Unanswered):
            write(server, tries=3)
        assert len(server.requests) == 1


def test_a_read_is_tried_again() -> None:
    with hostile(hang_up, reply(status="503 Later"), reply(b'{"a": 1}')) as server:
        assert read(server, tries=3) == {"a": 1}
    assert len(server.requests) == 3


def test_nothing_listens() -> None:
    with hostile(reply()) as server:
        pass
    for call in (read, write):
        with pytest.raises(Unreachable) as error:
            call(server)
        assert "127.0.0.1" in str(error.value)


def test_a_server_that_does_not_speak_tls_has_seen_nothing() -> None:
    with hostile(reply()) as server:
        server.url = server.url.replace("http:", "https:")
        with pytest.raises(Unreachable):
            write(server)


@pytest.mark.parametrize(
    "answer",
    [
        silence,
        drip(OK + b"Content-Length: 2\r\n\r\n{}"),
        drip(b"\r\n" * 100),
        lambda connection: (
            connection.sendall(OK + b"Content-Length: 99\r\n\r\n"),
            drip(b" " * 99)(connection),
        ),
    ],
    ids=["silence", "slow headers", "empty lines", "slow body"],
)
@pytest.mark.parametrize("call", [read, write])
def test_no_answer_takes_longer_than_the_deadline(answer: Answer, call: Callable[..., Any]) -> None:
    with hostile(answer) as server:
        began = time.monotonic()
        with pytest.raises(Unanswered):
            call(server)
        assert time.monotonic() - began < 2.0


def test_a_body_without_end_is_cut() -> None:
    bomb = gzip.compress(b" " * (128 << 20), compresslevel=1)
    with hostile(reply(bomb, headers="Content-Type: application/json\r\nContent-Encoding: gzip")) as server:
        before = _peak()
        with pytest.raises(Malformed, match="more than 1 MiB"):
            read(server, max_body=1 << 20, timeout=20.0)
        assert _peak() - before < 64 << 10


def _peak() -> int:
    """Return the most memory this process ever held, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_a_redirect_is_never_followed() -> None:
    with hostile(reply()) as other:
        location = f"HTTP/1.1 307 Go\r\nLocation: {other.url.replace('127.0.0.1', 'localhost')}/x\r\nContent-Length: 0\r\n\r\n"
        with hostile(raw(location.encode())) as server:
            for call in (read, write):
                with pytest.raises(VendorError, match="redirected to localhost"):
                    call(server, headers={"authtoken": "canary-secret"})
    assert other.requests == []


def test_the_environment_takes_no_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password gold\n")
    netrc.chmod(0o600)
    with hostile(reply()) as proxy, hostile(reply()) as server:
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        read(server, headers={"Authorization": "Bearer ours"})
    assert proxy.requests == []
    assert b"Authorization: Bearer ours" in server.requests[0]


def test_cookies_are_not_kept() -> None:
    with hostile(reply(headers="Content-Type: application/json\r\nSet-Cookie: session=1")) as server:
        http = client(server)
        http.send("GET", "a")
        http.send("GET", "b")
    assert b"ookie" not in server.requests[1]


RETRY_AFTER = [
    ("2", 2.0),
    ("1.5", 1.5),
    ("7200", 3600.0),
    ("90s", 90.0),
    ("7\r\nretry-after: 7", 7.0),
    ("Sun, 06 Nov 2044 08:49:39 GMT\r\nDate: Sun, 06 Nov 2044 08:49:37 GMT", 2.0),
    ("Sun, 06 Nov 1994 08:49:39 GMT\r\nDate: Sun, 06 Nov 1994 09:49:37 GMT", 0.0),
    ("-1", None),
    ("soon", None),
    ("", None),
    ("nan", None),
]


@pytest.mark.parametrize(("header", "wait"), RETRY_AFTER)
def test_the_vendor_says_how_long_to_wait(header: str, wait: float | None) -> None:
    with hostile(reply(status="429 Slow", headers=f"Retry-After: {header}")) as server:
        with pytest.raises(Throttled) as error:
            write(server)
        assert error.value.wait == wait


def test_a_short_wait_is_sat_out_for_reads_and_writes() -> None:
    for call in (read, write):
        with hostile(reply(status="429 Slow", headers="Retry-After: 1"), reply(b"[1]")) as server:
            began = time.monotonic()
            assert call(server, tries=3) == [1]
            assert time.monotonic() - began >= 1.0


def test_a_long_wait_goes_back_to_the_caller_and_holds_the_others() -> None:
    with hostile(reply(status="429 Slow", headers="Retry-After: 300"), reply()) as server:
        http = client(server)
        for _ in range(2):
            with pytest.raises(Throttled) as error:
                http.send("GET", "customers", tries=3)
            assert error.value.wait == pytest.approx(300, abs=1)
    assert len(server.requests) == 1


def test_statuses_that_mean_not_processed_are_tried_again() -> None:
    with hostile(reply(status="409 Busy"), reply(b"[1]")) as server:
        assert write(server, tries=3, busy=lambda reply: reply.status == 409) == [1]
    with hostile(reply(status="409 Busy")) as server, pytest.raises(Busy):
        write(server, tries=1, busy=lambda reply: reply.status == 409)


def test_other_refusals_are_the_connectors_to_explain() -> None:
    with hostile(reply(b'{"message": "no"}', status="422 No")) as server:
        answer = client(server).send("POST", "customers", json={}, kind="write")
        assert (answer.status, answer.words()) == (422, {"message": "no"})
    with hostile(reply(b"<html>", status="404 No", headers="Content-Type: text/html")) as server:
        assert client(server).send("GET", "customers").words() is None


def test_stopping_ends_a_wait() -> None:
    stop = threading.Event()
    with hostile(reply(status="429 Slow", headers="Retry-After: 4")) as server:
        threading.Timer(0.2, stop.set).start()
        began = time.monotonic()
        with pytest.raises((Throttled, Busy)):
            read(server, tries=3, stop=stop)
        assert time.monotonic() - began < 2
    with hostile(reply()) as server:
        with pytest.raises(Busy):
            write(server, stop=stop)
        assert server.requests == []


def test_bad_text_in_one_row_does_not_lose_the_page() -> None:
    body = (
        b'{"data": [{"id": "1", "name": "\\ud83d"}, {"id": "2", "name": "ok"}, {"id": "3", "name": "\xff"}]}'
    )
    with hostile(reply(body)) as server:
        answer = client(server).send("GET", "customers")
        assert answer.suspect
        assert [row["id"] for row in answer.json()["data"]] == ["1", "2", "3"]
    with hostile(reply(b'{"name": "\\u0000"}')) as server:
        assert client(server).send("GET", "customers").suspect
    with hostile(reply(b'{"name": "Anna"}')) as server:
        assert not client(server).send("GET", "customers").suspect


def test_text_that_is_not_unicode_is_never_sent() -> None:
    with hostile(reply()) as server:
        with pytest.raises(Rejected):
            client(server).send("POST", "customers", kind="write", json={"name": "\ud83d"})
        with pytest.raises(Rejected):
            client(server).send("POST", "customers", kind="write", form={"name": "\ud83d"})
        assert server.requests == []


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\x00b", "\ud83d", "../../admin"])
def test_what_would_change_a_path_is_refused(value: str) -> None:
    with pytest.raises(Rejected):
        segment(value)


@pytest.mark.parametrize(
    "value", ["", "../a@b.be", "a/./b@c.be", "/a@b.be", "a//b@c.be", "a@b.be/points", "a/\n@b.be"]
)
def test_an_e_mail_that_would_change_a_path_is_refused(value: str) -> None:
    with pytest.raises(Rejected):
        address_of(value)


def test_a_path_keeps_what_is_quoted() -> None:
    with hostile(reply(), reply()) as server:
        client(server).send("GET", f"customers/{segment('a+b?c#d %@example.com')}")
        client(server).send("GET", f"customers/{address_of('a/b@example.com')}/points")
    assert server.requests[0].startswith(b"GET /customers/a%2Bb%3Fc%23d%20%25%40example.com HTTP/1.1")
    assert server.requests[1].startswith(b"GET /customers/a%2Fb%40example.com/points HTTP/1.1")


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com",
        "ftp://crm.example.com",
        "https://",
        "https://a:b@crm.example.com",
        "https://x/?a=b",
        "",
    ],
)
def test_an_address_that_cannot_be_trusted_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        Http(url, clock=now, name="crm")


def test_a_secret_that_no_header_can_carry_is_not_shown() -> None:
    with hostile(reply()) as server, pytest.raises(Unreachable) as error:
        read(server, headers={"authtoken": "canary\nsecret"})
    assert "canary" not in f"{error.value} {error.value.__cause__}"


def test_the_vendors_words_are_short_one_line_and_without_our_secrets() -> None:
    with hostile(reply()) as server:
        http = client(server, redact=["canary-secret"])
        assert http.clean("bad token\n canary-secret!") == "bad token •••!"
        assert len(http.clean("x" * 1000)) == 300


def test_one_pool_serves_many_threads_with_few_connections() -> None:
    with hostile(reply()) as server:
        http = client(server, concurrency=3, timeout=10.0)
        threads = [threading.Thread(target=http.send, args=("GET", "customers")) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert http.requests == len(server.requests) == 24
