"""What is taken of a record at first sight is what comparing it with nothing gives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import FIELDS
from syncd.rules.absorb import absorb, as_read, take_in
from syncd.rules.ground import Absorbed, Ground
from syncd.rules.guard import Limit, Limits
from syncd.store.columns import microseconds, microseconds_or_none
from syncd.store.documents import read_shadow, write_first
from syncd.sync.scene import Safety, Scene, Source
from syncd.sync.taking import newcomer, take
from syncd.values import FieldSpec, Record, Shadow, Shown
from syncd.vendors.base import Abilities, Connector
from tests.laws import words

START = datetime(2026, 11, 1, tzinfo=UTC)
shown_fields = st.dictionaries(words.fields, st.none() | words.values, max_size=12)
AWKWARD: dict[str, str | None] = {
    "street1": None,
    "notes": "between the parts of an address",
    "city": "Huế",
    "groups": "VIP|Staff",
    "birth_date": "0000-00-00",
    "website": "//",
    "vat_number": "-",
    "language": "-",
}
EVERY = frozenset(FIELDS)
some_fields = st.frozensets(words.fields, min_size=1) | st.just(EVERY)


def ground(readable: frozenset[str], stating: frozenset[str]) -> Ground:
    numbers = count(7)
    return Ground("shop", "VN", readable, stating, lambda _: True, lambda: next(numbers), START)


def the_long_way(record: Record, shown: Shown, on: Ground) -> Absorbed:
    return take_in(record, *as_read(record.shadow, shown, on))


@given(shown_fields, some_fields, some_fields, st.none() | st.just(START), st.none() | st.just(START))
@example(AWKWARD, EVERY, EVERY, None, None)
@example(AWKWARD, EVERY, EVERY - {"groups"}, None, None)
def test_the_short_way_ends_where_the_long_one_does(
    fields: dict[str, str | None],
    readable: frozenset[str],
    stating: frozenset[str],
    written: datetime | None,
    modified: datetime | None,
) -> None:
    shown = Shown("1", fields, {"id": 1}, START, modified=modified)
    records = [Record("shop", "1", Shadow(), written=written) for _ in range(2)]
    grounds = [ground(readable, stating & readable) for _ in records]
    short = absorb(records[0], shown, grounds[0])
    long = the_long_way(records[1], shown, grounds[1])
    assert short == long
    assert records[0] == records[1]
    assert list(records[0].shadow.stated) == list(records[1].shadow.stated)


@dataclass
class Table:
    """As much of a connector as a first look asks for."""

    fields: dict[str, FieldSpec]
    abilities: Abilities


def source(readable: frozenset[str], stating: frozenset[str], keyed_by: str) -> Source:
    fields = {
        name: FieldSpec(name, direction="both" if name in stating else "out" if name in readable else "off")
        for name in FIELDS
    }
    table = Table(fields, Abilities(keyed_by=keyed_by))
    return Source("shop", cast("Connector", table), region="VN", external_id="crm")


@given(shown_fields, some_fields, some_fields, st.none() | st.just(START), st.sampled_from(["", "email"]))
@example(AWKWARD, EVERY, EVERY, None, "")
@example(AWKWARD, EVERY, EVERY - {"groups"}, None, "")
def test_what_is_stored_of_a_newcomer_is_what_taking_it_in_gives(
    fields: dict[str, str | None],
    readable: frozenset[str],
    stating: frozenset[str],
    modified: datetime | None,
    keyed_by: str,
) -> None:
    place = source(readable, stating & readable, keyed_by)
    scene = Scene(
        {"shop": place}, Safety("never", Limits(*[Limit(1, 100)] * 5)), lambda: START, blocked=("an@*",)
    )
    shown = Shown("1", fields, {"id": 1}, START, START - timedelta(days=1), modified)
    record = Record("shop", "1", Shadow(), first_seen=START, fresh=True)
    take(cast("Any", None), scene, place, record, shown, ground(readable, stating & readable), "run-1")

    new = newcomer(place, scene, shown, b"told")
    text = write_first(new, 7, (microseconds(START), microseconds(START), microseconds_or_none(modified)))
    shadow = read_shadow(text.decode(), new.key)
    stored = Record(
        new.connection,
        new.vendor_id,
        shadow,
        payload=new.payload,
        first_seen=new.started,
        observed=new.started,
        created=new.created,
        modified=new.modified,
        fresh=True,
        keys=new.keys,
    )
    assert stored == record
    assert list(shadow.stated) == list(record.shadow.stated)
    assert len(new.stated) == len(record.shadow.stated)
    assert {name: new.value(name) for name in FIELDS} == {name: record.value(name) for name in FIELDS}
