"""Perfex: three generations of its REST module, and what their writes would destroy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from syncd.errors import (
    AlreadyThere,
    ConfigError,
    Forbidden,
    Malformed,
    Missing,
    Refused,
    Rejected,
    Throttled,
    Unanswered,
)
from syncd.sandbox.perfex import LAST_IP, PASSWORD_HASH, RESET_KEY
from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.values import Change, Item, Page, Shown
from syncd.vendors.base import Keys, Pass, VendorSettings
from syncd.vendors.perfex import Perfex
from syncd.vendors.perfex.codes import COUNTRIES, FOLDERS, LANGUAGES
from tests.support.wsgi import WsgiAdapter
from tests.vendors.contract import VendorContract


class TestPerfex(VendorContract):
    """The fork of 3.0, which always answers pages."""

    vendor = "perfex"
    version: ClassVar = "3.0"
    options: ClassVar = {"groups": "unused", "permissions": [1, 2, 3]}
    secrets: ClassVar = {"token": "CRM_TOKEN"}
    external_id_field = "custom:2"
    sample: ClassVar = {
        "email": "lan@example.com",
        "phone": "+84912345678",
        "first_name": "Lan",
        "last_name": "Nguyễn",
        "company": "Quán Lan",
        "vat_number": "BE0123456789",
        "website": "https://lan.example.com",
        "language": "vi",
        "street1": "1 Hàng Bài",
        "street2": "tầng 2",
        "city": "Hà Nội",
        "state": "Hoàn Kiếm",
        "postal_code": "10000",
        "country": "VN",
        "external_id": "E-1",
    }
    other: ClassVar = {
        "email": "lan.nguyen@example.com",
        "phone": "+84987654321",
        "first_name": "Thị Lan",
        "last_name": "Trần",
        "company": "Tiệm Lan",
        "vat_number": "BE9876543210",
        "website": "https://tiemlan.example.com",
        "language": "nl",
        "street1": "9 Kerkstraat",
        "street2": "bus 3",
        "city": "Gent",
        "state": "Oost-Vlaanderen",
        "postal_code": "9000",
        "country": "BE",
        "external_id": "E-2",
    }

    def arrange(self, vendor: Any) -> None:
        vendor.switches.version = self.version

    def person(self, number: int) -> Mapping[str, Any]:
        contact = {"firstname": "Ann", "lastname": f"{number}", "email": f"ann{number}@example.com"}
        return {"company": f"Company {number}", "contact": contact}

    def phone(self, text: str) -> Mapping[str, Any]:
        return {"contact": {"phonenumber": text}}


class TestPerfexOfTheSecondGeneration(TestPerfex):
    """2.0: bare arrays, forms only, no ids in answers."""

    version: ClassVar = "2.0"


class TestPerfexAsDocumented(TestPerfex):
    """3.1: a list of all contacts, whose own numbers stand in addresses."""

    version: ClassVar = "3.1"


TOKEN = "aaa.bbb.ccc"
VERSIONS = ("2.0", "3.0", "3.1")
ANNA = {"firstname": "Anna", "lastname": "Maes", "email": "anna@example.com", "phonenumber": "+32470111222"}
PERSON = {"first_name": "Lan", "last_name": "Tran", "email": "lan@example.com", "phone": "+84912345678"}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(params=VERSIONS)
def crm(request: pytest.FixtureRequest) -> Sandbox:
    sandbox = Sandbox(token=TOKEN)
    sandbox.switches.version = request.param
    return sandbox


@pytest.fixture
def fork() -> Sandbox:
    return Sandbox(token=TOKEN)


def connect(
    crm: Sandbox, *, token: str = TOKEN, external: str | None = None, fields: Any = None, **options: Any
) -> Perfex:
    settings = VendorSettings(
        "crm",
        "perfex",
        "http://crm.test",
        options={"groups": "unused", **options},
        secrets={"token": token},
        fields=fields or {},
        external_id_field=external,
        allow_http=True,
    )
    return Perfex(settings, clock=now, adapter=WsgiAdapter(crm))


def everything(connector: Perfex) -> list[Page]:
    return list(connector.pages(Pass(full=True)))


def records(connector: Perfex) -> dict[str, Shown]:
    return {
        item.vendor_id: connector.read(item, page.started)
        for page in everything(connector)
        for item in page.items
    }


def create(connector: Perfex, **fields: str) -> str:
    change = Change("create", fields, key="op-1")
    vendor_id = None
    for step in connector.steps(change):
        written = connector.write(step, replace(change, vendor_id=vendor_id))
        vendor_id = (
            written.vendor_id or connector.find(Keys(company=_company(fields), newer_than="0"))[-1].vendor_id
        )
    assert vendor_id is not None
    return vendor_id


def _company(fields: Mapping[str, str]) -> str:
    return fields.get("company") or f"{fields['first_name']} {fields['last_name']}"


def update(connector: Perfex, vendor_id: str, given: Mapping[str, str] | None = None, **fields: str) -> Shown:
    change = Change("update", fields, vendor_id, connector.get(vendor_id), given or {}, key="op-2")
    for step in connector.steps(change):
        connector.write(step, change)
    return connector.get(vendor_id)


# --- reading


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


# --- what writes must not destroy


def test_an_update_keeps_what_a_put_would_set_to_zero(crm: Sandbox) -> None:
    kept = {"country": "22", "billing_country": "155", "shipping_country": "243", "default_currency": "2"}
    userid = crm.human_create(company="Maes BV", show_primary_contact="1", contact=ANNA, **kept)
    shown = update(connect(crm), userid, city="Gent")
    assert shown.fields["city"] == "Gent"
    after = crm.snapshot()[userid]
    assert {name: after[name] for name in kept} == kept
    assert after["show_primary_contact"] == "1"


def test_an_update_of_a_contact_keeps_its_marks(crm: Sandbox) -> None:
    marks = {"invoice_emails": "1", "task_emails": "0", "ticket_emails": "1"}
    userid = crm.human_create(company="Maes BV", contact={**ANNA, **marks})
    assert (
        update(connect(crm, permissions=[1, 2, 3]), userid, phone="+32470999888").fields["phone"]
        == "+32470999888"
    )
    (contact,) = crm.snapshot()[userid]["contacts"]
    assert contact["is_primary"] == "1"
    assert {name: contact[name] for name in marks} == marks
    assert (contact["firstname"], contact["email"]) == ("Anna", "anna@example.com")


def test_groups_are_held_by_default_and_written_where_listed(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", groups=[1, 4], contact=ANNA)
    held = connect(crm, groups="hold")
    assert "groups" in held.fields["city"].hold
    assert held.fields["email"].hold == ""
    before = len(list(crm.ledger))
    with pytest.raises(Rejected):
        held.write("customer", Change("update", {"city": "Gent"}, userid, held.get(userid)))
    assert not [entry for entry in list(crm.ledger)[before:] if entry.method == "PUT"]
    assert crm.snapshot()[userid]["groups"] == [1, 4]
    update(held, userid, first_name="Anne")
    assert crm.snapshot()[userid]["groups"] == [1, 4]
    update(connect(crm, groups=[1, 4]), userid, city="Gent")
    assert crm.snapshot()[userid]["groups"] == [1, 4]


def test_a_create_sends_no_welcome_mail(crm: Sandbox) -> None:
    vendor_id = create(connect(crm), **PERSON, street1="1 Hang Bai", country="VN")
    assert crm.welcome_mails == []
    (contact,) = crm.snapshot()[vendor_id]["contacts"]
    assert (contact["email"], contact["is_primary"]) == ("lan@example.com", "1")


def test_a_create_without_a_phone_sends_an_empty_one(crm: Sandbox) -> None:
    vendor_id = create(connect(crm), first_name="Lan", last_name="Tran", email="lan@example.com")
    (contact,) = crm.snapshot()[vendor_id]["contacts"]
    assert contact["phonenumber"] == ""


def test_a_person_without_an_email_becomes_a_customer_without_a_contact(crm: Sandbox) -> None:
    connector = connect(crm)
    vendor_id = create(connector, first_name="Lan", last_name="Tran", phone="0912345678")
    assert crm.snapshot()[vendor_id]["contacts"] == []
    assert (crm.snapshot()[vendor_id]["company"], connector.get(vendor_id).fields["phone"]) == (
        "Lan Tran",
        "0912345678",
    )


def test_a_contact_is_made_where_a_customer_has_none(crm: Sandbox) -> None:
    userid = crm.human_create(company="Bakery")
    shown = update(connect(crm), userid, None, **PERSON)
    assert {name: shown.fields[name] for name in PERSON} == PERSON


def test_a_contact_without_a_name_is_refused_before_anything_is_sent(fork: Sandbox) -> None:
    userid = fork.human_create(company="Bakery")
    connector = connect(fork)
    change = Change("update", {"email": "x@example.com"}, userid, connector.get(userid))
    sent = connector.requests
    with pytest.raises(Rejected) as refused:
        connector.write("contact", change)
    assert set(refused.value.fields) == {"firstname", "lastname"}
    assert connector.requests == sent


def test_a_company_that_repeats_the_name_follows_it(crm: Sandbox) -> None:
    userid = crm.human_create(company="Anna Maes", contact=ANNA)
    shown = update(connect(crm), userid, last_name="Bos")
    assert "company" not in shown.fields
    assert crm.snapshot()[userid]["company"] == "Anna Bos"


def test_an_update_that_changes_nothing_is_a_success(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", city="Gent", contact=ANNA)
    before = crm.snapshot()
    update(connect(crm, permissions=[1, 2, 3]), userid, city="Gent", phone=ANNA["phonenumber"])
    assert crm.snapshot() == before


def test_both_streets_together_must_fit(fork: Sandbox) -> None:
    userid = fork.human_create(company="Maes BV", contact=ANNA)
    connector = connect(fork)
    change = Change("update", {"street1": "x" * 150, "street2": "y" * 50}, userid, connector.get(userid))
    with pytest.raises(Rejected, match="191"):
        connector.write("customer", change)


def test_one_street_is_written_beside_the_other(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", address="Kerkstraat 1\nbus 2", contact=ANNA)
    shown = update(connect(crm), userid, street1="Dorp 9")
    assert (shown.fields["street1"], shown.fields["street2"]) == ("Dorp 9", "bus 2")


def test_values_are_emptied(crm: Sandbox) -> None:
    userid = crm.human_create(
        company="Maes BV",
        city="Gent",
        country="22",
        default_language="dutch",
        website="example.com",
        contact=ANNA,
    )
    shown = update(connect(crm), userid, city="", country="", language="", website="", phone="")
    assert not any(shown.fields[name] for name in ("city", "country", "language", "website", "phone"))


def test_a_deleted_customer_is_missing_by_the_vendors_own_word(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    connector = connect(crm)
    connector.write("delete", Change("delete", {}, userid))
    with pytest.raises(Missing):
        connector.get(userid)


# --- refusals


@pytest.mark.parametrize("status", [404, 401])
def test_a_bad_token_is_refused_and_never_reads_as_empty(crm: Sandbox, status: Any) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    crm.switches.auth_failure_status = status
    connector = connect(crm, token="x.y.z")
    with pytest.raises(Refused):
        everything(connector)
    with pytest.raises(Refused):
        connector.get(userid)


def test_a_missing_permission_is_forbidden(crm: Sandbox) -> None:
    crm.switches.denied = ["customers.get"]
    with pytest.raises(Forbidden):
        everything(connect(crm))


def test_the_second_limiter_answers_401_and_is_no_bad_token(fork: Sandbox) -> None:
    fork.switches.per_hour_and_address = 0
    with pytest.raises(Throttled):
        everything(connect(fork))


def test_an_email_that_any_contact_has_stops_a_create_before_it_is_sent(crm: Sandbox) -> None:
    second = {**ANNA, "email": "lan@example.com"}
    userid = crm.human_create(company="Maes BV", contacts=[ANNA, second])
    with pytest.raises(AlreadyThere):
        create(connect(crm), **PERSON)
    assert list(crm.snapshot()) == [userid]


def test_an_email_that_another_contact_has_is_rejected_in_an_update(crm: Sandbox) -> None:
    crm.human_create(company="Maes BV", contact=ANNA)
    for contact in (None, {**ANNA, "email": "b@example.com"}):
        userid = crm.human_create(company="Other", contact=contact)
        with pytest.raises(Rejected) as refused:
            update(connect(crm), userid, None, **{**PERSON, "email": "anna@example.com"})
        assert "email" in refused.value.fields


def test_a_create_without_a_number_in_its_answer_is_found_where_that_is_clear(crm: Sandbox) -> None:
    crm.switches.record_id = False
    other = crm.human_create(company="Lan Tran")
    connector = connect(crm)
    change = Change("create", PERSON, key="op-1", progress={"newer_than": other})
    written = connector.write("customer", change)
    assert written.vendor_id == str(int(other) + 1)
    connector.write("contact", replace(change, progress={**change.progress, **written.progress}))
    assert connector.get(written.vendor_id).fields["email"] == "lan@example.com"
    crm.human_create(company="Lan Tran")
    unclear = connector.write(
        "customer", replace(change, fields={**PERSON, "email": "l@example.com"}, key="op-2")
    )
    assert unclear.vendor_id is None
    with pytest.raises(Unanswered):
        connector.write("contact", replace(change, fields={**PERSON, "email": "l@example.com"}))


def test_a_create_without_any_name_is_refused_before_it_is_sent(crm: Sandbox) -> None:
    with pytest.raises(Rejected) as refused:
        connect(crm).write("customer", Change("create", {"city": "Gent"}))
    assert "company" in refused.value.fields
    assert not crm.snapshot()


def test_validation_comes_back_field_by_field(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    with pytest.raises(Rejected) as refused:
        update(connect(crm), userid, email="not an address")
    assert "email" in refused.value.fields


@pytest.mark.parametrize("what", ["html", "half_list", "truncate", "redirect"])
def test_a_broken_listing_is_an_error_or_does_not_agree_with_its_total(fork: Sandbox, what: str) -> None:
    for number in range(10):
        fork.human_create(company=f"C{number}", contact={**ANNA, "email": f"a{number}@example.com"})
    fork.faults.add(what, kind="list", count=None, at=200)
    try:
        pages = everything(connect(fork))
    except (Malformed, Unanswered):
        return
    assert what == "half_list"
    assert sum(len(page.items) for page in pages) < (pages[-1].total or 0)


def test_a_lost_answer_to_a_create_is_unanswered_and_found_again(crm: Sandbox) -> None:
    connector = connect(crm)
    crm.faults.drop(processed=True, kind="create")
    with pytest.raises(Unanswered):
        connector.write("customer", Change("create", PERSON, key="op-9"))
    (found,) = connector.find(Keys(company="Lan Tran", newer_than="0"))
    assert connector.find(Keys(company="Lan Tran", newer_than=found.vendor_id)) == ()


def test_a_create_with_the_same_key_is_done_once(fork: Sandbox) -> None:
    connector = connect(fork)
    change = Change("create", PERSON, key="op-9")
    assert connector.write("customer", change).vendor_id == connector.write("customer", change).vendor_id
    assert len(fork.snapshot()) == 1


def test_a_stored_refusal_is_not_believed_twice(fork: Sandbox) -> None:
    other = fork.human_create(company="Maes BV", contact={**ANNA, "email": "lan@example.com"})
    userid = fork.human_create(company="Bakery")
    connector = connect(fork)
    change = Change("update", PERSON, userid, connector.get(userid), key="op-9")
    with pytest.raises(Rejected):
        connector.write("contact", change)
    fork.human_delete(other)
    connector.write("contact", change)
    assert connector.get(userid).fields["email"] == "lan@example.com"


# --- finding


def test_a_customer_is_found_by_email_whatever_its_case(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    crm.human_create(company="Other", contact={**ANNA, "email": "xanna@example.com"})
    assert [shown.vendor_id for shown in connect(crm).find(Keys(email="ANNA@Example.com"))] == [userid]


def test_a_customer_is_found_where_searches_fail(fork: Sandbox) -> None:
    fork.switches.search_broken = True
    numbers = [fork.human_create(company="Maes BV") for _ in range(3)]
    found = connect(fork).find(Keys(company="Maes BV", newer_than=numbers[0]))
    assert [shown.vendor_id for shown in found] == numbers[1:]


# --- pages that move


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


# --- settings and codes


@pytest.mark.parametrize(
    ("options", "fields", "key"),
    [
        ({"groups": "perhaps"}, {}, "groups"),
        ({"groups": ["VIP"]}, {}, "groups"),
        ({"countries": {"x": "BE"}}, {}, "countries"),
        ({}, {"notes": "sideways"}, "fields.notes"),
        ({}, {"points": "in"}, "fields.points"),
        ({"permissions": "all"}, {}, "permissions"),
    ],
)
def test_settings_that_cannot_be_understood_are_named(options: Any, fields: Any, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        connect(Sandbox(token=TOKEN), fields=fields, **options)
    assert [problem.key for problem in error.value.problems] == [key]


def test_the_codes_are_whole() -> None:
    assert len(COUNTRIES) == len(set(COUNTRIES.values())) == 250
    assert (COUNTRIES["22"], COUNTRIES["243"], COUNTRIES["209"], COUNTRIES["236"]) == ("BE", "VN", "ES", "US")
    assert set(FOLDERS) == set(LANGUAGES.values())
    assert all(LANGUAGES[folder] == code for code, folder in FOLDERS.items())


def test_fields_that_are_off_are_not_shown(fork: Sandbox) -> None:
    userid = fork.human_create(company="Maes BV", city="Gent", contact=ANNA)
    connector = connect(fork, fields={"city": "off", "phone": "in"})
    assert "city" not in connector.get(userid).fields
    assert connector.fields["phone"].direction == "in"


def test_a_stored_payload_is_read_without_a_request(fork: Sandbox) -> None:
    fork.human_create(company="Maes BV", contact=ANNA)
    connector = connect(fork)
    (page,) = everything(connector)
    sent = connector.requests
    assert connector.read(page.items[0], page.started).fields["company"] == "Maes BV"
    with pytest.raises(Malformed):
        connector.read(Item("1", {"customer": None, "contact": None}), page.started)
    assert connector.requests == sent


def test_check_says_what_works_and_what_is_held(crm: Sandbox) -> None:
    crm.human_create(company="Maes BV", contact=ANNA)
    findings = {finding.what: finding for finding in connect(crm, groups="hold").check()}
    assert findings["customers"].detail == "1 customers"
    assert findings["updates of customers"].detail == "held"
    (broken,) = [each for each in connect(crm, token="x.y.z").check() if not each.ok]
    assert "token" in broken.fix
