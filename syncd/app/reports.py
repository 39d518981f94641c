"""Reports as plain values, as they are stored with a run and handed to programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from syncd.store import Run
from syncd.values import Report, Tally


def as_plain(report: Report) -> dict[str, Any]:
    """Return a report as values that JSON knows."""
    plain: dict[str, Any] = {name: getattr(report, name) for name in Report.__dataclass_fields__}
    plain["connections"] = {name: asdict(tally) for name, tally in report.connections.items()}
    for name in ("started", "ended"):
        plain[name] = plain[name].isoformat() if plain[name] else None
    return plain


def report_of(run: Run) -> Report:
    """Return the report that a finished run left."""
    plain = dict(run.report or {})
    if "connections" not in plain:
        return Report(run.id, status="failed", errors=[str(plain.get("error", "no report"))], exit_status=1)
    tallies = {name: Tally(**tally) for name, tally in plain["connections"].items()}
    known = {name: plain[name] for name in Report.__dataclass_fields__ if name in plain}
    report = Report(**{**known, "connections": tallies})
    report.started, report.ended = _moment(plain.get("started")), _moment(plain.get("ended"))
    return report


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
