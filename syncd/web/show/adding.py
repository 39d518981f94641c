"""Adding a connection: what is asked for, what is tried with it, and the block that goes into the configuration file.

Only the file makes a connection. What is typed here is checked by the same code that reads the file, tried once, and
forgotten: secrets are never stored and never shown again, and the block only says where they are to be kept.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic.fields import FieldInfo

from syncd.app import App, make_scene
from syncd.config import VENDORS, ConnectionSettings, load
from syncd.config.sample import connection, toml
from syncd.errors import ConfigError, SyncdError
from syncd.web.show.health import Finding, findings_of, wrong
from syncd.web.show.words import vendor_word

_ADDRESSES = ("base_url", "token_url")
_PUSH = ("create", "update")


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the form."""

    name: str
    label: str
    hint: str
    value: str
    example: str
    secret: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: plain settings, secrets, and what may be written there."""

    name: str
    vendor: str
    plain: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    push: tuple[str, ...] = ("update",)

    def reference(self, setting: str) -> str:
        """Return the variable that is to keep a secret."""
        return re.sub(r"\W", "_", f"{self.name}_{setting}").upper()


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: the findings, the block to paste, and the variables that it names."""

    findings: tuple[Finding, ...]
    block: str
    variables: tuple[str, ...]
    well: bool


def vendors() -> list[tuple[str, str]]:
    """Return the vendors there are, with their own names."""
    return [(name, vendor_word(name)) for name in VENDORS]


def asked_for(vendor: str, typed: Typed | None = None) -> list[Asked]:
    """Return the lines of a vendor's form, with what was typed; secrets are asked for again."""
    model = VENDORS[vendor]
    return [
        _asked(name, model.model_fields[name], typed, secret=name in model.secret_names)
        for name in _names(model)
    ]


def _names(model: type[ConnectionSettings]) -> Iterator[str]:
    """Yield the settings without which a connection cannot be tried, and the schedule."""
    for name, info in model.model_fields.items():
        if name in ("name", "vendor"):
            continue
        if name in (*_ADDRESSES, *model.account_names, "schedule") or info.is_required():
            yield name


def _asked(name: str, info: FieldInfo, typed: Typed | None, *, secret: bool) -> Asked:
    example = str((info.examples or [""])[0]).strip('"')
    proposed = (
        "every 5 minutes" if name == "schedule" else info.default if isinstance(info.default, str) else ""
    )
    value = "" if secret else typed.plain.get(name, "") if typed else proposed
    label = name.replace("_", " ").replace("url", "address").replace("base address", "address").capitalize()
    return Asked(name, label, info.description or "", value, example, secret, info.is_required())


def tried(app: App, typed: Typed) -> Tried:
    """Check what was typed as the file would be, ask the vendor with it, and return the block to paste."""
    answers = {"vendor": toml(typed.vendor)}
    answers |= {name: toml(value) for name, value in typed.plain.items() if value}
    answers |= {name: toml(f"env:{typed.reference(name)}") for name in typed.secrets}
    answers["push"] = toml([one for one in _PUSH if one in typed.push])
    if _may_be_plain(app, typed.plain.get("base_url", "")):
        answers["allow_http"] = "true"
    block = connection(typed.name, answers)
    findings = tuple(_findings(app, typed, answers))
    variables = tuple(typed.reference(name) for name in typed.secrets)
    return Tried(findings, block, variables, all(one.tone == "good" for one in findings))


def _may_be_plain(app: App, address: str) -> bool:
    """Tell whether the file already permits plain http to this place; no form can permit it anew."""
    permitted = {
        urlsplit(one.base_url).netloc.rpartition(":")[0]
        for one in app.settings.connections.values()
        if one.allow_http
    }
    return urlsplit(address).scheme == "http" and urlsplit(address).netloc.rpartition(":")[0] in permitted


def _findings(app: App, typed: Typed, answers: Mapping[str, str]) -> list[Finding]:
    if typed.name in app.settings.connections:
        return [wrong(f"There is a connection {typed.name} already.", "Choose another name.")]
    lines = [f"{name} = {answer}" for name, answer in answers.items()]
    text = "\n".join([f"[connections.{toml(typed.name)}]", *lines])
    environ = {typed.reference(name): secret for name, secret in typed.secrets.items()}
    try:
        return _asked_of_vendor(app, typed.name, text, environ)
    except ConfigError as error:
        return [wrong(f"{one.key.rpartition('.')[2]}: {one.what}", one.instead) for one in error.problems]
    except SyncdError as error:
        return [wrong(error.what, error.next_step)]


def _asked_of_vendor(app: App, name: str, text: str, environ: Mapping[str, str]) -> list[Finding]:
    """Make the connection out of a file of its own, which names secrets and holds none, and check it."""
    number, path = tempfile.mkstemp(suffix=".toml")
    try:
        os.write(number, text.encode())
        settings = load(Path(path), environ)
    finally:
        os.close(number)
        Path(path).unlink()
    source = make_scene(settings, app.clock, {}).sources[name]
    try:
        return findings_of(source.connector.check())
    finally:
        source.connector.close()
