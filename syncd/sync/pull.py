"""Pull: page by page from a vendor into records; pages and their resume point are stored in one transaction.

A pass that does not reach its end moves no cursor and proves nothing about what is absent. One bad row is set
aside with its reason; the rest of its page goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from syncd.errors import Refused, Throttled, Unreachable, VendorError
from syncd.failpoints import failpoint
from syncd.logs import Logger
from syncd.rules.guard import Load, inbound, mass_change
from syncd.store import ConnectionState, Store, Writing
from syncd.sync.absence import SeenIds, conclude_absence
from syncd.sync.page import PageTaken, PageTaker, digested, gathered, seen_before
from syncd.sync.progress import Progress, Watch
from syncd.sync.renames import rename, renamed
from syncd.sync.scene import Scene, Source
from syncd.values import Page, Review, Tally
from syncd.vendors.base import Pass

log = Logger(__name__)

# An open pass is taken up where it ended only if that saves much and nothing can have become old meanwhile: what was
# changed on its first pages since would be seen a run later.
RESUMABLE = timedelta(minutes=5)
WORTH_RESUMING = 2_000

# A pass that gave way to other runs goes on where it was, or a slow vendor's would never reach its end.
GAVE_WAY = "gave_way"
LONGEST_PASS = timedelta(hours=6)

# A page and its rows' digests.
_Told = tuple[Page, Mapping[str, bytes]]


@dataclass(slots=True)
class Pulled:
    """How one pass went."""

    complete: bool = False
    full: bool = False


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
    came: Load = field(default_factory=Load)  # what people edited at the vendor, as this pass shows it
    numbers: tuple[int, int] | None = None  # the first and the last journal number of these edits
    loading: bool = (
        False  # whether the last pages showed new records: then nothing is compared before it is written
    )
    set_aside: int = 0  # rows that count in an announced total: tombstones and rows that cannot be used

    def add(self, taken: PageTaken) -> None:
        """Add up what a page did that is in the store now."""
        self.tally.add(taken.tally)
        self.seen.update(taken.seen)
        self.seen.all_known &= taken.known
        self.set_aside += taken.set_aside
        if taken.edits:
            self.came = inbound(taken.edits, self.came)
            numbers = [one.number for one in taken.edits]
            first = self.numbers[0] if self.numbers else min(numbers)
            self.numbers = (first, max(numbers))


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
    for shown in gathered(walk.source.connector.pages(Pass(walk.full, cursor, resume))):
        pages = [_as_of(page, walk.source) for page in shown]
        page = pages[-1]
        if walk.started is None:
            walk.started = _pass_started(walk, resume, pages[0])
        failpoint("pull.page_read")
        _store(store, scene, walk, pages, epoch)
        failpoint("pull.page_stored")
        watch.tell(Progress("pull", walk.source.name, walk.tally.pulled, page.total))
        if page.last:
            walk.outcome.complete = _is_complete(walk, page)
            walk.state.cursor = dict(page.cursor) if page.cursor else walk.state.cursor
            return
        if watch.stopping or (watch.gives_way() and _leave_for_later(store, walk, page, epoch)):
            return


def _leave_for_later(store: Store, walk: _Walk, page: Page, epoch: int) -> bool:
    """Note that the pass goes on after this page in the next run, however late; False where a vendor gives no way to."""
    point = _resume_point(walk, page, walk.tally.pulled)
    if point is None:
        return False

    def unit(tx: Writing) -> None:
        state = _as_stored(tx, walk)
        state.resume = {**point, GAVE_WAY: True}
        tx.connections.save(state)

    store.do(unit, epoch=epoch)
    log.info("A pull gives way to runs that wait, and goes on after them.", connection=walk.source.name)
    return True


def _store(store: Store, scene: Scene, walk: _Walk, pages: Sequence[Page], epoch: int) -> None:
    rest: list[_Told] = [digested(page, walk.source) for page in pages]
    if not walk.loading:
        rest = _without_known(store, walk, rest)
    if not rest:
        return
    renames = {new: old for page, _ in rest for new, old in renamed(store, walk.source, page).items()}

    def unit(tx: Writing) -> PageTaken:
        for new, old in renames.items():
            rename(tx, walk.source.name, old, new)
        taken = PageTaker(tx, scene, walk.source, walk.state, walk.run, rest).work()
        state = _as_stored(tx, walk)
        state.resume = _resume_point(walk, pages[-1], walk.tally.pulled + taken.tally.pulled)
        tx.connections.save(state)
        return taken

    taken = store.do(unit, epoch=epoch)
    walk.loading = taken.tally.new > 0
    walk.add(taken)


def _without_known(store: Store, walk: _Walk, pages: Sequence[_Told]) -> list[_Told]:
    """Count pages of which every row is known as it is, and return the others.

    A row that an earlier one of them moves is stored again: it was edited, and put back before the later one was shown.
    """
    with store.look() as tx:
        asked = dict.fromkeys(vendor_id for _, digests in pages for vendor_id in digests)
        known = tx.records.digests(walk.source.name, asked)
    rest: list[_Told] = []
    moving: set[str] = set()
    for page, digests in pages:
        taken = seen_before(page, digests, known) if moving.isdisjoint(digests) else None
        if taken is None:
            rest.append((page, digests))
            moving.update(digests)
        else:
            walk.add(taken)
    return rest


def _as_stored(tx: Writing, walk: _Walk) -> ConnectionState:
    """Return the connection as it stands now: while a pass is under way a person may pause it, or let it be written."""
    return tx.connections.load(walk.source.name) or walk.state


def _resume_point(walk: _Walk, page: Page, rows: int) -> dict[str, Any] | None:
    if page.last or page.resume is None or walk.started is None:
        return None
    return {
        "full": walk.full,
        "started": walk.started.isoformat(),
        "resume": dict(page.resume),
        "rows": rows,
    }


def _as_of(page: Page, source: Source) -> Page:
    """Return a page dated by what it surely shows: a listing that lags shows the past, and proves no more than that."""
    return replace(page, started=page.started - timedelta(seconds=source.connector.abilities.lag))


def _resumable(walk: _Walk, scene: Scene) -> Mapping[str, Any] | None:
    saved = walk.state.resume
    if not saved or saved.get("full") != walk.full or not saved.get("resume"):
        return None
    age = scene.clock() - datetime.fromisoformat(saved["started"])
    if saved.get(GAVE_WAY):
        return dict(saved["resume"]) if age < LONGEST_PASS else None
    return dict(saved["resume"]) if age < RESUMABLE and saved.get("rows", 0) >= WORTH_RESUMING else None


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
        state = _as_stored(tx, walk)
        if state.state != "paused":
            state.state, state.reason = "incomplete", reason
        state.resume = None
        tx.connections.save(state)

    store.do(unit, epoch=epoch)


def _close(tx: Writing, scene: Scene, walk: _Walk) -> None:
    state = _as_stored(tx, walk)
    state.cursor, state.resume = walk.state.cursor, None
    if walk.full:
        state.full_started = walk.started
    state.looked_started = walk.started
    state.last_success, state.failures, state.not_before = tx.now, 0, None
    if state.state != "paused":
        state.state, state.reason = "ok", ""
    state.records = tx.records.count(walk.source.name)
    tx.connections.save(state)
    _park_mass_change(tx, scene, walk, state.records)


def _park_mass_change(tx: Writing, scene: Scene, walk: _Walk, records: int) -> None:
    reasons = mass_change(walk.came, records, scene.safety.limits, scene.safety.approve)
    if not reasons or walk.numbers is None:
        return
    first, last = walk.numbers
    parked = orjson.loads(tx.meta.get("parked") or "{}")
    parked.setdefault(walk.source.name, []).append([first, last])
    tx.meta.set("parked", orjson.dumps(parked).decode())
    review = Review(
        kind="mass_change",
        subject=f"{walk.source.name}/{first}-{last}",
        evidence={"reasons": reasons, "numbers": [first, last]},
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
