"""`syncd migrate`, `backup`, `restore` and `prune`: care of the store."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson

_OWN_COPY = re.compile(r"syncd-\d{8}-\d{6}\.db")


def migrate(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the store to this version; a copy is made first."""
    with opening.stored(ctx) as store:
        found = {"store": store.url, "instance": store.instance}
    say.document(found) if as_json else say.line(f"{found['store']} is up to date.")


def backup(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The new file; by default one in store.backups.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a safe copy of the store while syncd goes on working."""
    settings = opening.settings_of(ctx)
    from syncd.store import backup as make_copy

    target = path or settings.store.backups / f"syncd-{opening.utc_now():%Y%m%d-%H%M%S}.db"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = make_copy(settings.store.url, target)
    removed = [] if path else _tidied(settings.store.backups, settings.store.keep_backups)
    if as_json:
        say.document({"path": made, "removed": removed})
        return
    say.line(str(made))
    for each in removed:
        say.note(f"removed {each}")


def _tidied(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest copies that this command made; a copy under another name is never touched."""
    copies = sorted(each for each in folder.iterdir() if _OWN_COPY.fullmatch(each.name))
    old = copies[: max(len(copies) - keep, 0)]
    for each in old:
        each.unlink()
    return old


def restore(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file that `syncd backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a copy in the place of the store; what stood there is put aside, and erasures made since are kept."""
    settings = opening.settings_of(ctx)
    if not yes:
        typer.confirm(f"Replace the store {settings.store.shown_url} with {path}?", abort=True, err=True)
    from syncd.store import restore as put_back

    aside = put_back(settings.store.url, path, now=opening.utc_now())
    if as_json:
        say.document({"restored": path, "aside": aside})
        return
    say.line(f"{path} is the store now." + (f" The former one is {aside}." if aside else ""))
    say.note("The next sync looks everywhere anew before it creates anything.")


def prune(
    ctx: typer.Context,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Keep so many days instead of store.keep_days.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete finished runs and operations older than store.keep_days; the daemon does it every day."""
    settings = opening.settings_of(ctx)
    from syncd.store import prune as delete_old

    with opening.store_of(settings) as store:
        gone = delete_old(store, days or settings.store.keep_days)
        store.do(lambda tx: tx.audit.add(opening.who(), "pruned the store", "store", gone))
    if as_json:
        say.document(gone)
        return
    said = [f"{count} {subject.replace('_', ' ')}" for subject, count in gone.items() if count]
    say.line(f"Deleted: {', '.join(said) or 'nothing was old enough'}.")
