"""A record that no database takes is set aside; the rest of its page goes on, and a known one stays as it was."""

from __future__ import annotations

from pathlib import Path

from tests.sync.world import World


def test_a_zero_character_sets_one_record_aside(tmp_path: Path, store_url: str) -> None:
    world = World(tmp_path, store_url, shop="")
    shop = world.vendor("shop")
    known = shop.human_create(name="Known", email="known@example.com")
    shop.human_create(name="Other", email="other@example.com")
    world.sync("shop")

    shop.human_edit(known, name="Kno\x00wn")
    shop.human_create(name="A\x00B", email="new@example.com")
    shop.human_create(name="Next", email="next@example.com")
    report = world.sync("shop")

    assert report.connections["shop"].failed == 2
    assert {record.value("full_name") for _, group in world.customers() for record in group} >= {
        "Known",
        "Next",
    }
    world.app.close()
