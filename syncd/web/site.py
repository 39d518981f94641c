"""What every route needs: the App, where the page is reached, and how a template becomes an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from syncd import __version__
from syncd.app import App
from syncd.web.entrance.guard import Place
from syncd.web.entrance.patience import Patience
from syncd.web.show.times import ago_filter, exact_filter, grouped_filter
from syncd.web.show.words import code_filter

HERE = Path(__file__).parent
Number = Annotated[int, Field(ge=0, le=2**53)]  # of a row, as an address names it
PLACES = (
    ("/", "Overview", "home"),
    ("/runs", "Runs", "runs"),
    ("/customers", "Customers", "customers"),
    ("/reviews", "Reviews", "reviews"),
    ("/connections", "Connections", "connections"),
    ("/activity", "Activity", "activity"),
    ("/health", "Health", "health"),
    ("/settings", "Settings", "settings"),
)
# What a page says after something was done: the address carries only the word, never a text.
SAID: Mapping[str, tuple[str, str]] = {
    "asked": ("good", "The run is asked for. It starts as soon as the daemon is free."),
    "approved": ("good", "Approved. A run that writes it is asked for."),
    "discarded": ("good", "Discarded. It stays held until the values change."),
    "decided": ("good", "Decided. A run that carries it out is asked for."),
    "pinned": ("good", "Pinned. A run that carries it to the others is asked for."),
    "unpinned": ("good", "The pin is off. The next run decides by the rules again."),
    "undone": ("good", "Undone wherever nobody has edited since. A run that writes it is asked for."),
    "merged": (
        "good",
        "They are one customer now. A run that brings their records into agreement is asked for.",
    ),
    "split": ("good", "These records are a customer of their own now. A run that follows is asked for."),
    "moved": ("good", "They belong to this customer now. A run that follows is asked for."),
    "paused": ("good", "Paused. Nothing is pulled from or written there until you resume it."),
    "resumed": ("good", "Resumed."),
    "pulled": (
        "good",
        "Read again from every connection; what changed is decided by the run that is asked for.",
    ),
    "password": ("good", "The password is changed, and all other logins are ended."),
    "ended": ("good", "All your other logins are ended."),
    "revoked": ("good", "The token is revoked."),
    "changed": ("good", "Changed."),
}


@dataclass(frozen=True, slots=True)
class Site:
    """The page and the API over one App."""

    app: App
    place: Place
    patience: Patience
    templates: jinja2.Environment

    def now(self) -> datetime:
        """Return the time of the App's clock."""
        return self.app.clock()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.app.settings.daemon.time_zone)

    def fragment(self, template: str, **values: Any) -> str:
        """Return a template filled in."""
        common = {"version": __version__, "now": self.now(), "zone": self.zone}
        return self.templates.get_template(template).render(**common, **values)

    def alone(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page without the frame: login, setup, problems."""
        return HTMLResponse(self.fragment(template, **values), status)

    def page(self, request: Request, visitor: Any, template: str, **values: Any) -> HTMLResponse:
        """Return a page in its frame."""
        with self.app.store.look() as tx:
            waiting = tx.reviews.count_open()
        frame = {
            "visitor": visitor,
            "places": PLACES,
            "here": _place_of(request.url.path),
            "waiting": waiting,
            "said": _said(request),
        }
        return HTMLResponse(self.fragment(template, **frame, **values))


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]


def templates() -> jinja2.Environment:
    """Return the templates: everything escaped, and a name that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(ago=ago_filter, exact=exact_filter, grouped=grouped_filter, code=code_filter)
    return environment


def done(path: str, said: str = "") -> RedirectResponse:
    """Send the browser to the page that shows what was done; GET, so that a reload does it no second time."""
    joint = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{joint}said={said}" if said else path, 303)


def _place_of(path: str) -> str:
    if path.startswith("/operations"):
        return "/runs"
    return next((place for place, _, _ in PLACES[1:] if path.startswith(place)), "/")


def _said(request: Request) -> dict[str, str] | None:
    tone, text = SAID.get(request.query_params.get("said", ""), ("", ""))
    return {"tone": tone, "text": text} if text else None
