"""A configuration that documents itself: every setting, its default, one sentence each.

It is made from the settings' own declarations, so that what an admin reads is what syncd checks. A setting that is
left at its default stands in it as a comment.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic.fields import FieldInfo

from syncd.config.connections import VENDORS, ConnectionSettings
from syncd.config.schedule import Schedule
from syncd.config.section import Section
from syncd.config.settings import Alerts, Daemon, FieldPolicy, Identity, Limit, Log, Safety, Store, Web

Answers = Mapping[str, str]  # setting → value, as it is written in TOML

NOTHING: Mapping[str, Answers] = MappingProxyType({})
HEADER = (
    "The configuration of syncd. A setting with # before it shows its default, or an example where it has "
    "none: remove the # to change it. "
    "Relative paths start at this file's folder. Every setting can also be given by the environment, for example "
    "SYNCD__STORE__URL or SYNCD__CONNECTIONS__CRM__TIMEOUT. A secret never stands here, only where it is kept: "
    '"env:NAME", "file:PATH" or "keyring:SERVICE/NAME". `syncd config check` says what is wrong, and '
    "`syncd config show --sources` where each value comes from."
)
SECTIONS: Mapping[str, type[Section]] = {
    "store": Store,
    "safety": Safety,
    "identity": Identity,
    "web": Web,
    "alerts": Alerts,
    "log": Log,
    "daemon": Daemon,
}
_WIDTH = 110

CONNECTIONS: Mapping[str, Answers] = {
    "crm": {
        "vendor": '"perfex"',
        "base_url": '"https://crm.example.com"',
        "schedule": '"every 5 minutes"',
        "priority": "1",
        "push": '["create", "update"]',
        "only": '{ country = ["BE", "NL"] }',
        "fields": '{ notes = "off", birth_date = "custom:4" }',
        "region": '"BE"',
        "token": '"env:CRM_TOKEN"',
    },
    "shop": {
        "vendor": '"kiotviet"',
        "schedule": '"every 2 minutes"',
        "retailer": '"myshop"',
        "client_id": '"env:KV_ID"',
        "client_secret": '"env:KV_SECRET"',
    },
    "loyalty": {
        "vendor": '"omniwallet"',
        "schedule": '"*/10 6-22 * * *"',
        "account": '"myshop"',
        "token": '"env:OMNI_TOKEN"',
    },
    "booking": {
        "vendor": '"pexip_engage"',
        "external_id": '"crm"',
        "external_id_field": '"externalId"',
        "token_url": '"https://auth.pexipengage.com/realms/acme/protocol/openid-connect/token"',
        "enterprise": '"acme"',
        "client_id": '"env:PEXIP_ID"',
        "client_secret": '"env:PEXIP_SECRET"',
    },
}


def example() -> str:
    """Return the example: one connection of each vendor, and every setting that there is."""
    fields = {"points": {"owner": '"loyalty"'}, "phone": {"conflict": '"newest"', "on_clear": '"ignore"'}}
    sections = {
        "store": {"url": '"sqlite:///var/syncd.db"'},
        "identity": {"blocked": '["test@*", "noreply@*"]'},
    }
    return sample(CONNECTIONS, fields, sections)


def sample(
    connections: Mapping[str, Answers],
    fields: Mapping[str, Answers] = NOTHING,
    sections: Mapping[str, Answers] = NOTHING,
    *,
    proposed: Mapping[str, Answers] = NOTHING,
) -> str:
    """Return a configuration with these answers in it; the `proposed` connections stand in it as comments."""
    tables = [_table(f"[{name}]", kind, sections.get(name, {})) for name, kind in SECTIONS.items()]
    tables += [_table(f"[fields.{name}]", FieldPolicy, answers) for name, answers in fields.items()]
    told = tuple(ConnectionSettings.model_fields)
    for number, (name, answers) in enumerate(connections.items()):
        tables.append(_connection(name, answers, told if number else ()))
    for number, (name, answers) in enumerate(proposed.items(), len(connections)):
        tables.append(_comment_out(_connection(name, answers, told if number else ())))
    return "\n\n\n".join([_comment(HEADER), *tables]) + "\n"


def connection(name: str, answers: Answers) -> str:
    """Return one connection's table with these answers in it, to be pasted into a configuration."""
    return _connection(name, answers, ())


def _connection(name: str, answers: Answers, told: tuple[str, ...]) -> str:
    """Return a connection's table; settings that an earlier one has told of stand in it only with an answer."""
    model = VENDORS[json.loads(answers["vendor"])]
    left_out = {
        "name",
        "vendor",
        *(word for word in told if word not in answers and word not in model.__annotations__),
    }
    return _table(f"[connections.{name}]", model, answers, left_out, f"vendor = {answers['vendor']}")


def _table(
    header: str, model: type[Section], answers: Answers, left_out: Collection[str] = (), first: str = ""
) -> str:
    head = [_comment(str(model.__doc__).splitlines()[0]), header, *([first] if first else [])]
    settings = [
        "\n".join(_setting(name, info, answers.get(name)))
        for name, info in model.model_fields.items()
        if name not in left_out
    ]
    return "\n\n".join(["\n".join(head), *settings])


def _setting(name: str, info: FieldInfo, answer: str | None) -> Iterator[str]:
    default = _default(info)
    yield _comment((info.description or "") + (f" Default: {default}." if default and answer else ""))
    yield f"{name} = {answer}" if answer is not None else f"# {name} = {default or _instance(info)}"


def _default(info: FieldInfo) -> str:
    if info.is_required() or (not info.default and info.examples) or info.default is None:
        return ""
    return toml(info.default)


def _instance(info: FieldInfo) -> str:
    return str(info.examples[0]) if info.examples else '""'


def toml(value: Any) -> str:
    """Return a setting's value as it is written in TOML."""
    match value:
        case Limit() | Schedule():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}"
        case frozenset() | tuple() | list():
            return f"[{', '.join(map(toml, sorted(value) if isinstance(value, frozenset) else value))}]"
        case dict():
            return f"{{ {', '.join(f'{name} = {toml(each)}' for name, each in value.items())} }}"
        case Path() | str():
            return json.dumps(str(value), ensure_ascii=False)
    raise TypeError(f"{type(value).__name__} is not a setting's value")


def _comment(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _comment_out(text: str) -> str:
    return "\n".join(line if line.startswith("#") or not line else f"# {line}" for line in text.splitlines())
