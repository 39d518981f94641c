"""The shops over HTTP: one process, one thread, no framework, answers put together from prepared bytes.

It speaks what a client of KiotViet's Public API uses: the token address, pages of `/customers` by row offset with
`lastModifiedFrom`, one customer by id or code, PUT and POST. The header Retailer chooses the shop. What the benchmark
itself asks (counts, latency, changes made "by people") stands under `/bench/` and is counted nowhere.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from bench.vendor.people import GROUPS
from bench.vendor.shop import Shop

TOKEN = orjson.dumps({"access_token": "bench", "expires_in": 86400, "token_type": "Bearer"})
GROUP_LIST = orjson.dumps({"total": 3, "data": [{"id": key, "name": name} for key, name in GROUPS.items()]})
SETTINGS = orjson.dumps({"ManagerCustomerByBranch": False})
MISSING = orjson.dumps(
    {"responseStatus": {"errorCode": "NotFound", "message": "Không tìm thấy", "errors": []}}
)

Answer = tuple[int, bytes]


class Vendor:
    """All shops, how long an answer takes, and what was asked."""

    def __init__(self, shops: dict[str, Shop], latency: float = 0.0) -> None:
        self.shops = shops
        self.latency = latency
        self.counts: Counter[str] = Counter()

    def answer(self, method: str, target: str, headers: bytes, body: bytes) -> tuple[Answer, float]:
        """Return the answer to a request, and how long it is held back."""
        path, _, query = target.partition("?")
        if path.startswith("/bench/"):
            return (200, self._control(path.removeprefix("/bench/"), body)), 0.0
        if path == "/connect/token":
            self.counts["token"] += 1
            return (200, TOKEN), self.latency
        shop = self.shops.get(_header(headers, b"\r\nretailer:"))
        if shop is None:
            return (403, MISSING), 0.0
        kind, answer = _asked(shop, method, path, query, body)
        self.counts[kind] += 1
        return answer, self.latency

    def _control(self, what: str, body: bytes) -> bytes:
        asked = orjson.loads(body) if body else {}
        if what == "latency":
            self.latency = float(asked["seconds"])
        if what == "change":
            self.shops[asked["shop"]].change(asked["count"], asked["field"], asked["mark"], asked["first"])
        if what == "open":
            self.shops[asked["shop"]] = Shop(asked["number"], asked["count"], asked["shared"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        rows = {name: len(shop.rows) for name, shop in self.shops.items()}
        return orjson.dumps({"counts": self.counts, "cpu": used.ru_utime + used.ru_stime, "rows": rows})


def _asked(shop: Shop, method: str, path: str, query: str, body: bytes) -> tuple[str, Answer]:
    if path == "/customers" and method == "GET":
        return "page", (200, _page(shop, query))
    if method in ("PUT", "POST"):
        return "write", _write(shop, method, path, body)
    if path == "/customers/group":
        return "other", (200, GROUP_LIST)
    if path == "/settings":
        return "other", (200, SETTINGS)
    key = unquote(path.rpartition("/")[2])
    row = shop.with_code(key) if path.startswith("/customers/code/") else shop.one(int(key))
    return "read", (200, row) if row is not None else (404, MISSING)


def _page(shop: Shop, query: str) -> bytes:
    asked = parse_qs(query)
    start, size = int(asked.get("currentItem", ["0"])[0]), int(asked.get("pageSize", ["20"])[0])
    return shop.listing(start, min(size, 100), asked.get("lastModifiedFrom", [""])[0])


def _write(shop: Shop, method: str, path: str, body: bytes) -> Answer:
    fields: dict[str, Any] = orjson.loads(body)
    row = shop.post(fields) if method == "POST" else shop.put(int(path.rpartition("/")[2]), fields)
    return (200, b'{"message":"OK","data":%b}' % row) if row is not None else (404, MISSING)


def _header(headers: bytes, name: bytes) -> str:
    at = headers.lower().find(name)
    if at < 0:
        return ""
    start = at + len(name)
    return headers[start : headers.index(b"\r\n", start)].strip().decode()


class Talk(asyncio.Protocol):
    """One client's connection, kept alive; answers go out in the order of the requests."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._waiting[: end + 2])
            length = int(_header(head, b"\r\ncontent-length:") or 0)
            if len(self._waiting) < end + 4 + length:
                return
            body = bytes(self._waiting[end + 4 : end + 4 + length])
            del self._waiting[: end + 4 + length]
            self._take(head, body)

    def _take(self, head: bytes, body: bytes) -> None:
        method, target, _ = head[: head.index(b"\r\n")].decode("latin-1").split(" ", 2)
        (status, content), held = self._vendor.answer(method, target, head, body)
        answer = (
            b"HTTP/1.1 %d OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
            % (status, len(content))
        ) + content
        if held:
            asyncio.get_running_loop().call_later(held, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


async def serve(vendor: Vendor, started: Callable[[int], None]) -> None:
    """Serve on a free port of 127.0.0.1 and tell which, until the task is cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Talk(vendor), "127.0.0.1", 0, backlog=256)
    started(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()
