"""What systemd is told, as one datagram each on the socket it names [sd_notify(3)]; without systemd, nothing.

The watchdog is fed only while every part of the daemon makes progress, so that a hung one is restarted.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from syncd.logs import Logger

LOG = Logger(__name__)


@dataclass(frozen=True, slots=True)
class Systemd:
    """The socket of the service manager, "" where there is none, and how often the watchdog wants to hear of us."""

    address: str = ""
    watchdog_seconds: float = 0.0

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> Systemd:
        """Return what the environment says; a watchdog that is meant for another process is not ours to feed."""
        meant = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        microseconds = environ.get("WATCHDOG_USEC", "") if meant else ""
        seconds = int(microseconds) / 1_000_000 if microseconds.isdigit() else 0.0
        return cls(environ.get("NOTIFY_SOCKET", ""), seconds)

    def ready(self, status: str) -> None:
        """Say that the daemon is up."""
        self._tell(f"READY=1\nSTATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Say in a line what the daemon does."""
        self._tell(f"STATUS={_line(status)}")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._tell("STOPPING=1\nSTATUS=Draining")

    def reloading(self, monotonic_microseconds: int) -> None:
        """Say that the configuration is being read again."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={monotonic_microseconds}")

    def extend(self, seconds: float) -> None:
        """Ask for more time to start, while a migration runs."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if not self.address:
            return
        # a leading @ means the abstract namespace [sd_notify(3)]
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)  # whoever does not read what is told must not stop the daemon
                channel.connect(address)
                channel.sendall(message.encode())
        except OSError as error:
            LOG.warning("systemd does not listen", reason=str(error))


def _line(text: str) -> str:
    return text.replace("\n", " ")
