"""`syncd status`, `check` and `doctor`: how things are, whether vendors answer, and what is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson
from syncd.errors import SyncdError

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.config import Settings
    from syncd.store import ConnectionState, Reading, Store

LITTLE_SPACE = 200 * 1024 * 1024  # bytes left on the disk of the store, below which it is time to make room
SILENT_FOR = timedelta(days=2)


class Finding(NamedTuple):
    """One thing that was looked at: whether it is well, and what to do if not."""

    what: str
    ok: bool
    detail: str = ""
    fix: str = ""


# --- status --------------------------------------------------------------------------------------


def status(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show how every connection is doing, and what waits for a person."""
    settings = opening.settings_of(ctx)
    with opening.store_of(settings) as store:
        holder = store.holder()
        with store.look() as tx:
            found = _status(settings, store, tx, holder)
    if as_json:
        say.document(found)
        return
    _show_status(found)


def _status(
    settings: Settings, store: Store, tx: Reading, holder: Mapping[str, Any] | None
) -> dict[str, Any]:
    held, operations, states = tx.holds.counts(), tx.operations.open_counts(), tx.connections.all()
    last = tx.runs.list(limit=1)
    return {
        "store": store.url,
        "holder": holder,
        "customers": tx.customers.count(),
        "drift": tx.holds.customers(),
        "reviews": tx.reviews.count_open(),
        "last_run": {"id": last[0].id, "state": last[0].state, "status": last[0].status} if last else None,
        "connections": {
            name: {
                **_state(states.get(name)),
                "schedule": str(each.schedule) if each.schedule else None,
                "held": held.get(name, 0),
                "operations": {state: count for (of, state), count in operations.items() if of == name},
            }
            for name, each in settings.connections.items()
        },
    }


def _state(state: ConnectionState | None) -> dict[str, Any]:
    if state is None:
        return {
            "state": "new",
            "reason": "never pulled",
            "records": 0,
            "last_success": None,
            "last_attempt": None,
        }
    return {
        "state": state.state,
        "reason": state.reason,
        "records": state.records,
        "last_success": state.last_success,
        "last_attempt": state.last_attempt,
    }


def _show_status(found: Mapping[str, Any]) -> None:
    rows = [
        (
            name,
            each["state"],
            each["last_success"],
            each["records"],
            each["held"],
            sum(each["operations"].values()),
            each["reason"],
        )
        for name, each in found["connections"].items()
    ]
    columns = ("connection", "state", "last success", "records", "held", "open operations", "reason")
    say.table(columns, rows, empty="No connection is configured.")
    holder = found["holder"]
    daemon = (
        f"{holder['holder']} (process {holder['pid']} on {holder['host']}) works on it"
        if holder
        else "nobody works on it"
    )
    say.line(
        f"{found['customers']} customers, {found['drift']} not the same everywhere. The store: {daemon}."
    )
    if found["reviews"]:
        say.note(f"{found['reviews']} reviews wait for a person: `syncd reviews list`.")


# --- check ---------------------------------------------------------------------------------------


