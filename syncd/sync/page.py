"""Pages of a listing: what they show becomes records, in one transaction with the pass's resume point.

Pages that are there already are stored together: a transaction costs what a hundred rows cost. A page that shows
nothing new is only compared; the resume point stays behind then, which costs a second look at such pages after a crash.
A row that cannot be read is set aside with its reason; the rest of its page goes on. What pages did is counted apart
and added up only after its commit, because a transaction may run twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncd.errors import Malformed, VendorError
from syncd.logs import Logger
from syncd.store import ConnectionState, Writing
from syncd.sync.absence import mark_gone
from syncd.sync.erase import erasure_key, is_erased, without_erased
from syncd.sync.scene import Scene, Source
from syncd.sync.taking import digest, grounds, newcomer, take, under_way
from syncd.values import Item, Newcomer, Page, Poison, Record, Shadow, Shown, Statement, Tally

TOO_DEEP = "is nested too deep"
log = Logger(__name__)

# So many rows at least go into one transaction, where their pages are there already.
TOGETHER = 500

# What a row is, when the request began that showed it, and its digest.
Row = tuple[Item, datetime, bytes]


def gathered(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Yield pages that are there already together; nothing that was read waits for a vendor's answer, or is lost to it.

    Ids that the vendor reports as deleted end what is taken together: a later page may show them again.
    """
    waiting: list[Page] = []
    rows = 0
    try:
        for page in pages:
            waiting.append(page)
            rows += len(page.items)
            if page.last or page.removed or not page.followed or rows >= TOGETHER:
                yield waiting
                waiting, rows = [], 0
    except VendorError:
        if waiting:
            yield waiting
        raise


@dataclass(slots=True)
class PageTaken:
    """What one page did: the report's figures, the ids it showed, and the edits that came in with it."""

    tally: Tally = field(default_factory=Tally)
    seen: list[str] = field(default_factory=list)
    edits: list[Statement] = field(default_factory=list)
    set_aside: int = 0  # rows that count in an announced total: tombstones and rows that cannot be used
    known: bool = False  # whether it showed nothing but what is in the store as it is


def seen_before(page: Page, digests: Mapping[str, bytes], known: Mapping[str, bytes]) -> PageTaken | None:
    """Return what a page did of which every row is `known` as it is; None for one that has to be stored."""
    if page.removed or page.poison or not digests.items() <= known.items():
        return None
    seen = [item.vendor_id for item in page.items if not item.deleted]
    return PageTaken(
        Tally(pulled=len(digests), unchanged=len(digests)),
        list(dict.fromkeys(seen)),
        set_aside=sum(item.deleted for item in page.items),
        known=True,
    )


def digested(page: Page, source: Source) -> tuple[Page, dict[str, bytes]]:
    """Return a page with what tells each of its rows when it is unchanged, by vendor id; of a row shown twice, the last.

    A row of which that cannot be told, because it is nested too deep to be written, is set aside.
    """
    mapping = source.mapping.encode()
    try:
        return page, {item.vendor_id: digest(item.payload, mapping) for item in page.items}
    except TypeError:
        poison = tuple(Poison(item.vendor_id, TOO_DEEP) for item in page.items if not _is_flat(item))
        return digested(
            replace(page, items=tuple(filter(_is_flat, page.items)), poison=(*page.poison, *poison)), source
        )


def _is_flat(item: Item) -> bool:
    try:
        return bool(digest(item.payload, b""))
    except TypeError:
        return False


