"""Absence: what it takes to believe that a record is gone.

A tombstone, or the vendor's own removed list, is believed at once. Otherwise a record must be missing in two
complete full passes at least an hour apart and then be unknown to the vendor by its id. A listing that suddenly
lost many records, or half of a few, is a broken listing until a person says otherwise or the records are back.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime

from syncd.errors import Missing, VendorError
from syncd.failpoints import failpoint
from syncd.store import Reading, Store, Writing
from syncd.sync.scene import Scene, Source
from syncd.values import Record, Review, Tally

FEW = 5  # so many may go at once, if they are less than half
FAILURES = 3  # of the looks for suspects, before the vendor is taken to be at fault


class SeenIds:
    """The ids that a pass showed, eight bytes each, so that memory hardly follows their number."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._once = self._sorted = True  # whether each stands there once, and in order
        self.incomplete = False  # a resumed pass does not know what its first part showed
        self.all_known = True  # whether every id is that of a record in the store

    def update(self, vendor_ids: Iterable[str]) -> None:
        """Add the ids of a page."""
        self._hashes.extend(map(hash, vendor_ids))
        self._once = self._sorted = False

    def __len__(self) -> int:
        if not self._once:
            self._hashes = array("q", set(self._hashes))
            self._once = True
        return len(self._hashes)

    def __contains__(self, vendor_id: str) -> bool:
        self._sort()
        return self._has(hash(vendor_id))

    def all_of(self, vendor_ids: Iterable[str]) -> bool:
        """Tell whether every one of these ids was shown."""
        self._sort()
        asked = array("q", sorted(map(hash, vendor_ids)))
        return asked == self._hashes or all(map(self._has, asked))

    def _has(self, short: int) -> bool:
        place = bisect_left(self._hashes, short)
        return place < len(self._hashes) and self._hashes[place] == short

    def _sort(self) -> None:
        if not self._sorted:
            self._hashes = array("q", sorted(set(self._hashes)))
            self._once = self._sorted = True


def conclude_absence(
    store: Store,
    scene: Scene,
    source: Source,
    seen: SeenIds,
    started: datetime | None,
    tally: Tally,
    run: str,
    epoch: int,
) -> str:
    """Draw the conclusions of a full pass; return why its listing is not believed, "" where it is."""
    if seen.incomplete or started is None:
        return ""
    with store.look() as tx:
        live = tx.records.count(source.name)
        asked = source.name in tx.reviews.open_subjects("deletion")
        if not asked and _shows_all(tx, source, seen, live):
            return ""
        absent = [vendor_id for vendor_id, _ in tx.records.live_ids(source.name) if vendor_id not in seen]
        approved = _accepted(tx, source, absent)
    if _is_broken(len(absent), live) and not approved:
        store.do(lambda tx: _ask(tx, source, absent, live, run), epoch=epoch)
        return (
            f"The listing lost {len(absent)} of {live} customers at once, so nothing is concluded from it. "
            "Look at the vendor; if they are really gone, say so in the review."
        )
    proved = store.do(lambda tx: _suspect(tx, scene, source, absent, started), epoch=epoch)
    failpoint("absence.suspected")
    _prove(store, source, proved, tally, run, epoch)
    return ""


def _shows_all(tx: Reading, source: Source, seen: SeenIds, live: int) -> bool:
    """Tell whether a pass showed every live record; as many known ones as there are can only be all of them."""
    if seen.all_known and len(seen) == live and tx.records.count(source.name, ("gone",)) == 0:
        return True
    return len(seen) >= live and seen.all_of(each for each, _ in tx.records.live_ids(source.name))


def _is_broken(absent: int, live: int) -> bool:
    """Tell whether so much is missing at once that the listing must be at fault, not the records."""
    return absent > max(FEW, live // 50) or (absent > 1 and 2 * absent >= live)


def _accepted(tx: Reading, source: Source, absent: list[str]) -> bool:
    """Tell whether a person said that at least so many are really gone."""
    said = tx.reviews.list(state="resolved", kind="deletion", limit=100_000)
    return any(
        review.connection == source.name
        and review.evidence.get("absent", 0) >= len(absent)
        and tx.reviews.outcome(review.id or 0).get("choice") == "gone"
        for review in said
    )


def _ask(tx: Writing, source: Source, absent: list[str], live: int, run: str) -> None:
    review = Review(
        kind="deletion",
        subject=source.name,
        evidence={"absent": len(absent), "records": live, "examples": absent[:20]},
        choices=("gone", "keep"),
        connection=source.name,
    )
    tx.reviews.open([review], run)


def _suspect(tx: Writing, scene: Scene, source: Source, absent: list[str], started: datetime) -> list[str]:
    """Mark what is absent; return the ids that were absent in an earlier full pass long enough ago."""
    tx.reviews.close("deletion", [source.name], "a later listing showed them again")
    proved: list[str] = []
    changed: list[Record] = []
    for record in tx.records.load(source.name, absent).values():
        if record.state == "live" or record.absent_since is None:
            record.state, record.absent_since, record.digest = "suspect", started, b""
            changed.append(record)
        elif started - record.absent_since >= scene.safety.absence:
            proved.append(record.vendor_id)
    tx.records.save(changed)
    return proved


def _prove(store: Store, source: Source, vendor_ids: list[str], tally: Tally, run: str, epoch: int) -> None:
    """Ask the vendor for each suspect by its id: only its own word for "no such record", or "deleted", makes it gone."""
    gone: list[str] = []
    failed = 0
    for vendor_id in vendor_ids:
        try:
            if source.connector.get(vendor_id).deleted:  # shown still, and said to be deleted
                gone.append(vendor_id)
        except Missing:
            gone.append(vendor_id)
        except VendorError:
            # asked again after the next full pass; one that cannot be read stands in nobody's way
            failed += 1
            if failed > FAILURES:
                break

    def unit(tx: Writing) -> None:
        records = list(tx.records.load(source.name, gone).values())
        mark_gone(tx, records, run)

    if gone:
        failpoint("absence.proved")
        store.do(unit, epoch=epoch)
        tally.gone += len(gone)


def mark_gone(tx: Writing, records: Sequence[Record], run: str) -> None:
    """Mark records as gone; where one had a duplicate, a person is asked whether that is the record to write now."""
    for record in records:
        record.state, record.digest = "gone", b""
    tx.records.save(records)
    customers = {record.customer for record in records if record.customer}
    tx.customers.mark_due(customers)
    moot = ["/".join(record.key) for record in records if record.role == "duplicate"]
    for kind in ("duplicate", "promotion"):
        tx.reviews.close(kind, moot, "the record is gone")
    groups = tx.records.of_customers(list(customers))
    heirs = [
        other
        for record in records
        for other in groups.get(record.customer or "", ())
        if record.role == "primary" and other.connection == record.connection and other.state == "live"
    ]
    tx.reviews.open([_promotion(heir) for heir in heirs], run)


def _promotion(heir: Record) -> Review:
    return Review(
        kind="promotion",
        subject=f"{heir.connection}/{heir.vendor_id}",
        evidence={"duplicate": list(heir.key), "why": "the primary record is gone"},
        choices=("make_primary", "leave"),
        connection=heir.connection,
        customer=heir.customer,
    )
