"""Passwords: which ones are accepted, how they are kept, and how they are compared.

Refused is what is among the thirty thousand passwords chosen most often [zxcvbn's list], and what is little more than
rows of keys, repetitions and tired words. Kept as argon2id with the parameters of [RFC 9106, second recommendation]
(64 MiB, three passes). At most two are computed at once, so that a flood of guesses costs neither the memory nor the
processor of the daemon.
"""

from __future__ import annotations

import threading
import unicodedata
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from syncd.errors import UsageError

SHORTEST = 12
LONGEST = 256

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_turns = threading.BoundedSemaphore(2)
_ROWS = (
    "qwertzuiop",
    "qwertyuiop",
    "azertyuiop",
    "asdfghjkl",
    "yxcvbnm",
    "zxcvbnm",
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
)
_TIRED = (
    "password",
    "passwort",
    "motdepasse",
    "contrasena",
    "matkhau",
    "wachtwoord",
    "welcome",
    "letmein",
    "iloveyou",
    "admin",
    "syncd",
    "changeme",
    "secret",
)


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _turns:
        return _hasher.hash(_form(password))


def matches(kept: str | None, password: str) -> bool:
    """Return whether a password is the kept one; takes as long where there is no such user."""
    with _turns:
        try:
            _hasher.verify(kept or _nobody(), _form(password))
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Return whether a kept password was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def accept(password: str, user: str) -> None:
    """Raise UsageError where a new password is too short or too easy to guess; nothing else is asked of it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"A password has {SHORTEST} to {LONGEST} characters.",
            "Four words that come to nobody else's mind will do.",
        )
    if common(password) or easy(password, user):
        raise UsageError(
            "That password is easy to guess.", "Take four words that come to nobody else's mind."
        )


def common(password: str) -> bool:
    """Return whether a password is one of those that people choose most often."""
    # read here, because a tenth of a second is too much for a start
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return _form(password).casefold() in FREQUENCY_LISTS["passwords"]


def easy(password: str, user: str) -> bool:
    """Return whether little is left of a password without rows of keys, repetitions and the words people tire to."""
    left = _form(password).casefold()
    for word in (*_TIRED, user.casefold()):
        left = left.replace(word, "") if len(word) > 2 else left
    return len(set(left)) < 5 or _unrowed(left) < 6


def _unrowed(text: str) -> int:
    """Return how many characters do not follow their neighbour on a row of keys or in the alphabet."""
    rows = " ".join((*_ROWS, *(row[::-1] for row in _ROWS)))
    return sum(1 for a, b in pairwise(text) if a != b and a + b not in rows)


def _form(password: str) -> str:
    # keyboards differ in whether they compose accents
    return unicodedata.normalize("NFC", password)


def _nobody() -> str:
    if not _nobody_kept:
        _nobody_kept.append(_hasher.hash("nobody has this password"))
    return _nobody_kept[0]


_nobody_kept: list[str] = []
