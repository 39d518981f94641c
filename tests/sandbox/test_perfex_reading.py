"""What Perfex shows, in its three generations: lists, single records, searches, and refusals that are 404."""

import pytest

from syncd.sandbox import Sandbox
from syncd.sandbox.perfex import PASSWORD_HASH
from tests.sandbox.callers import Caller


def add(sandbox: Sandbox, count: int) -> list[str]:
    return [sandbox.perfex.human_create(company=f"Company {number:03d}") for number in range(count)]


def test_an_empty_table_is_a_404_with_the_famous_words(crm: Caller) -> None:
    reply = crm.get("/customers")
    assert (reply.status_code, reply.json()) == (404, {"status": False, "message": "No data were found"})


def test_every_value_is_a_string_or_null(sandbox: Sandbox, crm: Caller) -> None:
    userid = sandbox.perfex.human_create(company="Peeters", country=22)
    shown = crm.get(f"/customers/{userid}").json()
    assert shown["userid"] == userid
    assert (shown["country"], shown["active"]) == ("22", "1")
    values = [value for name, value in shown.items() if name != "customfields"]
    assert all(value is None or isinstance(value, str) for value in values)
    assert "email" not in shown
    assert "groups_in" not in shown


def test_2_x_lists_everything_as_a_bare_array_by_company(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "2.0"
    for company in ("Zeta", "alpha", "Mid"):
        sandbox.perfex.human_create(company=company)
    rows = crm.get("/customers?limit=1&page=2&per_page=1").json()
    assert [row["company"] for row in rows] == ["alpha", "Mid", "Zeta"]


def test_the_3_0_fork_always_envelopes_customers_twenty_at_a_time(sandbox: Sandbox, crm: Caller) -> None:
    add(sandbox, 45)
    body = crm.get("/customers").json()
    assert len(body["data"]) == 20
    assert body["meta"] == {
        "page": 1,
        "per_page": 20,
        "total": 45,
        "total_pages": 3,
        "has_more": True,
        "current_page": 1,
        "last_page": 3,
    }


def test_3_1_envelopes_only_where_a_page_is_asked_for(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "3.1"
    add(sandbox, 30)
    assert len(crm.get("/customers").json()) == 30
    assert len(crm.get("/customers?limit=3").json()) == 30
    assert len(crm.get("/customers?page=1").json()["data"]) == 25
    assert len(crm.get("/customers?page=1&limit=3").json()["data"]) == 3


def test_a_page_past_the_end_shows_the_last_page_again(sandbox: Sandbox, crm: Caller) -> None:
    add(sandbox, 25)
    last, past = crm.get("/customers?page=2").json(), crm.get("/customers?page=9").json()
    assert past["data"] == last["data"]
    assert past["meta"]["page"] == 2
    assert past["meta"]["has_more"] is False


@pytest.mark.parametrize(
    "query", ["per_page=0", "per_page=101", "per_page=x", "page=0", "created_after=soon", "sort=nope"]
)
def test_a_bad_filter_is_422(sandbox: Sandbox, crm: Caller, query: str) -> None:
    add(sandbox, 1)
    reply = crm.get(f"/customers?{query}")
    assert reply.status_code == 422
    assert reply.json()["error"] == "validation_failed"
    assert query.partition("=")[0] in reply.json()["errors"]


def test_sort_and_fields(sandbox: Sandbox, crm: Caller) -> None:
    add(sandbox, 12)
    body = crm.get("/customers?sort=-userid&fields=userid,company&per_page=2").json()
    assert body["data"] == [
        {"userid": "12", "company": "Company 011"},
        {"userid": "11", "company": "Company 010"},
    ]


def test_date_filters_compare_with_midnight_and_keep_rows_without_a_date(
    sandbox: Sandbox, crm: Caller
) -> None:
    for day, company in (("2026-01-01 10:00:00", "old"), ("2026-02-01 00:00:00", "edge"), (None, "dateless")):
        sandbox.perfex.human_create(company=company, datecreated=day)
    after = crm.get("/customers?created_after=2026-02-01").json()["data"]
    before = crm.get("/customers?date_to=2026-01-01").json()
    assert [row["company"] for row in after] == ["dateless", "edge"]
    assert [row["company"] for row in before["data"]] == ["dateless"]


def test_datecreated_is_the_crms_own_local_time(sandbox: Sandbox, crm: Caller) -> None:
    userid = add(sandbox, 1)[0]
    assert crm.get(f"/customers/{userid}").json()["datecreated"] == "2026-03-01 13:00:00"


def test_an_unknown_id_is_the_same_404_as_an_empty_list(crm: Caller) -> None:
    assert crm.get("/customers/77").json()["message"] == "No data were found"


def test_a_blank_company_shows_the_primary_contact(sandbox: Sandbox, crm: Caller) -> None:
    contact = {"firstname": "Els", "lastname": "Maes", "email": "els@example.com"}
    userid = sandbox.perfex.human_create(company=" ", contact=contact)
    assert crm.get(f"/customers/{userid}").json()["company"] == "Els Maes"
    assert crm.get("/customers").json()["data"][0]["company"] == "Els Maes"
    assert sandbox.perfex.snapshot()[userid]["company"] == " "


def test_the_vat_option_hides_vat_from_single_reads_only(sandbox: Sandbox, crm: Caller) -> None:
    userid = sandbox.perfex.human_create(company="Peeters", vat="BE0123")
    sandbox.perfex.switches.vat_hidden_in_get = True
    assert crm.get(f"/customers/{userid}").json()["vat"] is None
    assert crm.get("/customers").json()["data"][0]["vat"] == "BE0123"


def test_contacts_come_with_columns_that_must_not_leak(sandbox: Sandbox, crm: Caller) -> None:
    people = [{"firstname": name, "lastname": "B", "email": f"{name}@example.com"} for name in ("one", "two")]
    userid = sandbox.perfex.human_create(company="Pair", contacts=people)
    sandbox.perfex.human_edit(userid, contact={"id": "2", "is_primary": True})
    rows = crm.get(f"/contacts/{userid}").json()
    assert [row["firstname"] for row in rows] == ["two", "one"]
    assert rows[0]["password"] == PASSWORD_HASH
    assert crm.get(f"/contacts/{userid}/1").json()["firstname"] == "one"
    assert crm.get("/contacts").status_code == 404


def test_3_1_reads_contacts_by_their_own_id(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "3.1"
    add(sandbox, 3)
    contact = {"firstname": "Els", "lastname": "Maes", "email": "els@example.com"}
    userid = sandbox.perfex.human_create(company="Maes", contact=contact)
    assert crm.get("/contacts/1").json()["userid"] == userid
    assert [row["email"] for row in crm.get("/contacts").json()] == ["els@example.com"]


def test_inactive_contacts_are_not_shown(sandbox: Sandbox, crm: Caller) -> None:
    contact = {"firstname": "Els", "lastname": "Maes", "email": "els@example.com", "active": "0"}
    userid = sandbox.perfex.human_create(company="Maes", contact=contact)
    assert crm.get(f"/contacts/{userid}").status_code == 404


def test_search_ignores_case_and_accents_and_inactive_customers(sandbox: Sandbox, crm: Caller) -> None:
    contact = {"firstname": "Hương", "lastname": "Nguyễn", "email": "huong@example.com"}
    userid = sandbox.perfex.human_create(company="Tiệm Hoa", contact=contact, custom={2: "X-77"})
    sandbox.perfex.human_create(company="Tiệm Hoa", active="0")
    for term in ("tiem hoa", "NGUYEN", "huong@example", "x-77"):
        assert [row["userid"] for row in crm.get("/customers/search/", params={"q": term}).json()] == [userid]
    assert crm.get("/customers/search/tiem").json()[0]["userid"] == userid
    assert crm.get("/customers/search/", params={"q": "nobody"}).status_code == 404


def test_search_without_a_term_is_400_and_an_at_in_the_path_is_refused(sandbox: Sandbox, crm: Caller) -> None:
    add(sandbox, 1)
    assert crm.get("/customers/search/").status_code == 400
    refused = crm.get("/customers/search/a@example.com")
    assert refused.status_code == 400
    assert refused.headers["Content-Type"].startswith("text/html")
    sandbox.perfex.switches.refuse_at_in_path = False
    assert crm.get("/customers/search/a@example.com").status_code == 404


def test_2_x_knows_no_q(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "2.0"
    add(sandbox, 1)
    assert crm.get("/customers/search/", params={"q": "Company"}).status_code == 404
    assert len(crm.get("/customers/search/Company").json()) == 1


def test_a_broken_build_answers_every_search_with_an_html_500(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.search_broken = True
    reply = crm.get("/customers/search/x")
    assert reply.status_code == 500
    assert reply.headers["Content-Type"].startswith("text/html")


def test_contact_search_finds_all_by_an_at_and_joins_the_customer(sandbox: Sandbox, crm: Caller) -> None:
    for name in ("one", "two"):
        contact = {"firstname": name, "lastname": "B", "email": f"{name}@example.com", "phonenumber": "1"}
        sandbox.perfex.human_create(company=f"Firm {name}", phonenumber="2", contact=contact)
    rows = crm.get("/contacts/search/", params={"q": "@"}).json()
    assert [(row["company"], row["email"], row["phonenumber"]) for row in rows] == [
        ("Firm one", "one@example.com", "1"),
        ("Firm two", "two@example.com", "1"),
    ]


def test_custom_fields_are_defined_and_shown(sandbox: Sandbox, crm: Caller) -> None:
    userid = sandbox.perfex.human_create(company="Maes", custom={4: "1990-05-17"})
    defined = crm.get(f"/custom_fields/customers/{userid}").json()
    birth = next(each for each in defined if each["custom_field_id"] == "4")
    assert (birth["field_name"], birth["value"]) == ("custom_fields[customers][4]", "1990-05-17")
    shown = crm.get(f"/customers/{userid}").json()["customfields"]
    assert {"label": "Birth date", "value": "1990-05-17"} in shown
    assert crm.get("/custom_fields/invoices").status_code == 404


def test_3_x_is_recognised_by_its_public_description(sandbox: Sandbox, crm: Caller) -> None:
    assert crm.get("/openapi", headers={"authtoken": ""}).json()["openapi"] == "3.1.0"
    sandbox.perfex.switches.version = "2.0"
    assert crm.get("/openapi", headers={"authtoken": ""}).status_code == 404
    add(sandbox, 1)
    assert not [name for name in crm.get("/customers").headers if name.startswith("X-RateLimit")]
