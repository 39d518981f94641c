"""Emoji and a CRM whose tables hold three bytes a character: what is cut there is neither lost nor believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.world import World

EMAIL = "lan@example.com"
NAME = "Nguyễn 😀 Lan"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, f"sqlite:///{tmp_path}/syncd.db")
    contact = {"firstname": "Lan", "lastname": "Nguyễn", "email": EMAIL}
    made.vendor("crm").human_create(company="Quán Lan", contact=contact)
    made.vendor("loyalty").human_create(name="Lan", last_name="Nguyễn", email=EMAIL)
    made.quiet()
    yield made
    made.app.close()


def kept_by_the_crm(world: World) -> str:
    (contact,) = (world.vendor("crm").state.contacts.now(key) for key in world.vendor("crm").state.contacts)
    return str(contact["columns"]["lastname"])


@pytest.mark.parametrize("strict", [False, True])
def test_an_emoji_that_the_crm_cannot_keep_stays_everywhere_else(world: World, strict: bool) -> None:
    switches = world.vendor("crm").switches
    switches.utf8mb4, switches.strict_mysql = False, strict
    world.vendor("loyalty").human_edit(EMAIL, last_name=NAME)
    world.sync()
    for _ in range(3):
        world.clock.forward(minutes=5)
        world.sync()
    before = world.writes()
    world.clock.forward(hours=1)
    world.sync()
    assert world.writes() == before
    assert kept_by_the_crm(world) == ("Nguyễn" if strict else "Nguyễn ")
    assert world.vendor("loyalty").snapshot()[EMAIL]["last_name"] == NAME
