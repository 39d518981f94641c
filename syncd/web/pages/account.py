"""A visitor's own account: tokens for programs, logins, the password."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.errors import UsageError
from syncd.store import Reading, Session, Writing
from syncd.web.entrance.passwords import LONGEST, accept, hashed, matches
from syncd.web.entrance.patience import account
from syncd.web.show.words import ROLES
from syncd.web.site import Number, Site, SiteOf, done
from syncd.web.visitor import (
    TOKEN_PREFIX,
    Reader,
    Visitor,
    begin_session,
    cookie_name,
    fresh_secret,
    kept,
    reader,
)

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])


@ROUTER.get("/settings")
def settings_page(request: Request, site: SiteOf, visitor: Reader) -> HTMLResponse:
    """Show the visitor's account, and to an admin the users."""
    return account_page(request, site, visitor)


def account_page(
    request: Request, site: Site, visitor: Visitor, once: dict[str, str] | None = None
) -> HTMLResponse:
    """Show the settings, with a secret that is shown this once."""
    with site.app.store.look() as tx:
        values = {
            "tokens": tx.accounts.tokens(visitor.name),
            "sessions": [_session(one, visitor) for one in tx.accounts.sessions(visitor.name)],
            "users": _users(tx) if visitor.may_act else [],
        }
    return site.page(request, visitor, "settings.html", once=once, **values)


def _session(session: Session, visitor: Visitor) -> dict[str, Any]:
    return {
        "note": session.note,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "mine": session.hash == visitor.session,
    }


def _users(tx: Reading) -> list[dict[str, Any]]:
    return [
        {
            "name": user.name,
            "role_word": ROLES.get(user.role, user.role),
            "disabled": user.disabled,
            "has_password": bool(user.password),
            "created_at": user.created_at,
            "last_used_at": user.last_used_at,
        }
        for user in tx.accounts.users()
    ]


@ROUTER.post("/settings/tokens")
def make_token(
    request: Request,
    site: SiteOf,
    visitor: Reader,
    label: Annotated[str, Form(min_length=1, max_length=80)],
    days: Annotated[int, Form(ge=0, le=3650)] = 365,
) -> HTMLResponse:
    """Make a token with the visitor's own rights, and show it once."""
    secret = TOKEN_PREFIX + fresh_secret()

    def make(tx: Writing) -> None:
        ends = tx.now + timedelta(days=days) if days else None
        tx.accounts.add_token(kept(secret), visitor.name, label, ends)
        tx.audit.add(visitor.name, "made an API token", label)

    site.app.store.do(make)
    return account_page(request, site, visitor, {"title": f"Your new token “{label}”.", "text": secret})


@ROUTER.post("/settings/tokens/{number}/revoke")
def revoke(site: SiteOf, visitor: Reader, number: Number) -> Response:
    """Take one of the visitor's own tokens back."""

    def drop(tx: Writing) -> None:
        mine = {token.id: token.label for token in tx.accounts.tokens(visitor.name)}
        if number not in mine:
            raise HTTPException(404, "You have no such token.")
        tx.accounts.drop_token(number)
        tx.audit.add(visitor.name, "revoked an API token", mine[number])

    site.app.store.do(drop)
    return done("/settings", "revoked")


@ROUTER.post("/settings/sessions/end")
def end_sessions(site: SiteOf, visitor: Reader) -> Response:
    """End all logins of the visitor but this one."""

    def end(tx: Writing) -> None:
        for session in tx.accounts.sessions(visitor.name):
            if session.hash != visitor.session:
                tx.accounts.drop_session(session.hash)
        tx.audit.add(visitor.name, "ended all other logins", visitor.name)

    site.app.store.do(end)
    return done("/settings", "ended")


@ROUTER.post("/settings/password")
def change_password(
    site: SiteOf,
    visitor: Reader,
    old: Annotated[str, Form(max_length=LONGEST)],
    new: Annotated[str, Form(max_length=LONGEST)],
) -> Response:
    """Change the password; that ends every login, and begins this one anew."""
    subject = (account(visitor.name),)
    if site.patience.enter(subject):
        raise HTTPException(429, "Too many tries. Wait a little.")
    with site.app.store.look() as tx:
        user = tx.accounts.user(visitor.name)
    if user is None or not matches(user.password, old):
        raise UsageError("That is not your password.", "Go back and try again.")
    site.patience.forget(subject)
    accept(new, visitor.name)
    kept_password = hashed(new)

    def change(tx: Writing) -> str:
        tx.accounts.set_password_hash(visitor.name, kept_password)
        tx.audit.add(visitor.name, "changed the password", visitor.name)
        return begin_session(tx, site, visitor.name, "after a change of the password")

    answer = done("/settings", "password")
    secret = site.app.store.do(change)
    answer.set_cookie(
        cookie_name(site), secret, path="/", secure=site.place.https, httponly=True, samesite="lax"
    )
    return answer
