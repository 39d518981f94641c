"""PostgreSQL's COPY for the rows of a page: half the client's time of an executed row, and a round trip for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from syncd.store.transaction import Row, Transaction


def copy_upsert(
    tx: Transaction, table: str, columns: Sequence[str], rows: Sequence[Row], on_conflict: str
) -> None:
    """Copy rows into a temporary table of this connection, and from there into `table` in one statement."""
    names = ", ".join(columns)
    staged = f"incoming_{table}"
    tx.change(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} ON COMMIT DELETE ROWS "
        f"AS SELECT {names} FROM {table} WITH NO DATA"
    )
    copy_rows(tx, staged, columns, rows)
    tx.change(f"INSERT INTO {table} ({names}) SELECT {names} FROM {staged} {on_conflict}")
    tx.change(f"DELETE FROM {staged}")


def copy_rows(tx: Transaction, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Copy rows into a table."""
    if not rows:
        return
    driver: Any = tx.connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
