"""Erase: a person asks to be forgotten.

Rows, payloads and journal values go; keyed hashes of (connection, vendor id) and (e-mail, name) stay, so that neither
the next pull nor a restored backup brings the person back. What is to be done at each vendor is listed: syncd deletes
nothing there by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.customer import email_key, fold, full_name
from syncd.errors import UsageError
from syncd.store import Reading, Writing
from syncd.sync.parting import refuse_while_created
from syncd.values import Newcomer, Record


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased here, and what is left to do at each vendor."""

    customer: str
    records: int
    steps: tuple[str, ...]


def erase(tx: Writing, customer_id: str, titles: Mapping[str, str], by: str) -> Erased:
    """Forget a customer and everything known of this person. Raises UsageError.

    `titles` maps a connection to its vendor's name, for the list of what to do there.
    """
    found = tx.customers.load([customer_id]).get(customer_id)
    if found is None:
        raise UsageError(f"There is no customer {customer_id}.", "`syncd customers list` shows them.")
    ids = [found.id, *tx.customers.aliases(found.id)]
    refuse_while_created(tx, ids)
    records = tx.records.of_customers([found.id]).get(found.id, [])
    records += _unlinked(tx, {record_name(record) for record in records})
    key = _key(tx)
    names = [record_name(record) for record in records]
    tx.erasures.add(_digests(key, records, names))
    tx.records.delete([record.id for record in records if record.id is not None])
    tx.holds.replace(ids, [], "")
    named = _ever_named(tx, ids, records)
    tx.operations.delete_of(ids)
    tx.operations.forget_noted(named)
    tx.reviews.delete_of(ids, named)
    tx.runs.forget(ids, named)
    tx.answers.delete_of(ids)
    tx.decisions.forget(ids, named)
    words = {email for email, _ in names} | {vendor_id for _, vendor_id in named if "@" in vendor_id}
    tx.audit.forget(named, {word for word in words | _told(records) if word})
    tx.customers.delete(ids)
    tx.audit.add(by, "erase", found.id, {"records": len(records)})
    steps = tuple(
        f"{record.connection}: delete customer {record.vendor_id} in {titles.get(record.connection, 'the vendor')}."
        for record in records
        if record.state != "gone"
    )
    return Erased(found.id, len(records), steps)


def _unlinked(tx: Reading, names: set[tuple[str, str]]) -> list[Record]:
    """Return records that wait for a customer and are this person's by e-mail and name."""
    met = tx.records.by_keys({("email", email) for email, _ in names if email})
    alike = {record.key: record for records in met.values() for record in records}
    return [record for record in alike.values() if record.customer is None and record_name(record) in names]


def _ever_named(tx: Reading, ids: Iterable[str], records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return by what the records are known or, where a vendor's ids are e-mails, may have been known before."""
    rows = [row for each in ids for row in tx.journal.of(each) if row.slot == "email"]
    emails = {text for row in rows for said in (row.before, row.after) for text in said.values() if text}
    connections = {record.connection for record in records}
    former = {(connection, email) for connection in connections for email in emails}
    return sorted(former | {record.key for record in records})


def _told(records: Iterable[Record]) -> set[str]:
    """Return the whole names of records as somebody may have searched for them."""
    parts = ("first_name", "last_name", "full_name")
    return {full_name({part: record.value(part) for part in parts}).casefold() for record in records}


def record_name(record: Record | Newcomer) -> tuple[str, str]:
    """Return the e-mail and the folded name under which a record would be recognised again."""
    name = full_name({part: record.value(part) for part in ("first_name", "last_name", "full_name")})
    return email_key(record.value("email")), fold(name)


def is_erased(tx: Reading, key: bytes, records: Iterable[Record | Newcomer]) -> set[tuple[str, str]]:
    """Return the keys of those records whose person was erased."""
    digests: dict[bytes, tuple[str, str]] = {}
    for record in records:
        for digest in _digests(key, [record], [record_name(record)]):
            digests[digest] = record.key
    return {digests[digest] for digest in tx.erasures.known(digests)}


def without_erased(tx: Reading, records: Sequence[Record]) -> list[Record]:
    """Leave out new records of people who asked to be forgotten: however they are met, they are not taken in again."""
    key = erasure_key(tx)
    if key is None:
        return list(records)
    erased = is_erased(tx, key, [record for record in records if record.id is None])
    return [record for record in records if record.key not in erased]


def erasure_key(tx: Reading) -> bytes | None:
    """Return the key of the hashes, None where nothing was ever erased."""
    said = tx.meta.get("erasure_key")
    return bytes.fromhex(said) if said and tx.erasures.any() else None


def _key(tx: Writing) -> bytes:
    said = tx.meta.get("erasure_key")
    if said is None:
        said = secrets.token_hex(32)
        tx.meta.set("erasure_key", said)
    return bytes.fromhex(said)


def _digests(
    key: bytes, records: Iterable[Record | Newcomer], names: Iterable[tuple[str, str]]
) -> list[bytes]:
    told = [f"record\0{record.connection}\0{record.vendor_id}" for record in records]
    told += [f"person\0{email}\0{name}" for email, name in names if email]
    return [hmac.new(key, text.encode(), hashlib.sha256).digest() for text in dict.fromkeys(told)]
