"""Whether a full pass showed every live record: counting may answer, wherever that says what comparing says."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations_with_replacement, product
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from syncd.store import Store
from syncd.sync.absence import SeenIds, _shows_all
from syncd.sync.scene import Source
from syncd.values import Record, Shadow

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = ("1", "2", "3")
ERASED = "4"  # shown, and never in the store again
STATES = tuple(product(("live", "suspect", "gone"), repeat=len(IDS)))


@pytest.mark.parametrize("all_known", [True, False])
def test_counting_what_is_known_says_what_comparing_says(tmp_path: Path, all_known: bool) -> None:
    listed = IDS if all_known else (*IDS, ERASED)
    with Store.open(f"sqlite:///{tmp_path}/store.db", clock=lambda: NOON) as store:
        store.do(lambda tx: tx.records.save([record for states in STATES for record in records(states)]))
        with store.look() as tx:
            for states in STATES:
                live = {one for one, state in zip(IDS, states, strict=True) if state != "gone"}
                for shown in (each for n in range(5) for each in combinations_with_replacement(listed, n)):
                    seen = SeenIds()
                    seen.update(shown)
                    seen.all_known = all_known
                    source = cast(Source, SimpleNamespace(name=named(states)))
                    assert _shows_all(tx, source, seen, len(live)) == (live <= set(shown)), (states, shown)
                    assert len(seen) == len(set(shown))
                    assert [one in seen for one in IDS] == [one in shown for one in IDS]


def named(states: tuple[str, ...]) -> str:
    return "-".join(states)


def records(states: tuple[str, ...]) -> list[Record]:
    """Return the records of a connection that is named by their states."""
    return [
        Record(named(states), one, Shadow(), state=state, first_seen=NOON)
        for one, state in zip(IDS, states, strict=True)
    ]
