"""What the doctor says of a sick store: every line names what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.app import App
from syncd.config import load
from syncd.doctor import Finding, examined
from syncd.store import ConnectionState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONFIG = """
[store]
url = "sqlite:///syncd.db"
backups = "backups"

[connections.crm]
vendor = "perfex"
base_url = "https://crm.example.com"
token = "file:token"
schedule = "every 1 minute"
per_minute = 60

[connections.booking]
vendor = "pexip_engage"
token_url = "https://auth.example.com/token"
enterprise = "acme"
client_id = "file:token"
client_secret = "file:token"
schedule = "every 1 hour"
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An App whose vendors nobody reaches."""
    token = tmp_path / "token"
    token.write_text("unused")
    token.chmod(0o600)
    (tmp_path / "syncd.toml").write_text(CONFIG)
    with App.open(load(tmp_path / "syncd.toml", {}), clock=lambda: NOW) as opened:
        yield opened


def found(app: App, what: str, now: datetime = NOW) -> Finding:
    """Return what is said of one thing."""
    return next(each for each in examined(app, now, deep=True) if each.what == what)


def pulled(app: App, name: str, **more: object) -> None:
    """Let a connection have been pulled a moment ago."""
    state = ConnectionState(name, "perfex", last_success=NOW, **more)  # type: ignore[arg-type]
    app.store.do(lambda tx: tx.connections.save(state))


def test_a_fresh_store_lacks_a_daemon_a_backup_and_a_first_pull(app: App) -> None:
    assert found(app, "daemon").level == "wrong"
    assert found(app, "backup").level == "soon"
    assert "syncd sync crm" in found(app, "crm").fix
    assert found(app, "store").ok
    assert found(app, "file mode of the store").ok


def test_a_daemon_and_a_backup_make_it_well(app: App) -> None:
    lease = app.store.acquire("daemon 1")
    assert lease is not None
    app.settings.store.backups.mkdir(exist_ok=True)
    (app.settings.store.backups / "syncd-1.db").touch()
    assert found(app, "daemon").ok
    assert found(app, "backup", datetime.now(UTC)).ok
    assert found(app, "backup", datetime.now(UTC) + timedelta(days=9)).level == "soon"


def test_a_connection_that_misses_two_of_its_times_is_wrong(app: App) -> None:
    pulled(app, "crm")
    pulled(app, "booking")
    assert found(app, "crm").ok
    assert found(app, "crm", NOW + timedelta(minutes=11)).level == "wrong"
    assert found(app, "booking", NOW + timedelta(minutes=119)).ok
    pulled(app, "crm", state="refused", reason="401: no such token")
    assert "401: no such token" in found(app, "crm").detail
    pulled(app, "crm", state="paused")
    assert found(app, "crm").level == "soon"


def test_a_schedule_that_a_vendor_cannot_carry_is_said_before_it_fails(app: App) -> None:
    assert found(app, "booking: schedule").ok
    pulled(app, "booking", records=50_000_000)
    said = found(app, "booking: schedule")
    assert said.level == "soon"
    assert "longer schedule" in said.fix


def test_a_secret_that_others_may_read_is_wrong(app: App) -> None:
    assert app.settings.path is not None
    (app.settings.path.parent / "token").chmod(0o644)
    assert "chmod 600" in found(app, "connections.crm.token").fix


def test_a_clock_that_went_back_is_wrong(app: App) -> None:
    app.store.do(lambda tx: tx.runs.request(("crm",), {}, "lan"))
    assert found(app, "clock").ok
    assert found(app, "clock", NOW - timedelta(hours=1)).level == "wrong"


def test_a_store_that_others_may_read_is_wrong(app: App) -> None:
    path = app.store.database.path
    assert path is not None
    path.chmod(0o644)
    assert found(app, "file mode of the store").level == "wrong"
