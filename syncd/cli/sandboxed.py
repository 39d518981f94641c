"""`syncd sandbox` and `syncd demo`: the four vendors on this machine, and syncd on top of them."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli import opening, say
from syncd.errors import StoreError, UsageError

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.sandbox import RunningSandbox, Sandbox
    from syncd.values import Report

# connection of the sandbox's configuration → the simulated vendor behind it
CONNECTIONS: Mapping[str, str] = {
    "crm": "perfex",
    "shop": "kiotviet",
    "loyalty": "omniwallet",
    "booking": "pexip_engage",
}
PORTS: Mapping[str, int] = {"perfex": 8391, "kiotviet": 8392, "omniwallet": 8393, "pexip_engage": 8394}
_PATHS: Mapping[str, str] = {"omniwallet": "/v1"}
_TOKEN_PATHS: Mapping[str, str] = {
    "kiotviet": "/connect/token",
    "pexip_engage": "/realms/acme/protocol/openid-connect/token",
}

Switches = Annotated[
    list[str] | None,
    typer.Option(
        "--switch", metavar="VENDOR.SWITCH=VALUE", help="As in perfex.version=2.0; may be repeated."
    ),
]


def configuration() -> Path:
    """Return the sandbox's configuration: in a checkout under config/, in a wheel beside the code."""
    package = Path(__file__).parents[1]
    for place in (package / "samples" / "sandbox.toml", package.parent / "config" / "sandbox.toml"):
        if place.is_file():
            return place
    raise StoreError("This syncd was installed without config/sandbox.toml.", "Install it again.")


def environment(running: RunningSandbox) -> dict[str, str]:
    """Return the variables with which the sandbox's configuration finds these vendors."""
    found = dict(running.sandbox.secrets())
    for connection, vendor in CONNECTIONS.items():
        prefix, url = f"SYNCD__CONNECTIONS__{connection.upper()}", running.urls[vendor]
        found[f"{prefix}__BASE_URL"] = url + _PATHS.get(vendor, "")
        if vendor in _TOKEN_PATHS:
            found[f"{prefix}__TOKEN_URL"] = url + _TOKEN_PATHS[vendor]
    return found


# --- sandbox -------------------------------------------------------------------------------------


def sandbox(
    switch: Switches = None,
    any_port: Annotated[
        bool, typer.Option("--any-port", help="Take free ports instead of 8391 to 8394.")
    ] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Begin without a customer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print addresses and variables as JSON.")] = False,
) -> None:
    """Run only the four simulators until interrupted, and print what a configuration needs to reach them."""
    from syncd.sandbox import Sandbox

    simulated = Sandbox.empty() if empty else Sandbox.demo()
    turn(simulated, switch or ())
    try:
        running = simulated.serve(ports={} if any_port else dict(PORTS))
    except OSError as error:
        raise UsageError(f"A port is taken: {error.strerror}.", "Take free ones with --any-port.") from error
    with running:
        _tell(running, as_json=as_json)
        _wait()


def turn(simulated: Sandbox, switches: Sequence[str]) -> None:
    """Set switches of the simulators. Raises UsageError."""
    from syncd.sandbox import apply_switch

    for each in switches:
        try:
            apply_switch(simulated, each)
        except ValueError as error:
            raise UsageError(f"--switch {each}: {error}.", "`docs/vendors.md` lists them.") from error


def _tell(running: RunningSandbox, *, as_json: bool) -> None:
    needed = {"SYNCD_CONFIG": str(configuration().resolve()), **environment(running)}
    if as_json:
        say.document({"urls": running.urls, "environment": needed})
        return
    for vendor, url in running.urls.items():
        say.note(f"{vendor:13} {url}")
    say.note(
        "In another terminal: paste the exports from standard output, then run `syncd sync`, which this configuration "
        "lets write without asking. Ctrl-C ends the simulators."
    )
    for name, value in needed.items():
        say.line(f"export {name}='{value}'")


