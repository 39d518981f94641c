"""`syncd config` and `syncd init`: what the settings are, where they come from, and a file to begin with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from syncd.cli import opening, say
from syncd.cli.options import AsJson
from syncd.cli.root import config_path
from syncd.errors import UsageError

commands = typer.Typer(
    no_args_is_help=True, help="Check the configuration, and show where its values come from."
)


@commands.command("check")
def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say everything that is wrong with the configuration; no vendor is asked."""
    from syncd.config import load
    from syncd.errors import ConfigError

    try:
        settings = load(config_path(ctx), os.environ)
    except ConfigError as error:
        if as_json:
            say.document({"ok": False, "problems": error.problems, "warnings": []})
            raise typer.Exit(error.exit_status) from error
        raise
    if as_json:
        say.document({"ok": True, "problems": [], "warnings": settings.warnings})
        return
    for warning in settings.warnings:
        say.note(f"warning: {warning}")
    say.line(f"{settings.path} is right: {', '.join(settings.connections) or 'no connections yet'}.")


@commands.command("show")
def show(
    ctx: typer.Context,
    sources: Annotated[bool, typer.Option("--sources", help="Also say where each value comes from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every setting that holds; of secrets only where they are kept."""
    settings = opening.settings_of(ctx)
    from syncd.config.show import rows

    found = list(rows(settings))
    if as_json:
        said: dict[str, Any] = {row.key: {"value": row.value, "source": row.source} for row in found}
        say.document(said if sources else {row.key: row.value for row in found})
        return
    columns = ("setting", "value", "source") if sources else ("setting", "value")
    shown = [(row.key, say.encoded(row.value), row.source)[: len(columns)] for row in found]
    say.table(columns, shown, empty="")


def init(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(help="Where to write it.")] = None,
    example: Annotated[bool, typer.Option("--example", help="Print the complete example instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a configuration that explains itself; on a terminal, ask which vendors it is for."""
    from syncd.config import sample

    if example:
        typer.echo(sample.example(), nl=False)
        return
    target = path or config_path(ctx) or Path(os.environ.get("SYNCD_CONFIG") or "config/syncd.toml")
    if target.exists() and not force:
        raise UsageError(f"{target} is there already.", "Name another file, or replace it with --force.")
    answers = _asked() if sys.stdin.isatty() and sys.stdout.isatty() else {}
    taken = {each["vendor"] for each in answers.values()}
    left = {name: each for name, each in sample.CONNECTIONS.items() if each["vendor"] not in taken}
    _write(target, sample.sample(answers, proposed=left))
    say.line(str(target))
    said = [word for each in answers.values() for word in each.values()]
    unset = [word[5:-1] for word in said if word.startswith('"env:') and word[5:-1] not in os.environ]
    first = f"set {', '.join(unset)}" if unset else "fill in the connections" if not answers else ""
    say.note(f"Next: {first}{', then ' if first else ''}`syncd config check` and `syncd check`.")


def _asked() -> dict[str, Mapping[str, str]]:
    """Ask vendor by vendor for what has no default; secrets are not asked, only where they are kept."""
    from syncd.config import VENDORS
    from syncd.config.sample import CONNECTIONS, toml

    answers: dict[str, Mapping[str, str]] = {}
    for name, proposed in CONNECTIONS.items():
        model = VENDORS[proposed["vendor"].strip('"')]
        if not typer.confirm(f"Is there an account at {model.title}?", default=False, err=True):
            continue
        chosen = _answer("  What do you call it?", name, partial(_unfit_name, taken=answers))
        given = {"vendor": proposed["vendor"]}
        for setting, info in model.model_fields.items():
            if info.is_required() and setting not in ("name", "vendor"):
                words = (info.description or setting).rstrip(".")
                shown = str((info.examples or [""])[0]).strip('"')
                fault = _unfit_secret if shown.startswith("env:") else _fits
                given[setting] = toml(_answer(f"  {words}", shown, fault))
        answers[chosen] = given
    return answers


def _answer(question: str, default: str, fault: Callable[[str], str]) -> str:
    """Ask until the answer has no fault."""
    while True:
        given = str(typer.prompt(question, default=default, err=True)).strip()
        if not (wrong := fault(given)):
            return given
        say.note(f"    {wrong}")


def _fits(_: str) -> str:
    return ""


def _unfit_name(name: str, taken: Collection[str]) -> str:
    from syncd.config.load import is_connection_name

    if name in taken:
        return f"{name} is another account's name already."
    return "" if is_connection_name(name) else "Use letters, digits, - and _, at most 40 of them."


def _unfit_secret(given: str) -> str:
    kept = given.startswith(("env:", "file:", "keyring:"))
    return "" if kept else "Never the secret itself: say where it is kept, as env:NAME or file:PATH."


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o640)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.", "Name another place.") from error
