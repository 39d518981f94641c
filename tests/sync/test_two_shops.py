"""Customer groups between two KiotViet shops, over real connections: each group is a question of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from syncd.app import App
from syncd.config import load
from syncd.sandbox import Sandbox
from syncd.sandbox.server import Server
from tests.sync.world import Clock

VIP, GOLD, TRADE, LOCAL = 11, 21, 22, 23
GROUPS = {
    "hanoi": {VIP: "VIP", GOLD: "Gold", TRADE: "Trade"},
    "hue": {31: "VIP", 32: "Gold", LOCAL: "Local"},  # the same names under other numbers, and no Trade
}
AN = {"name": "Nguyễn Văn An", "email": "an@example.com"}

SHOP = """
[connections.{name}]
vendor = "kiotviet"
base_url = "http://127.0.0.1:{port}"
token_url = "http://127.0.0.1:{port}/connect/token"
allow_http = true
retailer = "myshop"
client_id = "env:KV_ID"
client_secret = "env:KV_SECRET"
push = ["create", "update"]
region = "VN"
"""


class Shops:
    """Two shops on ports of their own, each with one customer, and syncd between them."""

    def __init__(self, folder: Path, owner: str, stack: ExitStack) -> None:
        self.clock = Clock()
        sandboxes = {name: Sandbox.empty(clock=self.clock) for name in GROUPS}
        self.shops: dict[str, Any] = {name: one.kiotviet for name, one in sandboxes.items()}
        text = f'[store]\nurl = "sqlite:///{folder}/store.db"\n[safety]\napprove = "never"\n'
        for name, shop in self.shops.items():
            shop.state.groups = dict(GROUPS[name])
            server = Server(shop)
            stack.callback(server.stop)
            text += SHOP.format(name=name, port=server.port)
        path = folder / "syncd.toml"
        path.write_text(f'{text}[fields.groups]\nowner = "{owner}"\n')
        self.app = App.open(load(path, sandboxes["hanoi"].secrets()), clock=self.clock)
        stack.callback(self.app.close)

    def enter(self, name: str, *groups: int) -> None:
        """Have somebody enter the customer at a shop."""
        self.shops[name].human_create(**AN, groupIds=list(groups))

    def put(self, name: str, *groups: int) -> None:
        """Have somebody tick these groups, and no others, at a shop."""
        (one,) = self.shops[name].snapshot()
        self.shops[name].human_edit(one, groupIds=list(groups))

    def groups(self, name: str) -> set[str]:
        """Return the names of the groups that a shop's customer is in."""
        shop = self.shops[name]
        (row,) = shop.snapshot().values()
        return {shop.state.groups[number] for number in row["groupIds"]}

    def sync(self) -> None:
        """Sync ten minutes later, and fail unless the run after it writes nothing."""
        self.clock.forward(minutes=10)
        self.app.sync()
        before = self.writes()
        self.clock.forward(minutes=10)
        self.app.sync()
        assert self.writes() == before

    def held(self) -> list[tuple[str, str, str]]:
        """Return what is held: where, which field, and why."""
        with self.app.store.look() as tx:
            return [(one.connection, one.field, one.reason) for one in tx.holds.list()]

    def writes(self) -> int:
        """Return how many creates and updates the shops have got."""
        entries = [entry for shop in self.shops.values() for entry in shop.ledger.entries]
        return sum(entry.kind in ("create", "update", "bulk") for entry in entries)


@pytest.fixture(params=["hanoi", "*"])
def shops(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shops]:
    """Two shops whose groups one of them owns, or everybody."""
    with ExitStack() as stack:
        yield Shops(tmp_path, request.param, stack)


def test_a_group_goes_where_there_is_one_of_its_name(shops: Shops) -> None:
    shops.enter("hanoi", VIP)
    shops.enter("hue", LOCAL)
    shops.sync()
    assert shops.groups("hue") >= {"VIP", "Local"}
    shops.put("hanoi", VIP, GOLD)
    shops.sync()
    assert shops.groups("hue") == {"VIP", "Gold", "Local"}
    shops.put("hanoi", GOLD)
    shops.sync()
    assert (shops.groups("hanoi"), shops.groups("hue")) == ({"Gold"}, {"Gold", "Local"})


def test_groups_that_are_all_gone_at_once_go_no_further(shops: Shops) -> None:
    shops.enter("hanoi", VIP)
    shops.sync()
    assert shops.groups("hue") == {"VIP"}
    shops.put("hanoi")
    before = shops.writes()
    shops.sync()
    assert shops.writes() == before
    assert (shops.groups("hanoi"), shops.groups("hue")) == (set(), {"VIP"})
    shops.put("hanoi", GOLD)
    shops.sync()
    assert (shops.groups("hanoi"), shops.groups("hue")) == ({"Gold"}, {"VIP", "Gold"})


def test_a_group_that_a_shop_does_not_have_is_held_there_alone(shops: Shops) -> None:
    shops.enter("hanoi", VIP)
    shops.sync()
    shops.put("hanoi", VIP, GOLD, TRADE)
    shops.sync()
    assert shops.groups("hue") == {"VIP", "Gold"}
    assert shops.held() == [("hue", "groups:Trade", "the vendor refused it: KiotViet has no such group")]
    shops.shops["hue"].state.groups[33] = "Trade"
    shops.put("hanoi", VIP, GOLD)
    shops.sync()
    shops.put("hanoi", VIP, GOLD, TRADE)
    shops.sync()
    assert shops.groups("hue") == {"VIP", "Gold", "Trade"}


def test_a_customer_is_created_with_the_groups_that_are_there(shops: Shops) -> None:
    shops.enter("hanoi", VIP, TRADE)
    shops.sync()
    assert shops.groups("hue") == {"VIP"}