def _wait() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    signal.sigwait(signals)


# --- demo ----------------------------------------------------------------------------------------


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the syncs.")] = False,
    port: Annotated[int, typer.Option("--port", help="The admin page's port; 0 takes any free one.")] = 8384,
    data: Annotated[Path | None, typer.Option("--data", help="Keep the store in this folder.")] = None,
    switch: Switches = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print both reports as one JSON document.")] = False,
) -> None:
    """Show syncd at work: four simulated vendors, a fresh store, a sync with its report, then the admin page."""
    from syncd.sandbox import Sandbox

    simulated = Sandbox.demo()
    turn(simulated, switch or ())
    with tempfile.TemporaryDirectory(prefix="syncd-demo-") as scratch, simulated.serve() as running:
        folder = data or Path(scratch)
        raise typer.Exit(_demonstrate(running, fresh(folder), port, serve=not no_serve, as_json=as_json))


def fresh(folder: Path) -> Path:
    """Return where the demonstration's new store stands; one that is there already is not touched."""
    store = folder / "demo.db"
    if store.exists():
        raise UsageError(
            f"{store} is there already.", "Name another folder, or remove it: the demo begins fresh."
        )
    folder.mkdir(parents=True, exist_ok=True)
    return store


def _demonstrate(running: RunningSandbox, store: Path, port: int, *, serve: bool, as_json: bool) -> int:
    from syncd.config import load

    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith("SYNCD_")}
    environ |= environment(running) | {"SYNCD__STORE__URL": f"sqlite:///{store.absolute()}"}
    settings = load(
        configuration(), environ, {"web.port": port, "store.backups": str(store.parent / "backups")}
    )
    opening.prepare_log(settings)
    from syncd.app import App

    with App.open(settings) as app:
        first = _synced(app, "The first sync finds, links, creates and fills.", as_json=as_json)
        second = _synced(app, "The second sync has nothing left to write.", as_json=as_json)
    missing = shortcomings(first, second)
    if as_json:
        say.document({"first": first, "second": second, "shortcomings": missing})
    for each in missing:
        say.note(f"Not as it should be: {each}")
    if not missing:
        say.note("As it should be: linked in all four, created and filled what was missing, and then silent.")
    if serve:
        from syncd.cli.service import daemon

        say.note("The admin page stays until Ctrl-C.")
        # beside the reports, which may be one document
        daemon(settings, with_page=True, say_to=say.note)
    return 1 if missing else 0


def _synced(app: App, words: str, *, as_json: bool) -> Report:
    from syncd.app import as_plain
    from syncd.cli.report import show
    from syncd.cli.sync import progress_shown

    say.note(words)
    with progress_shown() as progress:
        report = app.sync(tuple(CONNECTIONS), full=True, asked_by="demo", progress=progress)
    if not as_json:
        show(as_plain(report))
    return report


def shortcomings(first: Report, second: Report) -> list[str]:
    """Return what the two syncs of the demonstration's world should have done and did not."""
    found = []
    for name in CONNECTIONS:
        tally, then = first.connections.get(name), second.connections.get(name)
        if tally is None or then is None:
            found.append(f"{name} took no part")
            continue
        if not tally.complete or tally.error:
            found.append(f"{name} was not read to the end: {tally.error or 'incomplete'}")
        found += [f"{name}: nothing was {word}" for word in ("linked", "created") if not getattr(tally, word)]
        # what a vendor refuses in the first sync is held with the vendor's words, and not tried again in the second
        again = {
            word: getattr(then, word) for word in ("created", "updated", "failed") if getattr(then, word)
        }
        if again:
            words = ", ".join(f"{number} {word}" for word, number in again.items())
            found.append(f"{name}: the second sync was not silent: {words}")
    if not any(tally.updated for tally in first.connections.values()):
        found.append("nothing was filled anywhere")
    if not first.reviews:
        found.append("no review was raised, though the world holds people that only a person can tell apart")
    return found
