"""`syncd password`: let somebody into the admin page from where the configuration is readable."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

import typer

from syncd.cli import opening, say
from syncd.errors import UsageError


def password(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose; an admin is made where nobody is called so.")] = "admin",
) -> None:
    """Choose a password for the admin page: asked for twice, or the first line of standard input in a pipe."""
    chosen = _typed() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    from syncd.web import choose_password

    with opening.opened(ctx) as app:
        choose_password(app, name, chosen, by=f"{os.environ.get('USER') or 'somebody'} on the command line")
    say.note(f"{name} can log in with it now; all other logins of {name} are ended.")


def _typed() -> str:
    first = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("These were two different passwords.", "Try again.")
    return first
