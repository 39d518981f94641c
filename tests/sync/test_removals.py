"""A removal of unknown outcome is decided by a look at the record, as an update is, and by no search."""

from __future__ import annotations

import pytest

from tests.laws.accounts import Traits
from tests.laws.simulated import Fault, FaultKind
from tests.laws.world import Member, World

AN = {"email": "an@example.com", "full_name": "An Nguyễn"}
SHOP = ("email", "full_name")


@pytest.mark.parametrize(
    ("fault", "states"), [("lost after", ["confirmed"]), ("lost before", ["confirmed", "dropped"])]
)
def test_a_lost_answer_is_decided_by_a_look(fault: FaultKind, states: list[str]) -> None:
    world = World(
        [Member("crm", Traits(SHOP), on_delete="delete"), Member("shop", Traits(SHOP, removes=True))]
    )
    world.create("crm", AN, {})
    world.sync()
    world.delete("crm", "1")
    world.sync()
    world.connectors["shop"].faults.append(Fault(fault))
    world.clock.wait(4000)
    world.sync()
    for _ in range(2):
        world.clock.wait(300)
        report = world.sync()
        assert report is not None
        assert report.connections["shop"].failed == 0
    with world.store.look() as tx:
        assert [one.state for one in tx.operations.list(kind="delete")] == states
        (customer,) = tx.customers.list(limit=10)
        assert not customer.looked
    assert not world.accounts["shop"].live()
    world.close()
