"""Pull: page by page from a vendor into records; a page and its resume point are stored in one transaction.

A pass that does not reach its end moves no cursor and proves nothing about what is absent. One bad row is set
aside with its reason; the rest of its page goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from syncd.errors import Malformed, Refused, Throttled, Unreachable, VendorError
from syncd.failpoints import failpoint
from syncd.logs import Logger
from syncd.rules.absorb import Absorbed, Ground, absorb
from syncd.rules.guard import Load, inbound, mass_change
from syncd.store import ConnectionState, Store, Writing
from syncd.sync.absence import SeenIds, conclude_absence, mark_gone
from syncd.sync.erase import erasure_key, is_erased
from syncd.sync.journal import ignored_row
from syncd.sync.progress import Progress, Watch
from syncd.sync.renames import renamed
from syncd.sync.scene import Scene, Source, record_keys
from syncd.values import Item, Page, Record, Review, Shadow, Shown, Statement, Tally
from syncd.vendors.base import Pass

log = Logger(__name__)

# An open pass is taken up where it ended only if that saves much and nothing can have become old meanwhile: what was
# changed on its first pages since would be seen a run later.
RESUMABLE = timedelta(minutes=5)
WORTH_RESUMING = 2_000


@dataclass(slots=True)
class Pulled:
    """How one pass went."""

    complete: bool = False
    full: bool = False
    load: Load = field(default_factory=Load)
    first_number: int = 0
    last_number: int = 0


@dataclass(slots=True)
class _Walk:
    """One pass under way."""

    source: Source
    state: ConnectionState
    full: bool
    tally: Tally
    run: str
    seen: SeenIds
    started: datetime | None = None
    outcome: Pulled = field(default_factory=Pulled)
    statements: list[Statement] = field(default_factory=list)
    set_aside: int = 0  # rows that count in an announced total: tombstones and rows that cannot be used


def pull(
    store: Store,
    scene: Scene,
    source: Source,
    *,
    run: str,
    epoch: int,
    full: bool,
    tally: Tally,
    watch: Watch,
) -> Pulled:
    """Walk through one connection's listing and store what it shows; errors end in the connection's state."""
    state = _begin(store, source, epoch)
    walk = _Walk(source, state, full or _needs_full(source, state, scene), tally, run, SeenIds())
    walk.outcome.full = walk.full
    before = source.connector.requests
    try:
        _walk(store, scene, walk, epoch, watch)
        if walk.outcome.complete:
            _finish(store, scene, walk, epoch)
    except VendorError as error:
        problem = error
        tally.error, tally.problem = str(error), error.exit_status
        log.warning("A pull did not reach its end.", connection=source.name, reason=type(error).__name__)
        store.do(lambda tx: note_failure(tx, source.name, problem), epoch=epoch)
    tally.requests += source.connector.requests - before
    tally.complete = walk.outcome.complete
    return walk.outcome


def _begin(store: Store, source: Source, epoch: int) -> ConnectionState:
    def unit(tx: Writing) -> ConnectionState:
        state = tx.connections.load(source.name) or ConnectionState(source.name, source.connector.vendor)
        state.last_attempt = tx.now
        tx.connections.save(state)
        return state

    return store.do(unit, epoch=epoch)


def _needs_full(source: Source, state: ConnectionState, scene: Scene) -> bool:
    if not source.connector.abilities.incremental or state.full_started is None or state.cursor is None:
        return True
    return scene.clock() - state.full_started > scene.safety.full_every


def _walk(store: Store, scene: Scene, walk: _Walk, epoch: int, watch: Watch) -> None:
    resume = _resumable(walk, scene)
    if resume is not None:
        walk.seen.incomplete = True  # the ids of the pages before are not known any more
    cursor = None if walk.full else walk.state.cursor
    for shown in walk.source.connector.pages(Pass(walk.full, cursor, resume)):
        page = _as_of(shown, walk.source)
        if walk.started is None:
            walk.started = _pass_started(walk, resume, page)
        failpoint("pull.page_read")
        _store(store, scene, walk, page, epoch)
        failpoint("pull.page_stored")
        watch.tell(Progress("pull", walk.source.name, walk.tally.pulled, page.total))
        if page.last:
            walk.outcome.complete = _is_complete(walk, page)
            walk.state.cursor = dict(page.cursor) if page.cursor else walk.state.cursor
            return
        if watch.stopping:
            return


def _store(store: Store, scene: Scene, walk: _Walk, page: Page, epoch: int) -> None:
    renames = renamed(store, walk.source, page)

    def unit(tx: Writing) -> None:
        for new, old in renames.items():
            tx.records.rename(walk.source.name, old, new)
        _store_page(tx, scene, walk, page)

    store.do(unit, epoch=epoch)


def _as_of(page: Page, source: Source) -> Page:
    """Return a page dated by what it surely shows: a listing that lags shows the past, and proves no more than that."""
    return replace(page, started=page.started - timedelta(seconds=source.connector.abilities.lag))


def _resumable(walk: _Walk, scene: Scene) -> Mapping[str, Any] | None:
    saved = walk.state.resume
    if not saved or saved.get("full") != walk.full or not saved.get("resume"):
        return None
    fresh = scene.clock() - datetime.fromisoformat(saved["started"]) < RESUMABLE
    return dict(saved["resume"]) if fresh and saved.get("rows", 0) >= WORTH_RESUMING else None


def _pass_started(walk: _Walk, resume: Mapping[str, Any] | None, page: Page) -> datetime:
    saved = walk.state.resume
    return datetime.fromisoformat(saved["started"]) if resume is not None and saved else page.started


def _is_complete(walk: _Walk, page: Page) -> bool:
    """Tell whether a pass that reached its last page really showed everything."""
    shown = len(walk.seen) + walk.set_aside
    if not walk.full or page.total is None or walk.seen.incomplete or page.total <= shown:
        return True
    walk.tally.error = f"The listing announced {page.total} customers and showed {shown}."
    return False


# --- one page ------------------------------------------------------------------------------------


def _store_page(tx: Writing, scene: Scene, walk: _Walk, page: Page) -> None:
    name = walk.source.name
    items = _unique(page.items)
    digests = {item.vendor_id: digest(item.payload, walk.source) for item in items}
    known = tx.records.digests(name, digests)
    changed = [item for item in items if known.get(item.vendor_id) != digests[item.vendor_id]]
    taken = _take_changed(tx, scene, walk, page, changed, digests)
    _take_removed(tx, walk, page.removed)
    tx.records.save(taken)
    for poison in page.poison:
        log.warning("A row was set aside.", connection=name, vendor_id=poison.vendor_id, reason=poison.reason)
    walk.tally.failed += len(page.poison)
    walk.tally.pulled += len(items)
    walk.tally.unchanged += len(items) - len(changed)
    walk.seen.update(item.vendor_id for item in items if not item.deleted)
    walk.set_aside += len(page.poison) + sum(item.deleted for item in items)
    walk.state.resume = _resume_point(walk, page)
    tx.connections.save(walk.state)


def _unique(items: Sequence[Item]) -> list[Item]:
    return list({item.vendor_id: item for item in items}.values())


def _resume_point(walk: _Walk, page: Page) -> dict[str, Any] | None:
    if page.last or page.resume is None or walk.started is None:
        return None
    return {
        "full": walk.full,
        "started": walk.started.isoformat(),
        "resume": dict(page.resume),
        "rows": walk.tally.pulled,
    }


def digest(payload: Mapping[str, Any], source: Source) -> bytes:
    """Return what tells an unchanged record: its payload under the mapping that it was read by."""
    told = hashlib.blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16)
    told.update(source.mapping.encode())
    return told.digest()


def _take_changed(
    tx: Writing, scene: Scene, walk: _Walk, page: Page, items: Sequence[Item], digests: Mapping[str, bytes]
) -> list[Record]:
    if not items:
        return []
    name = walk.source.name
    records = tx.records.load(name, [item.vendor_id for item in items])
    busy = tx.operations.open_on_records(name, list(records), ("sent",))
    ground = grounds(tx, scene, walk.source, walk.state, len(items))
    taken: list[Record] = []
    due: set[str] = set()
    for item in items:
        record = records.get(item.vendor_id)
        is_new = record is None
        record = record or Record(name, item.vendor_id, Shadow(), first_seen=page.started, fresh=True)
        shown = _read(walk, item, page.started, record)
        if shown is None:
            record.digest = digests[item.vendor_id]  # looked at again when its content changes
            taken.append(record)
            continue
        was_missing = record.state != "live"
        operation = busy.get(item.vendor_id)
        carried = frozenset(operation.draft.fields) if operation else frozenset()
        absorbed = take(tx, scene, walk.source, record, shown, ground(carried), walk.run)
        if absorbed.dropped:
            continue
        record.digest = b"" if carried or record.shadow.doubtful else digests[item.vendor_id]
        walk.statements.extend(absorbed.statements)
        walk.tally.new += is_new
        walk.tally.changed += not is_new and absorbed.changed
        walk.tally.gone += item.deleted and not is_new and record.state == "gone"
        if record.customer and (absorbed.changed or item.deleted or was_missing):
            due.add(record.customer)
        taken.append(record)
    tx.customers.mark_due(due)
    return _without_erased(tx, walk, taken)


def _without_erased(tx: Writing, walk: _Walk, taken: list[Record]) -> list[Record]:
    """Leave out people who asked to be forgotten: a pull does not bring them back."""
    key = erasure_key(tx)
    if key is None:
        return taken
    erased = is_erased(tx, key, [record for record in taken if record.id is None])
    walk.tally.new -= len(erased)
    return [record for record in taken if record.key not in erased]


def _read(walk: _Walk, item: Item, started: datetime, record: Record) -> Shown | None:
    """Translate one payload; one that cannot be understood is set aside with the reason, as it was before."""
    try:
        shown = walk.source.connector.read(item, started)
    except Malformed as error:
        record.problem = error.what
        walk.tally.failed += 1
        log.warning("A record was set aside.", connection=walk.source.name, vendor_id=item.vendor_id)
        return None
    record.problem = ""
    return shown


class _Numbers:
    """A block of journal numbers, taken one by one."""

    def __init__(self, first: int) -> None:
        self.next = first

    def __call__(self) -> int:
        self.next += 1
        return self.next - 1


def grounds(
    tx: Writing, scene: Scene, source: Source, state: ConnectionState | None, records: int
) -> Callable[..., Ground]:
    """Return a maker of the ground to absorb upon, with journal numbers for so many records."""
    specs = source.connector.fields
    numbers = _Numbers(tx.meta.numbers(max(1, records * len(specs))))
    readable, stating = source.readable, source.stating
    unchanged_since = state.looked_started if state else None

    def ground(busy: frozenset[str] = frozenset()) -> Ground:
        return Ground(
            source.name,
            source.region,
            readable,
            stating,
            scene.ignores_clear,
            numbers,
            tx.now,
            unchanged_since,
            busy,
        )

    return ground


def take(
    tx: Writing, scene: Scene, source: Source, record: Record, shown: Shown, ground: Ground, run: str
) -> Absorbed:
    """Absorb one observation into a record, keep its keys, and journal the clears that go no further."""
    if shown.deleted:
        record.state, record.fresh = "gone", record.fresh and record.customer is not None
        record.payload = shown.payload
        record.observed = shown.started
        return Absorbed([], [])
    absorbed = absorb(record, shown, ground)
    if absorbed.dropped:
        return absorbed
    record.state, record.absent_since = "live", None
    record.keys = record_keys(record, source, scene)
    _journal_ignored(tx, scene, record, absorbed.ignored, run)
    return absorbed


def _journal_ignored(
    tx: Writing, scene: Scene, record: Record, ignored: Iterable[Statement], run: str
) -> None:
    for statement in ignored:
        if record.customer is None:
            continue
        customer = tx.customers.load([record.customer])[record.customer]
        golden = customer.golden.get(statement.slot)
        tx.journal.append(
            [ignored_row(customer.id, statement, dict(golden.value) if golden else {}, run, tx.now)]
        )
        if scene.policy(statement.slot).on_clear == "review":
            tx.reviews.open([_clear_review(record, statement)], run)


def _clear_review(record: Record, statement: Statement) -> Review:
    return Review(
        kind="clear",
        subject=f"{record.connection}/{record.vendor_id}/{statement.slot}",
        evidence={"slot": statement.slot, "number": statement.number},
        choices=("clear_everywhere", "put_back", "leave"),
        connection=record.connection,
        customer=record.customer,
    )


def _take_removed(tx: Writing, walk: _Walk, removed: Sequence[str]) -> None:
    """Take the ids that the vendor itself reports as deleted."""
    records = tx.records.load(walk.source.name, removed) if removed else {}
    gone = [record for record in records.values() if record.state != "gone"]
    mark_gone(tx, gone, walk.run)
    walk.tally.gone += len(gone)


# --- the end of a pass ---------------------------------------------------------------------------


def _finish(store: Store, scene: Scene, walk: _Walk, epoch: int) -> None:
    """Close a complete pass: conclude what is absent, move the cursor, and stop a mass change from going further."""
    if walk.full:
        reason = conclude_absence(
            store, scene, walk.source, walk.seen, walk.started, walk.tally, walk.run, epoch
        )
        if reason:
            _flag(store, walk, reason, epoch)
            return
    failpoint("pull.passed")
    store.do(lambda tx: _close(tx, scene, walk), epoch=epoch)
    failpoint("pull.closed")


def _flag(store: Store, walk: _Walk, reason: str, epoch: int) -> None:
    walk.outcome.complete = False
    walk.tally.error = reason

    def unit(tx: Writing) -> None:
        walk.state.state, walk.state.reason, walk.state.resume = "incomplete", reason, None
        tx.connections.save(walk.state)

    store.do(unit, epoch=epoch)


def _close(tx: Writing, scene: Scene, walk: _Walk) -> None:
    state = walk.state
    state.resume = None
    if walk.full:
        state.full_started = walk.started
    state.looked_started = walk.started
    state.last_success, state.failures, state.not_before = tx.now, 0, None
    if state.state != "paused":
        state.state, state.reason = "ok", ""
    state.records = tx.records.count(walk.source.name)
    tx.connections.save(state)
    _park_mass_change(tx, scene, walk)


def _park_mass_change(tx: Writing, scene: Scene, walk: _Walk) -> None:
    load = inbound(walk.statements)
    reasons = mass_change(load, walk.state.records, scene.safety.limits, scene.safety.approve)
    if not reasons:
        return
    numbers = [statement.number for statement in walk.statements if statement.kind != "initial"]
    parked = orjson.loads(tx.meta.get("parked") or "{}")
    parked.setdefault(walk.source.name, []).append([min(numbers), max(numbers)])
    tx.meta.set("parked", orjson.dumps(parked).decode())
    review = Review(
        kind="mass_change",
        subject=f"{walk.source.name}/{min(numbers)}-{max(numbers)}",
        evidence={"reasons": reasons, "numbers": [min(numbers), max(numbers)]},
        choices=("accept", "refuse"),
        connection=walk.source.name,
    )
    tx.reviews.open([review], walk.run)


def note_failure(tx: Writing, name: str, error: VendorError) -> None:
    """Write a connection's failure down: refused credentials pause it, the rest is tried again later and later."""
    state = tx.connections.load(name)
    if state is None:
        return
    state.failures += 1
    state.reason = str(error)
    if state.state != "paused":
        state.state = _failed_state(error)
    wait = (
        error.wait
        if isinstance(error, Throttled) and error.wait
        else min(3600.0, 15.0 * 2 ** min(state.failures, 8))
    )
    state.not_before = tx.now + timedelta(seconds=wait)
    tx.connections.save(state)


def _failed_state(error: VendorError) -> str:
    if isinstance(error, Refused):
        return "refused"
    return "unreachable" if isinstance(error, Unreachable) else "incomplete"
