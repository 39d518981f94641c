"""Tests talk to 127.0.0.1 only, and the interpreter sees to it."""

import socket

import pytest

from tests.support.loopback import OutsideAddress

DOCUMENTATION_ADDRESS = "192.0.2.1"  # RFC 5737: belongs to nobody


def test_another_machine_is_out_of_reach() -> None:
    with socket.socket() as outside, pytest.raises(OutsideAddress, match=DOCUMENTATION_ADDRESS):
        outside.connect((DOCUMENTATION_ADDRESS, 80))


def test_a_datagram_is_a_connection_too() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside,
        pytest.raises(OutsideAddress),
    ):
        outside.sendto(b"", (DOCUMENTATION_ADDRESS, 9))


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_loopback_stays_open(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as listener, socket.socket(family) as caller:
        listener.bind((host, 0))
        listener.listen()
        caller.connect(listener.getsockname())
