"""Listings and what stands behind them: customers, runs, reviews, operations, status."""

from __future__ import annotations

import csv
import io
import json

import pytest

from syncd.customer import FIELDS
from tests.cli.conftest import World


@pytest.fixture
def synced(world: World) -> World:
    """The world after one sync."""
    world.ask("sync")
    return world


def an(world: World) -> str:
    """Return the id of the customer that stands in the CRM and the till from the beginning."""
    listed = world.ask("customers", "list")
    return str(next(each["id"] for each in listed if each["fields"]["email"] == "an@example.com"))


def test_customers_as_a_list(synced: World) -> None:
    listed = synced.ask("customers", "list")
    assert len(listed) == 3
    assert all(set(each) == {"id", "fields", "records"} for each in listed)
    assert all(set(each["fields"]) == set(FIELDS) for each in listed)
    one = next(each for each in listed if each["fields"]["email"] == "an@example.com")
    assert one["fields"]["first_name"] == "An"
    assert {each["connection"]: each["vendor_id"] for each in one["records"]}["crm"] == "1"
    assert {each["connection"]: each["vendor_id"] for each in one["records"]}["loyalty"] == "an@example.com"
    assert {(each["role"], each["state"]) for each in one["records"]} == {("primary", "live")}


def test_customers_as_lines(synced: World) -> None:
    lines = synced.type("customers", "list", "--json-lines").stdout.splitlines()
    assert [json.loads(line) for line in lines] == synced.ask("customers", "list")


def test_customers_as_a_table_for_a_spreadsheet(synced: World) -> None:
    text = synced.type("customers", "list", "--csv").stdout
    head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert head == ["id", *FIELDS, "records"]
    assert [row[0] for row in rows] == [each["id"] for each in synced.ask("customers", "list")]
    phones = {row[head.index("phone")] for row in rows}
    assert "'+32470123451" in phones
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert synced.type("customers", "list", "--csv", "--json").exit_code == 2


def test_customers_page_by_page(synced: World) -> None:
    whole = synced.ask("customers", "list")
    first = synced.ask("customers", "list", "--limit", "2")
    rest = synced.ask("customers", "list", "--after", first[-1]["id"])
    assert first + rest == whole
    assert synced.ask("customers", "list", "--connection", "crm") == whole


def test_an_empty_store_is_an_empty_list(world: World) -> None:
    assert world.ask("customers", "list") == []
    assert world.type("customers", "list", "--json-lines").stdout == ""
    assert "syncd sync" in world.type("customers", "list").stderr
    assert world.ask("runs", "list") == world.ask("reviews", "list") == world.ask("operations", "list") == []


def test_customers_are_found_by_what_is_typed(synced: World) -> None:
    found = synced.ask("customers", "list", "--search", "claes")
    assert [each["fields"]["email"] for each in found] == ["bram@example.com"]
    assert synced.ask("customers", "list", "--search", "nobody") == []
    assert "No customer fits" in synced.type("customers", "list", "--search", "nobody").stderr
    assert synced.type("reviews", "show", "9223372036854775808").exit_code == 2


def test_a_customer_is_shown_beside_its_records(synced: World) -> None:
    shown = synced.ask("customers", "show", an(synced))
    assert shown["shown"]["crm/1"]["email"] == "an@example.com"
    assert set(shown) >= {"id", "fields", "records", "aliases", "pins", "held", "reviews"}
    assert "an@example.com" in synced.type("customers", "show", an(synced)).stdout


def test_a_customer_is_shown_as_it_was_after_a_run(synced: World) -> None:
    who = an(synced)
    synced.type("customers", "pin", who, "city", "Brugge")
    synced.ask("sync")
    before = synced.ask("customers", "show", who, "--as-of", "run-1")
    assert (before["fields"]["city"], before["now"]["city"]) == ("Gent", "Brugge")
    assert before["decided"]["city"] == {"rule": "initial_priority", "run": "run-1"}
    assert synced.ask("customers", "show", who, "--as-of", "run-2")["fields"]["city"] == "Brugge"
    said = synced.type("customers", "show", who, "--as-of", "run-1").stdout
    assert "as it was after run-1" in said
    assert "Gent" in said
    unknown = synced.type("customers", "show", who, "--as-of", "run-77")
    assert (unknown.exit_code, "run-77 is not kept" in unknown.stderr) == (2, True)


def test_why_tells_what_was_beaten(synced: World) -> None:
    why = synced.ask("customers", "why", an(synced), "phone")
    assert why["value"] == "+32470123450"
    change = why["journal"][-1]
    assert (change["old"], change["new"], change["connection"]) == ("", "+32470123450", "crm")
    assert change["rule"]
    assert change["run"] == "run-1"
    assert [(each["connection"], each["value"]) for each in change["beaten"]] == [("shop", "0470 99 99 99")]
    shown = synced.type("customers", "why", an(synced), "phone").stdout
    assert "0470 99 99 99" in shown
    assert change["rule"] in shown


def test_why_of_what_does_not_exist(synced: World) -> None:
    assert synced.type("customers", "why", an(synced), "fone").exit_code == 2
    assert synced.type("customers", "why", "nobody", "phone").exit_code == 2


