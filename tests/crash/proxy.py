"""A way to PostgreSQL that is cut at the nth COMMIT: before the server hears of it, or before its answer comes back.

The driver sends a COMMIT as a simple query of its own [PostgreSQL, Frontend/Backend Protocol, Message Formats], so that
its bytes are known.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
CHUNK = 65_536


@dataclass(slots=True)
class _Line:
    """One connection, from both ends."""

    client: socket.socket
    server: socket.socket
    swallows: bool = False
    tail: bytes = b""

    def cut(self) -> None:
        """Hang up at both ends."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass(slots=True)
class Proxy:
    """A listening port in front of a server, and where the next cut is."""

    host: str
    port: int
    listener: socket.socket
    commits: int = 0
    hit: bool = False
    _at: int = 0
    _answered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def aim(self, at: int, *, answered: bool) -> None:
        """Cut at the `at`-th COMMIT from now: after the server has answered it, or before it hears of it."""
        with self._lock:
            self.commits, self.hit, self._at, self._answered = 0, False, at, answered

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                line = _Line(client, socket.create_connection((self.host, self.port)))
                for pump in (self._up, self._down):
                    threading.Thread(target=pump, args=(line,), daemon=True).start()

    def _up(self, line: _Line) -> None:
        with suppress(OSError):
            while data := line.client.recv(CHUNK):
                if self._is_struck(line, data):
                    line.swallows = self._answered
                    if not self._answered:
                        break
                line.server.sendall(data)
        line.cut()

    def _down(self, line: _Line) -> None:
        with suppress(OSError):
            while (data := line.server.recv(CHUNK)) and not line.swallows:
                line.client.sendall(data)
        line.cut()

    def _is_struck(self, line: _Line, data: bytes) -> bool:
        seen = line.tail + data
        line.tail = seen[-len(COMMIT) + 1 :]
        with self._lock:
            before = self.commits
            self.commits += seen.count(COMMIT)
            struck = before < self._at <= self.commits
            self.hit = self.hit or struck
        return struck


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Stand in front of a server until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Proxy(host, port, listener)
        threading.Thread(target=proxy.serve, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
