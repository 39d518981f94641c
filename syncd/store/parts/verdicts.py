"""What people said of operations' contents: approved or discarded, for every operation with that content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import delete, select

from syncd.store.tables import verdicts
from syncd.store.transaction import Transaction, chunks

Verdict = Literal["approved", "discarded"]


class Verdicts:
    """The verdicts of one transaction; Operations inherits them."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def approve(self, contents: Iterable[str], by: str) -> None:
        """Say yes to these contents."""
        self._say("approved", contents, by)

    def discard(self, contents: Iterable[str], by: str) -> None:
        """Say no to these contents: they stay held until golden changes."""
        self._say("discarded", contents, by)

    def forget(self, contents: Iterable[str]) -> None:
        """Take verdicts back."""
        for chunk in chunks(contents):
            self._tx.execute(delete(verdicts).where(verdicts.c.content.in_(chunk)))

    def verdicts(self, contents: Iterable[str]) -> dict[str, Verdict]:
        """Return what was said of each of these contents that anything was said of."""
        return {
            row.content: row.verdict
            for chunk in chunks(contents)
            for row in self._tx.execute(
                select(verdicts.c.content, verdicts.c.verdict).where(verdicts.c.content.in_(chunk))
            )
        }

    def _say(self, verdict: Verdict, contents: Iterable[str], by: str) -> None:
        for content in contents:
            self._tx.upsert(verdicts, {"content": content, "verdict": verdict, "by": by, "at": self._tx.now})
