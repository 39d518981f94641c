"""A shelf for what vendors' connections remember between two starts: access tokens, spent budgets, waits.

With a key everything on it is encrypted (Fernet), so that a copy of the store alone opens no vendor's door. Several
keys, one a line, let a key be changed: the first one encrypts, all of them decrypt. What no key opens is forgotten.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from syncd.store.store import Store
from syncd.store.subjects import Writing

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

FERNET = "gAAAA"  # how everything that Fernet has encrypted begins: its version, and the first bits of a time


class Shelf:
    """Texts by key in the store; each is forgotten when its time is over."""

    def __init__(self, store: Store, secret: str = "") -> None:
        self._store = store
        self._cipher = _cipher(secret)

    def get(self, key: str) -> str | None:
        """Return what rests there, None where there is nothing, nothing any more, or nothing that can be opened."""
        with self._store.look() as tx:
            return self._opened(tx.tokens.get(key))

    def update(self, key: str, change: Callable[[str | None], str], seconds: float) -> str:
        """Put what `change` makes of the text there in its place, for so long, in one transaction; return it."""

        def unit(tx: Writing) -> str:
            text = change(self._opened(tx.tokens.get(key)))
            tx.tokens.set(key, self._closed(text), tx.now + timedelta(seconds=seconds))
            return text

        return self._store.do(unit)

    def _closed(self, text: str) -> str:
        return self._cipher.encrypt(text.encode()).decode() if self._cipher else text

    def _opened(self, kept: str | None) -> str | None:
        if kept is None or (self._cipher is None) != (not kept.startswith(FERNET)):
            return None  # it was kept before there was a key, or while there was one
        if self._cipher is None:
            return kept
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher.decrypt(kept.encode()).decode()
        except InvalidToken:
            return None


def _cipher(secret: str) -> MultiFernet | None:
    words = secret.split()
    if not words:
        return None
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(urlsafe_b64encode(sha256(word.encode()).digest())) for word in words])
