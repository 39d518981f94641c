"""Making and upgrading a store: once however many ask, whole or not at all, never downwards, never unasked."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from syncd.errors import StoreError, StoreNewer
from syncd.store import Store, migrate
from syncd.store.backup import backup_before_upgrade
from syncd.store.database import for_migration, parse
from syncd.store.office import TABLES
from syncd.store.tables import partial_on_both
from tests.store.conftest import NOON
from tests.store.made import record
from tests.store.processes import ROOT, running, said


def opened(url: str, **options: Any) -> Store:
    return Store.open(url, clock=lambda: NOON, **options)


def change(url: str, statement: str) -> None:
    with closing_engine(url) as opened_engine, opened_engine.begin() as connection:
        connection.execute(text(statement))


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """Yield an engine for one block."""
    engine = for_migration(parse(url))
    try:
        yield engine
    finally:
        engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_uses(store_url: str) -> None:
    opened(store_url).close()
    with closing_engine(store_url) as made, made.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), partial_on_both(TABLES)) == []


def test_the_code_knows_the_chain_of_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.CHAIN.folder).replace("%", "%%"))
    chain = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(chain)) == migrate.CHAIN.revisions


def test_a_new_store_has_an_instance_that_stays(store_url: str) -> None:
    with opened(store_url) as first:
        assert len(first.instance) == 6
        int(first.instance, 16)
    with opened(store_url) as again:
        assert again.instance == first.instance


def test_two_processes_make_one_store(store_url: str) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(running("opening", store_url)) for _ in range(3)]
        instances = {said(process) for process in processes}
        assert all(process.wait(60) == 0 for process in processes)
    assert len(instances) == 1
    assert len(instances.pop()) == 6


def test_a_newer_store_is_left_alone(store_url: str) -> None:
    opened(store_url).close()
    change(store_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreNewer) as newer:
        opened(store_url)
    assert "9999" in str(newer.value)
    with pytest.raises(StoreNewer):
        opened(store_url, migrate=False)
    change(store_url, f"UPDATE alembic_version SET version_num = '{migrate.CHAIN.head}'")
    opened(store_url).close()


def test_nothing_is_made_unasked(store_url: str) -> None:
    with pytest.raises(StoreError, match="syncd migrate"):
        opened(store_url, migrate=False)
    with closing_engine(store_url) as empty, empty.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() is None


@pytest.mark.parametrize("statements", [2, 12, 45])
def test_a_process_killed_in_a_migration_leaves_the_store_as_it_was(store_url: str, statements: int) -> None:
    with running("crashing", store_url, str(statements)) as process:
        assert process.wait(60) == -9
    with closing_engine(store_url) as after, after.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() is None
    with opened(store_url) as store:
        store.do(lambda tx: tx.records.save([record("crm", "1")]))


def test_a_crash_comes_as_late_as_the_statements_allow(store_url: str) -> None:
    with running("crashing", store_url, "1000000") as process:
        assert said(process) == "done"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "by 100% syncd" / "store.db"


def test_a_new_file_and_its_folder_belong_to_their_owner_alone(path: Path) -> None:
    with opened(f"sqlite:///{path}") as store:
        store.do(lambda tx: tx.meta.set("a", "b"))
        sides = sorted(path.parent.iterdir())
        assert [side.name for side in sides] == ["store.db", "store.db-shm", "store.db-wal"]
        assert {stat.S_IMODE(side.stat().st_mode) for side in sides} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("users", recreate="auto") as users:
        users.alter_column("role", type_=sa.String(20))
"""


@pytest.fixture
def next_chain(tmp_path: Path) -> migrate.Chain:
    """The migrations as they may be one day: the second one makes a table anew that others refer to."""
    folder = tmp_path / "next"
    shutil.copytree(migrate.CHAIN.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "0002_second.py").write_text(SECOND)
    return migrate.Chain(folder, ("0001", "0002"))


