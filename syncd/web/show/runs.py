"""A run as the page shows it: what was asked, how far it is, and its figures by connection and in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from syncd.store import Reading, Run
from syncd.values import Tally
from syncd.web.show.times import took
from syncd.web.show.words import RUN_WORDS, STAGES, run_word

TALLIES = tuple(part.name for part in fields(Tally))


@dataclass(frozen=True, slots=True)
class Total:
    """The figures of all connections of a run together."""

    pulled: int = 0
    changed: int = 0
    created: int = 0
    updated: int = 0
    removed: int = 0
    held: int = 0
    failed: int = 0
    linked: int = 0

    @property
    def written(self) -> int:
        return self.created + self.updated + self.removed


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way of the data, with its count; `now` while the run is in it."""

    name: str
    number: int
    words: str
    now: bool = False


@dataclass(frozen=True, slots=True)
class RunShown:
    """One run for a list or its own page."""

    id: str
    title: str
    connections: tuple[str, ...]
    kinds: tuple[str, ...]
    asked_by: str
    asked_at: datetime | None
    started_at: datetime | None
    joined: int
    took: str
    word: str
    tone: str
    open: bool
    dry_run: bool
    total: Total
    tallies: tuple[dict[str, Any], ...]
    errors: tuple[str, ...]
    way: tuple[Step, ...]
    sentence: str
    share: int | None


def run_in(tx: Reading, run: Run) -> RunShown:
    """Return a run as it is shown; one whose plan waited is told to be decided once nothing of it waits any more."""
    decided = run.status == "held" and not tx.operations.list(run=run.id, states=("waiting",), limit=1)
    return run_shown(run, decided=decided)


def run_shown(run: Run, *, decided: bool = False) -> RunShown:
    """Return a run as it is shown, without asking whether its plan still waits."""
    report = run.report or {}
    tallies = tuple(_tally(name, figures) for name, figures in sorted(report.get("connections", {}).items()))
    total = _total(tallies)
    word = RUN_WORDS["decided"] if decided else run_word(run.state, run.status)
    return RunShown(
        id=run.id,
        title=_title(run),
        connections=run.connections,
        kinds=kinds(run.flags),
        asked_by=run.asked_by,
        asked_at=run.asked_at,
        started_at=run.started_at,
        joined=run.joined,
        took=took(run.started_at, run.ended_at),
        word=word.word,
        tone=word.tone,
        open=run.state in {"requested", "running"},
        dry_run=bool(run.flags.get("dry_run")),
        total=total,
        tallies=tallies,
        errors=tuple(str(line) for line in report.get("errors", ())),
        way=_way(total, run.progress, report, dry_run=bool(run.flags.get("dry_run"))),
        sentence=_sentence(run, report),
        share=_share(run.progress),
    )


def kinds(flags: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what was special about a run, in words."""
    said = (("dry_run", "dry run"), ("full", "full"), ("yes", "approved"))
    return tuple(word for flag, word in said if flags.get(flag))


def _title(run: Run) -> str:
    what = "Dry run" if run.flags.get("dry_run") else "Full sync" if run.flags.get("full") else "Sync"
    return f"{what} of {', '.join(run.connections)}" if run.connections else f"{what} of everything"


def _tally(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {**dict.fromkeys(TALLIES, 0), "error": "", **figures, "name": name}


def _total(tallies: Iterable[Mapping[str, Any]]) -> Total:
    rows = list(tallies)

    def summed(*names: str) -> int:
        return sum(int(row.get(name) or 0) for row in rows for name in names)

    return Total(
        pulled=summed("pulled"),
        changed=summed("new", "changed", "gone"),
        created=summed("created"),
        updated=summed("updated"),
        removed=summed("archived", "deleted"),
        held=summed("held"),
        failed=summed("failed"),
        linked=summed("linked"),
    )


def _way(
    total: Total, progress: Mapping[str, Any], report: Mapping[str, Any], *, dry_run: bool
) -> tuple[Step, ...]:
    stage = progress.get("stage", "") if not report else ""
    done = int(progress.get("done") or 0)
    planned = len(report.get("plan", ()))
    return (
        Step("Pulled", done if stage == "pull" else total.pulled, "records read", now=stage == "pull"),
        Step("Changed", total.changed, "new, changed or gone"),
        Step(
            "Customers",
            int(report.get("customers") or 0),
            f"{total.linked} linked anew",
            now=stage == "reconcile",
        ),
        Step("Planned", planned, "would be written", now=stage == "plan")
        if dry_run
        else Step(
            "Written",
            done if stage == "push" else total.written,
            f"{total.created} created, {total.updated} updated",
            now=stage == "push",
        ),
        Step("Held", total.held, f"{total.failed} failed"),
    )


def _share(progress: Mapping[str, Any]) -> int | None:
    done, total = progress.get("done"), progress.get("total")
    return min(100, int(100 * done / total)) if done and total else None


def progress_words(progress: Mapping[str, Any]) -> str:
    """Return how far a run is, in words."""
    if not progress.get("stage"):
        return "Starting"
    stage = STAGES.get(progress["stage"], str(progress["stage"]).capitalize())
    name = f" {progress['connection']}" if progress.get("connection") else ""
    total = f" of {progress['total']:,}" if progress.get("total") else ""
    return f"{stage}{name}: {int(progress.get('done') or 0):,}{total}"


def _sentence(run: Run, report: Mapping[str, Any]) -> str:
    if run.state == "requested":
        return "Waits for its turn."
    if run.state == "running":
        return progress_words(run.progress)
    if not report:
        return "There is no report."
    if short := [name for name, each in sorted(report.get("connections", {}).items()) if each.get("error")]:
        return f"What {', '.join(short)} has was not read to its end, so nothing is concluded from it."
    drift, reviews = int(report.get("drift") or 0), int(report.get("reviews") or 0)
    said = [
        f"{drift:,} customers are not the same everywhere"
        if drift
        else "Everything that may be the same is the same"
    ]
    if reviews:
        said.append(f"{reviews:,} review{'' if reviews == 1 else 's'} open")
    return "; ".join(said) + "."
