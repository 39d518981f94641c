"""One deadline for a whole answer, and what a broken exchange means.

The timeouts of `requests` begin anew with every byte, so that a server that drips can hold a request for ever.
Here the socket's file is replaced by one that gives each read only what is left of the time, in the headers and in
the body alike, on plain and on encrypted connections.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from syncd.vendors.leave import ask_leave

LONGEST_LINE = 65537

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _Timed(io.RawIOBase):
    """A socket's raw file whose reads all end by one moment."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        left = sock.gettimeout()  # urllib3 has just set it to what is left of the request's total
        if left is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_Timed(raw, sock, time.monotonic() + left), 65536)

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line of the answer itself: what comes before it (102, 103) is passed over.

        The standard library does so with 100 only, and would take any other for the whole answer.
        """
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 101 < status < 200:
                return version, status, reason
            while self.fp.readline(LONGEST_LINE).strip():
                pass


class _AtOnce(HTTPConnection):
    """A connection that hands a whole request to the system in one go, once it is made and leave to write was asked.

    The libraries send headers and body apart: a process that is stopped in between would end a request that it must not
    send any more.
    """

    response_class = _TimedResponse
    _parts: list[bytes] | None = None

    def request(self, *args: Any, **options: Any) -> None:
        parts: list[bytes] = []
        self._parts = parts
        try:
            super().request(*args, **options)
        finally:
            self._parts = None
        if self.sock is None:
            self.connect()
        whole = b"".join(parts)
        ask_leave()
        self.send(whole)

    def send(self, data: Any) -> None:
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class _PlainConnection(_AtOnce):
    pass


class _TlsConnection(_AtOnce, HTTPSConnection):
    def connect(self) -> None:
        """Connect and shake hands; a failure of either proves that nothing was sent."""
        try:
            super().connect()
        except OSError as error:
            raise NewConnectionError(self, "no secure connection") from error


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_ONCE = Retry(0, read=False)  # nothing is tried again here


class _Answer(requests.Response):
    """An answer without what `requests` makes for a session to use: a jar for cookies, a history, an encoding."""

    def __init__(self, request: requests.PreparedRequest, raw: BaseHTTPResponse) -> None:
        self._content = False  # type: ignore[assignment]  # not read yet, in the words of `requests`
        self._content_consumed = False
        self.request, self.url = request, str(request.url)
        self.raw, self.status_code = raw, raw.status
        self.reason = raw.reason or ""
        self.headers = raw.headers  # type: ignore[assignment]  # as blind to case, and only read


class DeadlineAdapter(HTTPAdapter):
    """The transport of `requests` with one deadline per request, no retries, and one pool for all threads.

    It hands requests to the pool below as `requests` would, without looking anew each time for a proxy, for the pool
    and for certificates: an address has one of each, as long as it lives.
    """

    def __init__(self, connections: int) -> None:
        # urllib3 logs whole addresses, and those hold e-mails and search terms.
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)
        super().__init__(pool_connections=2, pool_maxsize=connections, max_retries=0)
        self._pools: dict[str, HTTPConnectionPool] = {}  # by scheme, host and port

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send one request; the second number of `timeout` is the limit for connecting and answering together."""
        # nobody here asks for anything else
        assert stream
        assert (cert, proxies) == (None, None)
        connect, total = timeout
        raw = self._pool(request, verify).urlopen(
            str(request.method),
            request.path_url,
            request.body,
            request.headers,
            _ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(total=total, connect=connect),
            preload_content=False,
            decode_content=False,
        )
        return _Answer(request, raw)

    def _pool(self, request: requests.PreparedRequest, verify: Any) -> HTTPConnectionPool:
        origin = str(request.url).partition("?")[0].split("/", 3)[:3]
        place = "/".join(origin)
        if place not in self._pools:
            pool: Any = self.get_connection_with_tls_context(request, verify)
            self.cert_verify(pool, place, verify, None)  # type: ignore[no-untyped-call]
            self._pools[place] = pool
        return self._pools[place]

    def close(self) -> None:
        """Let go of the connections."""
        self._pools.clear()
        super().close()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def never_sent(error: Exception) -> bool:
    """Tell whether an exchange broke before any byte of the request could have left.

    Only a connection that was never made proves it; urllib3 draws the same line.
    """
    told_by_requests = isinstance(error, requests.RequestException)
    cause = (error.args[0] if error.args else None) if told_by_requests else error
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, ConnectTimeoutError | NewConnectionError
    )


def reason_of(error: BaseException) -> str:
    """Return in a few words why an exchange broke, without the address that the library's words hold."""
    seen: set[int] = set()
    while (inner := _inner(error)) is not None and id(inner) not in seen:
        seen.add(id(inner))
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    for inner in (getattr(error, "reason", None), *reversed(error.args), error.__cause__, error.__context__):
        if isinstance(inner, BaseException):
            return inner
    return None
