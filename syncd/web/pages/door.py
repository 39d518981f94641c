"""Coming in and going out: the login, the one-time link, the logout; and what a monitor may ask without either."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from syncd.errors import SyncdError, UsageError
from syncd.logs import Logger
from syncd.metrics import CONTENT_TYPE
from syncd.store import Writing
from syncd.web.entrance.guard import is_loopback
from syncd.web.entrance.passwords import LONGEST, accept, hashed, matches, outdated
from syncd.web.entrance.patience import account
from syncd.web.show.figures import gauge
from syncd.web.show.times import length
from syncd.web.site import Site, SiteOf, done
from syncd.web.visitor import (
    LONGEST_SESSION,
    LoginNeeded,
    MaybeKnown,
    Reader,
    begin_session,
    cookie_name,
    kept,
)

LOG = Logger(__name__)
ROUTER = APIRouter(include_in_schema=False)
WRONG = "That user and password do not belong together."

Text = Annotated[str, Form(max_length=LONGEST)]


@ROUTER.get("/login")
def login_page(site: SiteOf, next: str = "/") -> HTMLResponse:  # noqa: A002 - the word in the address
    """Show the login."""
    return _login(site, next)


def _login(site: Site, target: str, name: str = "", wrong: str = "", status: int = 200) -> HTMLResponse:
    with site.app.store.look() as tx:
        fresh = not any(user.password for user in tx.accounts.users())
    return site.alone("login.html", status, next=inside(target), name=name, wrong=wrong, fresh=fresh)


@ROUTER.post("/login")
def log_in(
    request: Request,
    site: SiteOf,
    name: Text,
    password: Text,
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Log in; failures of an account and of an address make the next try wait."""
    names = (account(name), f"address {_address(request)}")
    wait = site.patience.enter(names)
    if wait:
        words = length(max(1, wait.total_seconds()))
        return _login(site, next, name, f"Too many tries. Wait {words}, then try again.", 429)
    with site.app.store.look() as tx:
        user = tx.accounts.user(name)
    right = matches(user.password or None if user else None, password)
    if user is None or user.disabled or not right:
        LOG.warning("A login failed", address=_address(request))
        return _login(site, next, name, WRONG, 401)
    site.patience.forget(names)
    return _entered(request, site, name, password, inside(next), renew=outdated(user.password))


def _entered(
    request: Request, site: Site, name: str, password: str, target: str, *, renew: bool = False
) -> Response:
    """Begin a new session, whatever cookie the browser brought along, and end that one."""
    new = hashed(password) if renew else None
    old = request.cookies.get(cookie_name(site))

    def enter(tx: Writing) -> str:
        if new:
            tx.accounts.set_password_hash(name, new)
        if old:
            tx.accounts.drop_session(kept(old))
        tx.audit.add(name, "logged in", name, {"address": _address(request)})
        return begin_session(tx, site, name, f"{_address(request)}, {_browser(request)}")

    answer = done(target)
    _set_cookie(answer, site, site.app.store.do(enter))
    return answer


def _set_cookie(answer: Response, site: Site, secret: str) -> None:
    answer.set_cookie(
        cookie_name(site),
        secret,
        max_age=int(LONGEST_SESSION.total_seconds()),
        path="/",
        secure=site.place.https,
        httponly=True,
        samesite="lax",
    )


@ROUTER.get("/setup")
def setup_page(site: SiteOf, token: str = "") -> HTMLResponse:
    """Show the form behind a one-time link; looking spends nothing."""
    return site.alone("setup.html", token=token, wrong="", dead=not token)


@ROUTER.post("/setup")
def set_up(request: Request, site: SiteOf, token: Text, password: Text) -> Response:
    """Spend a one-time link on a password, and log in; a password that is refused spends nothing."""
    wait = site.patience.enter((f"address {_address(request)}",))
    if wait:
        return site.alone("setup.html", 429, token=token, wrong="Too many tries. Wait a little.", dead=False)
    kept_password = hashed(password)

    def spend(tx: Writing) -> str | None:
        name = tx.accounts.use_setup_link(kept(token))
        if name is not None:
            accept(password, name)
            tx.accounts.set_password_hash(name, kept_password)
            tx.audit.add(name, "chose a password", name)
        return name

    try:
        name = site.app.store.do(spend)
    except UsageError as error:
        return site.alone("setup.html", 422, token=token, wrong=str(error), dead=False)
    if name is None:
        return site.alone("setup.html", 410, token="", wrong="", dead=True)
    site.patience.forget((f"address {_address(request)}",))
    return _entered(request, site, name, password, "/")


@ROUTER.post("/logout")
def log_out(site: SiteOf, visitor: Reader) -> Response:
    """End this session, here and in the browser."""
    session = visitor.session
    if session is not None:
        site.app.store.do(lambda tx: tx.accounts.drop_session(session))
    answer = done("/login")
    answer.delete_cookie(cookie_name(site), path="/", secure=site.place.https, httponly=True, samesite="lax")
    answer.headers["clear-site-data"] = '"cache", "cookies", "storage"'
    return answer


@ROUTER.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(site: SiteOf) -> Response:
    """Say whether the store can be reached; open to anybody, and says nothing else."""
    try:
        with site.app.store.look() as tx:
            tx.meta.get("instance")
    except SyncdError as error:
        LOG.error("The store does not answer", reason=str(error))
        return JSONResponse({"status": "the store does not answer"}, 503)
    return JSONResponse({"status": "ok"})


@ROUTER.api_route("/readyz", methods=["GET", "HEAD"])
def readyz(site: SiteOf) -> Response:
    """Say whether some daemon holds the store, so that runs are executed."""
    try:
        held = site.app.store.holder() is not None
    except SyncdError:
        return JSONResponse({"status": "the store does not answer"}, 503)
    return JSONResponse({"status": "ok" if held else "no daemon holds the store"}, 200 if held else 503)


@ROUTER.get("/metrics")
def metrics(site: SiteOf, visitor: MaybeKnown) -> Response:
    """Answer Prometheus: openly on loopback, elsewhere only with a token."""
    web = site.app.settings.web
    if visitor is None and (web.public_url or not is_loopback(web.host)):
        raise LoginNeeded
    with site.app.store.look() as tx:
        gauge(tx, site.app.metrics)
    return Response(site.app.metrics.render(), media_type=CONTENT_TYPE)


@ROUTER.get("/robots.txt")
def robots() -> PlainTextResponse:
    """Keep searchers out."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


def inside(target: str) -> str:
    """Return a path of ours to go on to; never another site, however it is spelled."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if plain and "\\" not in target else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _browser(request: Request) -> str:
    agent = request.headers.get("user-agent", "")
    known = ("Firefox", "Edg", "Chrome", "Safari", "curl", "python-requests")
    return next((name for name in known if name in agent), "another program")
