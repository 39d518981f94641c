"""Secrets are found where the file says, and show themselves nowhere."""

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from syncd.config import Secret
from syncd.config.show import rows
from tests.config.files import CRM, SECRETS, problems_of, settings_of


def token_of(folder: Path, reference: str, environ: dict[str, str] | None = None) -> Secret:
    settings = settings_of(folder, CRM.replace("env:CRM_TOKEN", reference), environ or dict(SECRETS))
    return settings.connections["crm"].secrets["token"]


def test_from_the_environment(tmp_path: Path) -> None:
    assert token_of(tmp_path, "env:CRM_TOKEN").reveal() == "crm_token-canary"


def test_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "crm.token").write_text("abc def\n")
    assert token_of(tmp_path, "file:crm.token").reveal() == "abc def"


def test_from_systemd_credentials_first(tmp_path: Path) -> None:
    given = tmp_path / "credentials"
    given.mkdir()
    (given / "crm.token").write_text("from systemd")
    (tmp_path / "crm.token").write_text("from the folder")
    assert (
        token_of(tmp_path, "file:crm.token", {"CREDENTIALS_DIRECTORY": str(given)}).reveal() == "from systemd"
    )


class Drawer(KeyringBackend):
    """A keyring that opens without asking anybody."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    """The keyring of this process, put back afterwards."""
    before = keyring.get_keyring()
    drawer = Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def test_from_the_keyring(tmp_path: Path, drawer: Drawer) -> None:
    drawer.set_password("syncd", "crm/token", "kept")
    assert token_of(tmp_path, "keyring:syncd/crm/token").reveal() == "kept"
    (found,) = problems_of(tmp_path, CRM.replace("env:CRM_TOKEN", "keyring:syncd/shop"))
    assert "keyring set syncd shop" in found.instead


def test_an_override_may_be_the_secret_itself(tmp_path: Path) -> None:
    secret = token_of(tmp_path, "env:NOWHERE", {"SYNCD__CONNECTIONS__CRM__TOKEN": "given"})
    assert (secret.reveal(), str(secret)) == ("given", "environment")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("eyJhbGciOi-canary", 'Write "env:NAME"'),
        ("env:NOWHERE", "Set NOWHERE before starting syncd."),
        ("env:", 'Write "env:NAME"'),
        ("env:EMPTY", "is empty"),
        ("file:nowhere", "cannot read"),
        ("file:empty", "is empty"),
        ("keyring:syncd/nowhere", "keyring"),
    ],
)
def test_what_cannot_be_found_is_told_without_repeating_it(tmp_path: Path, reference: str, said: str) -> None:
    (tmp_path / "empty").write_text("\n")
    found = problems_of(tmp_path, CRM.replace("env:CRM_TOKEN", reference), {"EMPTY": ""})
    assert [problem.key for problem in found] == ["connections.crm.token"]
    assert said in str(found[0])
    assert "canary" not in str(found[0])


def test_a_secret_that_is_no_text(tmp_path: Path) -> None:
    assert "by reference" in problems_of(tmp_path, CRM.replace('"env:CRM_TOKEN"', "12345"))[0].what


def test_a_connection_switched_off_needs_no_secrets(tmp_path: Path) -> None:
    assert problems_of(tmp_path, f"{CRM}enabled = false\n", {}) == []


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, CRM + '[store]\nkey = "env:KV_ID"\n')
    shown = [
        repr(settings),
        str(settings),
        str(list(rows(settings))),
        repr(settings.connections["crm"].secrets),
    ]
    shown += [settings.connections["crm"].model_dump_json(exclude={"schedule", "token"}), str(settings.store)]
    assert not any("canary" in text for text in shown)
    assert "env:CRM_TOKEN" in str(list(rows(settings)))


def test_a_secret_is_not_written_anywhere(tmp_path: Path) -> None:
    secret = token_of(tmp_path, "env:CRM_TOKEN")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)


def test_a_secret_file_that_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "crm.token"
    path.write_text("abc")
    path.chmod(0o644)
    text = CRM.replace("env:CRM_TOKEN", "file:crm.token")
    assert [warning.key for warning in settings_of(tmp_path, text).warnings] == ["connections.crm.token"]
    path.chmod(0o600)
    assert settings_of(tmp_path, text).warnings == ()


def test_a_password_in_the_store_address_is_warned_of_and_hidden(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, CRM + '[store]\nurl = "postgresql+psycopg://u:canary@h/db"\n')
    assert [warning.key for warning in settings.warnings] == ["store.url"]
    assert "canary" not in repr(settings) + str(list(rows(settings))) + settings.store.shown_url


def test_a_password_by_reference_is_put_into_the_address(tmp_path: Path) -> None:
    text = CRM + '[store]\nurl = "postgresql+psycopg://u@h:5432/db"\npassword = "env:DB"\n'
    settings = settings_of(tmp_path, text, {**SECRETS, "DB": "p@ss/word"})
    assert settings.store.url == "postgresql+psycopg://u:p%40ss%2Fword@h:5432/db"
    assert settings.store.shown_url == "postgresql+psycopg://u:***@h:5432/db"
