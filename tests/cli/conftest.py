"""A small world to type commands at: four simulated vendors with three people, and a store of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from syncd.cli import app
from syncd.cli.sandboxed import configuration, environment
from syncd.sandbox import RunningSandbox, Sandbox
from tests.support.stores import ready


@dataclass
class World:
    """The vendors, and what a person types to syncd beside them."""

    running: RunningSandbox
    environ: dict[str, str]
    folder: Path

    @property
    def sandbox(self) -> Sandbox:
        return self.running.sandbox

    def type(self, *words: str, text: str | None = None, **variables: str) -> Result:
        """Run `syncd WORDS` in this process."""
        runner = CliRunner(env={**_without_syncd(), **self.environ, **variables})
        return runner.invoke(app, list(words), input=text)

    def ask(self, *words: str, **variables: str) -> Any:
        """Run a command with --json and return its document; it must be alone on standard output."""
        result = self.type(*words, "--json", **variables)
        assert result.exit_code in (0, 1, 3), result.output
        return json.loads(result.stdout)

    def writes(self) -> int:
        """Return how many requests the vendors were sent that could change a customer."""
        changing = ("POST", "PUT", "PATCH", "DELETE")
        return sum(
            entry.by == "api" and entry.method in changing and entry.kind != "token"
            for vendor in self.sandbox.vendors.values()
            for entry in vendor.ledger
        )

    def requests(self) -> int:
        """Return how many requests the vendors were sent at all."""
        return sum(entry.by == "api" for vendor in self.sandbox.vendors.values() for entry in vendor.ledger)


def _without_syncd() -> dict[str, str | None]:
    return {name: None for name in os.environ if name.startswith("SYNCD")}


def people(sandbox: Sandbox) -> None:
    """Put three people into the CRM and the till; one of them stands in both, with two phone numbers."""
    for number, (first, last) in enumerate((("An", "Peeters"), ("Bram", "Claes"), ("Cato", "Maes"))):
        contact = {"firstname": first, "lastname": last, "email": f"{first.lower()}@example.com"}
        sandbox.perfex.human_create(
            company="", contact={**contact, "phonenumber": f"+3247012345{number}"}, city="Gent"
        )
    sandbox.kiotviet.human_create(name="An Peeters", email="an@example.com", contactNumber="0470 99 99 99")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Four vendors, three people, nothing synced yet."""
    sandbox = Sandbox.empty()
    people(sandbox)
    with sandbox.serve() as running:
        environ = environment(running) | {
            "SYNCD_CONFIG": str(configuration()),
            "SYNCD__STORE__URL": ready(f"sqlite:///{tmp_path}/syncd.db"),
            "SYNCD__STORE__BACKUPS": str(tmp_path / "backups"),
        }
        yield World(running, environ, tmp_path)
