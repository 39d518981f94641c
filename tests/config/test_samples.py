"""The files that are shipped: they load, they are complete, and they say what the settings say."""

import tomllib
from pathlib import Path

import pytest

from syncd.config import VENDORS, load
from syncd.config.sample import CONNECTIONS, SECTIONS, example, sample
from syncd.config.settings import FieldPolicy
from tests.config.files import SECRETS, settings_of

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("name", ["syncd.example.toml", "sandbox.toml"])
def test_a_shipped_file_loads_without_a_word(name: str) -> None:
    settings = load(CONFIG / name, SECRETS)
    assert set(settings.connections) == {"crm", "shop", "loyalty", "booking"}
    assert settings.warnings == ()


def test_the_example_is_what_the_settings_say() -> None:
    written = (CONFIG / "syncd.example.toml").read_text(encoding="utf-8")
    assert written == example(), "write it anew: python -m syncd init --example > config/syncd.example.toml"


def test_the_example_names_every_setting() -> None:
    uncommented = "\n".join(_setting_line(line) for line in example().splitlines())
    tables = tomllib.loads(uncommented)
    for name, model in SECTIONS.items():
        assert set(tables[name]) == set(model.model_fields)
    assert set(tables["fields"]["phone"]) == set(FieldPolicy.model_fields)
    connections = tables["connections"].values()
    named = {key for table in connections for key in table}
    for vendor, kind in VENDORS.items():
        own = next(set(table) for table in connections if table["vendor"] == vendor)
        assert set(kind.model_fields) - {"name"} <= named
        assert set(kind.option_names) | set(kind.secret_names) <= own


def _setting_line(line: str) -> str:
    """Return a line with its setting switched on, if it is one."""
    name = line.removeprefix("# ").partition(" = ")[0]
    return line.removeprefix("# ") if name.isidentifier() and name.islower() and " = " in line else line


def test_every_default_that_is_shown_is_accepted(tmp_path: Path) -> None:
    uncommented = "\n".join(_setting_line(line) for line in sample({}).splitlines())
    environ = {
        "SYNCD_DB_PASSWORD": "a",
        "SYNCD_SMTP": "b",
        "SYNCD_ALERT_HOOK": "c",
        "SYNCD_PING": "d",
        "KEY": "e",
    }
    text = uncommented.replace("file:/etc/syncd/store.key", "env:KEY")
    settings = settings_of(tmp_path, text, environ)
    assert settings.log == settings_of(tmp_path, "").log
    assert settings.safety == settings_of(tmp_path, "").safety


def test_proposed_connections_are_comments(tmp_path: Path) -> None:
    assert settings_of(tmp_path, sample({}, proposed=CONNECTIONS)).connections == {}


def test_the_demonstration_asks_nobody_outside() -> None:
    settings = load(CONFIG / "sandbox.toml", SECRETS)
    for connection in settings.connections.values():
        assert connection.base_url.startswith("http://127.0.0.1:")
        assert connection.push == {"create", "update"}
    assert settings.safety.approve == "never"
