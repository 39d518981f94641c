"""Whether a vendor's answers show what it stores is compared once, not for each of its first writes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.sync.world import World


def test_the_first_write_that_is_read_back_speaks_for_the_others(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/syncd.db", more="[daemon]\npush_workers = 1\n")
    for number in range(12):
        world.vendor("loyalty").human_create(name=f"Ann {number}", email=f"ann{number}@example.com")
    world.sync()
    for name in ("booking", "shop"):
        asked = Counter(entry.kind for entry in world.vendor(name).ledger if entry.by == "api")
        assert (asked["create"], asked["get"]) == (12, 1), name
