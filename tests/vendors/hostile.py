"""A small HTTP server on loopback that answers exactly the bytes it is told to, however wrong they are."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class Hostile:
    """The server: `answers` are given one after the other, the last one for ever; `requests` are what came."""

    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            try:
                while request := _request(connection):
                    self.requests.append(request)
                    self.answers[min(len(self.requests), len(self.answers)) - 1](connection)
            except OSError:
                return  # the client has gone, as these tests mean it to


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def hostile(*answers: Answer) -> Iterator[Hostile]:
    """Run a server that gives these answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Hostile(list(answers), url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def raw(data: bytes, *, close: bool = False) -> Answer:
    """Answer these bytes."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        if close:
            raise ConnectionAbortedError

    return answer


def reply(
    body: bytes = b"{}", status: str = "200 OK", headers: str = "Content-Type: application/json"
) -> Answer:
    """Answer a well-formed reply."""
    lines = f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n"
    return raw(lines.encode() + body)


def drip(data: bytes, pause: float = 0.1) -> Answer:
    """Answer these bytes one at a time."""

    def answer(connection: socket.socket) -> None:
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            time.sleep(pause)

    return answer


def hang_up(connection: socket.socket) -> None:
    """Close the connection without a word."""
    raise ConnectionAbortedError


def silence(connection: socket.socket) -> None:
    """Say nothing for longer than any test waits."""
    time.sleep(10)
