"""One page of a listing: what it shows becomes records, in one transaction with the pass's resume point.

A page that shows nothing new is only compared; the resume point stays behind then, which costs a second look at such
pages after a crash. A row that cannot be read is set aside with its reason; the rest of its page goes on. What a page
did is counted apart and added up only after its commit, because a transaction may run twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.errors import Malformed
from syncd.logs import Logger
from syncd.store import ConnectionState, Reading, Writing
from syncd.sync.absence import mark_gone
from syncd.sync.erase import without_erased
from syncd.sync.scene import Scene, Source
from syncd.sync.taking import digest, grounds, take, under_way
from syncd.values import Item, Page, Record, Shadow, Shown, Statement, Tally

log = Logger(__name__)


@dataclass(slots=True)
class PageTaken:
    """What one page did: the report's figures, the ids it showed, and the edits that came in with it."""

    tally: Tally = field(default_factory=Tally)
    seen: list[str] = field(default_factory=list)
    edits: list[Statement] = field(default_factory=list)
    set_aside: int = 0  # rows that count in an announced total: tombstones and rows that cannot be used


def seen_before(tx: Reading, page: Page, source: Source, digests: Mapping[str, bytes]) -> PageTaken | None:
    """Return what a page did of which every row is known as it is; None for one that has to be stored."""
    if page.removed or page.poison or tx.records.digests(source.name, digests) != digests:
        return None
    seen = [item.vendor_id for item in page.items if not item.deleted]
    return PageTaken(
        Tally(pulled=len(digests), unchanged=len(digests)),
        list(dict.fromkeys(seen)),
        set_aside=sum(item.deleted for item in page.items),
    )


def digests_of(page: Page, source: Source) -> dict[str, bytes]:
    """Return what tells each of a page's rows when it is unchanged, by vendor id; of a row shown twice, the last."""
    return {item.vendor_id: digest(item.payload, source) for item in page.items}


@dataclass(slots=True)
class PageTaker:
    """One page on its way into the store."""

    tx: Writing
    scene: Scene
    source: Source
    state: ConnectionState
    run: str
    page: Page
    digests: Mapping[str, bytes]
    done: PageTaken = field(default_factory=PageTaken)

    def work(self) -> PageTaken:
        """Store what the page shows and return what that did."""
        tx, page, name, tally = self.tx, self.page, self.source.name, self.done.tally
        items = list({item.vendor_id: item for item in page.items}.values())
        known = tx.records.digests(name, self.digests)
        changed = [item for item in items if known.get(item.vendor_id) != self.digests[item.vendor_id]]
        tx.records.save(self._take(changed))
        self._take_removed()
        for poison in page.poison:
            log.warning(
                "A row was set aside.", connection=name, vendor_id=poison.vendor_id, reason=poison.reason
            )
        tally.failed += len(page.poison)
        tally.pulled += len(items)
        tally.unchanged += len(items) - len(changed)
        self.done.seen = [item.vendor_id for item in items if not item.deleted]
        self.done.set_aside = len(page.poison) + sum(item.deleted for item in items)
        return self.done

    def _take(self, items: Sequence[Item]) -> list[Record]:
        if not items:
            return []
        tx, name = self.tx, self.source.name
        records = tx.records.load(name, [item.vendor_id for item in items])
        busy = under_way(tx, name, list(records))
        ground = grounds(tx, self.scene, self.source, self.state, len(items))
        taken: list[Record] = []
        due: set[str] = set()
        for item in items:
            record = records.get(item.vendor_id)
            is_new = record is None
            record = record or Record(
                name, item.vendor_id, Shadow(), first_seen=self.page.started, fresh=True
            )
            shown = self._read(item, record)
            if shown is None:
                record.digest = self.digests[item.vendor_id]  # looked at again when its content changes
                taken.append(record)
                continue
            was_missing = record.state != "live"
            carried = busy.get(item.vendor_id, frozenset())
            absorbed = take(tx, self.scene, self.source, record, shown, ground(carried), self.run)
            if absorbed.dropped:
                continue
            record.digest = b"" if carried or record.shadow.doubtful else self.digests[item.vendor_id]
            self.done.edits.extend(one for one in absorbed.statements if one.kind != "initial")
            self.done.tally.new += is_new
            self.done.tally.changed += not is_new and absorbed.changed
            self.done.tally.gone += item.deleted and not is_new and record.state == "gone"
            if record.customer and (absorbed.changed or item.deleted or was_missing):
                due.add(record.customer)
            taken.append(record)
        tx.customers.mark_due(due)
        return self._without_erased(taken)

    def _read(self, item: Item, record: Record) -> Shown | None:
        """Translate one payload; one that cannot be understood is set aside with the reason, as it was before."""
        try:
            shown = self.source.connector.read(item, self.page.started)
        except Malformed as error:
            record.problem = error.what
            self.done.tally.failed += 1
            log.warning("A record was set aside.", connection=record.connection, vendor_id=record.vendor_id)
            return None
        record.problem = ""
        return shown

    def _without_erased(self, taken: list[Record]) -> list[Record]:
        """Leave out people who asked to be forgotten: a pull does not bring them back."""
        kept = without_erased(self.tx, taken)
        self.done.tally.new -= len(taken) - len(kept)
        return kept

    def _take_removed(self) -> None:
        """Take the ids that the vendor itself reports as deleted."""
        removed = self.page.removed
        records = self.tx.records.load(self.source.name, removed) if removed else {}
        gone = [record for record in records.values() if record.state != "gone"]
        mark_gone(self.tx, gone, self.run)
        self.done.tally.gone += len(gone)
