"""Made: which unlinked records a create of unknown outcome may have made.

They are left alone until a look decides. What a listing has shown of one is noted with the create, because a person may
give that record another e-mail before it is looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from syncd.customer import fold, names_agree
from syncd.store import Writing
from syncd.values import NOTED, Operation, Record, Sketch


def may_have_made(operation: Operation, record: Record | Sketch) -> bool:
    """Tell whether a create may have made an unlinked record of its connection, as it is or as it was first shown."""
    return is_noted(operation, record) or shares(operation, record)


def is_noted(operation: Operation, record: Record | Sketch) -> bool:
    """Tell whether a listing has shown a record that shared what a create sent, and still goes by the name sent."""
    if record.vendor_id not in operation.progress.get(NOTED, ()):
        return False
    sent = {name: after for name, (_, after) in operation.draft.fields.items()}
    shown = {name: record.value(name) for name in ("first_name", "last_name", "full_name")}
    return names_agree(sent, shown)


def note(tx: Writing, shown: Mapping[str, Collection[str]]) -> None:
    """Note with creates, by their ids, the vendor ids of records that they may have made."""
    for operation in filter(None, map(tx.operations.get, shown)):
        if operation.state == "unknown":
            _save(tx, operation, {*operation.progress.get(NOTED, ()), *shown[operation.id]})


def rename_noted(tx: Writing, connection: str, old: str, new: str) -> None:
    """Follow a vendor whose ids are e-mails: what was noted under an old id goes by another one."""
    for operation in tx.operations.open_creates(connection):
        noted = set(operation.progress.get(NOTED, ()))
        if old in noted:
            _save(tx, operation, noted - {old} | {new})


def _save(tx: Writing, operation: Operation, noted: Collection[str]) -> None:
    operation.progress = {**operation.progress, NOTED: sorted(noted)}
    tx.operations.save([operation])


def shares(operation: Operation, record: Record | Sketch) -> bool:
    """Tell whether a record carries the stamp, the e-mail, the phone or the name that a create sent.

    The name counts where the record shows neither e-mail nor phone: a create of several requests may have ended
    before the one that carries them.
    """
    sent = {name: after for name, (_, after) in operation.draft.fields.items()}
    if operation.draft.stamp and record.value("external_id") == operation.draft.stamp:
        return True
    keys = {value for _, value in record.keys}
    told = [sent[name].strip().lower() for name in ("email", "phone") if sent.get(name)]
    if any(value in keys or value == record.value("phone") for value in told):
        return True
    if told and (record.value("email") or record.value("phone")):
        return False
    return bool(called(sent)) and fold(called(sent)) in _names(record)


def called(sent: Mapping[str, str]) -> str:
    """Return the name under which what a create sent would be listed."""
    parts = " ".join(filter(None, (sent.get("first_name"), sent.get("last_name"))))
    return sent.get("company") or sent.get("full_name") or parts


def _names(record: Record | Sketch) -> set[str]:
    parts = f"{record.value('first_name')} {record.value('last_name')}"
    return {fold(name) for name in (record.value("company"), record.value("full_name"), parts)}
