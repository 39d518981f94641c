"""syncd as a user has it: a folder, a configuration, a store, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Cost, run
from bench.places import Stub

SECRETS = {"KV_ID": "bench", "KV_SECRET": "bench"}
NEWS = frozenset({0, 1})  # 1: something is new for a person to look at
HEAD = """
[store]
url = "{url}"
[safety]
approve = "never"
max_creates = [{most}, "100%"]
max_updates = [{most}, "100%"]
max_clears = [{most}, "100%"]
max_same_field = [{most}, "100%"]
"""
SHOP = """
[connections.{name}]
vendor = "kiotviet"
base_url = "{address}"
token_url = "{address}/connect/token"
allow_http = true
retailer = "{name}"
client_id = "env:KV_ID"
client_secret = "env:KV_SECRET"
region = "VN"
push = [{push}]
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """One configuration file."""

    config: Path
    url: str

    def syncd(self, *arguments: str, accept: frozenset[int] = NEWS) -> Cost:
        """Run the command line in a process of its own."""
        command = [sys.executable, "-m", "syncd", "-c", str(self.config), *arguments]
        return run(command, env=SECRETS, accept=accept)


def install(
    folder: Path, stub: Stub, shops: Sequence[str], *, url: str = "", push: Sequence[str] = ()
) -> Installed:
    """Write a configuration for these shops; only those in `push` may be written to, and nothing waits for a yes."""
    address = url or f"sqlite:///{folder}/syncd.db"
    tables = [
        SHOP.format(name=name, address=stub.url, push='"update"' if name in push else "") for name in shops
    ]
    config = folder / "syncd.toml"
    config.write_text(HEAD.format(url=address, most=10_000_000) + "".join(tables), encoding="utf-8")
    return Installed(config, address)