def test_an_upgrade_keeps_what_refers_to_a_table_made_anew(store_url: str, next_chain: migrate.Chain) -> None:
    with opened(store_url) as store:
        store.do(lambda tx: tx.accounts.add_user("lan", "admin"))
        store.do(lambda tx: tx.accounts.add_session(b"hash", "lan", NOON + timedelta(days=1)))
        copied: list[str] = []
        assert migrate.upgrade(store.database, lambda: copied.append("copy"), next_chain)
        assert copied == ["copy"]
        assert not migrate.upgrade(store.database, lambda: copied.append("again"), next_chain)
        with store.look() as tx:
            assert tx.accounts.session(b"hash") is not None
    assert copied == ["copy"]
    with pytest.raises(StoreNewer):
        opened(store_url)


def test_an_upgrade_that_breaks_a_reference_is_taken_back(path: Path, next_chain: migrate.Chain) -> None:
    script = next_chain.folder / "versions" / "0002_second.py"
    script.write_text(SECOND.partition("    with")[0] + '    op.execute("DELETE FROM users")\n')
    with opened(f"sqlite:///{path}") as store:
        store.do(lambda tx: tx.accounts.add_user("lan", "admin"))
        store.do(lambda tx: tx.accounts.add_session(b"hash", "lan", NOON + timedelta(days=1)))
        with pytest.raises(StoreError, match="sessions"):
            migrate.upgrade(store.database, None, next_chain)
        with store.look() as tx:
            assert tx.accounts.session(b"hash") is not None
    opened(f"sqlite:///{path}").close()


def test_the_copy_before_an_upgrade_is_a_whole_store(path: Path) -> None:
    url = f"sqlite:///{path}"
    with opened(url) as store:
        store.do(lambda tx: tx.records.save([record("crm", "1")]))
        copy = backup_before_upgrade(store.database, path.parent / "copies", "0001", NOON)
    assert copy is not None
    assert copy.name == "store-before-upgrade-from-0001-20260301-120000.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with opened(f"sqlite:///{copy}") as again, again.look() as tx:
        assert tx.records.count("crm") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not a database at all" * 100, "damaged"), (b"SQLite format 3\x00" * 8, "damaged")],
)
def test_a_file_that_is_no_store_is_refused(path: Path, content: bytes, words: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=words) as refused:
        opened(f"sqlite:///{path}")
    assert refused.value.next_step
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_found_by_the_check(path: Path) -> None:
    url = f"sqlite:///{path}"
    with opened(url) as store:
        store.do(lambda tx: tx.records.save([record("crm", str(n)) for n in range(2_000)]))
        assert store.check() == []
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 2 // 4096 * 4096
    damaged[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(damaged)
    with opened(url) as store:
        try:
            assert store.check() != []
        except StoreError as error:
            assert "damaged" in str(error)  # noqa: PT017


def test_a_reference_to_nothing_is_found_by_the_check(path: Path) -> None:
    url = f"sqlite:///{path}"
    with opened(url) as store:
        store.do(lambda tx: tx.records.save([record("crm", "1")]))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("UPDATE records SET customer = 'x-404'")
        assert store.check() == ["a row of records refers to a missing row of customers"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "no file"),
        ("sqlite:///:memory:", "no file"),
        ("mysql://localhost/syncd", "mysql"),
        ("nonsense", "not an address"),
        ("postgresql://syncd:geheim@127.0.0.1:1/syncd", "reached"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        opened(url)
    assert refused.value.next_step
    assert "geheim" not in str(refused.value)


def test_a_folder_that_may_not_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        opened(f"sqlite:///{tmp_path}/file/store.db")


def test_the_address_is_shown_without_its_password(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        assert "***" in store.url
        assert str(parse(postgres_url).password) not in store.url


def test_a_store_of_this_version_is_opened_without_loading_alembic_or_another_database(path: Path) -> None:
    url = f"sqlite:///{path}"
    opened(url).close()
    program = (
        "import sys; from datetime import UTC, datetime; from syncd.store import Store; "
        "store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC)); "
        "print([name for name in sys.modules if name.split('.')[0] in {'alembic', 'mako', 'psycopg'}"
        " or name == 'sqlalchemy.dialects.postgresql'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
