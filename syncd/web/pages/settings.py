"""Users, for admins: add one, send a one-time link, keep one out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from syncd.store import Writing
from syncd.web.pages.account import account_page
from syncd.web.site import Site, SiteOf, done
from syncd.web.visitor import LINK_LASTS, Admin, Visitor, fresh_secret, kept, reader

ROUTER = APIRouter(include_in_schema=False, dependencies=[Depends(reader)])

UserName = Annotated[str, Form(min_length=1, max_length=64, pattern=r"^[\w.@+-]+$")]


@ROUTER.post("/settings/users")
def add_user(
    request: Request,
    site: SiteOf,
    visitor: Admin,
    name: UserName,
    role: Annotated[Literal["admin", "viewer"], Form()] = "viewer",
) -> HTMLResponse:
    """Add a user, who chooses a password by a one-time link."""
    secret = fresh_secret()

    def add(tx: Writing) -> None:
        tx.accounts.add_user(name, role)
        tx.accounts.add_setup_link(kept(secret), name, tx.now + LINK_LASTS)
        tx.audit.add(visitor.name, "added a user", name, {"role": role})

    site.app.store.do(add)
    return _with_link(request, site, visitor, name, secret)


@ROUTER.post("/settings/users/{name}/link")
def link(request: Request, site: SiteOf, visitor: Admin, name: str) -> HTMLResponse:
    """Make a one-time link by which a user chooses a new password."""
    secret = fresh_secret()

    def make(tx: Writing) -> None:
        if tx.accounts.user(name) is None:
            raise HTTPException(404, "There is no such user.")
        tx.accounts.add_setup_link(kept(secret), name, tx.now + LINK_LASTS)
        tx.audit.add(visitor.name, "made a one-time link", name)

    site.app.store.do(make)
    return _with_link(request, site, visitor, name, secret)


def _with_link(request: Request, site: Site, visitor: Visitor, name: str, secret: str) -> HTMLResponse:
    address = site.app.settings.web.public_url or str(request.base_url)
    text = f"{address.rstrip('/')}/setup?token={secret}"
    return account_page(
        request, site, visitor, {"title": f"A one-time link for {name}, good for a day.", "text": text}
    )


@ROUTER.post("/settings/users/{name}/{verb}")
def keep_out(site: SiteOf, visitor: Admin, name: str, verb: Literal["disable", "enable"]) -> Response:
    """Keep a user out, with all logins and tokens, or let the user in again."""
    if name == visitor.name:
        raise HTTPException(409, "You cannot keep yourself out.")

    def change(tx: Writing) -> None:
        tx.accounts.disable(name, verb == "disable")
        tx.audit.add(visitor.name, f"{verb}d a user", name)

    site.app.store.do(change)
    return done("/settings", "changed")
