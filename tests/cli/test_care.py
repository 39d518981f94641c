"""Configuration and store: what is written, shown, copied and put back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.config import load
from syncd.config.sample import example
from syncd.store import Store
from tests.cli.conftest import World


def test_init_writes_what_check_accepts(world: World) -> None:
    path = world.folder / "new" / "syncd.toml"
    written = world.type("init", str(path))
    assert written.exit_code == 0
    assert written.stdout.strip() == str(path)
    assert path.stat().st_mode & 0o007 == 0
    assert load(path, {}).connections == {}


def test_init_replaces_nothing_unasked(world: World) -> None:
    path = world.folder / "syncd.toml"
    path.write_text("# mine\n")
    assert world.type("init", str(path)).exit_code == 2
    assert path.read_text() == "# mine\n"
    assert world.type("init", str(path), "--force").exit_code == 0


def test_init_prints_the_example(world: World) -> None:
    assert world.type("init", "--example").stdout == example()


def test_config_check(world: World) -> None:
    checked = world.ask("config", "check")
    assert (checked["ok"], checked["problems"]) == (True, [])
    broken = world.type("config", "check", "--json", SYNCD__WEB__PORT="many")
    assert broken.exit_code == 2
    assert json.loads(broken.stdout)["problems"][0]["key"] == "web.port"


def test_config_show(world: World) -> None:
    shown = world.ask("config", "show", "--sources")
    assert shown["store.url"]["source"] == "environment SYNCD__STORE__URL"
    assert shown["connections.crm.token"] == {
        "value": "env:CRM_TOKEN",
        "source": shown["connections.crm.token"]["source"],
    }
    assert shown["connections.crm.token"]["source"].endswith("sandbox.toml:19")
    assert world.ask("config", "show")["safety.approve"] == "never"
    assert world.sandbox.secrets()["CRM_TOKEN"] not in world.type("config", "show", "--sources").output


def test_prune_deletes_what_is_old_and_keeps_the_journal(world: World) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=100)
    with Store.open(world.environ["SYNCD__STORE__URL"], clock=lambda: long_ago) as store:
        old = store.do(lambda tx: tx.runs.request(("crm",), {}, "lan"))
        store.do(lambda tx: tx.runs.finish(old.id, "ok", {}))
    world.ask("sync")
    assert world.ask("prune", "--days", "200")["runs"] == 0
    assert world.ask("prune")["runs"] == 1
    assert [run["id"] for run in world.ask("runs", "list")] == ["run-2"]
    assert "nothing was old enough" in world.type("prune").stdout


def test_copies(world: World) -> None:
    world.ask("sync")
    made = world.ask("backup")
    copy = Path(made["path"])
    assert copy.parent == world.folder / "backups"
    assert copy.stat().st_mode & 0o077 == 0
    world.sandbox.perfex.human_create(
        company="", contact={"firstname": "Dries", "lastname": "Wouters", "email": "dries@example.com"}
    )
    world.ask("sync")
    assert len(world.ask("customers", "list")) == 4
    asked = world.type("restore", str(copy), text="n\n")
    assert asked.exit_code == 1
    assert len(world.ask("customers", "list")) == 4
    assert world.type("restore", str(copy), "--yes").exit_code == 0
    assert len(world.ask("customers", "list")) == 3


def test_only_our_own_old_copies_are_removed(world: World) -> None:
    world.type("migrate")
    folder = world.folder / "backups"
    folder.mkdir(exist_ok=True)
    for name in ("syncd-20200101-000000.db", "syncd-20200102-000000.db", "precious.db", "syncd-mine.db"):
        (folder / name).write_text("x")
    world.ask("backup", SYNCD__STORE__KEEP_BACKUPS="2")
    left = {path.name for path in folder.iterdir()}
    assert "syncd-20200101-000000.db" not in left
    assert left >= {"syncd-20200102-000000.db", "precious.db", "syncd-mine.db"}


def test_migrate_makes_the_store(world: World) -> None:
    assert world.type("migrate").exit_code == 0
    store = world.folder / "syncd.db"
    assert store.stat().st_mode & 0o077 == 0


def test_no_command_shows_a_secret(world: World) -> None:
    world.ask("sync")
    commands = (
        ["status"], ["check"], ["doctor"], ["runs", "list"], ["runs", "show", "run-1"], ["customers", "list"],
        ["operations", "list"], ["config", "show", "--sources"], ["config", "check"], ["reviews", "list"],
    )  # fmt: skip
    for words in commands:
        for shown in (world.type(*words).output, world.type(*words, "--json").output):
            assert not [name for name, secret in world.sandbox.secrets().items() if secret in shown], words
    stored = (world.folder / "syncd.db").read_bytes()
    assert not [name for name, secret in world.sandbox.secrets().items() if secret.encode() in stored]
