"""A Pexip address: four texts, each once per language, beside a postal code, a country and coordinates.

It is shown with flat texts, which depend on the asker's languages, and with all `translations`, which do not; only
the translations can be written. A write replaces the address, so that what is not meant to change is carried: an
unchanged text keeps every language, a changed one keeps only the language it was written in, because the others
would now say something else. Coordinates belong to the place and are dropped when the place changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.errors import Rejected
from syncd.values import Change
from syncd.vendors.table import mapping_of, text_of

TEXTS = ("street1", "street2", "city", "state")
FIELDS: Mapping[str, str] = {
    **{name: name for name in TEXTS},
    "postal_code": "postalCode",
    "country": "countryCode",
}
COORDINATES = ("latitude", "longitude")
REQUIRED = ("street1", "city", "country")
PLACE = frozenset({"street1", "city", "postal_code", "country"})


def shown_address(location: Any, language: str) -> dict[str, str | None]:
    """Return the address fields that a `location` shows; all of them are empty where it is null."""
    if location is None:
        return dict.fromkeys(FIELDS)
    shown: dict[str, str | None] = {
        name: text_of(location[key]) for name, key in FIELDS.items() if name not in TEXTS and key in location
    }
    for name in TEXTS:
        if name in location or name in mapping_of(location.get("translations")):
            shown[name] = _own(location, name, language)
    return shown


def _own(location: Mapping[str, Any], name: str, language: str) -> str | None:
    """Return a text in the given language, else as the vendor chose it for us, else in any language."""
    said = _translations(location, name)
    entry = next((each for each in said if each.get("language") == language), None)
    chosen = entry or mapping_of(location.get(name)) or (said[0] if said else {})
    return text_of(chosen.get("value"))


def _translations(location: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    said = mapping_of(location.get("translations")).get(name)
    if isinstance(said, list):
        return [mapping_of(entry) for entry in said]
    flat = mapping_of(location.get(name))
    return [flat] if flat.get("value") else []


def written_location(change: Change, wanted: str) -> dict[str, Any] | None:
    """Return the whole `location` to send, null where nothing is left of it. Raises Rejected where it lacks a part."""
    before = mapping_of(mapping_of(change.current.payload if change.current else None).get("location"))
    fallback = _customer_language(change)
    values = {name: _value(name, change) for name in FIELDS}
    if not any(values.values()):
        return None
    lacking = [name for name in REQUIRED if not values[name]]
    if lacking:
        raise Rejected(
            f"Pexip Engage takes an address only with {', '.join(REQUIRED)}; {', '.join(lacking)} is not known.",
            "Complete the address in one of the connected systems.",
            fields=dict.fromkeys(lacking, "required for an address"),
        )
    return {
        "countryCode": values["country"].upper(),
        "postalCode": values["postal_code"] or None,
        "geolocation": None if _moves(change, values) else _coordinates(before.get("geolocation")),
        # All four are named, [] for none, so that nothing stays whether a write replaces or merges.
        "translations": {
            name: _texts(name, values[name], before, wanted, fallback, changed=name in change.fields)
            for name in TEXTS
        },
    }


def _coordinates(shown: Any) -> dict[str, Any] | None:
    """Return coordinates as they may be written: other keys of an address are refused [Update a customer by its ID]."""
    known = {name: value for name in COORDINATES if (value := mapping_of(shown).get(name)) is not None}
    return known if len(known) == len(COORDINATES) else None


def _customer_language(change: Change) -> str:
    shown = change.current.fields.get("language") if change.current else None
    return change.fields.get("language") or shown or ""


def _value(name: str, change: Change) -> str:
    """Return what a field is to be: as asked, else as last given, else as shown."""
    if name in change.fields:
        return change.fields[name]
    if name in change.given:
        return change.given[name]
    return (change.current.fields.get(name) if change.current else None) or ""


def _moves(change: Change, values: Mapping[str, str]) -> bool:
    shown = change.current.fields if change.current else {}
    return any((shown.get(name) or "") != values[name] for name in PLACE)


def _texts(
    name: str, value: str, before: Mapping[str, Any], wanted: str, fallback: str, *, changed: bool
) -> list[dict[str, str]]:
    """Return a text in all the languages it is to have.

    It is written in the enterprise's language, else in the one that is shown, else in the customer's, else in English.
    """
    if not value:
        return []
    said = {str(entry.get("language")): str(entry.get("value")) for entry in _translations(before, name)}
    if _own(before, name, wanted) != value:
        flat = str(mapping_of(before.get(name)).get("language") or "")
        language = wanted or flat or fallback or "en"
        # A carried text that is shown otherwise than we gave it is given again, in this language only.
        said = {language: value} if changed else {**said, language: value}
    return [{"language": word, "value": text} for word, text in said.items() if text]
