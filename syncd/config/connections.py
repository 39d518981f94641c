"""The settings of a connection: what every connection has, and what each vendor adds.

The vendors' own settings stand here as a table of models, because settings are a lower floor than connectors and
must be checked before any of them is loaded.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt

from syncd.config.schedule import Schedule, parse
from syncd.config.secret import Fault, Secret, SecretField
from syncd.config.section import FIELDS, Section, setting

_WORD = re.compile(r"in|out|both|off|fill|custom:[1-9]\d*")


def _field_name(name: str) -> str:
    if name not in FIELDS:
        near = difflib.get_close_matches(name.lower(), FIELDS, n=1)
        raise Fault(
            "there is no such field",
            f"Did you mean {near[0]}?" if near else f"There are {', '.join(FIELDS)}.",
        )
    return name


def _direction(word: str) -> str:
    if not _WORD.fullmatch(word):
        raise Fault(
            "is no direction", 'Write "in", "out", "both", "off", "fill", or "custom:4" for a custom field.'
        )
    return word


def _region(region: str) -> str:
    if region.upper() == "UK":
        raise Fault("the United Kingdom's code is GB", 'Write "GB".')
    if not re.fullmatch(r"[A-Za-z]{2}", region):
        raise Fault("a country is two letters", 'Write for example "BE".')
    return region.upper()


def _country_code(code: str) -> str:
    return _region(code) if code else ""


def _choices(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _groups(value: object) -> object:
    whole = isinstance(value, (list, tuple)) and all(type(each) is int and each > 0 for each in value)
    if value in ("hold", "unused") or (whole and value):
        return value
    raise Fault(
        "is neither hold, unused nor a list of group ids", 'Write "hold", "unused", or for example [1, 4].'
    )


ScheduleField = Annotated[Schedule, BeforeValidator(parse)]
FieldName = Annotated[str, AfterValidator(_field_name)]
Direction = Annotated[str, AfterValidator(_direction)]
Region = Annotated[str, AfterValidator(_region)]
CountryCode = Annotated[str, AfterValidator(_country_code)]
Choices = Annotated[tuple[str, ...], BeforeValidator(_choices)]
Groups = Annotated[Literal["hold", "unused"] | tuple[int, ...], BeforeValidator(_groups)]


class ConnectionSettings(Section):
    """One configured account at one vendor."""

    title: ClassVar[str] = ""
    option_names: ClassVar[tuple[str, ...]] = ()
    secret_names: ClassVar[tuple[str, ...]] = ()
    account_names: ClassVar[tuple[str, ...]] = ()  # with the address they tell one account from another

    name: str = Field(description="The admin's word for it: the table's own name.")
    vendor: str
    base_url: str
    enabled: bool = setting(
        True, "false leaves the connection and its records as they are and asks it nothing."
    )
    schedule: ScheduleField | None = setting(
        None, "When it is pulled by `syncd serve`; without one only when asked for.", '"every 5 minutes"'
    )
    priority: int = setting(
        0, "1 is the most trusted; those without a number follow in the order of the file.", "1", ge=0
    )
    push: frozenset[Literal["create", "update"]] = setting(
        frozenset({"update"}), "What may be written there; [] makes it read only.", '["create", "update"]'
    )
    only: Mapping[FieldName, Choices] = setting(
        {},
        "Which customers are created or updated there, by the values of fields.",
        '{ country = ["BE", "NL"] }',
    )
    fields: Mapping[FieldName, Direction] = setting(
        {},
        "Per field: in, out, both (the default), off, fill (only where it is empty there), or where it is kept.",
        '{ notes = "off" }',
    )
    on_delete: Literal["unlink", "archive", "delete", "restore"] = setting(
        "unlink", "What follows when a person deletes a record there."
    )
    region: Region | None = setting(None, "The country of phone numbers written without one.", '"BE"')
    name_order: Literal["given_first", "family_first"] = setting(
        "given_first", "How a full name is split where a create demands its parts."
    )
    external_id: str | None = setting(
        None,
        "What the external ids kept there are: record ids of the connection of this name, or a word of your own.",
        '"crm"',
    )
    external_id_field: str | None = setting(None, "The vendor's field in which they stand.", '"externalId"')
    allow_http: bool = setting(False, "true permits plain http, for a loopback or test vendor.")
    allow_private: bool = setting(
        False, "true permits an address in your own network, for a vendor that runs there."
    )
    timeout: float = setting(30.0, "Seconds after which one request is given up.", gt=0, le=600)

    @property
    def options(self) -> dict[str, Any]:
        """Return the vendor's own settings that are set."""
        chosen = {name: getattr(self, name) for name in self.option_names}
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def secrets(self) -> dict[str, Secret]:
        """Return the secrets that are set, by setting."""
        chosen = {name: getattr(self, name) for name in self.secret_names}
        return {name: value for name, value in chosen.items() if value is not None}


class Perfex(ConnectionSettings):
    """A Perfex CRM with the REST API module by Themesic."""

    title: ClassVar[str] = "Perfex CRM"
    option_names: ClassVar[tuple[str, ...]] = ("groups", "countries", "permissions", "per_minute")
    secret_names: ClassVar[tuple[str, ...]] = ("token", "webhook_secret")

    vendor: Literal["perfex"]
    base_url: str = setting(..., "The CRM's own address, without /api.", '"https://crm.example.com"')
    token: SecretField = setting(
        ..., "The API user's token, from Setup > API > API management.", '"env:CRM_TOKEN"', repr=False
    )
    groups: Groups = setting(
        "hold",
        "An update of a customer deletes the groups it does not name, and Perfex never shows them: hold those updates, "
        "say that groups are unused, or list the ids of the groups that syncd manages.",
    )
    countries: Mapping[str, CountryCode] | None = setting(
        None,
        "Numbers of countries that differ from a fresh installation of Perfex.",
        '{ 251 = "AN" }',
    )
    permissions: tuple[PositiveInt, ...] = setting(
        (), "Numbers of the portal permissions that every contact written there keeps.", "[1, 2, 3]"
    )
    per_minute: int = setting(0, "Requests a minute at most; 0: as its own rate headers say.", "60", ge=0)
    webhook_secret: SecretField | None = setting(
        None, "What Perfex signs its webhooks with.", '"env:CRM_HOOK_SECRET"', repr=False
    )