@dataclass(slots=True)
class PageTaker:
    """Pages on their way into the store, each with its digests; of a row that they show twice, the last look counts."""

    tx: Writing
    scene: Scene
    source: Source
    state: ConnectionState
    run: str
    pages: Sequence[tuple[Page, Mapping[str, bytes]]]
    done: PageTaken = field(default_factory=PageTaken)

    def work(self) -> PageTaken:
        """Store what the pages show and return what that did."""
        tx, name, tally = self.tx, self.source.name, self.done.tally
        rows = _rows(self.pages)
        known = tx.records.digests(name, rows)
        late = self._welcome([row for vendor_id, row in rows.items() if vendor_id not in known])
        changed = [rows[vendor_id] for vendor_id, told in known.items() if told != rows[vendor_id][2]]
        tx.records.save(self._take(changed + late))
        self._take_removed()
        poison = [poison for page, _ in self.pages for poison in page.poison]
        for each in poison:
            log.warning("A row was set aside.", connection=name, vendor_id=each.vendor_id, reason=each.reason)
        tally.failed += len(poison)
        tally.pulled += len(rows)
        tally.unchanged += len(known) - len(changed)
        self.done.seen = [vendor_id for vendor_id, (item, _, _) in rows.items() if not item.deleted]
        self.done.set_aside = len(poison) + len(rows) - len(self.done.seen)
        return self.done

    def _welcome(self, rows: Sequence[Row]) -> list[Row]:
        """Store records that nobody has seen before; return those that are not as simple as that."""
        late: list[Row] = []
        if not rows:
            return late
        tx, newcomers = self.tx, self._newcomers(rows, late)
        key = erasure_key(tx)
        if key is not None:
            listed = list(newcomers)
            # a pull does not bring back who asked to be forgotten
            erased = is_erased(tx, key, listed)
            newcomers = (new for new in listed if new.key not in erased)
        # nobody else takes numbers before this transaction ends, so that they are taken once it is known how many
        first = tx.meta.last_number + 1
        count, end = tx.records.add(newcomers, len(rows), first)
        if end > first:
            tx.meta.numbers(end - first)
        self.done.tally.new += count
        return late

    def _newcomers(self, rows: Iterable[Row], late: list[Row]) -> Iterator[Newcomer]:
        """Yield rows as newcomers; what cannot be understood, or is gone already, is `late`."""
        for row in rows:
            item, started, told = row
            shown = None if item.deleted else self._shown(item, started)
            if shown is None or shown.deleted:
                late.append(row)
            else:
                yield newcomer(self.source, self.scene, shown, told)

    def _shown(self, item: Item, started: datetime) -> Shown | None:
        """Translate one payload; None where it cannot be understood."""
        try:
            return self.source.connector.read(item, started)
        except Malformed:
            return None

    def _take(self, rows: Sequence[Row]) -> list[Record]:
        if not rows:
            return []
        tx, name = self.tx, self.source.name
        records = tx.records.load(name, [item.vendor_id for item, _, _ in rows])
        busy = under_way(tx, name, list(records))
        ground = grounds(tx, self.scene, self.source, self.state, len(rows))
        taken: list[Record] = []
        due: set[str] = set()
        for item, started, told in rows:
            record = records.get(item.vendor_id)
            is_new = record is None
            record = record or Record(name, item.vendor_id, Shadow(), first_seen=started, fresh=True)
            shown = self._read(item, started, record)
            if shown is None:
                record.digest = told  # looked at again when its content changes
                taken.append(record)
                continue
            was_missing = record.state != "live"
            carried = busy.get(item.vendor_id, frozenset())
            absorbed = take(tx, self.scene, self.source, record, shown, ground(carried), self.run)
            if absorbed.dropped:
                continue
            record.digest = b"" if carried or record.shadow.doubtful else told
            self.done.edits.extend(one for one in absorbed.statements if one.kind != "initial")
            self.done.tally.new += is_new
            self.done.tally.changed += not is_new and absorbed.changed
            self.done.tally.gone += item.deleted and not is_new and record.state == "gone"
            if record.customer and (absorbed.changed or item.deleted or was_missing):
                due.add(record.customer)
            taken.append(record)
        tx.customers.mark_due(due)
        return self._without_erased(taken)

    def _read(self, item: Item, started: datetime, record: Record) -> Shown | None:
        """Translate one payload; one that cannot be understood is set aside with the reason, as it was before."""
        try:
            shown = self.source.connector.read(item, started)
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
        removed = [vendor_id for page, _ in self.pages for vendor_id in page.removed]
        if not removed:
            return
        records = self.tx.records.load(self.source.name, removed)
        gone = [record for record in records.values() if record.state != "gone"]
        mark_gone(self.tx, gone, self.run)
        self.done.tally.gone += len(gone)


def _rows(pages: Iterable[tuple[Page, Mapping[str, bytes]]]) -> dict[str, Row]:
    """Return the rows of pages by vendor id; of a row shown twice, what was asked for last."""
    rows: dict[str, Row] = {}
    for page, digests in pages:
        for item in page.items:
            known = rows.get(item.vendor_id)
            if known is None or known[1] <= page.started:
                rows[item.vendor_id] = (item, page.started, digests[item.vendor_id])
    return rows
