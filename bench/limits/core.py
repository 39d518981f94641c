"""The same with SQLAlchemy Core: one compiled upsert, a dictionary a row."""

from __future__ import annotations

import sys

from sqlalchemy import BigInteger, Column, Double, MetaData, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from bench.limits.driver import batches, opened
from bench.limits.listing import pages, tell
from bench.limits.rows import ALL, COLUMNS, NUMBERS, row_of

CUSTOMERS = Table(
    "customers",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    *(Column(name, Double if name in NUMBERS else Text) for name in COLUMNS[1:]),
    Column("payload", Text),
    Column("digest", Text),
)


def main(url: str, shop: str, store: str) -> int:
    """Store a listing and return how many rows."""
    engine = opened(store)
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    statement = insert(CUSTOMERS)
    changes = {name: statement.excluded[name] for name in ALL[1:]}
    differs = statement.excluded.digest != CUSTOMERS.c.digest
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=changes, where=differs)
    CUSTOMERS.create(engine)
    rows = 0
    for batch in batches(pages(url, shop)):
        with engine.begin() as connection:
            connection.execute(statement, [dict(zip(ALL, row_of(each), strict=True)) for each in batch])
        rows += len(batch)
    return rows


if __name__ == "__main__":
    tell(rows=main(*sys.argv[1:4]))
