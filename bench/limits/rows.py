"""A table as wide as a customer, with the payload and its digest, and a customer as a tuple of it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

COLUMNS = ("id", "code", "name", "type", "gender", "birthDate", "contactNumber", "address", "locationName",
           "wardName", "email", "organization", "comments", "taxCode", "retailerId", "branchId", "createdDate",
           "modifiedDate", "groups", "rewardPoint", "debt", "totalInvoiced", "totalRevenue")  # fmt: skip
NUMBERS = frozenset({"id", "type", "gender", "retailerId", "branchId", "rewardPoint", "debt", "totalInvoiced",
                     "totalRevenue"})  # fmt: skip
ALL = (*COLUMNS, "payload", "digest")


def create_table() -> str:
    """Return the statement that makes the table."""
    columns = ", ".join(f'"{name}" {_type(name)}' for name in COLUMNS[1:])
    return f'CREATE TABLE customers ("id" BIGINT PRIMARY KEY, {columns}, payload TEXT, digest TEXT)'


def upsert(mark: str) -> str:
    """Return the statement that inserts a row or, where its digest differs, changes it."""
    names = ", ".join(f'"{name}"' for name in ALL)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in ALL[1:])
    values = ", ".join([mark] * len(ALL))
    return (
        f"INSERT INTO customers ({names}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {changes} "
        "WHERE excluded.digest <> customers.digest"
    )


def row_of(shown: dict[str, Any]) -> tuple[Any, ...]:
    """Return a customer as a tuple."""
    values = [shown.get(name) for name in COLUMNS]
    values[4] = None if values[4] is None else int(values[4])
    return (*values, orjson.dumps(shown).decode(), digest_of(shown))


def digest_of(shown: dict[str, Any]) -> str:
    """Return what tells an unchanged customer."""
    return hashlib.blake2b(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _type(name: str) -> str:
    return "DOUBLE PRECISION" if name in NUMBERS else "TEXT"
