"""The suite's files stand in memory only where there is room, and none of them stays."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.laws.accounts import Traits
from tests.laws.world import Member, World
from tests.support import memory, stores


def test_a_place_that_is_not_there_or_too_small_is_left_alone(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    assert memory.has_room(tmp_path, room=1)
    assert not memory.has_room(tmp_path, room=found.f_blocks * found.f_frsize + 1)
    assert not memory.has_room(tmp_path / "nowhere", room=1)


@pytest.mark.parametrize("said", ["", "here"])
def test_files_go_into_memory_unless_somebody_says_where(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", said or None)
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "has_room", lambda place: place == tmp_path)
    monkeypatch.setenv("TMPDIR", said)
    if not said:
        monkeypatch.delenv("TMPDIR")
    memory.stay_in_memory()
    assert (os.environ["TMPDIR"], tempfile.tempdir) == (said or str(tmp_path),) * 2


def test_a_business_leaves_nothing_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stores._migrated.cache_clear()
    world = World([Member("crm", Traits(("email",)))])
    assert world.folder.is_relative_to(tmp_path)
    world.close()
    assert list(tmp_path.iterdir()) == []
