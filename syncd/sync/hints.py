"""Hints: a webhook names an id, and that record is pulled; what a webhook says of values is never believed."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.errors import Missing, VendorError
from syncd.logs import Logger
from syncd.store import Store, Writing
from syncd.sync.erase import without_erased
from syncd.sync.outcome import suspect
from syncd.sync.scene import Scene, Source
from syncd.sync.taking import grounds, take, under_way
from syncd.values import Record, Shadow, Shown, Tally

log = Logger(__name__)


def pull_ids(
    store: Store,
    scene: Scene,
    source: Source,
    ids: Sequence[str],
    *,
    run: str,
    epoch: int | None,
    tally: Tally,
) -> None:
    """Read single records and absorb what they show; one that the vendor does not know is suspected to be gone."""
    before = source.connector.requests
    for vendor_id in ids:
        try:
            shown = source.connector.get(vendor_id)
        except Missing:
            _note_missing(store, source, vendor_id, epoch)
            continue
        except VendorError as error:
            tally.error, tally.problem = str(error), error.exit_status
            log.warning("A record could not be read.", connection=source.name, reason=type(error).__name__)
            break
        absorb_one(store, scene, source, shown, run=run, epoch=epoch)
        tally.pulled += 1
    tally.requests += source.connector.requests - before


def _note_missing(store: Store, source: Source, vendor_id: str, epoch: int | None) -> None:
    def unit(tx: Writing) -> None:
        record = tx.records.one(source.name, vendor_id)
        if record is not None and record.state == "live":
            suspect(tx, record)

    store.do(unit, epoch=epoch)


def absorb_one(
    store: Store, scene: Scene, source: Source, shown: Shown, *, run: str, epoch: int | None = None
) -> Record | None:
    """Take one observation into the store and return its record, None where its person asked to be forgotten."""

    def unit(tx: Writing) -> Record | None:
        known = tx.records.load(source.name, [shown.vendor_id]).get(shown.vendor_id)
        record = known or Record(source.name, shown.vendor_id, Shadow(), first_seen=shown.started, fresh=True)
        ground = grounds(tx, scene, source, tx.connections.load(source.name), 1)
        busy = under_way(tx, source.name, [shown.vendor_id]).get(shown.vendor_id, frozenset())
        absorbed = take(tx, scene, source, record, shown, ground(busy), run)
        record.digest = b""
        if not without_erased(tx, [record]):
            return None
        tx.records.save([record])
        if record.customer and absorbed.changed:
            tx.customers.mark_due([record.customer])
        return record

    return store.do(unit, epoch=epoch)
