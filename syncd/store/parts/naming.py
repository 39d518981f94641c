"""Naming: whether a stored document speaks of certain records, and how it reads without them.

An erasure has to find every trace of a person and leave everybody else's alone. Most vendor ids are small numbers that
mean nothing by themselves, so that a record is known by its connection and id together; an e-mail address is one by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncd.values import RecordKey

ERASED: Final = "erased"  # stands in the place of an id that is not to be known any more


class Named:
    """Certain records, as documents name them: "crm/1", ["crm", "1"], or by both of their keys."""

    def __init__(self, records: Iterable[RecordKey]) -> None:
        self.keys = frozenset(records)
        self.slashed = tuple(f"{connection}/{vendor_id}" for connection, vendor_id in self.keys)
        self.addresses = frozenset(vendor_id for _, vendor_id in self.keys if "@" in vendor_id)

    def by(self, document: Any) -> bool:
        """Tell whether a document names one of the records, however deep."""
        return bool(self.without(document) != document)

    def without(self, document: Any) -> Any:
        """Return a document in which nothing names the records any more."""
        if isinstance(document, Mapping):
            return self._without_pair(
                {self.without(key): self.without(each) for key, each in document.items()}
            )
        if isinstance(document, list | tuple):
            if any(list(key) == list(document) for key in self.keys):
                return [document[0], ERASED]
            return [self.without(each) for each in document]
        return self._renamed(document) if isinstance(document, str) else document

    def _without_pair(self, document: dict[Any, Any]) -> dict[Any, Any]:
        pair = (document.get("connection"), document.get("vendor_id"))
        return {**document, "vendor_id": ERASED} if pair in self.keys else document

    def _renamed(self, text: str) -> str:
        for slashed in self.slashed:
            if text == slashed or text.startswith(f"{slashed}/"):
                return slashed.partition("/")[0] + "/" + ERASED + text[len(slashed) :]
        return ERASED if text in self.addresses else text
