"""The four vendors together: empty or with the demo's world, in this process or on ports of this machine."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from syncd.sandbox.control import Controlled
from syncd.sandbox.kiotviet import KiotViet
from syncd.sandbox.omniwallet import Omniwallet
from syncd.sandbox.perfex import Perfex
from syncd.sandbox.pexip_engage import PexipEngage
from syncd.sandbox.server import Server
from syncd.sandbox.switches import nearest, set_switch
from syncd.sandbox.tokens import jwt
from syncd.sandbox.vendor import Clock, Vendor, real_clock
from syncd.sandbox.world import populate

_PERFEX_TOKEN = jwt({"user": "sandbox", "name": "sandbox", "API_TIME": 1767225600}, "sandbox-perfex-key")
_SECRETS = {
    "CRM_TOKEN": _PERFEX_TOKEN,
    "KV_ID": "9f0c6a1e-sandbox-kiotviet",
    "KV_SECRET": "C0FFEE5A9D0B0C5EC2E7",
    "OMNI_TOKEN": "7|sandbox-omniwallet-4f1d0c",
    "PEXIP_ID": "syncd-sandbox",
    "PEXIP_SECRET": "sandbox-pexip-b7e2a9",
}


class Sandbox:
    """Perfex, KiotViet (retailer `myshop`), Omniwallet (account `myshop`) and Pexip Engage (enterprise `acme`)."""

    def __init__(self, clock: Clock = real_clock, seed: int = 0) -> None:
        words = _SECRETS
        self.perfex = Perfex(clock, seed, words["CRM_TOKEN"])
        self.kiotviet = KiotViet(clock, seed, "myshop", words["KV_ID"], words["KV_SECRET"])
        self.omniwallet = Omniwallet(clock, seed, "myshop", words["OMNI_TOKEN"])
        self.pexip_engage = PexipEngage(clock, seed, "acme", words["PEXIP_ID"], words["PEXIP_SECRET"])

    @classmethod
    def empty(cls, clock: Clock = real_clock, seed: int = 0) -> Self:
        """Four vendors without a customer."""
        return cls(clock, seed)

    @classmethod
    def demo(cls, clock: Clock = real_clock, seed: int = 0) -> Self:
        """Four vendors with a few hundred people spread over them."""
        sandbox = cls(clock, seed)
        populate(sandbox.perfex, sandbox.kiotviet, sandbox.omniwallet, sandbox.pexip_engage, seed)
        return sandbox

    @property
    def vendors(self) -> dict[str, Vendor]:
        """The vendors by name."""
        four: tuple[Vendor, ...] = (self.perfex, self.kiotviet, self.omniwallet, self.pexip_engage)
        return {vendor.name: vendor for vendor in four}

    def secrets(self) -> dict[str, str]:
        """The environment that goes with the sandbox's configuration; worth nothing anywhere else."""
        return dict(_SECRETS)

    def serve(self, host: str = "127.0.0.1", ports: dict[str, int] | None = None) -> RunningSandbox:
        """Listens on a port of this machine for each vendor: the given one, or any that is free."""
        return RunningSandbox(self, host, ports or {})


class RunningSandbox:
    """The four vendors on their ports, until stop(); a context manager."""

    def __init__(self, sandbox: Sandbox, host: str, ports: dict[str, int]) -> None:
        self.sandbox = sandbox
        if unknown := set(ports) - set(sandbox.vendors):
            name = min(unknown)
            raise ValueError(f"there is no vendor {name!r}{nearest(name, list(sandbox.vendors))}")
        self._servers: dict[str, Server] = {}
        try:
            for name, vendor in sandbox.vendors.items():
                self._servers[name] = Server(Controlled(vendor), host, ports.get(name, 0))
        except OSError:
            self.stop()
            raise

    @property
    def urls(self) -> dict[str, str]:
        """Where each vendor listens, without a path."""
        return {name: f"http://{server.host}:{server.port}" for name, server in self._servers.items()}

    def stop(self) -> None:
        """Closes all ports and connections."""
        for vendor in self.sandbox.vendors.values():
            vendor.halt.set()
        for server in self._servers.values():
            server.stop()
        for vendor in self.sandbox.vendors.values():
            vendor.halt.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def apply_switch(sandbox: Sandbox, setting: str) -> None:
    """Sets a switch as `perfex.version=2.0`; ValueError names the nearest right name or the right values."""
    name, equals, value = setting.partition("=")
    vendor, dot, switch = name.strip().partition(".")
    if not equals or not dot:
        raise ValueError(f"{setting!r} is no switch; write VENDOR.SWITCH=VALUE, as in perfex.version=2.0")
    if vendor not in sandbox.vendors:
        raise ValueError(f"there is no vendor {vendor!r}{nearest(vendor, list(sandbox.vendors))}")
    set_switch(sandbox.vendors[vendor], switch, value.strip())
