"""Perfex's refusals: what 404 means, and what is known after a lost answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncd.errors import (
    AlreadyThere,
    Forbidden,
    Malformed,
    Refused,
    Rejected,
    Throttled,
    Unanswered,
)
from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.values import Change
from syncd.vendors.base import Keys
from tests.vendors.perfex_crm import ANNA, PERSON, connect, create, everything, update


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


def test_a_customer_whose_contact_would_be_refused_is_not_half_made(crm: Sandbox) -> None:
    change = Change("create", {"company": "Maes BV", "email": "anna@example.com"}, key="op-1")
    with pytest.raises(Rejected) as refused:
        connect(crm).write("customer", change)
    assert set(refused.value.fields) == {"firstname", "lastname"}
    assert not crm.snapshot()
