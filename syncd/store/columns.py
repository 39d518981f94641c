"""The column types of the store, the same on SQLite and PostgreSQL.

Moments are whole microseconds since 1970 in UTC: neither a driver nor a server's time zone can bend them.
Documents are JSON text that is written and read as a whole: text keeps what it is given, where a binary JSON
type would reorder keys and refuse escaped zero characters. Keys compare byte by byte on both databases, so that
prefixes and paging mean the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from syncd.errors import StoreError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# SQLite makes only an INTEGER PRIMARY KEY the row's own number.
Number = BigInteger().with_variant(Integer, "sqlite")
Key = Text().with_variant(Text(collation="C"), "postgresql")


@lru_cache(maxsize=8192)
def moment(number: int) -> datetime:
    """Return the time that is `number` microseconds after 1970."""
    return EPOCH + number * _MICROSECOND


def microseconds(when: datetime) -> int:
    """Return an aware time as whole microseconds since 1970."""
    return (when - EPOCH) // _MICROSECOND


def moment_or_none(number: int | None) -> datetime | None:
    """Return the time of a number, None for None."""
    return None if number is None else moment(number)


def microseconds_or_none(when: datetime | None) -> int | None:
    """Return the number of a time, None for None."""
    return None if when is None else microseconds(when)


def written(document: Any) -> str:
    """Return a document as JSON text; raise StoreError where it holds text that is not Unicode."""
    return encoded(document).decode()


def encoded(document: Any) -> bytes:
    """Return a document as the bytes of JSON text; raise StoreError where it holds text that is not Unicode."""
    try:
        return orjson.dumps(document)
    except TypeError as error:
        raise StoreError(
            f"A value cannot be stored: {error}.", "Correct it in the system that it comes from."
        ) from error


def sorted_document(document: Any) -> bytes:
    """Return a document as JSON with sorted keys, from which digests are taken."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


class Moment(TypeDecorator[datetime]):
    """An aware time, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> int | None:
        return microseconds_or_none(value)

    def process_result_value(self, value: int | None, _: Dialect) -> datetime | None:
        return moment_or_none(value)


class Document(TypeDecorator[Any]):
    """A JSON document, stored as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _: Dialect) -> str | None:
        return None if value is None else written(value)

    def process_result_value(self, value: str | None, _: Dialect) -> Any:
        return None if value is None else orjson.loads(value)
