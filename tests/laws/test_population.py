"""On a labelled population identity merges nobody wrongly, and tells of everybody whom it leaves apart."""

import pytest

from tests.laws.population import compare

PEOPLE = 1_500


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_is_merged_wrongly_and_who_is_left_apart_is_asked_about(seed: int) -> None:
    _, scores = compare(seed, PEOPLE)
    ours, usual = scores["rules.identity"], scores["e-mail only"]
    assert ours.wrong_merges == 0
    assert usual.wrong_merges > PEOPLE // 100  # or the population would prove nothing
    assert ours.avoidable <= PEOPLE // 10
    assert ours.unseen == 0
    assert ours.reviews <= PEOPLE // 6
