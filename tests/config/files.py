"""Configurations for tests: one good file, written where a test wants it."""

from collections.abc import Mapping
from pathlib import Path

from syncd.config import Settings, load
from syncd.errors import ConfigError, Problem

SECRETS: Mapping[str, str] = {
    name: f"{name.lower()}-canary"
    for name in ("CRM_TOKEN", "KV_ID", "KV_SECRET", "OMNI_TOKEN", "PEXIP_ID", "PEXIP_SECRET")
}

CRM = """\
[connections.crm]
vendor = "perfex"
base_url = "https://crm.example.com"
token = "env:CRM_TOKEN"
"""
SHOP = """\
[connections.shop-hanoi]
vendor = "kiotviet"
retailer = "myshop"
client_id = "env:KV_ID"
client_secret = "env:KV_SECRET"
"""
LOYALTY = """\
[connections.loyalty]
vendor = "omniwallet"
account = "myshop"
token = "env:OMNI_TOKEN"
"""
BOOKING = """\
[connections.booking]
vendor = "pexip_engage"
token_url = "https://auth.pexipengage.com/realms/acme/protocol/openid-connect/token"
enterprise = "acme"
client_id = "env:PEXIP_ID"
client_secret = "env:PEXIP_SECRET"
"""


def settings_of(folder: Path, text: str, environ: Mapping[str, str] = SECRETS, **flags: object) -> Settings:
    """Write a configuration and load it."""
    path = folder / "syncd.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ, {name.replace("__", "."): value for name, value in flags.items()})


def problems_of(folder: Path, text: str, environ: Mapping[str, str] = SECRETS) -> list[Problem]:
    """Return what is wrong with a configuration, nothing where it loads."""
    try:
        settings_of(folder, text, environ)
    except ConfigError as error:
        return list(error.problems)
    return []
