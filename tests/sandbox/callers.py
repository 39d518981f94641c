"""Small clients that speak to the simulated vendors over real HTTP, and a receiver for webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import requests

from syncd.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from syncd.sandbox import RunningSandbox, Sandbox

JSON_API = "application/vnd.api+json"


@dataclass
class Clock:
    """A clock that only moves when it is told to."""

    at: datetime = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Caller:
    """One program that calls one vendor with its headers."""

    base: str
    headers: dict[str, str]
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **how: Any
    ) -> requests.Response:
        merged = {name: value for name, value in {**self.headers, **(headers or {})}.items() if value}
        return self.session.request(
            method,
            self.base + path,
            headers=merged,
            timeout=how.pop("timeout", 10),
            allow_redirects=False,
            **how,
        )

    def get(self, path: str, **how: Any) -> requests.Response:
        return self("GET", path, **how)

    def post(self, path: str, **how: Any) -> requests.Response:
        return self("POST", path, **how)

    def put(self, path: str, **how: Any) -> requests.Response:
        return self("PUT", path, **how)

    def patch(self, path: str, **how: Any) -> requests.Response:
        return self("PATCH", path, **how)

    def delete(self, path: str, **how: Any) -> requests.Response:
        return self("DELETE", path, **how)


def kiotviet_token(base: str, sandbox: Sandbox, **changes: str) -> requests.Response:
    """Asks KiotViet for a token."""
    words = sandbox.secrets()
    sent = {"scopes": "PublicApi.Access", "grant_type": "client_credentials"}
    sent |= {"client_id": words["KV_ID"], "client_secret": words["KV_SECRET"], **changes}
    return requests.post(f"{base}/connect/token", data=sent, timeout=10)


def pexip_token(base: str, sandbox: Sandbox, realm: str = "acme", **changes: str) -> requests.Response:
    """Asks Pexip's Keycloak for a token."""
    words = sandbox.secrets()
    sent = {"scope": "engage:customers:readWrite", "grant_type": "client_credentials"}
    sent |= {"client_id": words["PEXIP_ID"], "client_secret": words["PEXIP_SECRET"], **changes}
    return requests.post(f"{base}/realms/{realm}/protocol/openid-connect/token", data=sent, timeout=10)


def perfex_caller(running: RunningSandbox) -> Caller:
    return Caller(running.urls["perfex"] + "/api", {"authtoken": running.sandbox.secrets()["CRM_TOKEN"]})


def kiotviet_caller(running: RunningSandbox) -> Caller:
    base = running.urls["kiotviet"]
    token = kiotviet_token(base, running.sandbox).json()["access_token"]
    return Caller(base, {"Authorization": f"Bearer {token}", "Retailer": "myshop"})


def omniwallet_caller(running: RunningSandbox) -> Caller:
    headers = {
        "Authorization": f"Bearer {running.sandbox.secrets()['OMNI_TOKEN']}",
        "X-Omniwallet-Account": "myshop",
    }
    return Caller(
        running.urls["omniwallet"] + "/v1", {**headers, "Accept": JSON_API, "Content-Type": JSON_API}
    )


def pexip_caller(running: RunningSandbox) -> Caller:
    base = running.urls["pexip_engage"]
    token = pexip_token(base, running.sandbox).json()["access_token"]
    return Caller(f"{base}/enterprises/acme", {"Authorization": f"Bearer {token}"})


@dataclass
class Receiver:
    """Somebody who is told of events; `status` is what they answer."""

    status: int = 200
    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        self.received.append((headers, environ["wsgi.input"].read()))
        start_response(f"{self.status} Status", [("Content-Length", "0")])
        return []

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(body) for _, body in self.received]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver()
    server = Server(receiver)
    receiver.url = f"http://127.0.0.1:{server.port}/hook"
    try:
        yield receiver
    finally:
        server.stop()
