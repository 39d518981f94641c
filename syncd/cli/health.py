"""`syncd status`, `check` and `doctor`: how things are, whether vendors answer, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.completing import connection_names
from syncd.cli.options import AsJson

if TYPE_CHECKING:
    from syncd.config import Settings
    from syncd.store import ConnectionState, Reading, Store

_LEVELS = {"good": "ok", "soon": "soon", "wrong": "WRONG"}


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
        list[str] | None,
        typer.Argument(help="Which connections; all when none is named.", autocompletion=connection_names),
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
    from syncd.doctor import examined

    with opening.opened(ctx) as app:
        found = list(examined(app, app.clock(), ask=not offline, deep=True))
    if as_json:
        say.document([{**asdict(each), "ok": each.ok} for each in found])
    else:
        rows = [(each.what, _LEVELS[each.level], each.detail, "" if each.ok else each.fix) for each in found]
        say.table(("looked at", "", "found", "do"), rows, empty="")
    raise typer.Exit(1 if any(each.level == "wrong" for each in found) else 0)
