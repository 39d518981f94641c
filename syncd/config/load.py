"""From file, environment and flags to `Settings`, or to one error that lists every problem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from syncd.config import checks, problems
from syncd.config.addresses import check_vendor, with_password, without_password
from syncd.config.connections import VENDORS, ConnectionSettings
from syncd.config.layers import Layers, read
from syncd.config.places import Key, find_file
from syncd.config.secret import Fault, Secret, Surroundings, secret_file
from syncd.config.section import FIELDS, UNITS, Section
from syncd.config.settings import Alerts, Daemon, FieldPolicy, Identity, Log, Safety, Settings, Store, Web
from syncd.errors import ConfigError, Problem

SECTIONS: Mapping[str, type[Section]] = {
    "store": Store,
    "safety": Safety,
    "identity": Identity,
    "web": Web,
    "alerts": Alerts,
    "log": Log,
    "daemon": Daemon,
}
_CONNECTION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")

S = TypeVar("S", bound=Section)


def is_connection_name(name: str) -> bool:
    """Tell whether a connection may be called so."""
    return _CONNECTION_NAME.fullmatch(name) is not None


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Settings:
    """Read and check the configuration; `flags` maps dotted keys to values. Raises ConfigError with every problem."""
    file = find_file(path, environ)
    return _Reading(read(file, environ, flags or {}), environ).settings()


class _Reading:
    """One reading of a configuration, with what was found wrong so far."""

    def __init__(self, layers: Layers, environ: Mapping[str, str]) -> None:
        self.layers = layers
        self.around = Surroundings(layers.path.absolute().parent, environ)
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def settings(self) -> Settings:
        """Return the settings. Raises ConfigError."""
        self._unknown_sections()
        sections: dict[str, Any] = {name: self._section(kind, (name,)) for name, kind in SECTIONS.items()}
        connections = self._connections()
        policies = self._policies()
        self._alerts(sections["alerts"])
        if self.problems:
            raise ConfigError(self._in_order(self.problems))
        sections["store"] = self._with_password(sections["store"])
        self._advise(connections, sections["safety"])
        return Settings(
            connections=checks.ranked(connections),
            fields=policies,
            path=self.layers.path,
            sources=self.layers.said(),
            warnings=self._in_order(self.warnings),
            **sections,
        )

    # --- sections --------------------------------------------------------------------------------

    def _unknown_sections(self) -> None:
        known = [*SECTIONS, "connections", "fields"]
        for name in self.layers.tables:
            if name not in known:
                self._problem((name,), *problems.unknown(name, known, "section"))

    def _table(self, key: Key) -> dict[str, Any]:
        table = self.layers.tables
        for name in key:
            inner: object = table.get(name, {})
            if not isinstance(inner, dict):
                self._problem(key, "must be a table.", f"Write [{'.'.join(key)}] and its settings below it.")
                return {}
            table = inner
        return table

    def _section(self, model: type[S], key: Key, extra: Mapping[str, Any] | None = None) -> S | None:
        around = self.around
        table = {**self._table(key), **(extra or {})}
        if table.get("enabled") is False:
            around = Surroundings(around.folder, around.environ, look_up=False)
        try:
            return model.model_validate(table, context=around)
        except ValidationError as error:
            self.problems.extend(problems.of_section(error, model, key, self.layers))
            return None

    # --- connections -----------------------------------------------------------------------------

    def _connections(self) -> dict[str, ConnectionSettings]:
        chosen: dict[str, ConnectionSettings] = {}
        for name in self._table(("connections",)):
            settings = self._connection(name)
            if settings is not None:
                chosen[name] = settings
        self._two_of_one_account(chosen)
        return chosen

    def _connection(self, name: str) -> ConnectionSettings | None:
        key = ("connections", name)
        if not is_connection_name(name):
            self._problem(
                key, "is no name for a connection.", "Use letters, digits, - and _, at most 40 of them."
            )
        model = self._vendor(key)
        if model is None:
            return None
        if "name" in self._table(key):
            self._problem((*key, "name"), *problems.unknown("name", model.model_fields.keys() - {"name"}))
        urls = self._addresses(model, key)
        settings = self._section(model, key, {"name": name})
        if settings is None:
            return None
        for found in (
            *checks.external_ids(settings),
            *checks.custom_fields(settings),
            *checks.omniwallet_account(settings),
        ):
            self._problem((*key, *found[0].split(".")), *found[1:])
        return settings.model_copy(update=urls) if "base_url" in urls else None

    def _vendor(self, key: Key) -> type[ConnectionSettings] | None:
        table = self._table(key)
        vendor = table.get("vendor")
        if vendor in VENDORS:
            return VENDORS[str(vendor)]
        if "vendor" in table:
            self._problem((*key, "vendor"), *problems.unknown(str(vendor), VENDORS, "vendor"))
        elif isinstance(self._table(key[:-1]).get(key[-1]), dict):
            self._problem((*key, "vendor"), "is missing.", f"Write one of {', '.join(VENDORS)}.")
        return None

    def _addresses(self, model: type[ConnectionSettings], key: Key) -> dict[str, str]:
        """Return the vendor's addresses as they are used, checked even where other settings are wrong."""
        table = self._table(key)
        open_to = {name: _said_true(table.get(name)) for name in ("allow_http", "allow_private")}
        checked: dict[str, str] = {}
        for name in ("base_url", "token_url"):
            url = table.get(name, model.model_fields[name].default if name in model.model_fields else None)
            if not isinstance(url, str):
                continue
            try:
                form = checks.VENDOR_FORM[str(table["vendor"])] if name == "base_url" else str
                checked[name] = form(check_vendor(url, **open_to))
            except Fault as fault:
                self._problem((*key, name), f"{fault.what}.", fault.instead)
        return checked

    def _two_of_one_account(self, connections: Mapping[str, ConnectionSettings]) -> None:
        seen: dict[tuple[str, ...], str] = {}
        for name, settings in connections.items():
            first = seen.setdefault(checks.account(settings), name)
            if first != name:
                what = f"this is the same account as connections.{first}."
                self._problem(("connections", name), what, "Remove one of the two.")

    # --- fields ----------------------------------------------------------------------------------

    def _policies(self) -> dict[str, FieldPolicy]:
        said: dict[str, FieldPolicy] = {}
        for name in self._table(("fields",)):
            key = ("fields", name)
            if name not in FIELDS and name not in UNITS:
                self._problem(key, *problems.unknown(name, (*FIELDS, *UNITS), "field"))
            elif policy := self._section(FieldPolicy, key):
                said[name] = policy
                fault = checks.owner_fault(name, policy.owner, self._table(("connections",)))
                if fault:
                    self._problem((*key, "owner"), *fault)
        units = {part: self._unit_policy(unit, said) for unit, parts in UNITS.items() for part in parts}
        return {name: units.get(name) or said.get(name) or FieldPolicy() for name in FIELDS}

    def _unit_policy(self, unit: str, said: Mapping[str, FieldPolicy]) -> FieldPolicy:
        """Return the one policy of a unit, because its parts change together."""
        words = [word for word in (unit, *UNITS[unit]) if word in said]
        for word in words[1:]:
            if said[word] != said[words[0]]:
                what = f"differs from fields.{words[0]}, but {unit} changes as one."
                self._problem(("fields", word), what, f"Write it once, as [fields.{unit}].")
        return said[words[0]] if words else FieldPolicy()

    # --- the rest --------------------------------------------------------------------------------

    def _alerts(self, alerts: Alerts | None) -> None:
        if alerts is not None and alerts.to and not (alerts.smtp and alerts.sender):
            missing = "smtp" if alerts.smtp is None else "sender"
            self._problem(
                ("alerts", missing), "is missing, so mail cannot be sent.", f"Add {missing}, or remove to."
            )

    def _with_password(self, store: Store) -> Store:
        said_in_file = ("store", "url") in self.layers.lines and ("store", "url") not in self.layers.overrides
        if said_in_file and without_password(store.url) != store.url:
            self._warn(
                ("store", "url"),
                "it holds a password.",
                'Write password = "env:SYNCD_DB_PASSWORD" and leave it out here.',
            )
        if store.password is None:
            return store
        return store.model_copy(update={"url": with_password(store.url, store.password.reveal())})

    def _advise(self, connections: Mapping[str, ConnectionSettings], safety: Safety) -> None:
        if not connections:
            self._warn(
                ("connections",), "there is none yet.", "Add a [connections.NAME] table for each account."
            )
        for name, settings in connections.items():
            for found in checks.advice(settings, safety.settle_seconds):
                self._warn(("connections", name, found[0]), *found[1:])
            for key, secret in settings.secrets.items():
                self._advise_file(("connections", name, key), secret)

    def _advise_file(self, key: Key, secret: Secret) -> None:
        kind, _, place = secret.reference.partition(":")
        if kind == "file" and self.around.look_up:
            path = secret_file(place, self.around)
            if path.exists() and path.stat().st_mode & 0o007:
                self._warn(key, f"everybody on this machine may read {path}.", f"Run: chmod o= {path}")

    def _problem(self, key: Key, what: str, instead: str = "") -> None:
        self.problems.append(Problem(self.layers.where(key), ".".join(key), what, instead))

    def _warn(self, key: Key, what: str, instead: str = "") -> None:
        self.warnings.append(Problem(self.layers.where(key), ".".join(key), what, instead))

    def _in_order(self, found: Iterable[Problem]) -> tuple[Problem, ...]:
        unique = dict.fromkeys(found)
        return tuple(sorted(unique, key=lambda problem: (self._line(problem.where), problem.key)))

    @staticmethod
    def _line(where: str) -> int:
        line = where.rpartition(":")[2]
        return int(line) if line.isdigit() else 0


def _said_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in ("true", "1", "yes", "on"))
