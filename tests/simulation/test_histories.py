"""Simulated histories keep every promise, whatever goes wrong in them; and the same seed is the same history."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.history import FAULTS, History
from tests.simulation.places import FilePlace

SEEDS = 3
LONG_SEEDS = 1000
TWICE = 20  # of the long form's seeds


def _live(folder: Path, seed: int) -> History:
    folder.mkdir(parents=True)
    history = History(FilePlace(folder), seed)
    history.run()
    return history


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_history_keeps_every_promise(tmp_path: Path, seed: int) -> None:
    told = _live(tmp_path / "one", seed).told
    print(f"seed {seed}: {told.edits} edits, {told.crashes} crashes, faults {dict(told.faults)}")
    assert told.broken == []


def test_the_same_seed_is_the_same_history(tmp_path: Path) -> None:
    one, other = (_live(tmp_path / name, 77).told for name in ("one", "other"))
    assert one.ledger == other.ledger
    assert one.crashes == other.crashes


@pytest.mark.long
@pytest.mark.timeout(0)
def test_a_thousand_histories_keep_every_promise(tmp_path: Path) -> None:
    broken: dict[int, list[str]] = {}
    faults: Counter[str] = Counter()
    edits = crashes = 0
    for seed in range(LONG_SEEDS):
        told = _live(tmp_path / f"{seed}", seed).told
        faults += told.faults
        edits, crashes = edits + told.edits, crashes + told.crashes
        if told.broken:
            broken[seed] = told.broken
        if seed < TWICE:
            assert _live(tmp_path / f"{seed}-again", seed).told.ledger == told.ledger
    print(f"{LONG_SEEDS} seeds, {edits} edits, {crashes} crashes, faults {dict(faults)}")
    assert broken == {}
    assert set(faults) == set(FAULTS)
