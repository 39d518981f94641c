"""A run's report: as the document that programs read, and as the tables that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncd.cli import say

_COLUMNS = ("pulled", "new", "changed", "gone", "linked", "created", "updated", "held", "failed", "requests")
_SHOWN = 200  # records of a plan that are shown to a person; a program gets all


def show(report: Mapping[str, Any]) -> None:
    """Print a report for a person."""
    connections: Mapping[str, Mapping[str, Any]] = report.get("connections", {})
    rows = ([name, *(figures.get(column, 0) for column in _COLUMNS)] for name, figures in connections.items())
    say.table(("connection", *_COLUMNS), rows, empty="No connection took part.")
    for error in report.get("errors", ()):
        say.note(str(error))
    _show_plan(report)
    _show_held(report.get("held", ()))
    say.note(verdict(report))


def _show_plan(report: Mapping[str, Any]) -> None:
    plan: Sequence[Mapping[str, Any]] = report.get("plan", ())
    if not plan or not (report.get("dry_run") or report.get("status") == "held"):
        return
    say.line("")
    say.line(f"Planned: {_counted(plan)}.")
    for planned in plan[:_SHOWN]:
        for each in _planned(planned):
            say.line(each)
    if len(plan) > _SHOWN:
        say.note(f"… and {len(plan) - _SHOWN} more; --json has them all.")


def _counted(plan: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter((str(each["connection"]), str(each["kind"])) for each in plan)
    return ", ".join(
        f"{number} × {kind} in {connection}" for (connection, kind), number in sorted(kinds.items())
    )


def _planned(planned: Mapping[str, Any]) -> Iterator[str]:
    record = planned.get("vendor_id") or "new"
    yield f"{planned['connection']}: {planned['kind']} {record} (customer {planned['customer']}): {planned['reason']}"
    shows = planned.get("shows", {})
    for name, (before, after) in planned.get("fields", {}).items():
        rendered = (
            f", which {planned['connection']} will show as {_quoted(shows[name])}" if name in shows else ""
        )
        yield f"    {name}: {_quoted(before)} → {_quoted(after)}{rendered}"


def _quoted(value: str | None) -> str:
    return f"“{value}”" if value else "(empty)"


def _show_held(held: Sequence[Mapping[str, Any]]) -> None:
    reasons = Counter((str(each.get("connection", "")), str(each.get("reason", ""))) for each in held)
    if not reasons:
        return
    say.line("")
    rows = [(connection, number, reason) for (connection, reason), number in reasons.most_common()]
    say.table(("held in", "times", "reason"), rows, empty="")


def verdict(report: Mapping[str, Any]) -> str:
    """Return the sentence that sums a run up, and what to do next."""
    run, reviews = report.get("run", ""), report.get("reviews", 0)
    words = {
        "ok": "All well.",
        "attention": "Done, but something needs a look.",
        "held": f"A plan waits for approval: `syncd runs show {run}`, then `syncd runs approve {run}` or discard.",
        "failed": "Something failed; the lines above say what.",
    }[str(report.get("status", "ok"))]
    waiting = f" {reviews} reviews wait for a person: `syncd reviews list`." if reviews else ""
    return f"{run}: {words}{waiting}" if run else f"{words}{waiting}"
