"""What all text has in common: its tidy form, and what two renderings of it share."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SPACES = re.compile(r"\s+")


def tidy(text: str | None) -> str:
    """Return text in NFC without outer white space, "" for None."""
    if not text:
        return ""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", text).strip()


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return text without case, accents, punctuation and doubled spaces: what two renderings have in common."""
    if not text.isascii():
        # Vietnamese Đ has no decomposition, ß and Kelvin sign fold by casefold
        text = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D"))
        text = "".join(c for c in text if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() else " " for c in text.casefold())
    return _SPACES.sub(" ", kept).strip()


def squash(text: str) -> str:
    """Return the folded text without any spaces, for comparing what vendors reformat."""
    return fold(text).replace(" ", "")
