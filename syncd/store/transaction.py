"""One transaction, and how its statements are said on either database.

Hot statements are plain SQL fed with tuples: a row through the driver costs a half to a third of one through
SQLAlchemy's Core, and a twentieth of one through its ORM. Their text is written once with `?` for a value; lists go
in as one value (`among`), so that a statement stays the same whatever their length and each database goes through
the index. Everything else is Core.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Table
from sqlalchemy.dialects import sqlite

from syncd.store.columns import written

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

T = TypeVar("T")
Row = Sequence[Any]
# Any number serves, as long as every syncd takes the same one and nobody else's program does.
_TURN: Final = 0x73796E6365

# How many values go into one look-up, and how many rows come at a time out of a long one.
CHUNK: Final = 1_000
_STREAMED: Final = 2_000
# Without it SQLAlchemy forgets how many rows an INSERT added once the cursor is closed.
_COUNTED: Final = {"preserve_rowcount": True}


class Transaction:
    """A transaction on one connection, at one time of the clock."""

    __slots__ = ("connection", "is_postgres", "now")

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.is_postgres = connection.dialect.name == "postgresql"

    def wait_for_turn(self) -> int | None:
        """Let no other unit write before this transaction ends, so that what was read here is still true then.

        SQLite lets one write at a time by itself. PostgreSQL, at READ COMMITTED, would let two units read the same
        row and the second one write over what the first one wrote, without a word. Returns PostgreSQL's number of this
        transaction, by which `has_committed` knows it later.
        """
        if not self.is_postgres:
            return None
        return int(self.rows("SELECT txid_current(), pg_advisory_xact_lock(?)", _TURN)[0][0])

    def end_silent_writers(self, silence: timedelta) -> None:
        """Have PostgreSQL end whoever has the turn to write and began its last message longer than `silence` ago.

        A process that was stopped keeps its turn. The server's own limits end it only between two statements: one that
        stands in the middle of a COPY or of a pipeline of them counts as busy for ever, though nothing comes from it
        [PostgreSQL documentation, 20.11.1: a statement's time ends with its Execute, an idle one's begins with the
        Sync]. What it had written is taken back, and if it wakes up it does it again, or is refused. So does whoever
        lives, and sends a COPY for longer than that.
        """
        if not self.is_postgres:
            return
        asked = """
            SELECT pg_terminate_backend(pid)
            FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND granted AND classid = ? AND objid = ? AND objsubid = 1
            AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
            AND wait_event IN ('ClientRead', 'ClientWrite') AND state_change < clock_timestamp() - ?::interval
        """
        # what was seen earlier in this transaction is shown again otherwise
        self.rows("SELECT pg_stat_clear_snapshot()")
        self.rows(asked, _TURN >> 32, _TURN & 0xFFFFFFFF, silence)

    def has_committed(self, number: int) -> bool:
        """Tell whether an earlier transaction, which had its turn and is over, was committed."""
        # a server that took over from a lost one may not have come as far: of a later number it would only say so
        asked = "SELECT CASE WHEN ?::bigint < txid_current() THEN txid_status(?::bigint) END"
        return bool(self.rows(asked, number, number)[0][0] == "committed")

    # --- SQL with `?` -------------------------------------------------------------------------

    def rows(self, sql: str, *values: Any) -> Sequence[Row]:
        """Return all rows of a query, as the driver has them: rows of SQLAlchemy's own cost as much again."""
        result = self._driven(sql, values)
        rows: Sequence[Row] = result.cursor.fetchall()
        result.close()
        return rows

    def row(self, sql: str, *values: Any) -> Row | None:
        """Return the first row of a query, None where there is none."""
        return self._driven(sql, values).fetchone()

    def streamed(self, sql: str, *values: Any) -> Iterator[Row]:
        """Yield the rows of a long query without holding them all."""
        options = {"stream_results": True, "max_row_buffer": _STREAMED}
        result = self.connection.exec_driver_sql(self._said(sql), values, execution_options=options)
        with result:
            for part in result.partitions(_STREAMED):
                yield from part

    def change(self, sql: str, *values: Any) -> int:
        """Execute one statement and return how many rows it changed."""
        said = self._said(sql)
        return int(self.connection.exec_driver_sql(said, values, execution_options=_COUNTED).rowcount)

    def each(self, sql: str, rows: Sequence[Row]) -> None:
        """Execute one statement for each row of values."""
        if rows:
            self.connection.exec_driver_sql(self._said(sql), list(rows))

    def among(self, column: str) -> str:
        """Return the condition that a column's value is in the list given as `listed(values)`."""
        return f"{column} = ANY(?)" if self.is_postgres else f"{column} IN (SELECT value FROM json_each(?))"

    def listed(self, values: Collection[Any]) -> Any:
        """Return values as the one value that `among` expects."""
        return list(values) if self.is_postgres else written(list(values))

    def through(self, table: str, index: str) -> str:
        """Return a table as a query names it that SQLite must answer through an index; PostgreSQL finds it itself."""
        return table if self.is_postgres else f"{table} INDEXED BY {index}"

    def _driven(self, sql: str, values: tuple[Any, ...]) -> CursorResult[Any]:
        return self.connection.exec_driver_sql(self._said(sql), values)

    def _said(self, sql: str) -> str:
        return _for_psycopg(sql) if self.is_postgres else sql

    # --- Core ---------------------------------------------------------------------------------

    def execute(self, statement: Executable, bound: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        """Execute a Core statement, with the values of what is bound in it."""
        result: CursorResult[Any] = self.connection.execute(statement, bound, execution_options=_COUNTED)
        return result

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """Return this database's INSERT, which knows ON CONFLICT."""
        return _insert(table, self.is_postgres)

    def upsert(self, table: Table, row: dict[str, Any]) -> None:
        """Insert a row, or replace all but the key of the one that is there."""
        self.execute(_upsert(table, tuple(row), self.is_postgres), row)


def _insert(table: Table, is_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    if not is_postgres:
        return sqlite.insert(table)
    # a tenth of what a command on SQLite costs to start
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@lru_cache(maxsize=64)
def _upsert(table: Table, names: tuple[str, ...], is_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    """Return the statement that inserts or replaces these columns, built once: that costs more than to execute it."""
    insert = _insert(table, is_postgres)
    key = [column.name for column in table.primary_key]
    kept = {name: insert.excluded[name] for name in names if name not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=kept)


@lru_cache(maxsize=512)
def _for_psycopg(sql: str) -> str:
    # No statement of the store holds a question mark or a percent sign of its own.
    return sql.replace("?", "%s")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield values in lists of at most `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
