"""What is taken of a record at first sight is what comparing it with nothing gives."""

from datetime import UTC, datetime
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from syncd.customer import FIELDS
from syncd.rules.absorb import absorb, as_read, take_in
from syncd.rules.ground import Absorbed, Ground
from syncd.values import Record, Shadow, Shown
from tests.laws import words

START = datetime(2026, 11, 1, tzinfo=UTC)
shown_fields = st.dictionaries(words.fields, st.none() | words.values, max_size=12)
some_fields = st.frozensets(words.fields, min_size=1) | st.just(frozenset(FIELDS))


def ground(readable: frozenset[str], stating: frozenset[str]) -> Ground:
    numbers = count(7)
    return Ground("shop", "VN", readable, stating, lambda _: True, lambda: next(numbers), START)


def the_long_way(record: Record, shown: Shown, on: Ground) -> Absorbed:
    return take_in(record, *as_read(record.shadow, shown, on))


@given(shown_fields, some_fields, some_fields, st.none() | st.just(START), st.none() | st.just(START))
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
