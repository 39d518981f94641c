"""Secrets: where they are kept stands in the file, what they are stands nowhere.

A `Secret` shows its reference wherever it is printed, logged or turned into JSON; only `reveal` gives the value away.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NoReturn

from pydantic import BeforeValidator, ValidationInfo

REFERENCES = '"env:NAME", "file:PATH" or "keyring:SERVICE/NAME"'


class Fault(ValueError):
    """A value that cannot be used, and what to write instead."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.instead = instead


class EnvironmentText(str):
    """A value that came from an environment variable, where a secret may stand as it is."""

    __slots__ = ()


class Secret:
    """A secret value that never shows itself; `reference` says where it is kept."""

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str) -> None:
        self.reference = reference
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __str__(self) -> str:
        return self.reference

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self.reference, self._value) == (other.reference, other._value)

    def __hash__(self) -> int:
        return hash(self.reference)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a configuration may refer to: the folder of its file, and the environment.

    `look_up` is False for a connection that is switched off: its secrets may be missing.
    """

    folder: Path
    environ: Mapping[str, str]
    look_up: bool = True


def resolve(value: object, info: ValidationInfo) -> Secret:
    """Turn a reference into the secret it names. Raises Fault, which never repeats what was written."""
    around: Surroundings | None = info.context
    if isinstance(value, Secret):
        return value
    if around is None or not isinstance(value, str):
        raise Fault("a secret is given by reference", f"Write {REFERENCES}.")
    kind, _, place = value.partition(":")
    if kind in _KINDS and place:
        return Secret(value, _KINDS[kind](place, around) if around.look_up else "")
    if isinstance(value, EnvironmentText):
        return Secret("environment", value)
    raise Fault("a secret may not stand in the file itself", f"Write {REFERENCES}.")


def _from_environment(name: str, around: Surroundings) -> str:
    value = around.environ.get(name)
    if value is None:
        raise Fault(f"the environment has no variable {name}", f"Set {name} before starting syncd.")
    if not value:
        raise Fault(f"the environment variable {name} is empty", f"Set {name} before starting syncd.")
    return value


def _from_file(place: str, around: Surroundings) -> str:
    path = secret_file(place, around)
    try:
        value = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Fault(f"cannot read {path}: {reason}", "Create it, readable by syncd's user only.") from error
    if not value:
        raise Fault(f"{path} is empty", "Put the secret, and nothing else, into it.")
    return value


def secret_file(place: str, around: Surroundings) -> Path:
    """Return the file that "file:PATH" means: systemd's credentials come first, then the configuration's folder."""
    credentials = around.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / place).is_file():
        return Path(credentials) / place
    return around.folder / Path(place).expanduser()


def _from_keyring(place: str, _: Surroundings) -> str:
    service, name = place.partition("/")[::2]
    try:
        keyring = importlib.import_module("keyring")
    except ImportError as error:
        raise Fault("this syncd has no keyring", "Install it with: pip install 'syncd[keyring]'.") from error
    try:
        value = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise Fault(
            f"the keyring does not open ({type(error).__name__})", "Unlock it, or use env: or file:."
        ) from error
    if not value:
        raise Fault(f"the keyring has no {place}", f"Put it there with: keyring set {service} {name}.")
    return str(value)


_KINDS = {"env": _from_environment, "file": _from_file, "keyring": _from_keyring}

SecretField = Annotated[Secret, BeforeValidator(resolve)]
