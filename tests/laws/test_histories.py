"""Many random histories of a business end quiet, in agreement, with nothing lost, invented or done twice.

`SYNCD_TEST_SEED` and `SYNCD_TEST_HISTORIES` choose which and how many; a failure names the seed that tells it again.
"""

import os
import secrets

import pytest

from tests.laws.histories import judge
from tests.laws.mixes import ANY, MIXES

LONG = 500  # histories in a long test


def seeds(short: int) -> range:
    """Return the numbers of the histories to play: from the chosen one on, or from a random one for a long test."""
    chosen = os.environ.get("SYNCD_TEST_SEED")
    first = int(chosen) if chosen else 0 if short < LONG else secrets.randbelow(1_000_000)
    return range(first, first + int(os.environ.get("SYNCD_TEST_HISTORIES", short)))


def play(seed: int, *, smooth: bool = False, mix: str = ANY) -> None:
    """Play one history and fail with its seed and its story where it breaks a promise."""
    found, story = judge(seed, smooth=smooth, mix=mix)
    told = "\n".join([f"seed {seed}, smooth={smooth}, mix={mix}", *found, *story])
    assert not found, told


@pytest.mark.timeout(600)
@pytest.mark.parametrize("smooth", [True, False], ids=["nothing fails", "much fails"])
def test_a_few_histories_keep_every_promise(smooth: bool) -> None:
    for seed in seeds(4):
        play(seed, smooth=smooth)


@pytest.mark.long
@pytest.mark.parametrize("smooth", [True, False], ids=["nothing fails", "much fails"])
def test_many_histories_keep_every_promise(smooth: bool) -> None:
    for seed in seeds(LONG):
        play(seed, smooth=smooth)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mix", MIXES)
def test_a_few_histories_of_each_mix_of_vendors_keep_every_promise(mix: str) -> None:
    for seed in seeds(2):
        play(seed, mix=mix)


@pytest.mark.long
@pytest.mark.parametrize("mix", MIXES)
def test_many_histories_of_each_mix_of_vendors_keep_every_promise(mix: str) -> None:
    for seed in seeds(LONG):
        play(seed, mix=mix)
