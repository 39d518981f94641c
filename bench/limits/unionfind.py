"""The clustering alone: keys out of a store, union-find in memory, clusters into a table: `… unionfind STORE`.

It reads the keys that syncd keeps and joins whatever shares an e-mail; nothing is judged and nothing decided.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from sqlalchemy import create_engine

from bench.limits.listing import tell


def clusters(keys: Iterable[tuple[str, int]]) -> dict[int, int]:
    """Return the cluster of every record that has a key."""
    parent: dict[int, int] = {}
    first: dict[str, int] = {}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    for value, record in keys:
        mine = root(parent.setdefault(record, record))
        other = root(first.setdefault(value, record))
        parent[max(mine, other)] = min(mine, other)
    return {record: root(record) for record in parent}


def main(store: str) -> int:
    """Cluster a store's records and return how many clusters there are."""
    engine = create_engine(store)
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    with engine.begin() as connection:
        found = clusters(
            connection.exec_driver_sql("SELECT value, record FROM keys WHERE kind = 'email'").tuples()
        )
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE clusters (record BIGINT PRIMARY KEY, cluster BIGINT)"
        )
        connection.exec_driver_sql(f"INSERT INTO clusters VALUES ({mark}, {mark})", list(found.items()))
    return len(set(found.values()))


if __name__ == "__main__":
    began = time.process_time()
    count = main(sys.argv[1])
    tell(clusters=count, work=time.process_time() - began)
