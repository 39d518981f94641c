"""A requests adapter that calls a WSGI application in this process, with the failures of a real connection.

The body streams through urllib3, so that a cut, a gzip body and a redirect behave as they do over a socket.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from http.client import responses
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import ProtocolError

from syncd.sandbox.faults import Dropped, TimedOut
from syncd.sandbox.wire import READ_TIMEOUT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class WsgiAdapter(BaseAdapter):
    """Mount it on a session for a base address; everything under it is answered by the application."""

    def __init__(self, app: WSGIApplication, address: str = "127.0.0.1") -> None:
        super().__init__()
        self._app = app
        self._address = address
        self._builder = HTTPAdapter()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Calls the application and dresses its answer, or its way of not answering, as requests does."""
        raw = self._call(request, _environ(request, self._address, _read_timeout(timeout)))
        response = self._builder.build_response(request, raw)
        if not stream:
            _ = response.content
        return response

    def close(self) -> None:
        """Nothing is held open."""

    def _call(self, request: requests.PreparedRequest, environ: WSGIEnvironment) -> HTTPResponse:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            head[:] = [status, headers]

        try:
            pieces = self._app(environ, start_response)
        except TimedOut as error:
            raise requests.ReadTimeout("Read timed out.", request=request) from error
        except Dropped as error:
            cause = ProtocolError(
                "Connection aborted.", ConnectionResetError(104, "Connection reset by peer")
            )
            raise requests.ConnectionError(cause, request=request) from error
        status, headers = head
        return _raw(request, int(status.split()[0]), headers, pieces)


def wsgi_session(app: WSGIApplication, prefix: str = "http://") -> requests.Session:
    """A session whose requests under that prefix go to the application."""
    session = requests.Session()
    session.trust_env = False
    session.mount(prefix, WsgiAdapter(app))
    return session


class _Pieces(io.RawIOBase):
    """The application's answer as a file, read no faster than it is asked for."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _raw(
    request: requests.PreparedRequest, status: int, headers: list[tuple[str, str]], pieces: Iterable[bytes]
) -> HTTPResponse:
    return HTTPResponse(
        body=io.BufferedReader(_Pieces(pieces)),
        headers=HTTPHeaderDict(headers),
        status=status,
        version=11,
        reason=responses.get(status, ""),
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
        request_method=request.method,
    )


def _environ(request: requests.PreparedRequest, address: str, read_timeout: float | None) -> WSGIEnvironment:
    parts = urlsplit(request.url or "")
    body = _bytes(request.body)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "sandbox",
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        READ_TIMEOUT: read_timeout,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = _text(value)
    return environ | {"CONTENT_LENGTH": str(len(body))}


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _read_timeout(timeout: Any) -> float | None:
    if isinstance(timeout, tuple):
        return _seconds(timeout[1])
    return _seconds(timeout)


def _seconds(timeout: Any) -> float | None:
    if timeout is None or isinstance(timeout, int | float):
        return timeout
    read = timeout.read_timeout
    return float(read) if isinstance(read, int | float) else None
