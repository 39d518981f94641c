"""Resolve: each kind of review, and what a person's choice on it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncd.store import Writing
from syncd.sync import decide, people
from syncd.sync.decide import Desk
from syncd.sync.scene import Scene
from syncd.values import Review

Act = Callable[[Desk, Review, str], None]

# `deletion` and `unknown_outcome` are not here: the next pull and the next look read what was said of them.
ACTS: Mapping[str, Act] = {
    "conflict": decide.decide_conflict,
    "clear": decide.decide_clear,
    "bounce": decide.decide_bounce,
    "duplicate": decide.decide_duplicate,
    "possible_same": decide.decide_possible,
    "shared_email": decide.decide_shared,
    "shared_phone": decide.decide_shared,
    "same_email": people.decide_same_email,
    "stamp": people.decide_stamp,
    "promotion": decide.decide_promotion,
    "deleted_and_edited": decide.decide_deleted,
    "duplicate_edit": decide.decide_duplicate_edit,
    "limits": decide.decide_limits,
    "mass_change": decide.decide_mass_change,
}


def resolve(tx: Writing, scene: Scene, number: int, choice: str, by: str) -> Review:
    """Resolve one review by a person's choice. Raises UsageError, StaleChoice."""
    review = tx.reviews.resolve(number, choice, by)
    act = ACTS.get(review.kind)
    if act is not None:
        act(Desk(tx, scene, by), review, choice)
    tx.audit.add(by, "resolve review", f"review {number}", {"kind": review.kind, "choice": choice})
    return review
