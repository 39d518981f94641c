"""A target of the Singer SDK's own SQL sink, which only inserts: `singer_sqlite.py --config FILE`.

The target for SQLite that the package index has is of 2019 and does not start under today's Python.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from singer_sdk import typing as th
from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget


class Connector(SQLConnector):
    """The way into a file."""

    allow_column_alter = True


class Sink(SQLSink[Connector]):
    """Where records go in batches."""

    connector_class = Connector
    max_size = 10_000


class File(SQLTarget):
    """A target on an SQLite file."""

    name = "target-sqlite"
    config_jsonschema = th.PropertiesList(
        th.Property("sqlalchemy_url", th.StringType, required=True)
    ).to_dict()
    default_sink_class = Sink


if __name__ == "__main__":
    sqlite3.register_adapter(
        Decimal, float
    )  # the SDK reads numbers as decimals, which the driver does not know
    File.cli()
