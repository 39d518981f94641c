"""What was erased on request: only keyed hashes, so that no later pull and no restored backup brings it back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from syncd.store.office import erasures
from syncd.store.transaction import Transaction, chunks


class Erasures:
    """The erasures in one transaction. The caller makes the hashes, with a key of its own."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def add(self, digests: Iterable[bytes]) -> None:
        """Remember what was erased."""
        for digest in digests:
            statement = self._tx.insert(erasures).values(digest=digest, at=self._tx.now)
            self._tx.execute(statement.on_conflict_do_nothing())

    def known(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of these hashes that were erased."""
        return {
            row.digest
            for chunk in chunks(digests)
            for row in self._tx.execute(select(erasures.c.digest).where(erasures.c.digest.in_(chunk)))
        }

    def any(self) -> bool:
        """Tell whether anything was ever erased."""
        return self._tx.execute(select(erasures.c.digest).limit(1)).first() is not None
