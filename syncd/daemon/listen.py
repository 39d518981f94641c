"""The admin page's thread: one socket, one uvicorn, and a door whose application can be changed while it stands."""

from __future__ import annotations

import errno
import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from syncd.errors import UsageError

DRAIN = 5


class Door:
    """The application that requests go to; a reload hangs in another one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class Listener:
    """The page on its socket, in a thread of its own."""

    def __init__(self, door: Door, bound: socket.socket) -> None:
        self._socket = bound
        # Lifespan is off: what the pages need is opened and closed by the daemon. The server header names nothing.
        config = uvicorn.Config(
            door,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN,
            timeout_keep_alive=15,
            limit_concurrency=200,
            h11_max_incomplete_event_size=64 * 1024,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def address(self) -> str:
        """Return where the page is, as one types it into a browser."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        """Serve, and return when requests are answered."""
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    def leave(self) -> None:
        """Ask the server to finish what it answers and take no more."""
        self._server.should_exit = True

    def join(self, seconds: float) -> None:
        """Wait until the server is gone."""
        self._thread.join(seconds)

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def bind(host: str, port: int) -> socket.socket | None:
    """Return a bound socket, None where another program has the port. Raises UsageError for an impossible address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host.strip("[]"), port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise UsageError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", "Correct [web] host and port."
        ) from error
    bound.set_inheritable(False)
    return bound
