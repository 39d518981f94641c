"""What a KiotViet customer says in canonical fields, and what is written into one.

KiotViet leaves null keys out, so that an absent key of a whole record is an empty value; only `contactNumber` may be
hidden by a privacy setting of the shop [KiotViet's WordPress plugin] and is unknown where it is absent. Times are
Vietnam's local time without a zone [KiotViet integrators], and a birth date is a day there, never shifted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from syncd.customer import fold
from syncd.values import FieldSpec, Item, Shown
from syncd.vendors.table import text_of, yes

AHEAD = timedelta(hours=7)
VIETNAM = timezone(AHEAD)

Row = Mapping[str, Any]

# What is kept of a record. Money (debt, invoiced, revenue) moves with every sale and says nothing of the customer.
COLUMNS = (
    "id", "code", "name", "type", "gender", "birthDate", "contactNumber", "subNumber", "identificationNumber",
    "address", "locationName", "wardName", "email", "organization", "comments", "taxCode", "rewardPoint",
    "retailerId", "branchId", "createdDate", "modifiedDate", "groups",
)  # fmt: skip

PLAIN_FIELDS: Mapping[str, str] = {
    "email": "email",
    "full_name": "name",
    "company": "organization",
    "vat_number": "taxCode",
    "notes": "comments",
    "street1": "address",
    "street2": "wardName",
    "points": "rewardPoint",
}

# Lengths are not published; 255 is what shops report for names and addresses, and a refusal (420) is the truth.
# The guide takes `taxCode` in updates only and `organization` nowhere [KiotViet Public API guide]; a connector of
# somebody else's offers both, but nobody saw them kept. Points are read only.
_SPECS = (
    FieldSpec("email"),
    FieldSpec("phone", absent_is_empty=False),
    FieldSpec("full_name", required=True, maximum=255, clearable=False),
    FieldSpec("company", writable="never"),
    FieldSpec("vat_number", writable="update"),
    FieldSpec("birth_date"),
    FieldSpec("gender", choices=frozenset({"male", "female"})),
    FieldSpec("notes"),
    FieldSpec("street1", maximum=255),
    FieldSpec("street2"),
    FieldSpec("state"),
    FieldSpec("city", needs=("state",)),
    FieldSpec("customer_number", clearable=False),
    FieldSpec("groups"),
    FieldSpec("points", writable="never"),
)
WIRES: Mapping[str, str] = {
    **PLAIN_FIELDS,
    "phone": "contactNumber",
    "birth_date": "birthDate",
    "gender": "gender",
    "state": "locationName",
    "city": "locationName",
    "customer_number": "code",
    "groups": "groupIds",
}
SPECS = tuple(replace(spec, wire=WIRES[spec.name]) for spec in _SPECS)

GENDERS: Mapping[object, str] = {True: "male", False: "female"}

# Provinces that are written with a dash of their own, before the dash that parts province and district.
_DASHED = ("Bà Rịa - Vũng Tàu", "Thừa Thiên - Huế")
_ZONED = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_NO_DAY = ("0001-01-01", "0000-00-00")  # how .NET and databases write that there is no date
_DASH = re.compile(r"\s+-\s+|^-\s+|\s+-$")


def payload_of(row: Row) -> dict[str, Any]:
    """Keep of a record what is used."""
    kept = dict(row)
    for column in _surplus(tuple(row)):
        del kept[column]
    return kept


@lru_cache(maxsize=256)
def _surplus(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of a record's columns are not used; a shop shows the same ones in thousands of records."""
    return tuple(column for column in columns if column not in COLUMNS)


def shown_of(item: Item, started: datetime, reads: frozenset[str], code_is: str) -> Shown:
    """Translate the fields of one record that are read; `code_is` names the one that stands in `code`. Raises Malformed."""
    row = item.payload
    get = row.get
    fields = {
        name: value if (value := get(column)) is None or type(value) is str else text_of(value)
        for name, column in PLAIN_FIELDS.items()
    }
    fields[code_is] = text_of(get("code"))
    gender = get("gender")
    if (mark := yes(gender)) is not None or gender in (None, ""):
        fields["gender"] = GENDERS.get(mark)  # what is neither is unknown, not nothing
    fields["birth_date"] = _day(text_of(get("birthDate")))
    fields["state"], fields["city"] = place_of(text_of(get("locationName")) or "")
    fields["groups"] = _joined(text_of(get("groups")))
    if "contactNumber" in row:
        fields["phone"] = text_of(row["contactNumber"])
    if not fields.keys() <= reads:
        fields = {name: text for name, text in fields.items() if name in reads}
    created, modified = get("createdDate"), get("modifiedDate")
    made = moment_of(created)
    return Shown(
        item.vendor_id,
        fields,
        row,
        started,
        made,
        made if modified == created else moment_of(modified),
        item.deleted,
    )


def read_of(table: Mapping[str, FieldSpec]) -> frozenset[str]:
    """Return the fields of a table that are read."""
    return frozenset(name for name, spec in table.items() if spec.direction != "off")


def _day(text: str | None) -> str | None:
    """Return the day of a local midnight; one that is shown with a zone after all is Vietnam's day at that moment."""
    if text and "T00:00:00" not in text and _ZONED.search(text) and (when := moment_of(text)):
        return when.astimezone(VIETNAM).date().isoformat()
    return text[:10] if text and not text.startswith(_NO_DAY) else None


def _joined(names: str | None) -> str | None:
    """Return group names sorted; KiotViet shows "A|B" in an order of its own [KiotViet integrators]."""
    if not names or "|" not in names:
        return names.strip() if names else None
    return "|".join(sorted(filter(None, map(str.strip, names.split("|")))))


@lru_cache(maxsize=4096)
def place_of(location: str) -> tuple[str | None, str | None]:
    """Split "province - district" into state and city."""
    text = location.strip()
    if " - " not in text:
        return text or None, None
    for province in _DASHED if text[0] in "BbTt" else ():
        if fold(text[: len(province)]) == fold(province):
            rest = text[len(province) :].strip().removeprefix("-").strip()
            return text[: len(province)], rest or None
    province, _, district = text.partition(" - ")
    return province.strip() or None, district.strip() or None


def location_of(state: str, city: str) -> str:
    """Join state and city into "province - district"; a dash inside a province loses its spaces, or it would part it."""
    province = (
        state if any(fold(state) == fold(known) for known in _DASHED) else _DASH.sub("-", state.strip())
    )
    return f"{province} - {city.strip()}" if city.strip() else province


def moment_of(value: object) -> datetime | None:
    """Read a time, which is Vietnam's without saying so; None where it cannot be read."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
        if when is None:
            return None
        return when.astimezone(UTC) if when.tzinfo else (when - AHEAD).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None  # the year 1 leaves the calendar on its way to UTC


def local_text(when: datetime) -> str:
    """Write a time as KiotViet reads it: Vietnam's, without a zone, to the millisecond."""
    return when.astimezone(VIETNAM).replace(tzinfo=None).isoformat(timespec="milliseconds")
