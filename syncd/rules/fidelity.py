"""Fidelity: what a vendor makes of the values it is given, learnt from what was sent and what was shown right after.

Nobody documents it. Only what is seen is said: a habit counts once it was seen and nothing since has contradicted it,
and a preview shows a value as the vendor will show it, or as it is where nothing is known. No value is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from syncd.customer import fold, renders, same, squash, tidy

CASES: Mapping[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "title": str.title}
TRIMS, PLAIN, CUTS, DROPS, REFORMATS = "trims", "plain", "cuts", "drops", "reformats"


@dataclass(frozen=True, slots=True)
class Habit:
    """What one field of one connection was seen to do.

    `does` is upper, lower, title, trims, plain (accents go), cuts, drops, reformats, or "" where all was kept.
    `length` is what a value was cut to. `seen` counts how often it was seen, `kept` how often a value came back as sent.
    """

    does: str = ""
    length: int = 0
    seen: int = 0
    kept: int = 0


def observed(name: str, sent: str, shown: str | None, region: str | None = None) -> tuple[str, int]:
    """Return what a vendor made of one value and the length it was cut to; ("", 0) where it was kept."""
    text = shown or ""
    if text == sent:
        return "", 0
    if not text.strip():
        return (DROPS, 0) if sent.strip() else ("", 0)
    for word, change in CASES.items():
        if text == change(sent):
            return word, 0
    if text == sent.strip() or tidy(text) == tidy(sent):
        return TRIMS, 0
    if len(text) < len(sent) and sent.startswith(text):
        return CUTS, len(text)
    if text == fold(sent):
        return PLAIN, 0
    known = (
        same(name, sent, shown, region) or renders(name, sent, shown, region) or squash(text) == squash(sent)
    )
    return (REFORMATS, 0) if known else ("", 0)


def learnt(habit: Habit, name: str, sent: str, shown: str | None, region: str | None = None) -> Habit:
    """Return a habit after one more write: confirmed, replaced by what was seen now, or as it was.

    A value that cannot tell (one that is upper case already, or short enough not to be cut) changes no habit.
    """
    does, length = observed(name, sent, shown, region)
    if does and does == habit.does:
        return replace(habit, length=max(length, habit.length), seen=habit.seen + 1)
    if does:
        return replace(habit, does=does, length=length, seen=1)
    if shown != sent:
        return habit
    denied = bool(habit.does) and foreseen(habit, sent) != sent
    return (
        replace(habit, does="", length=0, seen=0, kept=1) if denied else replace(habit, kept=habit.kept + 1)
    )


def foreseen(habit: Habit, text: str) -> str:
    """Return how a vendor will show a value, as far as that can be known."""
    if habit.does in CASES:
        return CASES[habit.does](text)
    if habit.does == CUTS:
        return text[: habit.length]
    simple = {TRIMS: tidy(text), PLAIN: fold(text), DROPS: ""}
    return simple.get(habit.does, text)


def read_habit(document: Mapping[str, object]) -> Habit:
    """Return a habit from what is stored of it."""
    numbers = {name: _number(document.get(name)) for name in ("length", "seen", "kept")}
    return Habit(str(document.get("does", "")), **numbers)


def _number(stored: object) -> int:
    return stored if isinstance(stored, int) else 0
