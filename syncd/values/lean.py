"""Frozen values that cost no more to make than others.

A frozen dataclass fills itself through `object.__setattr__`, field by field, which costs more than twice as much: 1.8 µs
for a statement instead of 0.7, and a first load makes a dozen for each record. What is made so often is frozen for mypy,
which reads every line that could change it, and not once more whenever it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as lean
else:

    def lean(*, frozen, slots):
        """Make a dataclass that compares and hashes like a frozen one."""
        return dataclass(unsafe_hash=frozen, slots=slots)


__all__ = ["lean"]
