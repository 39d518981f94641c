"""Writing to Perfex: what its writes would destroy."""

from __future__ import annotations

import pytest

from syncd.errors import (
    Missing,
    Rejected,
)
from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.values import Change
from tests.vendors.perfex_crm import ANNA, PERSON, connect, create, update


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


@pytest.mark.parametrize(
    ("fields", "requests", "read"),
    [
        ({"phone": "+32470999888"}, 1, {"email", "phone", "first_name", "last_name"}),
        ({"city": "Gent", "country": "BE"}, 1, {"city", "country", "company", "street1"}),
        ({"phone": "+32470999888", "city": "Gent"}, 2, {"email", "phone", "city"}),
    ],
)
def test_what_was_written_is_read_back_and_no_more(
    crm: Sandbox, fields: dict[str, str], requests: int, read: set[str]
) -> None:
    userid = crm.human_create(company="Maes BV", contact=ANNA)
    connector = connect(crm)
    change = Change("update", fields, userid, connector.get(userid), key="op-2")
    for step in connector.steps(change):
        connector.write(step, change)
    crm.human_edit(userid, website="https://maes.example", contact={"lastname": "Peeters"})
    before = connector.requests
    shown = connector.read_back(change)
    assert connector.requests - before == requests
    now = connector.get(userid)
    assert read <= shown.fields.keys()
    assert shown.fields.items() <= now.fields.items()
    assert change.current is not None
    assert shown.started > change.current.started
    assert shown.payload.keys() == now.payload.keys()
    if requests == 1:
        assert not {"website", "last_name"} <= shown.fields.keys()


def test_a_contact_that_an_update_makes_is_read_back_with_its_customer(crm: Sandbox) -> None:
    userid = crm.human_create(company="Maes BV")
    connector = connect(crm)
    change = Change("update", PERSON, userid, connector.get(userid), key="op-2")
    for step in connector.steps(change):
        connector.write(step, change)
    assert connector.read_back(change).fields == connector.get(userid).fields


@pytest.mark.parametrize("company", ["Anna Maes", "maes  ANNA"])
def test_a_name_that_its_company_cannot_follow_waits(crm: Sandbox, company: str) -> None:
    userid = crm.human_create(company=company, contact=ANNA)
    held = connect(crm, groups="hold")
    with pytest.raises(Rejected) as refused:
        update(held, userid, last_name="Peeters", phone="+32470999888")
    assert refused.value.fields.keys() == {"last_name"}
    assert "company" not in update(held, userid, phone="+32470999888").fields
    assert "company" not in update(held, userid, last_name="MAES").fields
    shown = update(connect(crm), userid, last_name="Peeters")
    assert shown.fields["last_name"] == "Peeters"
    assert "company" not in shown.fields


def test_no_company_follows_a_name_that_is_refused(crm: Sandbox) -> None:
    crm.human_create(
        company="Bos", contact={"firstname": "Bob", "lastname": "Bos", "email": "bob@example.com"}
    )
    userid = crm.human_create(company="Anna Maes", contact=ANNA)
    connector = connect(crm)
    with pytest.raises(Rejected):
        update(connector, userid, last_name="Peeters", email="bob@example.com")
    assert crm.snapshot()[userid]["company"] == "Anna Maes"
    assert "company" not in connector.get(userid).fields
