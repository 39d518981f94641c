"""What only shows when settings are seen together: addresses, owners, accounts, namespaces, the order of trust."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import urlsplit

from syncd.config.addresses import is_loopback
from syncd.config.connections import ConnectionSettings
from syncd.config.problems import nearest
from syncd.config.secret import Fault

Found = tuple[str, str, str]  # the key within the connection, what is wrong, what to write instead

_CUSTOM = re.compile(r"custom:[1-9]\d*")
_EXTERNAL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "perfex": ("custom:ID",),
    "kiotviet": ("code",),
    "omniwallet": (),
    "pexip_engage": ("externalId",),
}


def _perfex(url: str) -> str:
    # a CRM may stand in a folder of its host, so only what begins with /api is too much
    folders = urlsplit(url).path.split("/")
    if "api" in folders:
        before = "/".join(folders[: folders.index("api")])
        raise Fault("Perfex's address is without /api", f'Write "{_host(url)}{before}".')
    return url


def _kiotviet(url: str) -> str:
    if urlsplit(url).path:
        raise Fault("KiotViet's address is the host alone", f'Write "{_host(url)}".')
    return url


def _omniwallet(url: str) -> str:
    # the older host is https://ACCOUNT.omniwallet.net/api/v1 [Omniwallet's developer pages]
    if urlsplit(url).path not in ("/v1", "/api/v1"):
        raise Fault("Omniwallet's address ends with /v1", f'Write "{_host(url)}/v1".')
    return url


def _pexip_engage(url: str) -> str:
    if urlsplit(url).path:
        raise Fault("Pexip Engage's address is without /enterprises", f'Write "{_host(url)}".')
    return url


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


VENDOR_FORM: Mapping[str, Callable[[str], str]] = {
    "perfex": _perfex,
    "kiotviet": _kiotviet,
    "omniwallet": _omniwallet,
    "pexip_engage": _pexip_engage,
}


def external_ids(settings: ConnectionSettings) -> Iterator[Found]:
    """Yield what is wrong with the namespace of a connection's external ids."""
    fields = _EXTERNAL_FIELDS[settings.vendor]
    named = settings.external_id_field
    if settings.external_id is not None and not fields:
        yield "external_id", f"{settings.title} has no field for external ids.", "Leave it out."
    if settings.external_id == settings.name:
        yield (
            "external_id",
            "a connection does not refer to itself.",
            "Name another connection, or a word of your own.",
        )
    if named is not None and not any(_is_external_field(named, field) for field in fields):
        yield "external_id_field", f"{settings.title} keeps no external ids there.", _external_example(fields)
    if settings.external_id is not None and named is None and fields and fields != ("externalId",):
        yield "external_id_field", "is missing.", _external_example(fields)


def _is_external_field(named: str, field: str) -> bool:
    return bool(_CUSTOM.fullmatch(named)) if field == "custom:ID" else named == field


def _external_example(fields: tuple[str, ...]) -> str:
    if not fields:
        return "Leave it out."
    return f'Write external_id_field = "{fields[0].replace("ID", "4") if fields[0].startswith("custom") else fields[0]}".'


def omniwallet_account(settings: ConnectionSettings) -> Iterator[Found]:
    """Yield that the account is missing; only the older host knows it from its own address [Omniwallet's pages]."""
    older = settings.base_url.rstrip("/").endswith("/api/v1")
    if settings.vendor == "omniwallet" and not settings.options["account"] and not older:
        yield "account", "is missing.", 'Write for example account = "myshop".'


def custom_fields(settings: ConnectionSettings) -> Iterator[Found]:
    """Yield the fields that are mapped to a custom field at a vendor that has none."""
    for name, word in settings.fields.items():
        if word.startswith("custom:") and settings.vendor != "perfex":
            yield (
                f"fields.{name}",
                f"{settings.title} has no custom fields.",
                "Write in, out, both, off or fill.",
            )


def account(settings: ConnectionSettings) -> tuple[str, ...]:
    """Return what tells one account at a vendor from another."""
    parts = urlsplit(settings.base_url)
    named = (str(settings.options.get(name, "")).lower() for name in settings.account_names)
    return (settings.vendor, (parts.hostname or ""), str(parts.port or ""), parts.path, *named)


def ranked(connections: Mapping[str, ConnectionSettings]) -> dict[str, ConnectionSettings]:
    """Give every connection its place in the order of trust: named places first, then the order of the file."""
    following = max((each.priority for each in connections.values()), default=0)
    ordered: dict[str, ConnectionSettings] = {}
    for name, each in connections.items():
        if not each.priority:
            following += 1
        ordered[name] = each if each.priority else each.model_copy(update={"priority": following})
    return ordered


def owner_fault(name: str, owner: str | None, connections: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with a field's owner; "*" stands for every connection, where a field is a set."""
    if owner is None or owner in connections or (owner == "*" and name == "groups"):
        return None
    near = nearest(owner, connections)
    there = f"There are {', '.join(connections)}." if connections else "There is no connection yet."
    return "its owner is no connection.", f"Did you mean {near}?" if near else there


def advice(settings: ConnectionSettings, settle_seconds: float) -> Iterator[Found]:
    """Yield what works, but should not stay so."""
    host = urlsplit(settings.base_url).hostname or ""
    if settings.base_url.startswith("http:") and not is_loopback(host):
        yield (
            "allow_http",
            "the token crosses the network in the clear.",
            "Use https as soon as the vendor has it.",
        )
    if settle_seconds < 2 * settings.timeout and not is_loopback(host):
        yield (
            "timeout",
            "safety.settle_seconds is less than twice this.",
            "A lost answer may be looked for too early.",
        )
