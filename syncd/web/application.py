"""The admin page and the API as one ASGI application over one App. It asks for runs through the store, never runs any."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from syncd import __version__
from syncd.app import App
from syncd.errors import UsageError
from syncd.store import Writing
from syncd.web import hooks
from syncd.web.api import routes as api
from syncd.web.entrance.guard import Guard, Place, is_loopback
from syncd.web.entrance.passwords import accept, hashed
from syncd.web.entrance.patience import Patience, account, forgive
from syncd.web.pages import routes as pages
from syncd.web.problems import register
from syncd.web.site import HERE, Site, templates
from syncd.web.visitor import LINK_LASTS, fresh_secret, kept

FIRST_USER = "admin"


class Static(StaticFiles):
    """Files that never change under one address, because the address carries the version."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return a file that browsers may keep."""
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["cache-control"] = "public, max-age=86400"
        return answer


def create_app(app: App) -> Guard:
    """Return the page and the API behind their guard, which also dresses what goes wrong.

    Raises UsageError where the page would be open to a network before anybody has a password.
    """
    web = app.settings.web
    if not is_loopback(web.host) and not _anybody(app):
        raise UsageError(
            f"The page would listen on {web.host}, and nobody has a password yet.",
            "Choose one with `syncd password`, then start again.",
        )
    place = Place.of(web.host, web.public_url)
    site = Site(app, place, Patience(app.store), templates())
    made = FastAPI(
        title="syncd",
        version=__version__,
        summary="Keeps the customers of a CRM, a till, a loyalty programme and an appointment book the same.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    made.state.site = site
    register(made)
    for router in (*pages.ROUTERS, *api.ROUTERS, hooks.ROUTER):
        made.include_router(router)
    made.mount("/static", Static(directory=HERE / "static"), name="static")
    return Guard(made, place, cookies=("__Host-syncd", "syncd"))


def greeting(app: App, address: str) -> list[str]:
    """Return what to say at start: where the page is, and a one-time link while nobody has a password."""
    public = app.settings.web.public_url or address
    lines = [f"The admin page is at {public}"]
    if not _anybody(app):
        lines.append(f"Nobody has a password yet. Choose one within a day: {one_time_link(app, public)}")
    return lines


def one_time_link(app: App, address: str, name: str = FIRST_USER) -> str:
    """Return a link by which a user chooses a password, once; the first user is made with it."""
    secret = fresh_secret()

    def make(tx: Writing) -> None:
        if tx.accounts.user(name) is None:
            tx.accounts.add_user(name, "admin")
        tx.accounts.add_setup_link(kept(secret), name, tx.now + LINK_LASTS)

    app.store.do(make)
    return f"{address.rstrip('/')}/setup?token={secret}"


def choose_password(app: App, name: str, password: str, *, by: str) -> None:
    """Give a user a password, ending the user's logins; an admin is made where nobody is called so."""
    accept(password, name)
    kept_password = hashed(password)

    def choose(tx: Writing) -> None:
        if tx.accounts.user(name) is None:
            tx.accounts.add_user(name, "admin")
        tx.accounts.set_password_hash(name, kept_password)
        forgive(tx, (account(name),))
        tx.audit.add(by, "chose a password", name)

    app.store.do(choose)


def _anybody(app: App) -> bool:
    with app.store.look() as tx:
        return any(user.password and not user.disabled for user in tx.accounts.users())
