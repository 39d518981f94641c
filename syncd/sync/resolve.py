"""Resolve: each kind of review, and what a person's choice on it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncd.store import Writing
from syncd.sync import approvals, decide, kinship, people, same
from syncd.sync.decide import Desk
from syncd.sync.scene import Scene
from syncd.values import Review

Act = Callable[[Desk, Review, str], None]

# `deletion` and `unknown_outcome` are not here: the next pull and the next look read what was said of them.
ACTS: Mapping[str, Act] = {
    "conflict": decide.decide_conflict,
    "clear": decide.decide_clear,
    "bounce": decide.decide_bounce,
    "duplicate": kinship.decide_duplicate,
    "possible_same": same.decide_possible,
    "shared_email": same.decide_shared,
    "shared_phone": same.decide_shared,
    "same_email": same.decide_same_email,
    "stamp": people.decide_stamp,
    "promotion": kinship.decide_promotion,
    "deleted_and_edited": kinship.decide_deleted,
    "duplicate_edit": kinship.decide_duplicate_edit,
    "limits": approvals.decide_limits,
    "mass_change": approvals.decide_mass_change,
}


def resolve(tx: Writing, scene: Scene, number: int, choice: str, by: str) -> Review:
    """Resolve one review by a person's choice. Raises UsageError, StaleChoice."""
    review = tx.reviews.resolve(number, choice, by)
    act = ACTS.get(review.kind)
    if act is not None:
        act(Desk(tx, scene, by), review, choice)
    tx.audit.add(by, "resolve review", f"review {number}", {"kind": review.kind, "choice": choice})
    return review
