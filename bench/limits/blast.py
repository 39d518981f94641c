"""How fast the vendor answers those who do not read what it says: bare sockets, each with one request under way."""

from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bench.limits.listing import tell

CLIENTS, EACH = 4, 1_000


def ask(host: str, port: int, shop: str) -> None:
    """Ask for the same page again and again."""
    request = (
        f"GET /customers?pageSize=100&currentItem=700 HTTP/1.1\r\nHost: {host}\r\nRetailer: {shop}\r\n\r\n"
    )
    with socket.create_connection((host, port)) as sock:
        room = bytearray(1 << 18)
        for _ in range(EACH):
            sock.sendall(request.encode())
            got = sock.recv_into(room)
            head = room.index(b"\r\n\r\n") + 4
            length = int(room[room.index(b"Content-Length: ") + 16 : head].split(b"\r\n")[0])
            while got < head + length:
                got += sock.recv_into(memoryview(room)[got:])


if __name__ == "__main__":
    place = urlsplit(sys.argv[1])
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: ask(str(place.hostname), int(place.port or 0), sys.argv[2]), range(CLIENTS)))
    tell(rate=CLIENTS * EACH / (time.perf_counter() - began))
