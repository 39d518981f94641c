"""Search: how the record that a create made, or met, is found again at its vendor.

By its stamp, its keys, or, where it was made by halves, by its name among the records that are newer than the intent.
A search that lags shows the past, and is dated so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from syncd.customer import renders
from syncd.sync.made import called
from syncd.sync.scene import Source
from syncd.values import Operation, Shown
from syncd.vendors.base import Keys


def keys_of(operation: Operation) -> Keys:
    """Return by what the record of a create can be found."""
    sent = {name: after for name, (_, after) in operation.draft.fields.items()}
    return Keys(
        stamp=operation.draft.stamp,
        external_id=operation.draft.stamp,
        email=sent.get("email") or None,
        phone=sent.get("phone") or None,
        company=called(sent) or None,
        newer_than=operation.progress.get("newer_than"),
    )


def can_find(source: Source, operation: Operation) -> bool:
    keys = keys_of(operation)
    usable = source.connector.abilities.finds
    return any(getattr(keys, name, None) for name in usable if name != "company") or bool(
        "company" in usable and keys.newer_than
    )


def find(source: Source, operation: Operation) -> tuple[Shown, ...]:
    """Search a vendor for the record that a create made, by what was sent."""
    return tuple(shown for shown in found_by(source, keys_of(operation)) if _is_of(source, operation, shown))


def found_by(source: Source, keys: Keys) -> list[Shown]:
    """Return what a search gives, dated by what it surely shows: one that lags shows the past."""
    return [replace(shown, started=shown.started - lag_of(source)) for shown in source.connector.find(keys)]


def lag_of(source: Source) -> timedelta:
    """Return after how long a vendor's searches and lists surely show a write."""
    return timedelta(seconds=source.connector.abilities.lag)


def find_older(source: Source, operation: Operation) -> tuple[Shown, ...]:
    """Search a vendor for the record that a create met: it was there before."""
    met = replace(operation, progress={**operation.progress, "newer_than": None})
    return find(source, met)


def _is_of(source: Source, operation: Operation, shown: Shown) -> bool:
    """Tell whether a found record has the stamp, the e-mail or the phone that was sent, or lacks both of these.

    One that lacks them is half made: it was found by its name among those that are newer than the intent.
    """
    sent = {name: after for name, (_, after) in operation.draft.fields.items()}
    stamp = operation.draft.stamp
    if stamp and shown.fields.get("external_id") == stamp:
        return True
    telling = [name for name in ("email", "phone") if sent.get(name)]
    if any(renders(name, sent[name], shown.fields.get(name), source.region) for name in telling):
        return True
    is_newer = operation.progress.get("newer_than") is not None
    return not telling or (is_newer and not any(shown.fields.get(name) for name in ("email", "phone")))
