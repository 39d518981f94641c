"""Attempts: what one try at an operation taught, and what its failure proves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from syncd.errors import AlreadyThere, Forbidden, Malformed, Missing, Rejected, Unanswered
from syncd.values import Shown


@dataclass(slots=True)
class Attempt:
    """What was learnt while an operation was under way.

    `answered`: a write was answered with success. `answer` is the record as that answer showed it, `shown` what
    the look after it showed, `answers` whether the two were the same.
    """

    began: datetime | None = None
    answered: bool = False
    answer: Shown | None = None
    shown: Shown | None = None
    answers: bool | None = None
    found: tuple[Shown, ...] = field(default_factory=tuple)


def is_doubt(problem: BaseException) -> bool:
    """Tell whether nobody knows if the request was processed."""
    return isinstance(problem, (Unanswered, Malformed))


def is_refusal(problem: BaseException) -> bool:
    """Tell whether the vendor refused this content, so that sending it again is useless."""
    return isinstance(problem, (Rejected, AlreadyThere, Forbidden, Missing))
