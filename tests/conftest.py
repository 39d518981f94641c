"""What every test may ask for: fresh stores on either database, and a quiet, closed environment."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.loopback import stay_on_loopback
from tests.support.memory import stay_in_memory
from tests.support.postgres import Migrate, PostgresMissing, Server, running_server
from tests.support.stores import Backend, PostgresBackend, SqliteBackend, SqliteTemplates

# The contract's assertions explain themselves as those of a test file do, whichever test imports it first.
pytest.register_assert_rewrite("tests.vendors.contract")

# Set by .ci/run: there a machine without PostgreSQL is a broken machine, not a reason to skip.
REQUIRE_POSTGRES = "SYNCD_TEST_REQUIRE_POSTGRES"

hypothesis.settings.register_profile("short", deadline=None, max_examples=100)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=5000, print_blob=True)


def pytest_configure() -> None:
    """Close the suite off: from other machines, and from the settings of whoever starts it."""
    stay_on_loopback()
    stay_in_memory()
    for name in [name for name in os.environ if _sets_syncd(name)]:
        del os.environ[name]
    # a process of the suite may keep what it compiled for the next one, whatever the machine says
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    chosen = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "short")
    hypothesis.settings.load_profile(chosen)


def _sets_syncd(name: str) -> bool:
    return name.startswith("SYNCD_") and not name.startswith("SYNCD_TEST_")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this test process's own, or the one named in SYNCD_TEST_POSTGRES_URL."""
    try:
        with running_server() as server:
            yield server
    except PostgresMissing as missing:
        if os.environ.get(REQUIRE_POSTGRES) == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of a new and empty PostgreSQL database, dropped after the test."""
    backend = PostgresBackend(postgres_server)
    yield backend.empty()
    backend.drop_all()


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplates:
    """The SQLite files prepared so far in this session."""
    return SqliteTemplates(tmp_path_factory.mktemp("sqlite-templates"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_backend(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_templates: SqliteTemplates
) -> Iterator[Backend]:
    """Each database in turn; a test that asks for it runs once on either."""
    if request.param == "sqlite":
        yield SqliteBackend(tmp_path, sqlite_templates)
        return
    backend = PostgresBackend(request.getfixturevalue("postgres_server"))
    yield backend
    backend.drop_all()


@pytest.fixture
def store_url(store_backend: Backend) -> str:
    """The URL of a new and empty store, on each database in turn."""
    return store_backend.empty()


@pytest.fixture
def prepared_store(store_backend: Backend) -> Callable[[Migrate], str]:
    """A function that takes what migrates a store and returns the URL of a fresh copy of a migrated one."""
    return store_backend.prepared
