"""Where what must outlive the process rests: access tokens, spent budgets, and vendors' wishes to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Shelf(Protocol):
    """Texts by key; whoever keeps them encrypts them. Safe for any number of threads and processes."""

    def get(self, key: str) -> str | None:
        """Return what rests there, None where there is nothing, or nothing any more."""

    def update(self, key: str, change: Callable[[str | None], str], seconds: float) -> str:
        """Put what `change` makes of the text there in its place, for so long, in one transaction; return it."""
