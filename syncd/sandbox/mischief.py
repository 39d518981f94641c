"""What faults do to answers: replies given instead of the vendor's own, and lists that lie."""

from __future__ import annotations

import gzip
from typing import Any

from syncd.sandbox.faults import Fault
from syncd.sandbox.wire import Reply, html


def instead(fault: Fault) -> Reply | None:
    """The reply that a fault gives instead of the vendor's own, if it is of that sort."""
    match fault.what:
        case "answer":
            return Reply(fault.status, _raw(fault.body), dict(fault.headers))
        case "html":
            return html(200, "Log in", "<form><input name=email><input name=password type=password></form>")
        case "redirect":
            location = fault.headers.get("Location", "http://127.0.0.1:9/elsewhere")
            status = fault.status if 300 <= fault.status < 400 else 307
            return Reply(status, b"", {"Location": location})
        case "gzip_bomb":
            return _bomb(fault.at or 64 * 1024 * 1024)
    return None


def lie(faults: list[Fault], rows: list[Any], offset: int, limit: int) -> tuple[list[Any], int]:
    """One page of the rows and the announced total, both bent by the faults of this call."""
    total = len(rows)
    for fault in faults:
        match fault.what:
            case "empty_list":
                rows = []
            case "half_list":
                rows = rows[: len(rows) // 2]
            case "repeat_page":
                offset = 0
            case "shift_page":
                offset += fault.at or 1
            case "wrong_total":
                total += fault.at or 1000
        total = len(rows) if fault.consistent else total
    return rows[offset : offset + limit], total


def _raw(body: Any) -> Any:
    return body.encode() if isinstance(body, str) else body


def _bomb(size: int) -> Reply:
    squeezed = gzip.compress(b"[" + b" " * size + b"]", compresslevel=1)
    return Reply(200, squeezed, {"Content-Encoding": "gzip"})
