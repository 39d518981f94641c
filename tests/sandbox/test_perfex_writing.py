"""What Perfex makes of writes: forms and JSON, zeroed columns, deleted groups, cut values, silent drops."""

from typing import Any

import pytest

from syncd.sandbox import Sandbox
from syncd.sandbox.perfex.tables import CONTACT_FLAGS
from tests.sandbox.callers import Caller

ELS = {"firstname": "Els", "lastname": "Maes", "email": "els@example.com"}


def whole(sandbox: Sandbox, **more: Any) -> str:
    """A customer with everything that a careless PUT destroys."""
    columns = {"company": "Maes", "country": "22", "billing_country": "22", "shipping_country": "209"}
    columns |= {"default_currency": "2", "show_primary_contact": "1", "city": "Gent", "vat": "BE01"}
    return sandbox.perfex.human_create(**columns, groups=[1, 3], **more)


def test_a_form_creates_and_unknown_fields_are_dropped(sandbox: Sandbox, crm: Caller) -> None:
    sent = {
        "company": "Maes",
        "country": "22",
        "groups_in[]": ["2", "1"],
        "custom_fields[customers][2]": "X1",
    }
    reply = crm.post("/customers", data={**sent, "partnership_type": "gold", "active": "0"})
    assert reply.json() == {"status": True, "message": "Client add successful.", "record_id": 1}
    stored = sandbox.perfex.snapshot()["1"]
    assert (stored["groups"], stored["custom"], stored["active"]) == ([1, 2], {2: "X1"}, "1")
    assert "partnership_type" not in stored


def test_3_x_takes_json_with_its_media_type_only(crm: Caller) -> None:
    assert crm.post("/customers", json={"company": "A"}).status_code == 200
    bare = crm.post("/customers", data=b'{"company": "A"}', headers={"Content-Type": "text/plain"})
    assert bare.json()["error"] == {"company": "The Company field is required."}


