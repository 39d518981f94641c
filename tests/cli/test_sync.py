"""`syncd sync`: the report that programs read, the plan, and the exit status."""

from __future__ import annotations

import pytest

from tests.cli.conftest import World

FIGURES = {"pulled", "new", "changed", "gone", "created", "updated", "held", "failed", "requests"}
NAMES = {"crm", "shop", "loyalty", "booking"}


def test_the_report_is_one_document(world: World) -> None:
    report = world.ask("sync")
    assert report["run"].startswith("run-")
    assert (report["status"], report["dry_run"]) in (("ok", False), ("attention", False))
    assert set(report["connections"]) == NAMES
    assert all(set(figures) >= FIGURES for figures in report["connections"].values())
    assert report["connections"]["crm"]["pulled"] == 3
    assert report["connections"]["loyalty"]["created"] == 3
    assert report["connections"]["booking"]["created"] == 3
    assert report["connections"]["shop"]["created"] == 2
    assert isinstance(report["reviews"], int)


def test_a_second_sync_writes_nothing(world: World) -> None:
    world.ask("sync")
    world.ask("sync")
    before = world.writes()
    report = world.ask("sync", "--full")
    assert world.writes() == before
    assert all(figures["created"] == figures["updated"] == 0 for figures in report["connections"].values())


def test_a_dry_run_shows_the_plan_and_writes_nothing(world: World) -> None:
    report = world.ask("sync", "--dry-run")
    assert report["dry_run"] is True
    assert world.writes() == 0
    creates = [each for each in report["plan"] if each["connection"] == "loyalty"]
    assert len(creates) == 3
    assert all(
        {"operation", "connection", "kind", "vendor_id", "customer", "fields", "reason"} <= set(each)
        for each in creates
    )
    an = next(each for each in creates if each["fields"]["email"] == ["", "an@example.com"])
    assert (an["kind"], an["vendor_id"]) == ("create", None)
    shown = world.type("sync", "--dry-run").stdout
    assert "loyalty: create new" in shown
    assert "email: (empty) → “an@example.com”" in shown


def test_a_plan_says_how_the_vendor_will_show_what_is_written(world: World) -> None:
    world.sandbox.pexip_engage.switches.mangle = {"company": ["upper"]}
    world.ask("sync")
    world.sandbox.perfex.human_edit("2", company="Claes Bakkerij")
    world.ask("sync")
    world.sandbox.perfex.human_edit("2", company="Claes Brood")
    told = "company: “Claes Bakkerij” → “Claes Brood”, which booking will show as “CLAES BROOD”"
    assert told in world.type("sync", "--dry-run").stdout
    (planned,) = [op for op in world.ask("sync", SYNCD__SAFETY__APPROVE="always")["plan"] if op["shows"]]
    shown = world.ask("operations", "show", planned["operation"])
    assert shown["shows"] == planned["shows"] == {"company": "CLAES BROOD"}
    assert "CLAES BROOD" in world.type("operations", "show", planned["operation"]).stdout


def test_a_human_edit_travels(world: World) -> None:
    world.ask("sync")
    world.sandbox.perfex.human_edit("2", company="Claes Bakkerij")
    report = world.ask("sync", "crm")
    assert report["connections"]["crm"]["changed"] == 1
    assert "Claes Bakkerij" in str(world.sandbox.pexip_engage.snapshot())


def test_a_plan_waits_for_approval_and_ends_with_3(world: World) -> None:
    held = world.type("sync", "--json", SYNCD__SAFETY__APPROVE="always")
    assert held.exit_code == 3
    assert world.writes() == 0
    shown = world.type("runs", "show", "run-1")
    assert "loyalty: create new" in shown.stdout
    approved = world.ask("runs", "approve", "run-1")
    assert approved["approved"] >= 8
    assert world.type("sync", SYNCD__SAFETY__APPROVE="always").exit_code in (0, 1)
    assert len(world.sandbox.omniwallet.snapshot()) == 3


def test_yes_approves_this_plan(world: World) -> None:
    assert world.type("sync", "--yes", SYNCD__SAFETY__APPROVE="first").exit_code in (0, 1)
    assert len(world.sandbox.omniwallet.snapshot()) == 3


def test_discarded_plans_stay_held(world: World) -> None:
    assert world.type("sync", SYNCD__SAFETY__APPROVE="always").exit_code == 3
    assert world.ask("runs", "discard", "run-1", "--connection", "loyalty")["discarded"] == 3
    world.ask("runs", "approve", "run-1")
    world.type("sync", SYNCD__SAFETY__APPROVE="always")
    assert world.sandbox.omniwallet.snapshot() == {}


def test_a_vendor_that_is_not_there_ends_with_4(world: World) -> None:
    result = world.type("sync", "--json", SYNCD__CONNECTIONS__CRM__BASE_URL="http://127.0.0.1:9")
    assert result.exit_code == 4


def test_a_vendor_that_refuses_the_token_ends_with_4(world: World) -> None:
    result = world.type("sync", "--json", OMNI_TOKEN="7|another-token-canary")
    assert result.exit_code == 4
    assert "canary" not in result.output


def test_wrong_usage_ends_with_2_before_any_request(world: World) -> None:
    for words in (
        ("sync", "cmr"),
        ("sync", "--fuul"),
        ("synk",),
        ("runs", "show", "run-99"),
        ("runs", "show", "x"),
    ):
        assert world.type(*words).exit_code == 2, words
    assert world.requests() == 0


def test_a_broken_configuration_ends_any_command_with_2(world: World) -> None:
    path = world.folder / "broken.toml"
    path.write_text('[web]\nprot = 1\n[connections.crm]\nvendor = "perfex"\ntoken = "literal-canary"\n')
    commands = (
        ["sync"], ["status"], ["check"], ["doctor"], ["migrate"], ["serve"], ["worker"], ["backup"], ["runs", "list"],
        ["customers", "list"], ["customers", "why", "x", "phone"], ["reviews", "list"], ["operations", "list"],
        ["config", "check"], ["config", "show"], ["restore", "x", "--yes"],
    )  # fmt: skip
    for words in commands:
        result = world.type(*words, SYNCD_CONFIG=str(path))
        assert result.exit_code == 2, words
        assert f"{path}:2: web.prot" in result.stderr
        assert "connections.crm.base_url" in result.stderr
        assert result.stdout == ""
        assert "canary" not in result.output
    assert world.requests() == 0


@pytest.mark.long
def test_a_store_that_another_one_holds_ends_with_5(world: World) -> None:
    from syncd.cli.opening import utc_now
    from syncd.store import Store

    with Store.open(world.environ["SYNCD__STORE__URL"], clock=utc_now) as store:
        from datetime import timedelta

        assert store.acquire("the test", ttl=timedelta(minutes=5)) is not None
        result = world.type("sync")
    assert result.exit_code == 5
    assert "the test" in result.stderr


def test_yes_to_one_connection_approves_nothing_that_waits_elsewhere(world: World) -> None:
    first = {"SYNCD__SAFETY__APPROVE": "first"}
    assert world.type("sync", **first).exit_code == 3
    waiting = world.ask("operations", "list", "--state", "waiting", **first)
    places = {each["connection"] for each in waiting}
    assert {"loyalty", "booking"} <= places
    world.type("sync", "loyalty", "--yes", **first)
    assert len(world.sandbox.omniwallet.snapshot()) == 3
    assert world.sandbox.pexip_engage.snapshot() == {}
    left = world.ask("operations", "list", "--state", "waiting", **first)
    assert {each["connection"] for each in left} == places - {"loyalty"}
