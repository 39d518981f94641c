"""Every case ends as it says, and the run after it changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases.told import Told, all_cases, play, read, stage, wrong
from tests.laws.world import World


@pytest.fixture(params=all_cases(), ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Told:
    """Each case in turn."""
    path: Path = request.param
    return read(path)


@pytest.fixture
def world(case: Told) -> Iterator[World]:
    """The business of a case, before anything happens."""
    business = stage(case)
    yield business
    business.close()


def test_it_ends_as_it_says(case: Told, world: World) -> None:
    play(world, case["act"])
    found = wrong(world, case["expect"])
    assert not found, "\n".join([case["says"], *found, *world.log])
    world.clock.wait(1)
    writes = world.writes()
    world.sync()
    assert world.writes() == writes or case.get("goes_on"), "the next run wrote again"
