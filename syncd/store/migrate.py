"""The store's version, and how an older store is brought to this one.

All steps run in one transaction under a lock, after a backup where there is something to lose: killed halfway, the
store is as it was. On SQLite foreign keys are off meanwhile, because a rebuilt parent table would delete its
children, and are checked before the end. Alembic is loaded only where there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from syncd.errors import StoreError, StoreNewer
from syncd.store.database import Database, for_migration
from syncd.store.failures import explained

# Every revision, oldest first. The migrations' own chain says the same, which a test checks.
REVISIONS: Final = ("0001",)

# Any number serves, as long as every syncd takes the same one and nobody else's program does.
_ADVISORY_LOCK: Final = 0x73796E6364

_PACKAGE: Final = Path(__file__).resolve().parent.parent

Backup = Callable[[], object]


def head() -> str:
    """Return the version that this syncd works with."""
    return REVISIONS[-1]


def folder() -> Path:
    """Return where the migrations are: inside the package when installed, beside it in a checkout."""
    installed = _PACKAGE / "migrations"
    return installed if installed.is_dir() else _PACKAGE.parent / "migrations"


def current(engine: Engine) -> str | None:
    """Return the version of a store, None where it is empty."""
    with engine.begin() as connection:
        return _version(connection)


def check_version(version: str | None, place: str) -> None:
    """Raise where this syncd cannot work with a store of that version as it is."""
    if version is not None and version not in REVISIONS:
        raise StoreNewer(
            f"The store {place} has version {version}, which this syncd does not know.",
            "Run the syncd that last used it or a newer one, or restore the backup made before the upgrade.",
        )
    if version != head():
        raise StoreError(
            f"The store {place} has version {version or 'none'}; this syncd needs {head()}.",
            "Run `syncd migrate`.",
        )


def upgrade(database: Database, backup: Backup | None) -> bool:
    """Bring a store to this version; return whether there was anything to do.

    `backup` is called under the lock, where the store is not empty.
    """
    engine = for_migration(database.url)
    try:
        with engine.begin() as connection:
            _lock(connection)
            version = _version(connection)
            if version == head():
                return False
            _refuse_newer(version, database.place)
            if version is not None and backup is not None:
                backup()
            _run(connection)
            _check_foreign_keys(connection, database.place)
    except DBAPIError as error:
        raise explained(error, database.place) from error
    finally:
        engine.dispose()
    return True


def _refuse_newer(version: str | None, place: str) -> None:
    if version is not None and version not in REVISIONS:
        check_version(version, place)


def _lock(connection: Connection) -> None:
    # SQLite: the transaction began with BEGIN IMMEDIATE and so is the lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # a % in a setting of Alembic's begins a reference
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check_foreign_keys(connection: Connection, place: str) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise StoreError(
            f"The upgrade of {place} was taken back: it would leave broken references in {tables}.",
            "Report this; the store is as it was.",
        )
