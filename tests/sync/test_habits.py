"""What a vendor makes of values is learnt from what became of them, and not from what stood there before."""

from __future__ import annotations

from tests.sync.test_cases import JAN, contact
from tests.sync.world import World


def test_a_read_back_that_lags_teaches_nothing(world: World) -> None:
    """The old name is how the new one begins, so that it looks as if the vendor had cut it."""
    userid = world.vendor("crm").human_create(**JAN)
    world.quiet()
    (booked,) = world.vendor("booking").snapshot()
    world.vendor("crm").faults.add("read_lag", kind="contact_update", seconds=60.0)
    world.vendor("booking").human_edit(booked, lastName="Peetersen")
    world.sync()
    with world.app.store.look() as tx:
        state = tx.connections.load("crm")
        assert tx.operations.list(connection="crm", states=("unknown",))
    assert state is not None
    assert "last_name" not in state.fidelity
    world.clock.forward(minutes=5)
    world.quiet()
    assert contact(world, userid)["lastname"] == "Peetersen"
