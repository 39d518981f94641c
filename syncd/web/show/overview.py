"""The home page: what needs a person first, then a card per connection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncd.config import Settings
from syncd.store import Reading, Run
from syncd.values import Review
from syncd.web.show.chart import Chart, chart
from syncd.web.show.connections import ConnectionShown, connections_shown, planned_times
from syncd.web.show.reviews import review_title
from syncd.web.show.runs import RunShown, progress_words, run_in

LATEST = 12
_PENDING = ("planned", "waiting", "claimed", "sent")
_SHOWN_AS_PLAN = frozenset({"limits", "first_write"})  # the plan that waits says it already
_CHARTED = 60


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for a person, and where to do it."""

    word: str
    tone: str
    text: str
    href: str
    act: str


@dataclass(frozen=True, slots=True)
class Moving:
    """How far the run is that works on a connection."""

    share: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Card:
    """A connection's card."""

    name: str
    vendor: str
    schedule: str
    word: str
    tone: str
    why: str
    paused: bool
    records: int
    pending: int
    held: int
    failing: int
    last: datetime | None
    next: datetime | None
    chart: Chart | None
    progress: Moving | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the home page."""

    needs: tuple[Need, ...]
    cards: tuple[Card, ...]
    runs: tuple[RunShown, ...]
    summary: str


def overview(tx: Reading, settings: Settings, now: datetime) -> Overview:
    """Return the home page as of now."""
    runs = tx.runs.list(limit=_CHARTED)
    open_runs = [run for run in reversed(runs) if run.state in {"requested", "running"}]
    shown = connections_shown(settings, tx.connections.all(), planned_times(tx), open_runs, now)
    counts = tx.operations.open_counts()
    figures = _figures(runs)
    held = tx.holds.counts()
    cards = tuple(_card(one, counts, held, figures, open_runs) for one in shown)
    waiting = _waiting_needs(tx, counts)
    needs = (*waiting, *_connection_needs(shown), *_review_needs(tx, planned=bool(waiting)))
    return Overview(needs, cards, tuple(run_in(tx, run) for run in runs[:LATEST]), _summary(tx, cards))


def _summary(tx: Reading, cards: Sequence[Card]) -> str:
    apart = tx.holds.customers()
    total = tx.customers.count()
    if not total:
        return f"{len(cards)} connections, no customer yet."
    return f"{total:,} customers in {len(cards)} connections; {f'{apart:,} are' if apart else 'none is'} not the same everywhere."


def _figures(runs: Sequence[Run]) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
    """Return what each run did in each connection, newest first; a dry run only looked."""
    figures: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for run in runs:
        if run.report and not run.flags.get("dry_run"):
            for name, tally in run.report.get("connections", {}).items():
                figures[name].append((run.id, tally))
    return figures


def _card(
    one: ConnectionShown,
    counts: Mapping[tuple[str, str], int],
    held: Mapping[str, int],
    figures: Mapping[str, list[tuple[str, Mapping[str, Any]]]],
    open_runs: Sequence[Run],
) -> Card:
    mine = figures.get(one.name, [])
    running = next((run for run in open_runs if run.state == "running" and one.name in run.connections), None)
    return Card(
        name=one.name,
        vendor=one.vendor,
        schedule=one.schedule,
        word=one.word,
        tone=one.tone,
        why=one.why,
        paused=one.paused,
        records=one.records,
        pending=sum(counts.get((one.name, state), 0) for state in _PENDING),
        held=held.get(one.name, 0),
        failing=counts.get((one.name, "unknown"), 0) + (int(mine[0][1].get("failed") or 0) if mine else 0),
        last=one.last,
        next=None if one.paused else next(iter(one.next), None),
        chart=chart(mine),
        progress=_moving(running, one.name),
    )


def _moving(run: Run | None, name: str) -> Moving | None:
    if run is None or run.progress.get("connection", name) not in {name, ""}:
        return None
    done, total = run.progress.get("done"), run.progress.get("total")
    share = min(100, int(100 * done / total)) if isinstance(done, int) and total else None
    return Moving(share, progress_words(run.progress))


def _waiting_needs(tx: Reading, counts: Mapping[tuple[str, str], int]) -> list[Need]:
    """Return one need per run whose operations wait for approval."""
    if not any(state == "waiting" for _, state in counts):
        return []
    waiting = tx.operations.list(states=("waiting",), limit=10_000)
    by_run = Counter(operation.run for operation in waiting)
    names: dict[str, set[str]] = defaultdict(set)
    for operation in waiting:
        names[operation.run].add(operation.draft.connection)
    return [
        Need(
            "Approve",
            "warn",
            f"{count:,} operation{'' if count == 1 else 's'} for {', '.join(sorted(names[run]))} {'waits' if count == 1 else 'wait'} for your approval",
            f"/runs/{run}",
            "Look at the plan",
        )
        for run, count in by_run.items()
    ]


def _connection_needs(shown: Sequence[ConnectionShown]) -> list[Need]:
    return [
        Need(
            one.word,
            one.tone,
            f"{one.name}: {one.why or 'look at its connection'}",
            f"/connections#{one.name}",
            "Look",
        )
        for one in shown
        if one.tone == "bad"
    ]


def _review_needs(tx: Reading, *, planned: bool) -> list[Need]:
    """Return one need per kind of open review, with the first of it."""
    kinds: dict[str, list[Review]] = defaultdict(list)
    for review in tx.reviews.list(limit=1_000):
        if not (planned and review.kind in _SHOWN_AS_PLAN):
            kinds[review.kind].append(review)
    return [_review_need(kind, reviews) for kind, reviews in kinds.items()]


def _review_need(kind: str, reviews: Sequence[Review]) -> Need:
    if len(reviews) == 1:
        return Need("Decide", "warn", review_title(reviews[0]), f"/reviews/{reviews[0].id}", "Decide")
    return Need(
        "Decide", "warn", f"{len(reviews):,} × {review_title(reviews[0])}", f"/reviews?kind={kind}", "Decide"
    )