def test_2_x_reads_forms_only_and_answers_no_id(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "2.0"
    refused = crm.post("/customers", json={"company": "A"})
    assert (refused.status_code, refused.json()["error"]) == (
        404,
        {"company": "The Company field is required."},
    )
    accepted = crm.post("/customers", data={"company": "A"})
    assert accepted.json() == {"status": True, "message": "Client add successful."}


def test_a_multipart_form_is_a_form_too(crm: Caller) -> None:
    assert crm.post("/customers", files={"company": (None, "Maes")}).status_code == 200


def test_3_1_documents_a_422_for_a_missing_company(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.version = "3.1"
    reply = crm.post("/customers", data={"city": "Gent"})
    assert (reply.status_code, list(reply.json()["errors"])) == (422, ["company"])


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
def test_a_put_zeroes_and_deletes_what_it_leaves_out(sandbox: Sandbox, crm: Caller, version: Any) -> None:
    userid = whole(sandbox)
    sandbox.perfex.switches.version = version
    assert crm.put(f"/customers/{userid}", json={"city": "Brugge"}).status_code == 200
    stored = sandbox.perfex.snapshot()[userid]
    zeroed = ("country", "billing_country", "shipping_country", "default_currency", "show_primary_contact")
    assert [stored[name] for name in zeroed] == ["0"] * 5
    assert (stored["groups"], stored["city"], stored["vat"]) == ([], "Brugge", "BE01")


def test_a_put_of_the_whole_destroys_nothing(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    before = sandbox.perfex.snapshot()[userid]
    kept = {
        name: before[name] for name in ("country", "billing_country", "shipping_country", "default_currency")
    }
    sent = {**kept, "show_primary_contact": "1", "groups_in": [1, 3], "city": "Brugge"}
    assert crm.put(f"/customers/{userid}", json=sent).json()["message"] == "Customers Update Successful."
    assert sandbox.perfex.snapshot()[userid] == {**before, "city": "Brugge"}


@pytest.mark.parametrize(
    "how",
    [
        {"data": {"city": "Gent"}},
        {"files": {"city": (None, "Gent")}},
        {"json": {}},
        {"json": ["a"]},
        {"data": b"{"},
    ],
)
def test_a_put_that_is_not_json_is_406(sandbox: Sandbox, crm: Caller, how: dict[str, Any]) -> None:
    userid = whole(sandbox)
    reply = crm.put(f"/customers/{userid}", **how)
    assert (reply.status_code, reply.json()["message"]) == (406, "Data Not Acceptable OR Not Provided")
    assert sandbox.perfex.snapshot()[userid]["groups"] == [1, 3]


def test_a_put_that_changes_nothing_is_a_404(sandbox: Sandbox, crm: Caller) -> None:
    userid = sandbox.perfex.human_create(company="Maes", city="Gent")
    reply = crm.put(f"/customers/{userid}", json={"city": "Gent"})
    assert (reply.status_code, reply.json()["message"]) == (404, "Customers Update Fail.")


def test_an_unknown_id_and_the_two_words_for_it(sandbox: Sandbox, crm: Caller) -> None:
    assert crm.put("/customers/9", json={"city": "x"}).json()["message"] == "Customer not found"
    sandbox.perfex.switches.version = "2.0"
    assert crm.put("/customers/9", json={"city": "x"}).json()["message"] == "Customers Update Fail."


def test_an_unknown_column_is_dropped_by_3_x_and_breaks_2_x(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    assert crm.put(f"/customers/{userid}", json={"city": "Brugge", "email": "x"}).status_code == 200
    sandbox.perfex.switches.version = "2.0"
    broken = crm.put(f"/customers/{userid}", json={"city": "Gent", "email": "x"})
    assert broken.status_code == 500
    assert "Unknown column 'email'" in broken.text
    assert sandbox.perfex.snapshot()[userid]["city"] == "Brugge"


def test_active_can_be_put_and_the_userid_cannot(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    crm.put(f"/customers/{userid}", json={"active": 0, "userid": "99"})
    assert sandbox.perfex.snapshot()[userid]["active"] == "0"


def test_null_becomes_empty_on_3_x(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    crm.put(f"/customers/{userid}", json={"vat": None})
    assert sandbox.perfex.snapshot()[userid]["vat"] == ""


def test_long_values_are_cut_without_a_word_and_text_in_numbers_is_zero(
    sandbox: Sandbox, crm: Caller
) -> None:
    crm.post("/customers", data={"company": "ü" * 300, "zip": "1" * 20, "country": "Belgium"})
    stored = sandbox.perfex.snapshot()["1"]
    assert (len(stored["company"]), len(stored["zip"]), stored["country"]) == (191, 15, "0")


def test_a_company_over_the_forms_limit_is_refused(crm: Caller) -> None:
    assert crm.post("/customers", data={"company": "x" * 601}).status_code == 404


def test_strict_mysql_breaks_instead_of_cutting(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.strict_mysql = True
    assert crm.post("/customers", data={"company": "Maes", "zip": "1" * 20}).status_code == 500
    assert sandbox.perfex.snapshot() == {}


def test_xss_clean_alters_json_puts(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    crm.put(f"/customers/{userid}", json={"city": "Gent<script>x</script>", "address": "<iframe src=x>"})
    stored = sandbox.perfex.snapshot()[userid]
    assert (stored["city"], stored["address"]) == ("Gent[removed]x[removed]", "&lt;iframe src=x&gt;")


def test_both_delete_routes_take_the_contacts_along(sandbox: Sandbox, crm: Caller) -> None:
    first, second = whole(sandbox, contact=ELS), whole(sandbox)
    assert crm.delete(f"/customers/{first}").json()["message"] == "Customer Delete Successful."
    assert crm.delete(f"/delete/customers/{second}").status_code == 200
    assert crm.delete(f"/customers/{first}").status_code == 404
    assert crm.get(f"/contacts/{first}").status_code == 404
    assert not sandbox.perfex.email_taken("els@example.com")


def test_a_customer_with_invoices_is_not_deleted_unless_gdpr_mode_is_on(
    sandbox: Sandbox, crm: Caller
) -> None:
    userid = whole(sandbox)
    sandbox.perfex.add_invoice(userid)
    refused = crm.delete(f"/customers/{userid}")
    assert (refused.status_code, refused.json()["message"]) == (404, "Customer Delete Fail.")
    sandbox.perfex.switches.delete_invoiced = True
    assert crm.delete(f"/customers/{userid}").status_code == 200


def contact_form(userid: str, **changes: str) -> dict[str, str]:
    return {"customer_id": userid, **ELS, "phonenumber": "", "donotsendwelcomeemail": "on", **changes}


def test_a_contact_is_welcomed_by_mail_unless_told_otherwise(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox)
    assert crm.post("/contacts", data=contact_form(userid, is_primary="on")).json()["record_id"] == 1
    assert sandbox.perfex.welcome_mails == []
    crm.post("/contacts", data=contact_form(userid, email="b@example.com", donotsendwelcomeemail=""))
    assert sandbox.perfex.welcome_mails == ["b@example.com"]


def test_some_builds_break_on_the_flag_that_prevents_the_mail(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.welcome_flag_breaks = True
    assert crm.post("/contacts", data=contact_form(whole(sandbox))).status_code == 500


def test_contact_validation_is_409(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox, contact=ELS)
    missing = crm.post("/contacts", data={"customer_id": userid})
    assert (missing.status_code, set(missing.json()["error"])) == (409, {"firstname", "lastname", "email"})
    taken = crm.post("/contacts", data=contact_form(userid, email="ELS@example.com"))
    assert (taken.status_code, taken.json()["error"]["email"]) == (409, "This Email is already exists")
    stranger = crm.post("/contacts", data=contact_form("77", email="new@example.com"))
    assert stranger.json()["error"]["customer_id"] == "The Customer Id is Invalid"
    unknown = crm.put("/contacts/77", json={"email": "x@example.com"})
    assert (unknown.status_code, unknown.json()["error"]["id"]) == (409, "Contact ID Doesn't Not Exist.")
    assert crm.put("/contacts/1", json={"firstname": "x"}).status_code == 409


def test_a_contact_put_clears_primary_flags_and_permissions_that_it_leaves_out(
    sandbox: Sandbox, crm: Caller
) -> None:
    flags = dict.fromkeys(CONTACT_FLAGS, "1")
    userid = whole(sandbox, contact={**ELS, **flags})
    assert crm.put("/contacts/1", json={"email": "els@example.com", "title": "Owner"}).status_code == 200
    stored = sandbox.perfex.snapshot()[userid]["contacts"][0]
    assert [stored[name] for name in ("is_primary", *CONTACT_FLAGS)] == ["0"] * 8
    assert (stored["permissions"], stored["firstname"], stored["title"]) == ([], "Els", "Owner")


def test_a_contact_put_that_sends_them_keeps_them(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox, contact={**ELS, **dict.fromkeys(CONTACT_FLAGS, "1")})
    kept = {"is_primary": "on", **{name: name for name in CONTACT_FLAGS}, "permissions": ["1", "2", "3"]}
    crm.put("/contacts/1", json={"email": "els@example.com", "phonenumber": "+3247", **kept})
    stored = sandbox.perfex.snapshot()[userid]["contacts"][0]
    assert [stored[name] for name in ("is_primary", *CONTACT_FLAGS)] == ["1"] * 8
    assert (stored["permissions"], stored["phonenumber"]) == (["1", "2", "3"], "+3247")
    again = crm.put("/contacts/1", json={"email": "els@example.com", "phonenumber": "+3247", **kept})
    assert again.status_code == 404


def test_a_new_primary_contact_takes_the_place_of_the_one_before(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox, contact=ELS)
    crm.post("/contacts", data=contact_form(userid, email="b@example.com", is_primary="on"))
    contacts = sandbox.perfex.snapshot()[userid]["contacts"]
    assert [each["is_primary"] for each in contacts] == ["0", "1"]


def test_a_contact_is_deleted_on_either_route(sandbox: Sandbox, crm: Caller) -> None:
    userid = whole(sandbox, contacts=[ELS, {**ELS, "email": "b@example.com"}])
    assert crm.delete("/contacts/1").status_code == 200
    assert crm.delete("/delete/contacts/2").status_code == 200
    assert sandbox.perfex.snapshot()[userid]["contacts"] == []


def test_people_at_the_screen_destroy_nothing(sandbox: Sandbox) -> None:
    userid = whole(sandbox, contact=ELS)
    before = sandbox.perfex.snapshot()[userid]
    sandbox.perfex.human_edit(userid, city="Brugge", contact={"phonenumber": "0470 11 22 33"})
    after = sandbox.perfex.snapshot()[userid]
    assert (after["city"], after["contacts"][0]["phonenumber"]) == ("Brugge", "0470 11 22 33")
    assert (after["groups"], after["country"]) == (before["groups"], "22")
    assert after["contacts"][0]["is_primary"] == "1"
    with pytest.raises(ValueError, match="has no field colour"):
        sandbox.perfex.human_edit(userid, colour="red")


def test_creates_may_answer_201_or_an_id_on_2_x(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.created_status = 201
    assert crm.post("/customers", data={"company": "A"}).status_code == 201
    sandbox.perfex.switches.version, sandbox.perfex.switches.record_id = "2.0", True
    assert crm.post("/customers", data={"company": "B"}).json()["record_id"] == 2