class KiotVietPull(Section):
    """Which customers of a KiotViet shop are pulled at all."""

    group: int | None = setting(None, "The id of the only customer group that is pulled.", "12")
    search: str | None = setting(None, "The only name, code or number that is pulled.", '"Hanoi"')


class KiotViet(ConnectionSettings):
    """A KiotViet retail shop, over its Public API."""

    title: ClassVar[str] = "KiotViet"
    option_names: ClassVar[tuple[str, ...]] = (
        "token_url",
        "retailer",
        "branch",
        "pull",
        "hidden_phones",
        "put_null",
    )
    secret_names: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "webhook_secret")
    account_names: ClassVar[tuple[str, ...]] = ("retailer",)

    vendor: Literal["kiotviet"]
    base_url: str = setting("https://public.kiotapi.com", "The API's address.")
    token_url: str = setting("https://id.kiotviet.vn/connect/token", "Where access tokens are asked for.")
    retailer: str = setting(..., "The shop's name, as in its own address.", '"myshop"', min_length=1)
    client_id: SecretField = setting(
        ..., "The client id, from Thiết lập > Thiết lập kết nối API.", '"env:KV_ID"', repr=False
    )
    client_secret: SecretField = setting(
        ..., "The client secret, from the same page.", '"env:KV_SECRET"', repr=False
    )
    region: Region | None = setting("VN", "The country of phone numbers written without one.")
    branch: int | None = setting(None, "The branch of created customers.", "1")
    pull: KiotVietPull | None = setting(None, "Which customers are pulled at all.", "{ group = 12 }")
    hidden_phones: Literal["hold", "send"] = setting(
        "hold",
        "Updates of customers whose phone number the shop hides: nobody documents whether one without it erases it.",
    )
    put_null: Literal["clear", "keep"] = setting(
        "clear", "What null in an update does to a birth date or a gender there, which nobody documents."
    )
    webhook_secret: SecretField | None = setting(
        None, "What KiotViet signs its webhooks with.", '"env:KV_HOOK_SECRET"', repr=False
    )

    @property
    def options(self) -> dict[str, Any]:
        """Return the vendor's own settings that are set, the scope of the pull as a plain mapping."""
        chosen = super().options
        if self.pull is not None:
            chosen["pull"] = self.pull.model_dump(exclude_none=True)
        return chosen


class Omniwallet(ConnectionSettings):
    """An Omniwallet loyalty programme."""

    title: ClassVar[str] = "Omniwallet"
    option_names: ClassVar[tuple[str, ...]] = ("account", "clear_with")
    secret_names: ClassVar[tuple[str, ...]] = ("token", "webhook_secret")
    account_names: ClassVar[tuple[str, ...]] = ("account",)

    vendor: Literal["omniwallet"]
    base_url: str = setting("https://api.omniwallet.cloud/v1", "The API's address, with /v1.")
    account: str = setting(
        "",
        "The account's subdomain; only the older host, whose address names it already, goes without.",
        '"myshop"',
    )
    clear_with: Literal["null", "empty"] = setting("null", "What empties a field there.")
    token: SecretField = setting(
        ..., "The API key, from Integrations > API Keys.", '"env:OMNI_TOKEN"', repr=False
    )
    webhook_secret: SecretField | None = setting(
        None, "What Omniwallet signs its webhooks with.", '"env:OMNI_HOOK_SECRET"', repr=False
    )


class PexipEngage(ConnectionSettings):
    """A Pexip Engage enterprise."""

    title: ClassVar[str] = "Pexip Engage"
    option_names: ClassVar[tuple[str, ...]] = ("token_url", "enterprise", "language", "scope", "time_zone")
    secret_names: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    account_names: ClassVar[tuple[str, ...]] = ("enterprise",)

    vendor: Literal["pexip_engage"]
    base_url: str = setting("https://api.pexipengage.com", "The API's address, without /enterprises.")
    token_url: str = setting(
        ...,
        "Where access tokens are asked for.",
        '"https://auth.pexipengage.com/realms/acme/protocol/openid-connect/token"',
    )
    enterprise: str = setting(..., "The enterprise's name.", '"acme"', min_length=1)
    client_id: SecretField = setting(..., "The client id of an API client.", '"env:PEXIP_ID"', repr=False)
    client_secret: SecretField = setting(..., "Its secret.", '"env:PEXIP_SECRET"', repr=False)
    language: str | None = setting(
        None, "The enterprise's own language, in which addresses are written.", '"nl"'
    )
    scope: str = setting("engage:customers:readWrite", "The scope that access tokens are asked for.")
    time_zone: str | None = setting(
        None, "The time zone of created customers where nobody knows it.", '"Europe/Brussels"'
    )


VENDORS: Mapping[str, type[ConnectionSettings]] = {
    "perfex": Perfex,
    "kiotviet": KiotViet,
    "omniwallet": Omniwallet,
    "pexip_engage": PexipEngage,
}
