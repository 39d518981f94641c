"""Documents give back exactly what was written, are small, and are read quickly."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.customer import SLOTS
from syncd.errors import StoreError
from syncd.store.columns import EPOCH, microseconds, moment
from syncd.store.documents import read_customer, read_shadow, write_customer, write_shadow
from syncd.values import Customer, Golden, Shadow, Statement, Unconfirmed

OWN = ("crm", "17")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
numbers = st.integers(0, 2**53)
slots = st.sampled_from(sorted(SLOTS))
fields = st.sampled_from(sorted(part for parts in SLOTS.values() for part in parts))
values = st.dictionaries(fields, texts, max_size=4)


def statements(slot: str) -> st.SearchStrategy[Statement]:
    connections = st.sampled_from(["crm", "shop"])
    vendor_ids = st.sampled_from(["17", "lan@example.com"])
    return st.builds(
        Statement,
        connection=connections,
        vendor_id=vendor_ids,
        slot=st.just(slot),
        value=values,
        number=numbers,
        knew=numbers,
        old_seen=st.none() | moments,
        new_seen=st.none() | moments,
        pull_ended=st.none() | moments,
        modified=st.none() | moments,
    )


def goldens(slot: str) -> st.SearchStrategy[Golden]:
    return st.builds(
        Golden,
        value=values,
        number=numbers,
        holder=st.none() | statements(slot),
        conflict=st.lists(statements(slot), max_size=2).map(tuple),
    )


def by_slot(made: object) -> st.SearchStrategy[dict[str, object]]:
    chosen = st.lists(slots, unique=True, max_size=5)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: made(name) for name in names}))  # type: ignore[operator]


by_number = st.dictionaries(fields, numbers, max_size=3)

# Every field is built from its own annotation, so that a field added later is part of this law at once.
shadows = st.builds(
    Shadow,
    seen=st.dictionaries(fields, st.none() | texts, max_size=6),
    acked=st.dictionaries(fields, texts, max_size=6),
    stated=by_slot(statements),
    doubtful=st.dictionaries(
        fields, st.builds(Unconfirmed, settle=moments, number=numbers, tries=numbers), max_size=2
    ),
    knew=by_number,
    cleared=by_number,
    not_kept=by_number,
    allowed=by_number,
)
customers = st.builds(
    Customer,
    golden=by_slot(goldens),
    looked=st.dictionaries(texts, moments, max_size=3),
    first_seen=st.none() | moments,
    version=numbers,
)


@given(shadows)
def test_a_shadow_comes_back_as_it_was(shadow: Shadow) -> None:
    assert read_shadow(write_shadow(shadow, OWN), OWN) == shadow


@given(customers)
def test_a_customer_comes_back_as_it_was(customer: Customer) -> None:
    columns = (customer.id, customer.alias_of, customer.first_seen, customer.due, customer.version)
    assert read_customer(write_customer(customer), *columns) == customer


@given(moments)
def test_a_time_comes_back_to_the_microsecond(when: datetime) -> None:
    assert moment(microseconds(when)) == when
    assert moment(microseconds(when)).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        microseconds(EPOCH.replace(tzinfo=None))


def initial(slot: str, value: dict[str, str], number: int = 1) -> Statement:
    return Statement(*OWN, slot, value, "initial", number, new_seen=NOON, pull_ended=NOON)


def first_look() -> Shadow:
    """What a record of ten slots is known by after its first look."""
    seen: dict[str, str | None] = {
        "email": "lan.nguyen@example.com",
        "phone": "+84912345678",
        "first_name": "Lan",
        "last_name": "Nguyễn",
        "company": "Hoa Sen",
        "vat_number": "0312345678",
        "website": "hoasen.example.com",
        "birth_date": "1990-05-01",
        "gender": "female",
        "notes": None,
        "language": "vi",
        "street1": "1 Lê Lợi",
        "city": "Huế",
        "country": "VN",
    }
    shown = {
        slot: {part: seen[part] or "" for part in parts if part in seen} for slot, parts in SLOTS.items()
    }
    acked = {name: text or "" for name, text in seen.items()}
    stated = {slot: initial(slot, value) for slot, value in shown.items() if value}
    return Shadow(seen=seen, acked=acked, stated=stated)


def test_what_is_shown_is_not_repeated() -> None:
    shadow = first_look()
    text = write_shadow(shadow, OWN)
    assert text.count("lan.nguyen@example.com") == 1
    assert len(text.encode()) < 2 * len(orjson.dumps(shadow.seen))
    assert orjson.loads(text)["stated"]["email"] == [0, 1, 0]


def test_the_empty_shadow_takes_no_space() -> None:
    assert write_shadow(Shadow(), OWN) == "{}"


def test_half_a_character_is_refused_without_naming_the_value() -> None:
    with pytest.raises(StoreError) as refused:
        write_shadow(Shadow(seen={"notes": "private \ud800"}), OWN)
    assert "private" not in str(refused.value)


def test_a_statement_in_another_slot_is_refused() -> None:
    golden = Golden({"email": "a@example.com"}, 1, "newest", initial("email", {"email": "a@example.com"}))
    with pytest.raises(StoreError):
        write_customer(Customer("x-1", {"phone": golden}))
