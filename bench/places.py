"""What the contestants run against: the vendor in its own process, and fresh databases of either kind."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.measure import ROOT
from bench.ticks import server_cpu, server_of
from tests.support.postgres import Server, running_server

COUNTED = ("page", "read", "write", "token", "other")


@dataclass(frozen=True, slots=True)
class Stub:
    """A running vendor."""

    url: str
    pid: int

    def meter(self) -> Mapping[str, float]:
        """Return how many requests it answered and the CPU it used, since it began."""
        told = self.ask("stats")
        return {"requests": sum(told["counts"].values()), "stub_cpu": told["cpu"]}

    def counts(self) -> dict[str, int]:
        """Return the requests by kind, since it began."""
        return {kind: int(self.ask("stats")["counts"].get(kind, 0)) for kind in COUNTED}

    def rows(self, shop: str) -> int:
        """Return how many customers a shop has."""
        return int(self.ask("stats")["rows"][shop])

    def latency(self, seconds: float) -> None:
        """Let every answer take so long."""
        self.ask("latency", seconds=seconds)

    def change(self, shop: str, count: int, what: str, mark: str, first: int = 0) -> None:
        """Change so many customers of a shop, as if people had done it."""
        self.ask("change", shop=shop, count=count, field=what, mark=mark, first=first)

    def ask(self, what: str, **words: Any) -> dict[str, Any]:
        """Ask the vendor what only the benchmark may."""
        request = urllib.request.Request(
            f"{self.url}/bench/{what}", data=json.dumps(words).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def vendor(*shops: tuple[str, int, float]) -> Iterator[Stub]:
    """Yield a vendor with these shops: name, customers, and the share of them that all shops have together."""
    command = [sys.executable, "-m", "bench.vendor", *(f"{name}:{n}:{share}" for name, n, share in shops)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield Stub(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.stdin.close()
            process.wait(60)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL server."""

    server: Server

    @contextmanager
    def database(self) -> Iterator[str]:
        """Yield the address of an empty database."""
        url = self.server.create_database()
        try:
            yield url
        finally:
            self.server.drop_database(url)

    def meter(self) -> Mapping[str, float]:
        """Return the CPU of the server and of all that it started, those that have ended included."""
        row = self.server.connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return {"server_cpu": server_cpu(server_of(int(row[0])))}


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Yield the PostgreSQL that the tests use too; nothing on it is made durable."""
    with running_server() as server:
        yield Postgres(server)
