"""The promise that no test talks to another machine, kept by the interpreter itself.

An audit hook sees every connection that Python code opens, in whatever library; a firewall or a
patched `socket` would see less or break more. Connections made in C, as libpq's are, go unseen:
the only such address is the one in SYNCD_TEST_POSTGRES_URL, which a person chose.
"""

import ipaddress
import socket
import sys
from typing import Any

CONNECTING = ("socket.connect", "socket.sendto")


class OutsideAddress(AssertionError):
    """A test was about to talk to another machine."""


def stay_on_loopback() -> None:
    """Refuse every later connection of this process to an address that is not loopback."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CONNECTING:
        connection, address = arguments
        if connection.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise OutsideAddress(f"a test tried to reach {address[0]}; tests talk to 127.0.0.1 only")


def _is_loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
