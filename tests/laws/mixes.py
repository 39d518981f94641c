"""Businesses as mixes of vendors: each drawn within what its vendor's documents say, and at random where they are silent.

The field tables are written here from the vendors' documents and not taken from the connectors, so that a connector
that misread its vendor does not set its own examination.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from syncd.values import FieldSpec
from tests.laws.accounts import Traits
from tests.laws.world import Member

ANY = "any"  # vendors drawn at random, none of them a real one
MIXES: Mapping[str, tuple[str, ...]] = {
    "four": ("perfex", "kiotviet", "omniwallet", "pexip"),
    "perfex+kiotviet": ("perfex", "kiotviet"),
    "perfex+omniwallet": ("perfex", "omniwallet"),
    "kiotviet+pexip": ("kiotviet", "pexip"),
    "kiotviet+kiotviet": ("kiotviet", "kiotviet"),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "perfex": ("crm",),
    "kiotviet": ("shop", "shop-hue"),
    "omniwallet": ("loyalty",),
    "pexip": ("booking",),
}


def table(*specs: FieldSpec) -> dict[str, FieldSpec]:
    """Return specs by the name of their field."""
    return {spec.name: spec for spec in specs}


# A contact must have e-mail and both names, a customer a company [Perfex module documentation].
PERFEX = table(
    FieldSpec("email", needs=("first_name", "last_name"), clearable=False),
    FieldSpec("first_name", needs=("email", "last_name"), clearable=False),
    FieldSpec("last_name", needs=("email", "first_name"), clearable=False),
    FieldSpec("phone"),
    FieldSpec("company", clearable=False),
    FieldSpec("notes"),  # a custom field
    FieldSpec("street1"),
    FieldSpec("city"),
    FieldSpec("country"),
)
# A name is required; what a customer's company is can be read only [KiotViet Public API guide].
KIOTVIET = table(
    FieldSpec("email"),
    FieldSpec("phone"),
    FieldSpec("full_name", required=True, clearable=False),
    FieldSpec("company", writable="never"),
    FieldSpec("notes"),
    FieldSpec("street1"),
    FieldSpec("groups"),
)
# The e-mail is the id; no rename is documented [Omniwallet developers' pages].
OMNIWALLET = table(
    FieldSpec("email", required=True, clearable=False, writable="create"),
    FieldSpec("first_name", required=True, clearable=False),
    FieldSpec("last_name"),
    FieldSpec("phone"),
)
# Street, city and country stand in one location that is taken as a whole [Pexip Engage developers' pages].
PEXIP = table(
    FieldSpec("email"),
    FieldSpec("first_name"),
    FieldSpec("last_name"),
    FieldSpec("phone"),
    FieldSpec("company"),
    FieldSpec("notes"),
    FieldSpec("street1", needs=("city", "country")),
    FieldSpec("city", needs=("street1", "country")),
    FieldSpec("country", needs=("street1", "city")),
    FieldSpec("external_id", writable="create"),
)


def _manglers(rng: Random, fields: Mapping[str, FieldSpec]) -> dict[str, str]:
    """Draw what a vendor makes of values; none documents it."""
    choices = {
        "notes": ("keeps", "keeps", "upper", "cuts", "trims", "null"),
        "last_name": ("keeps", "keeps", "upper", "title"),
        "full_name": ("keeps", "keeps", "title", "upper"),
        "phone": ("keeps", "digits"),
        "city": ("keeps", "plain"),
    }
    return {name: rng.choice(words) for name, words in choices.items() if name in fields}


def perfex(rng: Random) -> Traits:
    """An update replaces the whole and answers nothing; each e-mail once; no time of change."""
    return Traits(
        tuple(PERFEX),
        _manglers(rng, PERFEX),
        specs=PERFEX,
        replaces=True,
        unique_email=True,
        tells_times=False,
        finds=frozenset({"email"}) if rng.random() < 0.8 else frozenset(),
        demands=(("company", "first_name"),),
    )


def kiotviet(rng: Random) -> Traits:
    """Lists what changed and finds by phone; whether an update replaces the whole is not documented."""
    return Traits(
        tuple(KIOTVIET),
        _manglers(rng, KIOTVIET),
        specs=KIOTVIET,
        replaces=rng.random() < 0.5,
        answers=rng.random() < 0.8,
        incremental=True,
        lag=rng.choice((0, 0, 20)),
        finds=frozenset({"phone"}),
    )


def omniwallet(rng: Random) -> Traits:
    """Keyed by the e-mail, partial updates."""
    return Traits(
        tuple(OMNIWALLET),
        _manglers(rng, OMNIWALLET),
        specs=OMNIWALLET,
        answers=rng.random() < 0.8,
        keyed=True,
        incremental=True,
        slow_get=False,
        finds=frozenset({"email"}),
    )


def pexip(rng: Random) -> Traits:
    """Partial updates, a full listing each time; a search may lag."""
    lag = rng.choice((0, 0, 20))
    return Traits(
        tuple(PEXIP),
        _manglers(rng, PEXIP),
        specs=PEXIP,
        answers=rng.random() < 0.8,
        lag=lag,
        slow_get=bool(lag) and rng.random() < 0.5,
        finds=frozenset({"email"}),
    )


VENDORS: Mapping[str, Callable[[Random], Traits]] = {
    "perfex": perfex,
    "kiotviet": kiotviet,
    "omniwallet": omniwallet,
    "pexip": pexip,
}


def mixed(rng: Random, mix: str) -> list[Member]:
    """Draw the connections of a mix; the order of trust is drawn too."""
    named: list[tuple[str, str]] = []
    for vendor in MIXES[mix]:
        names = [name for name in NAMES[vendor] if name not in {known for known, _ in named}]
        named.append((names[0], vendor))
    trust = rng.sample(range(1, len(named) + 1), len(named))
    there = {name for name, _ in named}
    return [
        _member(rng, name, vendor, place, there) for (name, vendor), place in zip(named, trust, strict=True)
    ]


def _member(rng: Random, name: str, vendor: str, priority: int, there: set[str]) -> Member:
    stamps = None
    if vendor == "pexip":
        stamps = "crm" if "crm" in there else "shop"
    return Member(
        name,
        VENDORS[vendor](rng),
        priority=priority,
        name_order=rng.choice(("given_first", "family_first")),
        external_id=stamps,
    )
