"""A holder that was taken over sends nothing more, whatever it had claimed and committed to send."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import LeaseLost
from syncd.sync.progress import Watch
from syncd.sync.run import Order, execute
from tests.crash.scenarios import people_move_in
from tests.simulation.places import FilePlace
from tests.simulation.trial import Trial

SENT = 3  # requests that write, before the other one takes over


def test_who_was_taken_over_in_the_middle_of_a_group_sends_no_more_of_it(tmp_path: Path) -> None:
    trial = Trial(FilePlace(tmp_path))
    people_move_in(trial)
    app = trial.start()
    run = app.store.do(lambda tx: tx.runs.request((), {}, "test"))
    ttl = timedelta(seconds=8)
    lease = app.store.acquire("first", ttl, trial.clock.ticks)
    assert lease is not None
    asked = 0

    def hold() -> None:
        nonlocal asked
        asked += 1
        if asked == SENT + 1:  # as if this process had been stopped, and another one had not
            trial.clock.forward(60)
            assert app.store.acquire("second", ttl, trial.clock.ticks) is not None
        lease.hold()

    with pytest.raises(LeaseLost):
        execute(app.store, app.scene, Order(run.id, ()), epoch=lease.epoch, watch=Watch(hold=hold))
    assert trial.writes() == SENT
    trial.restart()
    trial.drain()
    assert trial.app is not None
    with trial.app.store.look() as tx:
        assert not tx.operations.list(states=("planned", "claimed", "sent", "unknown"))
    trial.end()
