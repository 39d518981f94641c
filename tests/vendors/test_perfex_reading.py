"""Reading Perfex: one record of two tables, pages that move, and searches that fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from syncd.errors import (
    Malformed,
    Missing,
    Unsearchable,
)
from syncd.sandbox.perfex import LAST_IP, PASSWORD_HASH, RESET_KEY
from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.vendors.base import Keys, Pass, VendorSettings
from syncd.vendors.perfex import Perfex
from tests.support.wsgi import WsgiAdapter
from tests.vendors.dialects import Dialect, without
from tests.vendors.perfex_crm import ANNA, PERSON, TOKEN, connect, create, everything, now, records, update


def test_one_record_is_a_customer_with_its_primary_contact(crm: Sandbox) -> None:
    userid = crm.human_create(
        company="Maes BV",
        vat="BE0123",
        address="Kerkstraat 1\nbus 2",
        country="22",
        default_language="dutch",
        contact=ANNA,
    )
    connector = connect(crm)
    shown = records(connector)[userid]
    assert shown.fields["email"] == "anna@example.com"
    assert (shown.fields["first_name"], shown.fields["last_name"]) == ("Anna", "Maes")
    assert (shown.fields["street1"], shown.fields["street2"]) == ("Kerkstraat 1", "bus 2")
    assert (shown.fields["country"], shown.fields["language"]) == ("BE", "nl")
    assert shown.fields["company"] == "Maes BV"
    assert connector.get(userid).fields == shown.fields
    assert shown.created is not None


def test_every_page_is_read_once_and_the_last_one_says_so(crm: Sandbox) -> None:
    for number in range(230):
        contact = {"firstname": "P", "lastname": f"{number}", "email": f"p{number}@example.com"}
        crm.human_create(company=f"Company {number}", contact=contact)
    connector = connect(crm)
    pages = everything(connector)
    ids = [item.vendor_id for page in pages for item in page.items]
    assert sorted(ids, key=int) == [str(number) for number in range(1, 231)]
    assert len(ids) == len(set(ids))
    assert pages[-1].total == (None if crm.switches.version == "2.0" else 230)
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(item.payload["contact"] for page in pages for item in page.items)


def test_an_empty_crm_is_a_complete_listing_without_customers(crm: Sandbox) -> None:
    (page,) = everything(connect(crm))
    assert (page.items, page.last) == ((), True)


def test_a_contact_list_costs_no_request_per_customer(fork: Sandbox) -> None:
    for number in range(100):
        fork.human_create(company=f"C{number}", contact={**ANNA, "email": f"a{number}@example.com"})
    for version, most in (("3.0", 3), ("3.1", 3)):  # customers, description, contacts
        fork.switches.version = version  # type: ignore[assignment]
        connector = connect(fork)
        everything(connector)
        assert connector.requests <= most


def test_customers_without_a_contact_show_empty_names_and_their_own_phone(crm: Sandbox) -> None:
    userid = crm.human_create(company="Bakery", phonenumber="+3291112233")
    shown = records(connect(crm))[userid]
    assert shown.fields["email"] is None
    assert shown.fields["first_name"] is None
    assert shown.fields["phone"] == "+3291112233"


def test_contacts_of_inactive_customers_are_read_too(crm: Sandbox) -> None:
    userid = crm.human_create(company="Sleeping", active="0", contact=ANNA)
    crm.human_create(company="Awake", contact={**ANNA, "email": "b@example.com"})
    assert records(connect(crm))[userid].fields["email"] == "anna@example.com"


def test_the_primary_contact_speaks_and_a_second_one_does_not(crm: Sandbox) -> None:
    second = {"firstname": "Bob", "lastname": "Bos", "email": "bob@example.com"}
    userid = crm.human_create(company="Duo", contacts=[ANNA, second])
    connector = connect(crm)
    assert (
        records(connector)[userid].fields["email"]
        == connector.get(userid).fields["email"]
        == "anna@example.com"
    )


def test_a_second_contact_is_not_taken_for_the_primary_one_that_a_search_misses(crm: Sandbox) -> None:
    primary, second = (
        {**ANNA, "email": "anna@example.net"},
        {**ANNA, "email": "bob@example.com", "firstname": "Bob"},
    )
    userid = crm.human_create(company="Duo", contacts=[primary, second])
    assert records(connect(crm))[userid].fields["email"] == "anna@example.net"


@pytest.mark.parametrize("company", ["", " ", "Anna Maes", "maes  ANNA"])
def test_a_company_that_is_blank_or_repeats_the_name_is_unknown(fork: Sandbox, company: str) -> None:
    userid = fork.human_create(company=company, contact=ANNA)
    assert "company" not in records(connect(fork))[userid].fields


def test_no_secret_of_a_contact_leaves_the_connector(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    connector = connect(crm)
    texts = [str(page) for page in everything(connector)] + [str(connector.get(userid))]
    for secret in (PASSWORD_HASH, RESET_KEY, LAST_IP, "password", "last_ip"):
        assert all(secret not in text for text in texts)


def test_a_vat_that_a_single_get_hides_is_unknown_and_the_list_shows_it(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", vat="BE0123", contact=ANNA)
    crm.switches.vat_hidden_in_get = True
    connector = connect(crm)
    assert "vat_number" not in connector.get(userid).fields
    assert records(connector)[userid].fields["vat_number"] == "BE0123"


def test_codes_that_nobody_knows_are_unknown_values(fork: Sandbox) -> None:
    userid = fork.human_create(company="Far Away", country="999", default_language="klingon", contact=ANNA)
    fields = connect(fork).get(userid).fields
    assert "country" not in fields
    assert "language" not in fields
    assert connect(fork, countries={"999": "AQ"}).get(userid).fields["country"] == "AQ"


def test_custom_fields_are_read_and_written_by_number(crm: Sandbox) -> None:
    connector = connect(crm, fields={"birth_date": "custom:4"}, external="custom:2")
    vendor_id = create(connector, **PERSON, birth_date="1990-02-28", external_id="E-7")
    assert connector.get(vendor_id).fields["birth_date"] == "1990-02-28"
    assert update(connector, vendor_id, birth_date="1991-03-01").fields["birth_date"] == "1991-03-01"
    assert [shown.vendor_id for shown in connector.find(Keys(external_id="E-7"))] == [vendor_id]
    assert connector.find(Keys(stamp="E-8")) == ()


def test_a_custom_field_that_is_not_there_is_named(fork: Sandbox) -> None:
    fork.human_create(company="Maes BV", contact=ANNA)
    with pytest.raises(Malformed, match="custom field 99"):
        everything(connect(fork, fields={"notes": "custom:99"}))


def test_a_customer_is_found_by_email_whatever_its_case(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    crm.human_create(company="Other", contact={**ANNA, "email": "xanna@example.com"})
    assert [shown.vendor_id for shown in connect(crm).find(Keys(email="ANNA@Example.com"))] == [userid]


def test_a_customer_is_found_where_searches_fail(fork: Sandbox) -> None:
    fork.switches.search_broken = True
    numbers = [fork.human_create(company="Maes BV") for _ in range(3)]
    found = connect(fork).find(Keys(company="Maes BV", newer_than=numbers[0]))
    assert [shown.vendor_id for shown in found] == numbers[1:]


def test_deletions_while_paging_lose_no_customer(fork: Sandbox) -> None:
    for number in range(350):
        fork.human_create(company=f"C{number}", contact={**ANNA, "email": f"a{number}@example.com"})
    pages = connect(fork).pages(Pass(full=True))
    seen = {item.vendor_id for item in next(pages).items}
    for number in range(1, 60):
        fork.human_delete(str(number))
    seen |= {item.vendor_id for page in pages for item in page.items}
    assert seen >= set(fork.snapshot())


def test_a_walk_goes_on_where_it_was_left(fork: Sandbox) -> None:
    for number in range(250):
        fork.human_create(company=f"C{number}")
    connector = connect(fork)
    first = next(iter(connector.pages(Pass(full=True))))
    rest = list(connector.pages(Pass(full=True, resume=first.resume)))
    assert sum(len(page.items) for page in rest) == 150
    assert rest[-1].last


def test_a_contact_older_than_its_page_dates_the_page(fork: Sandbox) -> None:
    """The contacts are read once for a whole pass, so that no page may claim to be newer than they are."""
    for number in range(250):
        fork.human_create(company=f"C{number}", contact={**ANNA, "email": f"a{number}@example.com"})
    ticks = iter(range(1000))

    def clock() -> datetime:
        return datetime(2026, 1, 1, second=0, minute=next(ticks) % 60, tzinfo=UTC)

    settings = VendorSettings("crm", "perfex", "http://crm.test", secrets={"token": TOKEN}, allow_http=True)
    pages = list(Perfex(settings, clock=clock, adapter=WsgiAdapter(fork)).pages(Pass(full=True)))
    assert len(pages) == 3
    assert pages[1].started == pages[2].started


def test_a_search_that_hides_some_contacts_empties_nobody(fork: Sandbox) -> None:
    first = fork.human_create(company="One", contact={**ANNA, "email": "one@example.com"})
    second = fork.human_create(company="Two", contact={**ANNA, "email": "two@example.com"})
    third = fork.human_create(company="Three", contact={**ANNA, "email": "three@example.com"})
    nobody = fork.human_create(company="Nobody")
    row = {
        "id": "900",
        "userid": third,
        "is_primary": "1",
        "active": "1",
        **ANNA,
        "email": "three@example.com",
    }
    fork.faults.answer(200, [row], kind="contact_search", count=None)
    shown = records(connect(fork))
    emails = {userid: each.fields["email"] for userid, each in shown.items()}
    assert emails == {
        first: "one@example.com",
        second: "two@example.com",
        third: "three@example.com",
        nobody: None,
    }


@pytest.mark.parametrize("own", ["", "+3291234567"])
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_search_that_shows_the_customers_phone_is_not_taken_for_the_contacts(
    fork: Sandbox, version: Any, own: str
) -> None:
    fork.switches.version, fork.switches.search_columns = version, "customer"
    people = [
        fork.human_create(company=f"N{n}", phonenumber=own, contact={**ANNA, "email": f"n{n}@example.com"})
        for n in range(3)
    ]
    connector = connect(fork)
    for _ in range(2):
        shown = records(connector)
        assert [shown[each].fields["phone"] for each in people] == [ANNA["phonenumber"]] * 3


def test_that_a_search_shows_the_contacts_phone_is_seen_without_a_request(crm: Sandbox) -> None:
    for n in range(3):
        crm.human_create(
            company=f"N{n}", phonenumber="+3291234567", contact={**ANNA, "email": f"n{n}@ex.com"}
        )
    connector = connect(crm)
    records(connector)
    assert not [entry for entry in crm.ledger if entry.kind == "contacts"]


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_a_search_that_knows_no_companies_empties_nobody(fork: Sandbox, version: Any) -> None:
    fork.switches.version, fork.switches.contact_routes = version, "contact"
    userid = fork.human_create(company="Maes BV", contact=ANNA)
    nobody = fork.human_create(company="Nobody")
    fork.switches.search_companies = False
    connector = connect(fork)
    assert connector.get(userid).fields["email"] == "anna@example.com"
    assert connector.get(nobody).fields["email"] is None


def test_an_address_that_takes_a_contacts_own_number_shows_nobody_elses(crm: Sandbox) -> None:
    if crm.switches.version == "2.0":
        pytest.skip("2.x has one meaning of this address")
    strangers = [
        crm.human_create(company="Stranger", contact={**ANNA, "email": f"s{n}@example.com"}) for n in range(3)
    ]
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    crm.switches.contact_routes = "contact"
    connector = connect(crm)
    assert connector.get(userid).fields["email"] == "anna@example.com"
    assert connector.get(strangers[0]).fields["email"] == "s0@example.com"


@pytest.mark.parametrize("status", [400, 422])
def test_a_build_that_cannot_sort_is_read_unsorted(fork: Sandbox, status: int) -> None:
    for kind in ("list", "contact_list"):
        words = {
            "status": False,
            "error": "validation_failed",
            "message": "Bad filter",
            "errors": {"sort": "unknown"},
        }
        fork.faults.answer(status, words, kind=kind, count=1)
    userid = fork.human_create(company="Maes BV", contact=ANNA)
    assert records(connect(fork))[userid].fields["email"] == "anna@example.com"


def test_a_token_that_may_not_search_reads_everybody_all_the_same(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    crm.switches.denied = ["customers.search_get", "contacts.search_get"]
    connector = connect(crm)
    assert records(connector)[userid].fields["email"] == "anna@example.com"
    assert connector.get(userid).fields["email"] == "anna@example.com"
    assert [shown.vendor_id for shown in connector.find(Keys(company="Maes BV", newer_than="0"))] == [userid]
    if crm.switches.version == "3.1":
        assert [shown.vendor_id for shown in connector.find(Keys(email="anna@example.com"))] == [userid]
    else:
        with pytest.raises(Unsearchable):
            connector.find(Keys(email="anna@example.com"))


@pytest.mark.parametrize(("status", "body"), [(500, "<html>"), (302, ""), (403, "<html>"), (200, "<html>")])
def test_whatever_stands_where_3_x_describes_itself_stops_no_pull(
    fork: Sandbox, status: int, body: str
) -> None:
    userid = fork.human_create(company="Maes BV", contact=ANNA)
    fork.faults.answer(status, body, kind="openapi", count=None)
    assert records(connect(fork))[userid].fields["email"] == "anna@example.com"


@pytest.mark.parametrize("company", ["", "Maes BV"])
def test_a_record_is_read_again_in_two_requests_whatever_an_address_takes(crm: Sandbox, company: str) -> None:
    userid = crm.human_create(company=company, contact=ANNA)
    connector = connect(crm)
    known = records(connector)[userid]
    single = connector.get(userid)
    before = connector.requests
    assert connector.read_again(known).fields == single.fields
    assert connector.requests - before == 2


def test_a_contact_that_is_not_the_primary_one_any_more_does_not_speak(crm: Sandbox) -> None:
    second = {"firstname": "Bob", "lastname": "Bos", "email": "bob@example.com"}
    userid = crm.human_create(company="", contacts=[ANNA, second])
    connector = connect(crm)
    known = records(connector)[userid]
    bob = crm.snapshot()[userid]["contacts"][1]["id"]
    crm.human_edit(userid, contact={"id": bob, "is_primary": "1"})
    assert connector.read_again(known).fields["email"] == "bob@example.com"
    crm.human_delete(userid)
    with pytest.raises(Missing):
        connector.read_again(known)


def test_a_record_may_come_in_an_envelope(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    connector = connect(crm)
    row = dict(connector.get(userid).payload["customer"])
    crm.faults.answer(200, {"status": True, "data": row}, kind="get", count=1)
    assert connector.get(userid).fields["company"] == "Maes BV"


def test_a_page_that_tells_only_how_many_there_are_is_followed_to_the_end(fork: Sandbox) -> None:
    for number in range(150):
        fork.human_create(company=f"N{number}", contact={**ANNA, "email": f"n{number}@example.com"})
    told = Dialect(without("has_more", "total_pages", "last_page")).spoken_by(fork)
    settings = VendorSettings("crm", "perfex", "http://crm.test", secrets={"token": TOKEN}, allow_http=True)
    connector = Perfex(settings, clock=now, adapter=WsgiAdapter(told))
    assert len(records(connector)) == 150
