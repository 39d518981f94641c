"""What every connector is made of beside its settings, and the two things that it makes of them, in one place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Required, TypedDict

from syncd.vendors.auth import ClientCredentials
from syncd.vendors.base import VendorSettings
from syncd.vendors.budget import Budget, Ration, Rationed
from syncd.vendors.http import Adapter, Http, Observe
from syncd.vendors.shelf import Shelf


class Parts(TypedDict, total=False):
    """What a connector is given: the clock, and where wanted its transport, budget, stop, observer and shelf."""

    clock: Required[Callable[[], datetime]]
    adapter: Adapter
    budget: Budget
    stop: threading.Event
    observe: Observe
    shelf: Shelf


def http_for(
    settings: VendorSettings, parts: Parts, ration: Ration | None, *, base_url: str = "", **more: Any
) -> Http:
    """Return the HTTP of one connection; without a ration it is counted with nobody."""
    stop = parts.get("stop")
    budget = (parts.get("budget") or Rationed(ration, stop=stop)) if ration else None
    return Http(
        base_url or settings.base_url,
        name=settings.name,
        clock=parts["clock"],
        budget=budget,
        concurrency=ration.concurrency if ration else 1,
        timeout=settings.timeout,
        allow_http=settings.allow_http,
        adapter=parts.get("adapter"),
        stop=stop,
        redact=tuple(settings.secrets.values()),
        observe=parts.get("observe"),
        **more,
    )


def credentials_for(
    settings: VendorSettings, parts: Parts, token_url: str, form: Mapping[str, str]
) -> ClientCredentials:
    """Return the client credentials of one connection; `form` is what the vendor wants beside id and secret."""
    secrets = settings.secrets
    asked = {"client_id": secrets["client_id"], "client_secret": secrets["client_secret"], **form}
    http = http_for(settings, parts, None, base_url=token_url)
    return ClientCredentials(http, asked, clock=parts["clock"], shelf=parts.get("shelf"))
