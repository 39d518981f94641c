"""The store's version, and how an older store is brought to this one.

All steps run in one transaction under a lock, after a backup where there is something to lose: killed halfway, the
store is as it was. On SQLite foreign keys are off meanwhile, because a rebuilt parent table would delete its
children, and are checked before the end. Alembic is loaded only where there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from syncd.errors import StoreError, StoreNewer
from syncd.store.database import Database, for_migration
from syncd.store.failures import explained

# Any number serves, as long as every syncd takes the same one and nobody else's program does.
_ADVISORY_LOCK: Final = 0x73796E6364

# SQLAlchemy's own question is built anew in every process, which costs more than opening the store.
_FIND_TABLE: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT to_regclass('alembic_version')::text",
}

Backup = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Chain:
    """The migrations: where they stand, and every revision, oldest first."""

    folder: Path
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.revisions[-1]


def _folder() -> Path:
    """Return where the migrations are: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


# The revisions are named here too, so that a store of this version is told without loading Alembic; a test compares.
CHAIN: Final = Chain(_folder(), ("0001",))


def current(engine: Engine) -> str | None:
    """Return the version of a store, None where it is empty."""
    with engine.begin() as connection:
        return _version(connection)


def check_version(version: str | None, place: str, chain: Chain = CHAIN) -> None:
    """Raise where this syncd cannot work with a store of that version as it is."""
    refuse_newer(version, place, chain)
    if version != chain.head:
        raise StoreError(
            f"The store {place} has version {version or 'none'}; this syncd needs {chain.head}.",
            "Run `syncd migrate`.",
        )


def refuse_newer(version: str | None, place: str, chain: Chain = CHAIN) -> None:
    """Raise StoreNewer where this syncd does not know a store's version."""
    if version is not None and version not in chain.revisions:
        raise StoreNewer(
            f"The store {place} has version {version}, which this syncd does not know.",
            "Run the syncd that last used it or a newer one, or restore the backup made before the upgrade.",
        )


def upgrade(database: Database, backup: Backup | None, chain: Chain = CHAIN) -> bool:
    """Bring a store to this version; return whether there was anything to do.

    `backup` is called under the lock, where the store is not empty.
    """
    engine = for_migration(database.url)
    try:
        with engine.begin() as connection:
            _lock(connection)
            version = _version(connection)
            if version == chain.head:
                return False
            refuse_newer(version, database.place, chain)
            if version is not None and backup is not None:
                backup()
            _run(connection, chain)
            _check_foreign_keys(connection, database.place)
    except DBAPIError as error:
        raise explained(error, database.place) from error
    finally:
        engine.dispose()
    return True


def _lock(connection: Connection) -> None:
    # SQLite: the transaction began with BEGIN IMMEDIATE and so is the lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})


def _version(connection: Connection) -> str | None:
    if connection.exec_driver_sql(_FIND_TABLE[connection.dialect.name]).scalar() is None:
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _run(connection: Connection, chain: Chain) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # a % in a setting of Alembic's begins a reference
    config.set_main_option("script_location", str(chain.folder).replace("%", "%%"))
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
