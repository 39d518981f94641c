"""What a person decides: merges and splits, moves, undoing."""

from __future__ import annotations

import pytest

from syncd.cli.customer_acts import record_of
from syncd.errors import UsageError
from tests.cli.conftest import World


def by_email(world: World) -> dict[str, str]:
    """Return the customers' ids by e-mail."""
    return {each["fields"]["email"]: each["id"] for each in world.ask("customers", "list")}


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("crm/1", ("crm", "1")),
        ("loyalty:a@b.example", ("loyalty", "a@b.example")),
        ("loyalty/a/b:c", ("loyalty", "a/b:c")),
        ("shop-hanoi:7/8", ("shop-hanoi", "7/8")),
    ],
)
def test_a_record_is_named(text: str, record: tuple[str, str]) -> None:
    assert record_of(text) == record


@pytest.mark.parametrize("text", ["", "crm", "crm/", "/1", ":"])
def test_what_names_no_record(text: str) -> None:
    with pytest.raises(UsageError, match="names no record"):
        record_of(text)


def test_a_merge_and_its_way_back(world: World) -> None:
    world.ask("sync", "--dry-run")
    before = by_email(world)
    one, other = before["bram@example.com"], before["cato@example.com"]
    merged = world.ask("customers", "merge", one, other)
    assert merged == {"customer": one, "merged": other}
    assert world.ask("customers", "show", other)["id"] == one
    assert world.ask("customers", "show", one)["aliases"] == [other]
    assert world.type("customers", "merge", one, other).exit_code == 2
    assert world.ask("customers", "split", one)["split"] == other
    assert by_email(world) == before
    assert world.type("customers", "split", one).exit_code == 2


def test_a_record_moves(world: World) -> None:
    world.ask("sync", "--dry-run")
    customers = by_email(world)
    target = customers["bram@example.com"]
    assert world.type("customers", "move", "shop/1000001", target).exit_code == 0
    records = world.ask("customers", "show", target)["records"]
    assert {"connection": "shop", "vendor_id": "1000001", "role": "primary", "state": "live"} in records
    assert world.type("customers", "move", "shop/99", target).exit_code == 2


def test_undoing_a_run(world: World) -> None:
    world.ask("sync")
    world.sandbox.perfex.human_edit("2", company="Claes Bakkerij")
    world.ask("sync")
    world.sandbox.perfex.human_edit("2", company="Claes en Zoon")
    run = world.ask("sync")["run"]
    assert world.ask("runs", "undo", run)["returned"] == 1
    world.ask("sync")
    assert "Claes Bakkerij" in str(world.sandbox.pexip_engage.snapshot())
    assert "Claes Bakkerij" in str(world.sandbox.perfex.snapshot())
    assert world.type("runs", "undo", "run-99").exit_code == 2


def test_undoing_a_run_that_only_created_says_what_undo_leaves(world: World) -> None:
    world.ask("sync")
    undone = world.type("runs", "undo", "run-1")
    assert (undone.exit_code, undone.stdout.count("nothing goes back")) == (0, 1)
    assert "records that it created" in undone.stderr
    assert len(world.sandbox.omniwallet.snapshot()) == 3


def test_dropping_one_operation(world: World) -> None:
    world.type("sync", SYNCD__SAFETY__APPROVE="always")
    waiting = world.ask("operations", "list", "--connection", "loyalty", "--state", "waiting")
    assert len(waiting) == 3
    assert world.ask("operations", "drop", waiting[0]["id"]) == {"dropped": 1}
    assert world.type("operations", "drop", waiting[0]["id"]).exit_code == 2
    world.ask("runs", "approve", "run-1")
    world.type("sync", SYNCD__SAFETY__APPROVE="always")
    assert len(world.sandbox.omniwallet.snapshot()) == 2
