"""A small HTTP/1.1 server for WSGI applications on loopback, which can also break a connection on purpose.

Keep-alive, no Nagle, one write per answer: the standard library's server waits 40 ms per answer without that. A
`Dropped` from the application resets the socket; an answer shorter than it announced closes it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote_to_bytes

from syncd.sandbox.faults import Dropped

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_LONGEST_LINE = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BadRequest(ValueError):
    """The bytes on the connection are no HTTP request."""


class Server:
    """Serves one application until it is stopped; every connection has a thread of its own."""

    def __init__(self, app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the sandbox listens on this machine only, not on {host}; use 127.0.0.1")
        self._app = app
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server((host, port), backlog=128)
        self.host, self.port = self._listener.getsockname()[:2]
        self._accepting = threading.Thread(target=self._accept, name=f"sandbox-{self.port}", daemon=True)
        self._accepting.start()

    def stop(self) -> None:
        """Closes the port and every connection, and waits for the threads."""
        self._stopping.set()
        # a thread blocked in accept() is woken by shutdown(), not by close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        with self._lock:
            connections, threads = list(self._open), list(self._threads)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection, address[0]), daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads.add(thread)
            thread.start()

    def _serve(self, connection: socket.socket, address: str) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while self._answer(connection, stream, address):
                    pass
        except (OSError, BadRequest):
            return  # the client went away, or spoke something else: there is nobody to tell
        finally:
            with self._lock:
                self._open.discard(connection)
                self._threads.discard(threading.current_thread())

    def _answer(self, connection: socket.socket, stream: BinaryIO, address: str) -> bool:
        environ = self._request(connection, stream, address)
        if environ is None:
            return False
        try:
            return self._respond(connection, environ)
        except Dropped as dropped:
            self._stopping.wait(dropped.hold)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False

    def _request(self, connection: socket.socket, stream: BinaryIO, address: str) -> WSGIEnvironment | None:
        line = stream.readline(_LONGEST_LINE)
        if not line.strip():
            return None
        try:
            method, target, version = line.decode("latin-1").split()
        except ValueError as error:
            raise BadRequest("no request line") from error
        headers = dict(_headers(stream))
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = BytesIO(_body(stream, headers))
        return {**self._environ(method, target, version, headers, address), "wsgi.input": body}

    def _environ(
        self, method: str, target: str, version: str, headers: dict[str, str], address: str
    ) -> WSGIEnvironment:
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": version,
            "REMOTE_ADDR": address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "CONTENT_TYPE": headers.pop("content-type", ""),
            "CONTENT_LENGTH": headers.pop("content-length", ""),
        }
        environ.update({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()})
        return environ

    def _respond(self, connection: socket.socket, environ: WSGIEnvironment) -> bool:
        head: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: Any = None
        ) -> Callable[[bytes], object]:
            head[:] = [status, headers]
            return connection.sendall

        pieces = self._app(environ, start_response)
        status, headers = head
        keep = (
            environ["SERVER_PROTOCOL"] == "HTTP/1.1" and environ.get("HTTP_CONNECTION", "").lower() != "close"
        )
        announced = int(next((value for name, value in headers if name == "Content-Length"), 0))
        bodiless = environ["REQUEST_METHOD"] == "HEAD"
        sent = _send(connection, _head(status, headers, keep), () if bodiless else pieces)
        return keep and (bodiless or sent == announced)


def _send(connection: socket.socket, head: bytes, pieces: Iterable[bytes]) -> int:
    sent, waiting = 0, head
    for piece in pieces:
        connection.sendall(waiting + piece)
        sent, waiting = sent + len(piece), b""
    if waiting:
        connection.sendall(waiting)
    return sent


def _head(status: str, headers: list[tuple[str, str]], keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _headers(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    while (line := stream.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise BadRequest("no header line")
        yield name.strip().lower(), value.strip()


def _body(stream: BinaryIO, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return b"".join(_chunks(stream))
    return stream.read(int(headers.get("content-length") or 0))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline(_LONGEST_LINE).partition(b";")[0], 16):
        yield stream.read(size)
        stream.readline(_LONGEST_LINE)
    while stream.readline(_LONGEST_LINE) not in (b"\r\n", b"\n", b""):
        pass
