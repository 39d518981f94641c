"""The questions that every run asks of the operations, each built once.

Building such a statement costs several times what SQLite takes to answer it; so what a question is asked with is
bound, and a filtered listing is built once for each set of filters.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from syncd.store.tables import IS_OPEN, operations
from syncd.values import UNDER_WAY

_c: Final = operations.c
_ALL: Final = select(operations)

Question = Select[*tuple[Any, ...]]


def _is(name: str) -> ColumnElement[bool]:
    return _c[name] == bindparam(name)


def _is_past(name: str) -> ColumnElement[bool]:
    return or_(_c[name].is_(None), _c[name] <= bindparam("now"))


ONE: Final = _ALL.where(_is("id"))
OF_RUN: Final = _ALL.where(_is("run")).order_by(_c.id)
OPEN_OF: Final = _ALL.where(_c.customer.in_(bindparam("customers", expanding=True)), IS_OPEN).order_by(_c.id)
OPEN_ON_RECORDS: Final = _ALL.where(
    _is("connection"),
    _c.vendor_id.in_(bindparam("vendor_ids", expanding=True)),
    IS_OPEN,
    _c.state.in_(bindparam("states", expanding=True)),
).order_by(_c.id)
OPEN_CREATES: Final = _ALL.where(
    _is("connection"), IS_OPEN, _c.state.in_(UNDER_WAY), _c.kind == "create"
).order_by(_c.id)
READY: Final = (
    _ALL.where(_is("connection"), _c.state == "planned", IS_OPEN, _is_past("not_before"))
    .order_by(_c.id)
    .limit(bindparam("limit"))
)
UNKNOWN_DUE: Final = _ALL.where(
    _is("connection"), _c.state == "unknown", IS_OPEN, _is_past("settle_at")
).order_by(_c.id)
STRANDED: Final = _ALL.where(_c.state == "sent", IS_OPEN, _is_past("intent_at")).order_by(_c.id)


@lru_cache(maxsize=64)
def listing(filters: tuple[str, ...], *, in_states: bool, only_open: bool, after: bool) -> Question:
    """Return the listing that these columns, the states and the last id seen narrow down, newest first."""
    statement = _ALL.where(*map(_is, filters))
    if in_states:
        statement = statement.where(_c.state.in_(bindparam("states", expanding=True)))
    if only_open:
        statement = statement.where(IS_OPEN)  # in these words SQLite takes the index of what is open
    if after:
        statement = statement.where(_c.id < bindparam("after"))
    return statement.order_by(_c.id.desc()).limit(bindparam("limit"))
