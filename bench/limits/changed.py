"""What a thousand changes cost at least where keys are indexed: `… changed OWN MARK COUNT`, after `… changed OWN from STORE`.

The second form copies the e-mails that syncd keeps into tables of this limit's own, and is not measured. The first
changes so many of them, looks up who shares the old and the new ones, joins these again, and writes it back; nothing
is judged and nothing decided.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from bench.limits.driver import opened
from bench.limits.listing import tell
from bench.limits.unionfind import clusters

CHUNK = 500  # values a look-up
TABLES = (
    "CREATE TABLE known (record BIGINT, value TEXT, PRIMARY KEY (record, value))",
    "CREATE INDEX by_value ON known (value)",
    "CREATE TABLE clusters (record BIGINT PRIMARY KEY, cluster BIGINT)",
)


def copy(own: str, store: str) -> int:
    """Copy the e-mails out of a store of syncd's and cluster them; return how many there are."""
    with opened(store).connect() as source:
        rows = source.exec_driver_sql("SELECT record, value FROM keys WHERE kind = 'email'")
        found = [(int(record), str(value)) for record, value in rows]
    engine = opened(own)
    mark = _mark(engine.dialect.name)
    with engine.begin() as connection:
        for table in TABLES:
            connection.exec_driver_sql(table)
        connection.exec_driver_sql(
            f"INSERT INTO known VALUES ({mark}, {mark})", [tuple(row) for row in found]
        )
        all_of_them = clusters((value, record) for record, value in found)
        connection.exec_driver_sql(f"INSERT INTO clusters VALUES ({mark}, {mark})", list(all_of_them.items()))
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    return len(found)


def change(own: str, word: str, count: int) -> int:
    """Change so many e-mails and cluster again what that touches; return how many records those are."""
    engine = opened(own)
    mark = _mark(engine.dialect.name)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(f"SELECT record, value FROM known LIMIT {count}")
        before = [(int(record), str(value)) for record, value in rows]
        after = [(f"{word}.{value}", record, value) for record, value in before]
        connection.exec_driver_sql(
            f"UPDATE known SET value = {mark} WHERE record = {mark} AND value = {mark}", after
        )
        values = {value for _, value in before} | {value for value, _, _ in after}
        touched = clusters(_sharing(connection, sorted(values), mark))
        moved = [(cluster, record) for record, cluster in touched.items()]
        connection.exec_driver_sql(f"UPDATE clusters SET cluster = {mark} WHERE record = {mark}", moved)
    return len(moved)


def _sharing(connection: Connection, values: list[str], mark: str) -> Iterator[tuple[str, int]]:
    for chunk in _chunks(values):
        marks = ", ".join([mark] * len(chunk))
        found = connection.exec_driver_sql(
            f"SELECT value, record FROM known WHERE value IN ({marks})", tuple(chunk)
        )
        yield from ((str(value), int(record)) for value, record in found)


def _chunks(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"


if __name__ == "__main__":
    own, word, more = sys.argv[1:]
    tell(rows=copy(own, more) if word == "from" else change(own, word, int(more)))