def test_a_pin_holds_until_it_is_removed(synced: World) -> None:
    who = an(synced)
    assert synced.type("customers", "pin", who, "phone", "+32470555555").exit_code == 0
    synced.ask("sync")
    assert "470555555" in str(synced.sandbox.kiotviet.snapshot()).replace(" ", "")
    assert synced.ask("customers", "show", who)["pins"] == {"phone": {"phone": "+32470555555"}}
    assert synced.type("customers", "pin", who, "phone", "--remove").exit_code == 0
    assert synced.ask("customers", "show", who)["pins"] == {}
    assert synced.type("customers", "pin", who, "phone").exit_code == 2


def test_a_customer_is_pulled_and_exported(synced: World) -> None:
    who = an(synced)
    pulled = synced.ask("customers", "pull", who)
    assert {each["connection"] for each in pulled} == {"crm", "shop", "loyalty", "booking"}
    exported = json.loads(synced.type("customers", "export", who).stdout)
    assert exported["fields"]["email"] == "an@example.com"
    assert {each["connection"] for each in exported["payloads"]} == {"crm", "shop", "loyalty", "booking"}
    assert exported["journal"]


def test_a_new_card_is_asked_for_at_a_loyalty_programme_only(synced: World) -> None:
    before = synced.ask("customers", "pull", "loyalty", "an@example.com")[0]["fields"]["card"]
    given = synced.ask("customers", "new-card", "loyalty/an@example.com")
    assert given["fields"]["card"] not in ("", before)
    assert given["customer"] == an(synced)
    assert synced.type("customers", "new-card", "shop/1").exit_code == 2


def test_runs(synced: World) -> None:
    listed = synced.ask("runs", "list")
    assert [each["id"] for each in listed] == ["run-1"]
    assert listed[0]["asked_by"].startswith("cli:")
    shown = synced.ask("runs", "show", "run-1")
    assert shown["report"]["connections"]["crm"]["pulled"] == 3
    assert "crm" in synced.type("runs", "show", "run-1").stdout


def test_operations(synced: World) -> None:
    listed = synced.ask("operations", "list", "--connection", "loyalty")
    assert [(each["kind"], each["state"]) for each in listed] == [("create", "confirmed")] * 3
    shown = synced.ask("operations", "show", listed[0]["id"])
    assert shown["fields"]["email"][0] == ""
    assert shown["run"] == "run-1"
    assert synced.ask("operations", "list", "--state", "rejected") == []
    assert "loyalty" in synced.type("operations", "show", listed[0]["id"]).stdout
    assert synced.type("operations", "show", "op-99999").exit_code == 2
    wrong = synced.type("operations", "list", "--state", "refused")
    assert (wrong.exit_code, "rejected" in wrong.stderr) == (2, True)


def test_reviews(world: World) -> None:
    contact = {"firstname": "Zoë", "lastname": "Baert", "email": "info@example.org"}
    world.sandbox.perfex.human_create(company="", contact=contact)
    world.sandbox.kiotviet.human_create(name="Karel Vos", email="info@example.org")
    assert world.ask("sync")["reviews"] == 1
    listed = world.ask("reviews", "list")
    assert [each["kind"] for each in listed] == ["shared_email"]
    number = str(listed[0]["id"])
    assert world.ask("reviews", "show", number)["choices"] == listed[0]["choices"]
    shown = world.type("reviews", "show", number)
    assert "info@example.org" in world.type("reviews", "list").stdout
    assert "records: crm/4, shop/1000002" in shown.stdout
    assert "Karel Vos" in shown.stdout
    assert "[" not in shown.stdout
    assert f"syncd reviews resolve {number}" in shown.stderr
    assert world.type("reviews", "resolve", number, "nonsense").exit_code == 2
    assert world.type("reviews", "resolve", number, "shared").exit_code == 0
    assert world.ask("reviews", "list") == []
    assert world.type("reviews", "resolve", number, "shared").exit_code == 1
    assert [each["state"] for each in world.ask("reviews", "list", "--all")] == ["resolved"]


def test_status(world: World) -> None:
    before = world.ask("status")
    assert before["connections"]["crm"]["state"] == "new"
    world.ask("sync")
    after = world.ask("status")
    assert after["customers"] == 3
    assert after["connections"]["crm"]["state"] == "ok"
    assert after["connections"]["crm"]["records"] == 3
    assert after["last_run"]["id"] == "run-1"
    assert after["holder"] is None
    assert "3 customers" in world.type("status").stdout


def test_check_and_doctor(world: World) -> None:
    assert world.type("check").exit_code == 0
    assert set(world.ask("check", "crm")) == {"crm"}
    refused = world.type("check", "loyalty", OMNI_TOKEN="another")
    assert refused.exit_code == 4
    assert "WRONG" in refused.stdout
    ill = world.type("doctor")
    assert ill.exit_code == 1
    assert "never pulled" in ill.stdout
    world.ask("sync")
    well = world.type("doctor")
    assert well.exit_code == 0, well.stdout
