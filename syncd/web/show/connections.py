"""A connection as the page shows it: one state word, why, when next, and its settings with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from syncd.config import ConnectionSettings, Secret, Settings
from syncd.store import ConnectionState, Reading, Run
from syncd.web.show.account import answers_words, budget_words, fidelity_words, webhook_words
from syncd.web.show.schedule import next_times, schedule_words
from syncd.web.show.times import late
from syncd.web.show.words import CONNECTION_WORDS, STAGES, Word, vendor_word

_UNSHOWN = frozenset({"name", "vendor"})


@dataclass(frozen=True, slots=True)
class ConnectionShown:
    """One connection for the overview's card and for its own panel."""

    name: str
    vendor: str
    word: str
    tone: str
    why: str
    paused: bool
    schedule: str
    next: tuple[datetime, ...]
    last: datetime | None
    full: datetime | None
    records: int
    approved: str
    settings: tuple[tuple[str, str, str], ...]
    fidelity: tuple[tuple[str, str], ...]
    answers: str
    budget: str
    webhook: str


def planned_times(tx: Reading) -> dict[str, datetime]:
    """Return when the daemon will ask for each connection next, as it last wrote it down."""
    text = tx.meta.get("timetable")
    return {name: datetime.fromisoformat(at) for name, at in orjson.loads(text).items()} if text else {}


def connections_shown(
    settings: Settings,
    states: Mapping[str, ConnectionState],
    planned: Mapping[str, datetime],
    open_runs: list[Run],
    now: datetime,
) -> list[ConnectionShown]:
    """Return every configured connection as it is shown, the most trusted first."""
    chosen = sorted(settings.connections.values(), key=lambda one: (one.priority, one.name))
    return [
        _shown(one, settings, states.get(one.name), planned.get(one.name), open_runs, now) for one in chosen
    ]


def _shown(
    one: ConnectionSettings,
    settings: Settings,
    state: ConnectionState | None,
    planned: datetime | None,
    open_runs: list[Run],
    now: datetime,
) -> ConnectionShown:
    zone = settings.daemon.time_zone
    word, why = state_word(one, state, open_runs, now)
    return ConnectionShown(
        name=one.name,
        vendor=vendor_word(one.vendor),
        word=word.word,
        tone=word.tone,
        why=why,
        paused=bool(state and state.state == "paused"),
        schedule=schedule_words(one.schedule, zone),
        next=tuple(next_times(one.schedule, planned, now, zone)) if one.enabled else (),
        last=state.last_success if state else None,
        full=state.full_started if state else None,
        records=state.records if state else 0,
        approved=_approved(one, state, settings.safety.approve),
        settings=settings_shown(one, settings),
        fidelity=fidelity_words(state),
        answers=answers_words(state),
        budget=budget_words(one),
        webhook=webhook_words(one, settings.web.public_url),
    )


def state_word(
    one: ConnectionSettings, state: ConnectionState | None, open_runs: list[Run], now: datetime
) -> tuple[Word, str]:
    """Return a connection's state in one word, and why: a person's matter first, then what happens right now."""
    if not one.enabled:
        return Word("Off", "off"), "enabled = false in the configuration."
    if state and state.state in {"paused", "refused"}:
        return CONNECTION_WORDS[state.state], state.reason
    under_way = _under_way(one.name, open_runs)
    if under_way:
        return under_way, state.reason if state and state.state != "ok" else ""
    if state is None or (state.last_success is None and state.state == "ok"):
        return Word("Never synced", "off"), ""
    if state.state != "ok":
        return CONNECTION_WORDS.get(state.state, Word(state.state, "warn")), state.reason
    behind = late(state.last_success, one.schedule.every if one.schedule else None, now)
    if behind:
        return Word("Late", "bad" if behind > 1 else "warn"), "It was not pulled when its schedule said so."
    return CONNECTION_WORDS["ok"], ""


def _under_way(name: str, open_runs: list[Run]) -> Word | None:
    for run in open_runs:
        if run.connections and name not in run.connections:
            continue
        if run.state == "requested":
            return Word("Queued", "busy")
        if run.progress.get("connection", name) in {name, ""}:
            return Word(STAGES.get(run.progress.get("stage", ""), "Running"), "busy")
        return Word("Running", "busy")
    return None


def _approved(one: ConnectionSettings, state: ConnectionState | None, approve: str) -> str:
    if not one.push:
        return "read only"
    if approve == "never":
        return 'need no approval (safety.approve = "never")'
    return "approved" if state and state.approved else "wait for approval"


def settings_shown(one: ConnectionSettings, settings: Settings) -> tuple[tuple[str, str, str], ...]:
    """Return a connection's settings with their sources; secrets show only where they are kept."""
    rows = []
    for name in type(one).model_fields:
        value = getattr(one, name)
        if name not in _UNSHOWN and value not in (None, "", {}, ()):
            rows.append(
                (name, _value(value), settings.sources.get(f"connections.{one.name}.{name}", "default"))
            )
    return tuple(rows)


def _value(value: Any) -> str:
    match value:
        case Secret():
            return value.reference
        case bool():
            return str(value).lower()
        case frozenset() | set():
            return ", ".join(sorted(map(str, value))) or "nothing"
        case tuple() | list():
            return ", ".join(map(str, value))
        case Mapping():
            return ", ".join(f"{name}: {_value(each)}" for name, each in value.items())
    return str(value)
