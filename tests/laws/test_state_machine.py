"""One state machine: some vendors, people, faults and restarts; after quiet all agree and the next sync does nothing."""

from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.laws.histories import History


class Business(RuleBasedStateMachine):
    """People and one syncd, each step chosen so that a failing history shrinks to its least."""

    def __init__(self) -> None:
        super().__init__()
        self.history: History | None = None

    @initialize(rng=st.randoms(use_true_random=False))
    def open(self, rng: Random) -> None:
        """Draw the vendors and the policies."""
        self.history = History(rng)

    @property
    def now(self) -> History:
        """Return the history under way."""
        assert self.history is not None
        return self.history

    @property
    def busy(self) -> bool:
        """Tell whether there is anybody to edit."""
        return bool(self.history and self.history.live())

    @rule()
    def enter(self) -> None:
        self.now.enter()

    @precondition(lambda self: self.busy)
    @rule()
    def edit(self) -> None:
        self.now.edit()

    @precondition(lambda self: self.busy)
    @rule()
    def clear(self) -> None:
        self.now.clear()

    @precondition(lambda self: self.busy)
    @rule()
    def delete(self) -> None:
        self.now.delete()

    @rule()
    def sync(self) -> None:
        self.now.sync()

    @rule()
    def sync_one(self) -> None:
        self.now.sync_one()

    @rule()
    def rehearse(self) -> None:
        self.now.rehearse()

    @rule()
    def wait(self) -> None:
        self.now.wait()

    @rule()
    def break_something(self) -> None:
        self.now.break_something()

    @rule()
    def interfere(self) -> None:
        self.now.interfere()

    @rule()
    def go_down(self) -> None:
        self.now.go_down()

    def teardown(self) -> None:
        """Let everything come to rest and judge it."""
        if self.history is None:
            return
        try:
            found = self.history.rest()
            assert not found, "\n".join([*found, *self.history.story()])
        finally:
            self.history.close()


def play(examples: int, steps: int) -> None:
    """Play so many histories of so many steps."""
    run_state_machine_as_test(
        Business,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600)
def test_every_promise_holds_after_whatever_happens() -> None:
    play(examples=6, steps=15)


@pytest.mark.long
def test_every_promise_holds_after_whatever_happens_for_long() -> None:
    play(examples=400, steps=40)
