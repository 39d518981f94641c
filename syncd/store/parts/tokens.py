"""Vendors' access tokens, kept so that a restart does not spend a new one. The caller encrypts where it has a key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from syncd.store.office import vendor_tokens
from syncd.store.transaction import Transaction


class Tokens:
    """The vendors' tokens in one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def get(self, key: str) -> str | None:
        """Return a token, None where there is none or its time is over."""
        row = self._tx.execute(select(vendor_tokens).where(vendor_tokens.c.key == key)).first()
        if row is None or (row.expires_at is not None and row.expires_at <= self._tx.now):
            return None
        return str(row.value)

    def expires_at(self, key: str) -> datetime | None:
        """Return when a token's time is over, None where there is none or it does not end."""
        return self._tx.execute(select(vendor_tokens.c.expires_at).where(vendor_tokens.c.key == key)).scalar()

    def set(self, key: str, value: str, expires_at: datetime | None) -> None:
        """Keep a token."""
        self._tx.upsert(vendor_tokens, {"key": key, "value": value, "expires_at": expires_at})

    def drop(self, key: str) -> None:
        """Forget a token."""
        self._tx.execute(delete(vendor_tokens).where(vendor_tokens.c.key == key))
