"""What a database says went wrong, in the admin's words; and whether trying again can help.

A library's error is translated here, once, with its cause chained. The database's own message may quote values of
customers, so only its class and its code are repeated.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from syncd.errors import StoreError, StoreHeld

# PostgreSQL: serialization failure, deadlock, lock not available, and the classes 08 (connection) and 57P
# (the server is shutting down or starting) [PostgreSQL documentation, Appendix A].
_PASSING_STATES: Final = ("40001", "40P01", "55P03", "08", "57P")
_PASSING_CODES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_SQLITE: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_BUSY: (
        "The store is busy with another process's write",
        "Wait for it to end, or find the process that holds the file open and stop it.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The store cannot be written",
        "Give the user that runs syncd write access to the file and its folder.",
    ),
    sqlite3.SQLITE_FULL: (
        "The disk of the store is full",
        "Free some space; syncd goes on where it stopped.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk of the store fails",
        "Check the disk, its free space and its limits; syncd goes on where it stopped.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The store is damaged",
        "Stop syncd and restore the newest backup with `syncd restore`.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The store is damaged or is not a store",
        "Check store.url; if it is right, restore the newest backup with `syncd restore`.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The store cannot be opened",
        "Check store.url, and that the user that runs syncd may use the folder.",
    ),
    sqlite3.SQLITE_AUTH: ("The store refuses access", "Check the owner and the mode of the file."),
    sqlite3.SQLITE_PERM: ("The store refuses access", "Check the owner and the mode of the file."),
    sqlite3.SQLITE_ERROR: (
        "The store does not have the tables that this syncd expects",
        "Run `syncd migrate`; if that changes nothing, report it with the line above.",
    ),
}

_POSTGRES: Final[dict[str, tuple[str, str]]] = {
    "28": ("PostgreSQL refuses the login", "Check the user and the password in store.url."),
    "3D": ("The database does not exist", "Create it, or correct store.url."),
    "42501": ("The database user may not do this", "Grant it the rights on the database of store.url."),
    "53100": ("The disk of the store is full", "Free some space; syncd goes on where it stopped."),
    "53": ("PostgreSQL has no room for another connection", "Raise max_connections, or stop other clients."),
    "55P03": (
        "The store is busy with another write",
        "Wait for it to end, or find the session that blocks it.",
    ),
    "57P": (
        "PostgreSQL ended the session, or is starting",
        "Nothing is lost and it is done again; if it stays, look into the log of the database server.",
    ),
    "57014": (
        "A statement took too long",
        "Try again; if it lasts, look at the load of the database server.",
    ),
    "25P03": (
        "A write paused for longer than a lease lasts, and PostgreSQL ended it",
        "Nothing is lost and it is done again; if it stays, see what keeps this machine so busy, or suspends it.",
    ),
    "25006": ("The store cannot be written", "Connect to the primary server, not to a standby."),
    "22": (
        "A value cannot be stored: it holds a zero character or a number that is too large",
        "Correct it in the system that it comes from.",
    ),
    "42": (
        "The store does not have the tables that this syncd expects",
        "Run `syncd migrate`; if that changes nothing, report it with the line above.",
    ),
}

_UNREACHABLE = (
    "The store cannot be reached",
    "Check that the database server runs and that store.url is right.",
)
_UNEXPECTED = ("The store failed", "Try again; if it lasts, report it with the line above.")


def is_databases(error: Exception) -> bool:
    """Tell whether an error comes from the database or its driver, and not from syncd's own code."""
    return (
        isinstance(error, SQLAlchemyError | sqlite3.Error | UnicodeEncodeError | OverflowError)
        or _state(error) is not None
    )


def may_pass(error: Exception) -> bool:
    """Tell whether the same unit may succeed when it is done again whole."""
    if isinstance(error, PoolTimeout | DisconnectionError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = _state(error)
    if state is not None:
        return state.startswith(_PASSING_STATES)
    code = _code(error)
    if code is None:
        # no connection came about: a server that is restarted refuses them until it has recovered
        return isinstance(error, OperationalError)
    return code in _PASSING_CODES


def is_kept_out(error: Exception) -> bool:
    """Tell whether another session of PostgreSQL kept what a unit wanted for longer than it would wait."""
    return _state(error) == "55P03"


def explained(error: Exception, place: str) -> StoreError:
    """Return what a database error means for the store at `place`, and what to do."""
    if isinstance(error, UnicodeEncodeError):
        return StoreError(
            "A value cannot be stored: it holds half a character.", "Correct it in its own system."
        )
    if isinstance(error, OverflowError):
        return StoreError(
            "A number is too large to be stored.", "Correct it in the system that it comes from."
        )
    what, next_step = _meaning(error)
    kind = StoreHeld if _is_held(error) else StoreError
    return kind(f"{what} ({place}{_shown_code(error)}).", next_step)


def _meaning(error: Exception) -> tuple[str, str]:
    if isinstance(error, IntegrityError):
        return (
            "Two writes contradict each other",
            "Run it again; if it lasts, report it with the line above.",
        )
    state = _state(error)
    if state is not None:
        return next((words for start, words in _POSTGRES.items() if state.startswith(start)), _UNEXPECTED)
    code = _code(error)
    if code is None:
        return _UNREACHABLE
    return _SQLITE.get(code, _UNEXPECTED)


def _is_held(error: Exception) -> bool:
    return isinstance(error, PoolTimeout) or _code(error) in _PASSING_CODES or is_kept_out(error)


def _origin(error: Exception) -> object:
    return getattr(error, "orig", None) or error


def _state(error: Exception) -> str | None:
    """Return the five letters by which PostgreSQL names an error, None for other errors."""
    return getattr(_origin(error), "sqlstate", None)


def _code(error: Exception) -> int | None:
    """Return SQLite's primary result code, None for other errors."""
    code = getattr(_origin(error), "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def _shown_code(error: Exception) -> str:
    origin = _origin(error)
    name = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    return f", {name}" if name else f", {type(origin).__name__}"
