"""The schema of a written customer: unknown keys, wrong types and empty strings are 400, address rules 422."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from syncd.sandbox.mangle import mangled
from syncd.sandbox.pexip_engage.enterprise import LANGUAGES, Enterprise, bad, fail
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Json

TEXTS = ("externalId", "customerNumber", "email", "firstName", "lastName", "company", "notes", "phoneNumber")
FIELDS = (*TEXTS, "language", "existing", "timeZone", "location")
LOCATION = ("postalCode", "countryCode", "geolocation", "translations")
TRANSLATED = ("city", "state", "street1", "street2")


def checked(enterprise: Enterprise, body: Any) -> Json:
    """The fields of a write, all of which are allowed; raises Refused otherwise."""
    if not isinstance(body, dict):
        raise bad("The body must be an object.")
    _no_others(body, FIELDS, "")
    for name in TEXTS:
        _check_text(name, body.get(name))
    if len(body.get("externalId") or "") > 255:
        raise bad("externalId must have at most 255 characters.")
    _check_others(body)
    if body.get("location") is not None:
        _check_location(body["location"])
    return mangled(_filled(enterprise, body), enterprise.switches.mangle)


def _filled(enterprise: Enterprise, body: Json) -> Json:
    fields = dict(body)
    if "timeZone" in fields and fields["timeZone"] is None:
        fields["timeZone"] = enterprise.switches.default_time_zone
    if "existing" in fields and fields["existing"] is None:
        fields["existing"] = False
    if fields.get("location"):
        fields["location"] = stored_location(fields["location"])
    return fields


def stored_location(sent: Json) -> Json:
    """A location as it is kept: whole, with a point on the map where none was given."""
    translations = {name: list(sent["translations"].get(name) or []) for name in TRANSLATED}
    point = sent.get("geolocation") or _point(sent["countryCode"])
    country = sent["countryCode"].upper()
    kept = {"postalCode": sent.get("postalCode"), "countryCode": country}
    return {**kept, "geolocation": point, "translations": translations}


def _check_others(body: Json) -> None:
    if body.get("language") is not None and body["language"] not in LANGUAGES:
        raise bad(f"language must be one of {', '.join(LANGUAGES)}.")
    if body.get("existing") is not None and not isinstance(body["existing"], bool):
        raise bad("existing must be true or false.")
    _check_text("timeZone", body.get("timeZone"))
    if body.get("timeZone") and body["timeZone"] not in _zones():
        raise Refused(
            fail(422, "unknown_time_zone", "timeZone must be a name of the IANA time zone database.")
        )


def _check_location(location: Any) -> None:
    if not isinstance(location, dict):
        raise bad("location must be an object.")
    _no_others(location, LOCATION, "location.")
    _check_text("location.postalCode", location.get("postalCode"))
    country = location.get("countryCode")
    if not isinstance(country, str) or len(country) != 2:
        raise _unprocessable("location.countryCode is required and has 2 letters.")
    _check_point(location.get("geolocation"))
    translations = location.get("translations")
    if not isinstance(translations, dict):
        raise _unprocessable("location.translations is required.")
    _no_others(translations, TRANSLATED, "location.translations.")
    for name in ("city", "street1"):
        if not translations.get(name):
            raise _unprocessable(f"location.translations.{name} needs at least 1 element.")
    for name, texts in translations.items():
        _check_translations(name, texts)


def _check_translations(name: str, texts: Any) -> None:
    if not isinstance(texts, list):
        raise bad(f"location.translations.{name} must be a list.")
    for text in texts:
        if not isinstance(text, dict) or set(text) != {"language", "value"}:
            raise bad(f"location.translations.{name} has elements of language and value.")
        if text["language"] not in LANGUAGES:
            raise bad(f"location.translations.{name} has an unknown language.")
        if text["value"] is None:
            raise bad(f"location.translations.{name} has an empty value.")
        _check_text(f"location.translations.{name}", text["value"])


def _check_point(point: Any) -> None:
    if point is None:
        return
    if not isinstance(point, dict) or set(point) != {"latitude", "longitude"}:
        raise bad("location.geolocation has latitude and longitude.")
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = point[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > most:
            raise bad(f"location.geolocation.{name} must be a number from -{most} to {most}.")


def _check_text(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise bad(f"{name} must be a string.")
    if value == "":
        raise bad(f"{name} must have at least 1 character; send null for none.")


def _no_others(body: Json, known: tuple[str, ...], prefix: str) -> None:
    if unknown := set(body) - set(known):
        raise bad(f"{prefix}{min(unknown)} is not allowed: additional properties are refused.")


def _unprocessable(message: str) -> Refused:
    return Refused(fail(422, "invalid_location", message))


def _point(country: str) -> Json:
    places = {
        "BE": (50.85, 4.35),
        "ES": (40.42, -3.7),
        "US": (38.9, -77.04),
        "VN": (21.03, 105.85),
        "NL": (52.37, 4.9),
    }
    latitude, longitude = places.get(country.upper(), (0.0, 0.0))
    return {"latitude": latitude, "longitude": longitude}


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
