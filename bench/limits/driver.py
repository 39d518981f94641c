"""Fetch, parse, digest, and upsert tuples through SQLAlchemy's connection, a thousand rows in a transaction.

With `again`, digests are read first and only what differs is written. With `ahead`, several pages are asked for at
once. With `canonical`, e-mails and phone numbers are brought into their canonical forms by the libraries that know
them, and put into a table of keys: what a sync needs, without any of syncd's own ways of having it cheaper.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import email_validator
import phonenumbers
from sqlalchemy import Connection, Engine, create_engine, event

from bench.limits.listing import pages, pages_ahead, tell
from bench.limits.rows import create_table, digest_of, row_of, upsert

BATCH = 1_000
Shown = dict[str, Any]


def batches(listing: Iterable[list[Shown]]) -> Iterator[list[Shown]]:
    """Yield customers a thousand at a time."""
    waiting: list[Shown] = []
    for page in listing:
        waiting += page
        if len(waiting) >= BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def opened(store: str) -> Engine:
    """Return an engine; SQLite writes ahead, as everybody sets it."""
    engine = create_engine(store)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA journal_mode = WAL"))
    return engine


def load(engine: Engine, listing: Iterable[list[Shown]], *, again: bool, canonical: bool) -> int:
    """Store a listing and return how many rows were written."""
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    known = _prepared(engine, again, canonical)
    written = 0
    for batch in batches(listing):
        changed = [each for each in batch if known.get(each["id"]) != digest_of(each)] if again else batch
        if not changed:
            continue
        with engine.begin() as connection:
            connection.exec_driver_sql(upsert(mark), [row_of(each) for each in changed])
            if canonical:
                _keys(connection, changed, mark)
        written += len(changed)
    return written


def _prepared(engine: Engine, again: bool, canonical: bool) -> dict[int, str]:
    with engine.begin() as connection:
        if again:
            return {row[0]: row[1] for row in connection.exec_driver_sql("SELECT id, digest FROM customers")}
        connection.exec_driver_sql(create_table())
        if canonical:
            connection.exec_driver_sql(
                "CREATE TABLE keys (kind TEXT, value TEXT, id BIGINT, PRIMARY KEY (kind, value, id))"
            )
    return {}


def _keys(connection: Connection, batch: list[Shown], mark: str) -> None:
    found = [(kind, value, each["id"]) for each in batch for kind, value in _canonical(each)]
    connection.exec_driver_sql(
        f"INSERT INTO keys VALUES ({mark}, {mark}, {mark}) ON CONFLICT DO NOTHING", found
    )


def _canonical(shown: Shown) -> Iterator[tuple[str, str]]:
    if email := shown.get("email"):
        checked = email_validator.validate_email(email, check_deliverability=False, test_environment=True)
        yield "email", checked.normalized.lower()
    if number := shown.get("contactNumber"):
        parsed = phonenumbers.parse(number, "VN")
        yield "phone", phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


if __name__ == "__main__":
    url, shop, store, *flags = sys.argv[1:]
    listing = pages_ahead(url, shop) if "ahead" in flags else pages(url, shop)
    tell(rows=load(opened(store), listing, again="again" in flags, canonical="canonical" in flags))
