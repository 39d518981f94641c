"""Which statements a store is asked, and how each database would find their rows.

Statements are noted as the driver gets them, with the first values they came with, and explained afterwards on a
store that is large enough for a full scan to be a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

HOT = frozenset({"records", "customers", "keys", "words", "operations", "journal", "holds"})
_TEMPORARY = re.compile(r"\s*CREATE TEMPORARY TABLE", re.IGNORECASE)
_EXPLAINED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_SCAN = re.compile(r"SCAN (?P<name>\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?")


@dataclass(frozen=True, slots=True)
class Scan:
    """A statement that reads a whole table or a whole index."""

    table: str
    index: str  # "" where the table itself is read
    statement: str

    def __str__(self) -> str:
        return f"{self.table} {self.index or '(the table itself)'}: {self.statement}"


@dataclass(slots=True)
class Noted:
    """The statements that were executed, each with the values of its first time."""

    statements: dict[str, Any] = field(default_factory=dict)

    def explained(self, connection: Connection) -> Iterator[Scan]:
        """Yield every scan of a hot table that the statements make on this store."""
        explain = _sqlite_scans if connection.dialect.name == "sqlite" else _postgres_scans
        for statement in filter(_TEMPORARY.match, self.statements):
            connection.exec_driver_sql(statement)
        for statement, values in self.statements.items():
            if _EXPLAINED.match(statement):
                yield from explain(connection, statement, values)


@contextmanager
def noted() -> Iterator[Noted]:
    """Note every statement of every engine meanwhile."""
    found = Noted()

    def note(_c: object, _cursor: object, statement: str, values: Any, _x: object, many: bool) -> None:
        found.statements.setdefault(statement, values[0] if many else values)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _sqlite_scans(connection: Connection, statement: str, values: Any) -> Iterator[Scan]:
    """Read SQLite's plan: SEARCH goes through an index or a key, SCAN through everything [SQLite: EXPLAIN QUERY PLAN]."""
    called = _names(statement)
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
        met = _SCAN.match(row[3])
        if met and called.get(met["name"], met["name"]) in HOT:
            yield Scan(called.get(met["name"], met["name"]), met["index"] or "", " ".join(statement.split()))


def _names(statement: str) -> Mapping[str, str]:
    """Return the tables of a statement by the names that they go by in it."""
    pairs = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)(?:\s+AS)?\s+(\w+)", statement, re.IGNORECASE)
    return {alias: table for table, alias in pairs if table in HOT}


def _postgres_scans(connection: Connection, statement: str, values: Any) -> Iterator[Scan]:
    """Read PostgreSQL's plan with whole-table scans made dear: what still scans has no index it could take."""
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    row = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).one()
    for node in _nodes(row[0][0]["Plan"]):
        table = node.get("Relation Name", "")
        whole = node["Node Type"] in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node
        if table in HOT and (node["Node Type"] == "Seq Scan" or whole):
            yield Scan(table, node.get("Index Name", ""), " ".join(statement.split()))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
