"""Reviews: what only a person should decide.

A question is open once per kind and subject, by index, and is never asked again with the evidence it was resolved
upon.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, update

from syncd.errors import StaleChoice, UsageError
from syncd.store.columns import sorted_document
from syncd.store.parts.naming import Named
from syncd.store.tables import reviews
from syncd.store.transaction import Transaction, chunks
from syncd.values import RecordKey, Review

_c: Final = reviews.c

# Named here, because inside the class `list` is its listing.
Listed = list[Review]
Ids = list[int]


class Reviews:
    """The reviews of one transaction."""

    __slots__ = ("_tx",)

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def open(self, asked: Sequence[Review], run: str) -> Ids:
        """Ask what is not being asked and was not resolved upon this evidence; return the ids of the new ones.

        A question that is open already gets the newest evidence and choices.
        """
        return [number for review in asked if (number := self._ask(review, run)) is not None]

    def close(self, kind: str, subjects: Iterable[str], why: str) -> int:
        """Withdraw open questions that no longer arise; return how many."""
        closed = 0
        for chunk in chunks(subjects):
            statement = update(reviews).where(_c.kind == kind, _c.subject.in_(chunk), _c.state == "open")
            closed += self._tx.execute(
                statement.values(state="closed", closed_at=self._tx.now, why=why)
            ).rowcount
        return closed

    def delete_of(self, customers: Iterable[str], records: Iterable[RecordKey]) -> None:
        """Delete every review about these customers or records for good (erasure)."""
        ids, named = set(customers), Named(records)
        found = [
            row.id
            for row in self._tx.execute(select(_c.id, _c.customer, _c.subject, _c.evidence))
            if row.customer in ids or named.by([row.subject, row.evidence]) or _says_any(row.evidence, ids)
        ]
        for chunk in chunks(found):
            self._tx.execute(delete(reviews).where(_c.id.in_(chunk)))

    def resolve(self, number: int, choice: str, by: str) -> Review:
        """Decide an open question; raise StaleChoice where somebody else did first."""
        review = self.get(number)
        if review is None:
            raise UsageError(f"There is no review {number}.", "`syncd reviews list` shows the open ones.")
        if review.state == "open" and choice not in review.choices:
            raise UsageError(f"{choice!r} is no choice here.", f"Choose one of: {', '.join(review.choices)}.")
        resolved = self._tx.execute(
            update(reviews)
            .where(_c.id == number, _c.state == "open")
            .values(state="resolved", choice=choice, by=by, closed_at=self._tx.now)
        )
        if resolved.rowcount != 1:
            raise StaleChoice(
                f"Review {number} is no longer open.", "Look at it again to see what was decided."
            )
        return self._existing(number)

    def get(self, number: int) -> Review | None:
        """Return a review by its number, None where there is none."""
        row = self._tx.execute(select(reviews).where(_c.id == number)).first()
        return _read(row) if row else None

    def outcome(self, number: int) -> dict[str, Any]:
        """Return when and by which run a review was opened, and how it ended."""
        shown = (_c.run, _c.opened_at, _c.closed_at, _c.choice, _c.by, _c.why)
        row = self._tx.execute(select(*shown).where(_c.id == number)).mappings().first()
        return dict(row) if row else {}

    def list(
        self,
        state: str | None = "open",
        after: int = 0,
        limit: int = 100,
        *,
        kind: str | None = None,
        customer: str | None = None,
    ) -> Listed:
        """Return reviews by number, after one."""
        statement = select(reviews).where(_c.id > after)
        for column, value in ((_c.state, state), (_c.kind, kind), (_c.customer, customer)):
            if value is not None:
                statement = statement.where(column == value)
        return [_read(row) for row in self._tx.execute(statement.order_by(_c.id).limit(limit))]

    def count_open(self, run: str | None = None) -> int:
        """Return how many questions are open, of all or of those that a run asked."""
        statement = select(func.count()).where(_c.state == "open")
        if run is not None:
            statement = statement.where(_c.run == run)
        return self._tx.execute(statement).scalar() or 0

    def open_subjects(self, kind: str) -> set[str]:
        """Return the subjects of the open questions of a kind."""
        found = self._tx.execute(select(_c.subject).where(_c.kind == kind, _c.state == "open"))
        return {row.subject for row in found}

    def _existing(self, number: int) -> Review:
        return _read(self._tx.execute(select(reviews).where(_c.id == number)).one())

    def _ask(self, review: Review, run: str) -> int | None:
        digest = _digest(review)
        answered = select(_c.id).where(
            _c.kind == review.kind,
            _c.subject == review.subject,
            _c.digest == digest,
            _c.state == "resolved",
        )
        if self._tx.execute(answered.limit(1)).first():
            return None
        statement = self._tx.insert(reviews).values(
            **_asked(review, digest), run=run, opened_at=self._tx.now, state="open", choice="", by="", why=""
        )
        added = self._tx.execute(statement.on_conflict_do_nothing().returning(_c.id)).scalar()
        if added is None:
            self._renew(review, digest)
        return added

    def _renew(self, review: Review, digest: bytes) -> None:
        self._tx.execute(
            update(reviews)
            .where(
                _c.kind == review.kind,
                _c.subject == review.subject,
                _c.state == "open",
                _c.digest != digest,
            )
            .values(**_asked(review, digest))
        )


def _says_any(document: Any, words: set[str]) -> bool:
    """Tell whether a document holds one of these words as a whole value, however deep."""
    if isinstance(document, Mapping):
        return any(_says_any(each, words) for each in document.values())
    if isinstance(document, list | tuple):
        return any(_says_any(each, words) for each in document)
    return isinstance(document, str) and document.partition("/")[0] in words


def _asked(review: Review, digest: bytes) -> dict[str, Any]:
    return {
        "kind": review.kind,
        "subject": review.subject,
        "evidence": dict(review.evidence),
        "digest": digest,
        "choices": review.choices,
        "connection": review.connection,
        "customer": review.customer,
    }


def _digest(review: Review) -> bytes:
    return hashlib.blake2b(sorted_document(dict(review.evidence)), digest_size=16).digest()


def _read(row: Row[Any]) -> Review:
    return Review(
        row.kind,
        row.subject,
        row.evidence,
        tuple(row.choices),
        row.connection,
        row.customer,
        row.id,
        row.state,
    )
