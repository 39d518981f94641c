"""What connections remember over a restart: their access tokens, what they have spent, and vendors' wishes to wait."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.store import Store
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, f"sqlite:///{tmp_path}/syncd.db")
    yield made
    made.app.close()


def asked(world: World, connection: str, kind: str) -> int:
    return sum(entry.kind == kind for entry in world.vendor(connection).ledger.entries)


def resting(world: World) -> str:
    with Store.open(world.url, clock=world.clock) as store, store.look() as tx:
        return str(tx.tokens.get("spent kiotviet myshop read 5000/3600s"))


def test_a_restart_asks_for_no_new_token(world: World) -> None:
    for _ in range(3):
        world.sync()
        world.restart()
    assert asked(world, "shop", "token") == 1
    assert asked(world, "booking", "token") == 1
    world.clock.forward(hours=25)
    world.sync()
    assert asked(world, "shop", "token") == 2


def test_a_restart_forgets_no_spent_request(world: World) -> None:
    for _ in range(3):
        world.sync("shop")
        world.restart()
    spent = sum(map(int, (part.partition(":")[2].strip("}") for part in resting(world).split(","))))
    assert spent == asked(world, "shop", "list")


def test_a_restart_does_not_ask_a_vendor_that_wants_to_be_left_alone(world: World) -> None:
    world.vendor("shop").faults.answer(
        429,
        {"responseStatus": {"errorCode": "TooMany"}},
        kind="list",
        count=1,
        headers={"Retry-After": "900"},
    )
    world.sync("shop")
    sent = asked(world, "shop", "list")
    world.restart()
    report = world.sync("shop")
    assert asked(world, "shop", "list") == sent
    assert "budget" in report.connections["shop"].error
    world.clock.forward(minutes=15)
    world.restart()
    world.sync("shop")
    assert asked(world, "shop", "list") == sent + 1