def check(
    ctx: typer.Context,
    connections: Annotated[
        list[str] | None, typer.Argument(help="Which connections; all when none is named.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Reach every connection and verify what its credentials may do."""
    with opening.opened(ctx) as app:
        found = app.check(opening.chosen(app.settings, connections or ()))
    if as_json:
        say.document(found)
    else:
        say.table(
            ("connection", "what", "", "detail"), _check_rows(found), empty="No connection is configured."
        )
    raise typer.Exit(0 if all(each.ok for findings in found.values() for each in findings) else 4)


def _check_rows(found: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, ...]]:
    for name, findings in found.items():
        for each in findings:
            detail = f"{each.detail} {each.fix}" if not each.ok else each.detail
            yield name, each.what, "ok" if each.ok else "WRONG", detail.strip()


# --- doctor --------------------------------------------------------------------------------------


def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no vendor.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for everything that is wrong, and say what to do about it."""
    with opening.opened(ctx) as app:
        found = list(findings_of(app, offline=offline))
    if as_json:
        say.document([each._asdict() for each in found])
    else:
        rows = [
            (each.what, "ok" if each.ok else "WRONG", each.detail, "" if each.ok else each.fix)
            for each in found
        ]
        say.table(("looked at", "", "found", "do"), rows, empty="")
    raise typer.Exit(0 if all(each.ok for each in found) else 1)


def findings_of(app: App, *, offline: bool) -> Iterator[Finding]:
    """Yield everything that can be looked at, from the configuration out to the vendors."""
    yield from _of_settings(app.settings)
    yield from _of_store(app.store, app.settings)
    with app.store.look() as tx:
        yield from _of_work(tx, app.settings)
    if not offline:
        yield from _of_vendors(app)


def _of_settings(settings: Settings) -> Iterator[Finding]:
    for warning in settings.warnings:
        yield Finding(f"setting {warning.key}", False, warning.what, warning.instead)
    if not settings.warnings:
        yield Finding("configuration", True, str(settings.path))


def _of_store(store: Store, settings: Settings) -> Iterator[Finding]:
    damage = store.check()
    yield Finding(
        "store", not damage, "; ".join(damage) or store.url, "Restore the newest backup: `syncd restore`."
    )
    path = settings.store.url.partition(":///")[2]
    if settings.store.url.startswith("sqlite") and Path(path).exists():
        left = shutil.disk_usage(Path(path).parent).free
        yield Finding(
            "disk",
            left > LITTLE_SPACE,
            f"{left // 2**20} MiB free",
            "Make room: a full disk stops every sync.",
        )
        open_to_all = Path(path).stat().st_mode & 0o077
        yield Finding("file mode of the store", not open_to_all, path, f"Run: chmod 600 {path}")


def _of_work(tx: Reading, settings: Settings) -> Iterator[Finding]:
    states = tx.connections.all()
    for name, each in settings.connections.items():
        if each.enabled:
            yield _of_connection(name, states.get(name), tx.now)
    for name in states.keys() - settings.connections.keys():
        yield Finding(f"connection {name}", True, "no longer configured; its records keep what they said")
    unknown = tx.operations.list(states=("unknown",))
    yield Finding(
        "writes of unknown outcome",
        not unknown,
        _listed([each.id for each in unknown]),
        "The next sync looks for them.",
    )
    aside = tx.records.problems(limit=20)
    yield Finding(
        "records set aside",
        not aside,
        _listed([f"{each.connection}/{each.vendor_id} ({each.problem})" for each in aside]),
        "Correct them at the vendor; the next sync reads them again.",
    )
    reviews = tx.reviews.count_open()
    yield Finding(
        "reviews",
        not reviews,
        f"{reviews} open" if reviews else "none open",
        "Decide them: `syncd reviews list`.",
    )


def _of_connection(name: str, state: ConnectionState | None, now: datetime) -> Finding:
    if state is None or state.last_success is None:
        return Finding(
            f"connection {name}",
            False,
            state.reason if state else "never pulled",
            f"Run `syncd sync {name}`.",
        )
    if state.state != "ok":
        return Finding(
            f"connection {name}", False, f"{state.state}: {state.reason}", f"Run `syncd check {name}`."
        )
    silent = now - state.last_success > SILENT_FOR
    return Finding(
        f"connection {name}",
        not silent,
        f"last pulled {say.text(state.last_success)}",
        "Is `syncd serve` running?",
    )


def _of_vendors(app: App) -> Iterator[Finding]:
    names = [name for name, each in app.settings.connections.items() if each.enabled]
    try:
        found = app.check(names)
    except SyncdError as error:
        yield Finding("vendors", False, error.what, error.next_step)
        return
    for name, findings in found.items():
        for each in findings:
            yield Finding(f"{name}: {each.what}", each.ok, each.detail, each.fix)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
