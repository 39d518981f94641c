"""Small records, drafts and operations for tests to start from."""

from __future__ import annotations

from syncd.values import Draft, Operation, OperationKind, Record, Shadow, Statement
from tests.store.conftest import NOON


def record(connection: str, vendor_id: str, email: str = "lan@example.com") -> Record:
    """Return a record that shows an e-mail and was stored on first sight."""
    statement = Statement(connection, vendor_id, "email", {"email": email}, "initial", 1, new_seen=NOON)
    shadow = Shadow(seen={"email": email}, acked={"email": email}, stated={"email": statement})
    return Record(connection, vendor_id, shadow)


def draft(connection: str, customer: str, vendor_id: str | None, kind: OperationKind = "update") -> Draft:
    """Return what is to be written: another phone number."""
    fields = {"phone": ("+84900000000", "+84912345678")}
    return Draft(
        connection, kind, customer, fields, {"phone": 7}, "edit in shop", vendor_id, "x-1", ("phone",)
    )


def operation(
    connection: str = "crm",
    customer: str = "x-1",
    vendor_id: str | None = "1",
    kind: OperationKind = "update",
    state: str = "planned",
) -> Operation:
    """Return an operation that is not stored yet."""
    planned = draft(connection, customer, vendor_id, kind)
    return Operation("", planned, state, f"{connection} {customer} {kind}", "run-1", ("customer",))
