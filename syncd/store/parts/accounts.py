"""The accounts of the admin page: users, their sessions and tokens, one-time setup links, failed log-ins.

Passwords come here as argon2 hashes, everything else that lets somebody in as a hash of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, delete, func, select, update

from syncd.errors import UsageError
from syncd.store.office import login_failures, sessions, setup_links, tokens, users
from syncd.store.transaction import Transaction

UserRole = Literal["admin", "viewer"]

_u: Final = users.c
_s: Final = sessions.c
_t: Final = tokens.c
_f: Final = login_failures.c


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in; `password` is an argon2 hash, "" before the first one is set."""

    name: str
    role: UserRole
    password: str
    disabled: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in of a user on one browser."""

    hash: bytes
    name: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Token:
    """A user's key for programs."""

    id: int
    name: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class Accounts:
    """The accounts in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    # --- users --------------------------------------------------------------------------------

    def add_user(self, name: str, role: UserRole, password: str = "") -> User:
        """Add a user; raise UsageError where the name is taken."""
        row = {"name": name, "role": role, "password": password, "disabled": 0, "created_at": self._tx.now}
        added = self._tx.execute(self._tx.insert(users).values(row).on_conflict_do_nothing())
        if added.rowcount != 1:
            raise UsageError(f"There is a user {name} already.", "Choose another name.")
        return User(name, role, password, False, self._tx.now, None)

    def user(self, name: str) -> User | None:
        """Return a user, None where there is none."""
        row = self._tx.execute(select(users).where(_u.name == name)).first()
        return _user(row) if row else None

    def users(self) -> list[User]:
        """Return all users by name."""
        return [_user(row) for row in self._tx.execute(select(users).order_by(_u.name))]

    def set_password_hash(self, name: str, password: str) -> None:
        """Set a user's password and end the user's sessions and setup links."""
        self._change_user(name, password=password)
        self.drop_sessions(name)
        self._tx.execute(delete(setup_links).where(setup_links.c.name == name))

    def set_role(self, name: str, role: UserRole) -> None:
        """Change what a user may do."""
        self._change_user(name, role=role)

    def disable(self, name: str, disabled: bool = True) -> None:
        """Keep a user out, or let the user in again."""
        self._change_user(name, disabled=int(disabled))
        if disabled:
            self.drop_sessions(name)

    def used(self, name: str) -> None:
        """Write down that a user was here."""
        self._change_user(name, last_used_at=self._tx.now)

    def drop_user(self, name: str) -> None:
        """Remove a user with sessions, tokens and setup links."""
        self._tx.execute(delete(users).where(_u.name == name))

    def _change_user(self, name: str, **values: Any) -> None:
        changed = self._tx.execute(update(users).where(_u.name == name).values(**values))
        if changed.rowcount != 1:
            raise UsageError(f"There is no user {name}.", "Look at the list of users.")

    # --- sessions -----------------------------------------------------------------------------

    def add_session(self, hash: bytes, name: str, expires_at: datetime, note: str = "") -> None:  # noqa: A002
        """Begin a session."""
        now = self._tx.now
        row = {"hash": hash, "name": name, "created_at": now, "last_used_at": now}
        self._tx.execute(sessions.insert().values(**row, expires_at=expires_at, note=note))

    def session(self, hash: bytes) -> Session | None:  # noqa: A002
        """Return a session whose time is not over and whose user may log in."""
        statement = (
            select(sessions)
            .join(users, _u.name == _s.name)
            .where(_s.hash == hash, _s.expires_at > self._tx.now, _u.disabled == 0)
        )
        row = self._tx.execute(statement).mappings().first()
        return Session(**row) if row else None

    def sessions(self, name: str) -> list[Session]:
        """Return a user's sessions, newest first."""
        statement = select(sessions).where(_s.name == name).order_by(_s.created_at.desc())
        return [Session(**row) for row in self._tx.execute(statement).mappings()]

    def touch_session(self, hash: bytes, expires_at: datetime) -> None:  # noqa: A002
        """Write down that a session was used, and until when it now lasts."""
        values = {"last_used_at": self._tx.now, "expires_at": expires_at}
        self._tx.execute(update(sessions).where(_s.hash == hash).values(values))

    def drop_session(self, hash: bytes) -> None:  # noqa: A002
        """End a session."""
        self._tx.execute(delete(sessions).where(_s.hash == hash))

    def drop_sessions(self, name: str) -> None:
        """End all sessions of a user."""
        self._tx.execute(delete(sessions).where(_s.name == name))

    # --- tokens -------------------------------------------------------------------------------

    def add_token(
        self,
        hash: bytes,  # noqa: A002
        name: str,
        label: str,
        expires_at: datetime | None = None,
    ) -> Token:
        """Give a user's programs a key."""
        row = {
            "hash": hash,
            "name": name,
            "label": label,
            "created_at": self._tx.now,
            "expires_at": expires_at,
        }
        number = self._tx.execute(tokens.insert().values(row).returning(_t.id)).scalar_one()
        return Token(int(number), name, label, self._tx.now, None, expires_at)

    def token(self, hash: bytes) -> Token | None:  # noqa: A002
        """Return a token whose time is not over and whose user may log in."""
        statement = (
            select(*_TOKEN)
            .join(users, _u.name == _t.name)
            .where(_t.hash == hash, _u.disabled == 0)
            .where(_t.expires_at.is_(None) | (_t.expires_at > self._tx.now))
        )
        row = self._tx.execute(statement).mappings().first()
        return Token(**row) if row else None

    def tokens(self, name: str) -> list[Token]:
        """Return a user's tokens, oldest first."""
        return [
            Token(**row)
            for row in self._tx.execute(select(*_TOKEN).where(_t.name == name).order_by(_t.id)).mappings()
        ]

    def touch_token(self, number: int) -> None:
        """Write down that a token was used."""
        self._tx.execute(update(tokens).where(_t.id == number).values(last_used_at=self._tx.now))

    def drop_token(self, number: int) -> None:
        """Take a key back."""
        self._tx.execute(delete(tokens).where(_t.id == number))

    # --- setup links --------------------------------------------------------------------------

    def add_setup_link(self, hash: bytes, name: str, expires_at: datetime) -> None:  # noqa: A002
        """Let a user choose a password, once."""
        row = {"hash": hash, "name": name, "created_at": self._tx.now, "expires_at": expires_at}
        self._tx.execute(setup_links.insert().values(row))

    def use_setup_link(self, hash: bytes) -> str | None:  # noqa: A002
        """Spend a setup link and return whose it was, None where it is spent, over or unknown."""
        links = setup_links.c
        spent = delete(setup_links).where(links.hash == hash, links.expires_at > self._tx.now)
        return self._tx.execute(spent.returning(links.name)).scalar()

    # --- guessing -----------------------------------------------------------------------------

    def add_failure(self, subject: str) -> None:
        """Write down a failed log-in under a name or an address."""
        self._tx.execute(login_failures.insert().values(subject=subject, at=self._tx.now))

    def failures(self, subject: str, since: datetime) -> tuple[int, datetime | None]:
        """Return how many log-ins failed under a name or an address since a time, and when the last one did."""
        figures = (func.count().label("number"), func.max(_f.at).label("last"))
        statement = select(*figures).where(_f.subject == subject, _f.at >= since)
        row = self._tx.execute(statement).one()
        return int(row.number), row.last

    def forgive(self, subject: str) -> None:
        """Forget the failed log-ins under a name or an address."""
        self._tx.execute(delete(login_failures).where(_f.subject == subject))

    def forget(self, before: datetime) -> None:
        """Delete failed log-ins older than a time, and sessions and links whose time is over."""
        self._tx.execute(delete(login_failures).where(_f.at < before))
        self._tx.execute(delete(sessions).where(_s.expires_at <= self._tx.now))
        self._tx.execute(delete(setup_links).where(setup_links.c.expires_at <= self._tx.now))


_TOKEN: Final = (_t.id, _t.name, _t.label, _t.created_at, _t.last_used_at, _t.expires_at)


def _user(row: Row[Any]) -> User:
    return User(row.name, row.role, row.password, bool(row.disabled), row.created_at, row.last_used_at)
