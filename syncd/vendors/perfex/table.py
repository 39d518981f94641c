"""The table of fields of one Perfex connection: what Perfex can hold, and what the settings make of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncd.customer import FIELDS
from syncd.errors import ConfigError, Problem
from syncd.values import Direction
from syncd.vendors.base import FieldSpec, VendorSettings
from syncd.vendors.perfex.codes import LANGUAGES, country_numbers

CONTACT_FIELDS: Mapping[str, str] = {
    "email": "email",
    "phone": "phonenumber",
    "first_name": "firstname",
    "last_name": "lastname",
}

# canonical field → column, as Perfex's refusals name it
WIRES: Mapping[str, str] = {
    **CONTACT_FIELDS,
    "company": "company",
    "vat_number": "vat",
    "website": "website",
    "language": "default_language",
    "street1": "address",
    "street2": "address",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}

ADDRESS_MAXIMUM = 191  # both streets share one column [Perfex SQL dumps]

# Perfex shows every column of a record, so that an absent one is unknown. Maxima are those of the columns
# [Perfex SQL dumps]: MySQL cuts what is longer without a word. The API demands e-mail and both names of a contact
# and the company of a customer [Perfex module documentation], so that these cannot be emptied.
_SPECS = (
    FieldSpec(
        "email", maximum=100, needs=("first_name", "last_name"), clearable=False, absent_is_empty=False
    ),
    FieldSpec("phone", maximum=100, absent_is_empty=False),
    FieldSpec(
        "first_name", maximum=191, clearable=False, absent_is_empty=False, needs=("email", "last_name")
    ),
    FieldSpec(
        "last_name", maximum=191, clearable=False, absent_is_empty=False, needs=("email", "first_name")
    ),
    # a person without an e-mail has no contact there: the name stands in the company's place, where it is not shown
    FieldSpec("full_name", maximum=191, direction="out", writable="create", absent_is_empty=False),
    FieldSpec("company", maximum=191, clearable=False, absent_is_empty=False, repeats_name=True),
    FieldSpec("vat_number", maximum=50, absent_is_empty=False),
    FieldSpec("website", maximum=150, absent_is_empty=False),
    FieldSpec("language", choices=frozenset(LANGUAGES.values()), absent_is_empty=False),
    FieldSpec("street1", maximum=ADDRESS_MAXIMUM, absent_is_empty=False),
    FieldSpec("street2", maximum=ADDRESS_MAXIMUM, needs=("street1",), absent_is_empty=False),
    FieldSpec("city", maximum=100, absent_is_empty=False),
    FieldSpec("state", maximum=50, absent_is_empty=False),
    FieldSpec("postal_code", maximum=15, absent_is_empty=False),
    FieldSpec("country", absent_is_empty=False),
)

GROUPS_HELD = (
    "Perfex deletes a customer's groups with every update that does not name them, and never shows them: "
    'set groups = "unused" or the list of group numbers that syncd may write.'
)

_DIRECTIONS: Mapping[str, Direction] = {
    "in": "in",
    "out": "out",
    "both": "both",
    "off": "off",
    "fill": "fill",
}
_CUSTOM = re.compile(r"custom:(\d+)")


@dataclass(frozen=True)
class Mapped:
    """The settings of one connection as they bear on its fields."""

    specs: Mapping[str, FieldSpec]
    custom: Mapping[str, str] = field(default_factory=dict)  # canonical field → number of the custom field
    countries: Mapping[str, str] = field(default_factory=dict)  # Perfex's number → ISO alpha-2
    groups: tuple[int, ...] | None = None  # sent with every customer update, None: none are sent
    hold: str = ""  # why updates of the customer itself are not sent

    @property
    def numbers(self) -> Mapping[str, str]:
        """Return ISO alpha-2 → Perfex's number."""
        return {code: number for number, code in reversed(list(self.countries.items()))}


def mapped(settings: VendorSettings) -> Mapped:
    """Read a connection's field settings. Raises ConfigError with every problem."""
    problems: list[Problem] = []
    groups, hold = _groups(settings, problems)
    countries = _countries(settings, problems)
    custom = dict(_custom_fields(settings, problems))
    specs = {spec.name: spec for spec in _directed(settings, custom, countries, problems)}
    if problems:
        raise ConfigError(problems)
    held = {
        name: replace(spec, hold=hold if name not in CONTACT_FIELDS else "") for name, spec in specs.items()
    }
    return Mapped(held, custom, countries, groups, hold)


def _problem(settings: VendorSettings, key: str, what: str, instead: str) -> Problem:
    return Problem(f"connections.{settings.name}", key, what, instead)


def _groups(settings: VendorSettings, problems: list[Problem]) -> tuple[tuple[int, ...] | None, str]:
    groups = settings.options.get("groups", "hold")
    if groups == "hold":
        return None, GROUPS_HELD
    if groups == "unused":
        return None, ""
    if (
        isinstance(groups, list | tuple)
        and groups
        and all(type(group) is int and group > 0 for group in groups)
    ):
        return tuple(groups), ""
    problems.append(
        _problem(settings, "groups", "is not understood.", 'Write "hold", "unused" or a list of numbers.')
    )
    return None, GROUPS_HELD


def _countries(settings: VendorSettings, problems: list[Problem]) -> Mapping[str, str]:
    changes = settings.options.get("countries") or {}
    if not isinstance(changes, Mapping) or not all(
        _is_country(number, code) for number, code in changes.items()
    ):
        problems.append(
            _problem(settings, "countries", "is not understood.", 'Write { 251 = "AN" }: number and code.')
        )
        return country_numbers({})
    return country_numbers(changes)


def _is_country(number: object, code: object) -> bool:
    return (
        str(number).isdecimal()
        and isinstance(code, str)
        and (code == "" or (len(code) == 2 and code.isalpha()))
    )


def _custom_fields(settings: VendorSettings, problems: list[Problem]) -> Iterable[tuple[str, str]]:
    wanted = {name: text for name, text in settings.fields.items() if text not in _DIRECTIONS}
    if settings.external_id_field is not None:
        wanted["external_id"] = settings.external_id_field
    for name, text in wanted.items():
        match = _CUSTOM.fullmatch(text)
        if match:
            yield name, match[1]
            continue
        key = "external_id_field" if name == "external_id" else f"fields.{name}"
        problems.append(
            _problem(
                settings,
                key,
                f'"{text}" is not understood.',
                'Write "custom:" and the number of a custom field.',
            )
        )


def _directed(
    settings: VendorSettings, custom: Mapping[str, str], countries: Mapping[str, str], problems: list[Problem]
) -> Iterable[FieldSpec]:
    known = {spec.name: spec for spec in _SPECS}
    known["country"] = replace(known["country"], choices=frozenset(countries.values()))
    known |= {name: FieldSpec(name, absent_is_empty=False) for name in custom if name in FIELDS}
    problems += [
        _problem(settings, f"fields.{name}", "Perfex has no such field.", 'Map it to a "custom:" field.')
        for name, text in settings.fields.items()
        if name not in known and text in _DIRECTIONS
    ]
    for name, spec in known.items():
        yield replace(
            spec,
            wire=WIRES.get(name, ""),
            direction=_DIRECTIONS.get(settings.fields.get(name, ""), spec.direction),
        )
