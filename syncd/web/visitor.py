"""Who is asking: a person with a session cookie or a program with a token, and what they may do.

Of either only a hash is kept, so whoever reads the store cannot come in with it. Every route names the visitor it
wants, `Reader` or `Admin`; a test walks through all routes and finds none without.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request

from syncd.store import Reading, Session, Writing
from syncd.web.show.words import ROLES
from syncd.web.site import Site, SiteOf

LONGEST_SESSION = timedelta(days=7)
LINK_LASTS = timedelta(days=1)
TOUCH = timedelta(minutes=1)
TOKEN_PREFIX = "syncd_"  # noqa: S105 - what tokens begin with, so that scanners recognise a leaked one


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in; `session` is the hash of the cookie, None for a program."""

    name: str
    role: str
    session: bytes | None = None

    @property
    def may_act(self) -> bool:
        return self.role == "admin"

    @property
    def role_word(self) -> str:
        return ROLES.get(self.role, self.role)


class LoginNeeded(Exception):
    """Nobody is known to be asking."""


class NotAllowed(Exception):
    """Whoever is asking may look, but not do this."""


def fresh_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def kept(secret: str) -> bytes:
    """Return what is kept of a session id, a token or a one-time link; they are random, so one hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def cookie_name(site: Site) -> str:
    """Return the session cookie's name; over https the browser itself then refuses one that was set elsewhere."""
    return "__Host-syncd" if site.place.https else "syncd"


def begin_session(tx: Writing, site: Site, name: str, note: str) -> str:
    """Begin a session and return the cookie's value; it is never one that the browser brought along."""
    secret = fresh_secret()
    tx.accounts.add_session(kept(secret), name, tx.now + _idle(site), note[:120])
    tx.accounts.used(name)
    return secret


def _idle(site: Site) -> timedelta:
    return timedelta(hours=site.app.settings.web.session_hours)


def known(request: Request, site: SiteOf) -> Visitor | None:
    """Return who is asking, None where nobody is known to be."""
    header = request.headers.get("authorization", "")
    if header:
        return _by_token(site, header)
    cookie = request.cookies.get(cookie_name(site))
    return _by_session(site, kept(cookie)) if cookie else None


def _by_token(site: Site, header: str) -> Visitor | None:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(TOKEN_PREFIX):
        return None
    with site.app.store.look() as tx:
        token = tx.accounts.token(kept(secret))
        visitor = _visitor(tx, token.name, None) if token else None
    if token and _stale(token.last_used_at, site.now()):
        site.app.store.do(lambda tx: tx.accounts.touch_token(token.id))
    return visitor


def _by_session(site: Site, hashed: bytes) -> Visitor | None:
    with site.app.store.look() as tx:
        session = tx.accounts.session(hashed)
        visitor = _visitor(tx, session.name, hashed) if session else None
    if session and _stale(session.last_used_at, site.now()):
        ends = _ends(site, session)
        site.app.store.do(lambda tx: tx.accounts.touch_session(hashed, ends))
    return visitor


def _visitor(tx: Reading, name: str, session: bytes | None) -> Visitor | None:
    user = tx.accounts.user(name)
    return Visitor(user.name, user.role, session) if user and not user.disabled else None


def _stale(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last > TOUCH


def _ends(site: Site, session: Session) -> datetime:
    """Return when a session ends: when it was idle for too long, and in any case a week after the login."""
    return min(site.now() + _idle(site), session.created_at + LONGEST_SESSION)


def reader(visitor: Annotated[Visitor | None, Depends(known)]) -> Visitor:
    """Let in whoever is known."""
    if visitor is None:
        raise LoginNeeded
    return visitor


def admin(visitor: Annotated[Visitor, Depends(reader)]) -> Visitor:
    """Let in admins."""
    if not visitor.may_act:
        raise NotAllowed
    return visitor


Reader = Annotated[Visitor, Depends(reader)]
Admin = Annotated[Visitor, Depends(admin)]
MaybeKnown = Annotated[Visitor | None, Depends(known)]
