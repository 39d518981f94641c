"""Omniwallet: the contract, and what only it has."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import orjson
import pytest

from syncd.errors import AlreadyThere, Forbidden, Malformed, Missing, Rejected, Unanswered
from syncd.values import Change
from syncd.vendors.base import GivesCards, Keys, Pass
from tests.vendors.contract import START, Scene, VendorContract, carry_out, pages, pull


class TestOmniwallet(VendorContract):
    vendor = "omniwallet"
    by_number = True
    base_path = "/v1"
    options: ClassVar = {"account": "myshop"}
    secrets: ClassVar = {"token": "OMNI_TOKEN"}
    sample: ClassVar = {
        "email": "lan@example.com",
        "first_name": "Lan",
        "last_name": "Nguyễn",
        "phone": "+84912345678",
        "level": "silver",
    }
    other: ClassVar = {
        "email": "lan.nguyen@example.com",
        "first_name": "Thị Lan",
        "last_name": "Trần",
        "phone": "+84987654321",
        "level": "gold",
    }

    def arrange(self, vendor: Any) -> None:
        vendor.switches.email_by_patch = "accept"

    def person(self, number: int) -> Mapping[str, Any]:
        return {"name": f"Ann {number}", "email": f"ann{number}@example.com", "phone": f"+3247{number:07}"}

    def phone(self, text: str) -> Mapping[str, Any]:
        return {"phone": text}

    # the e-mail is the id

    def test_an_e_mail_is_changed_at_the_old_address(self, scene: Scene) -> None:
        old = self.create(scene)
        new = self.update(scene, old, {"email": "neu@example.com", "phone": "+4911111", "points": "5"})
        assert new == "neu@example.com"
        assert scene.connector.get(new).fields["points"] == "5"
        assert [entry.path for entry in scene.writes()[1:]] == [
            "/v1/customers/lan@example.com",
            "/v1/customers/neu@example.com/add-points",
        ]

    def test_an_e_mail_with_a_slash_is_read_and_written(self, scene: Scene) -> None:
        email = "sales/be@example.com"
        assert self.create(scene, {**self.sample, "email": email}) == email
        assert self.update(scene, email, {"phone": "+4911111", "points": "5"}) == email
        shown = scene.connector.get(email)
        assert (shown.fields["phone"], shown.fields["points"]) == ("+4911111", "5")
        assert [found.vendor_id for found in scene.connector.find(Keys(email=email))] == [email]

    def test_a_refused_rename_is_a_rejection_and_nothing_else_happens(self, scene: Scene) -> None:
        scene.vendor.switches.email_by_patch = "refuse"
        old = self.create(scene)
        with pytest.raises(Rejected) as error:
            self.update(scene, old, {"email": "neu@example.com"})
        assert error.value.fields.keys() == {"email"}
        assert list(pull(scene.connector)) == [old]

    @pytest.mark.parametrize("status", [409, 422])
    def test_a_taken_e_mail_is_a_discovery(self, scene: Scene, status: int) -> None:
        scene.vendor.switches.duplicate = status
        self.create(scene)
        with pytest.raises(AlreadyThere):
            self.create(scene, {**self.sample, "first_name": "Somebody"})

    def test_an_invalid_e_mail_is_no_discovery(self, scene: Scene) -> None:
        with pytest.raises(Rejected) as error:
            self.create(scene, {**self.sample, "email": "lan at example"})
        assert error.value.fields.keys() == {"email"}

    @pytest.mark.parametrize("email", ["a/../b@example.com", "a\n@example.com", ".."])
    def test_an_e_mail_that_would_leave_its_path_is_never_sent(self, scene: Scene, email: str) -> None:
        with pytest.raises(Rejected):
            scene.connector.find(Keys(email=email))
        assert scene.connector.requests == 0

    def test_an_e_mail_is_found_whatever_its_case(self, scene: Scene) -> None:
        self.create(scene, {**self.sample, "email": "Lan@Example.com"})
        assert [shown.vendor_id for shown in scene.connector.find(Keys(email="lan@example.COM"))]

    # cards and points

    def test_a_card_is_never_sent_empty(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        card = scene.connector.get(vendor_id).fields["card"]
        current = scene.connector.get(vendor_id)
        assert scene.connector.steps(Change("update", {"card": ""}, vendor_id, current)) == ()
        self.update(scene, vendor_id, {"card": "", "phone": "+3212"})
        assert scene.connector.get(vendor_id).fields["card"] == card
        self.update(scene, vendor_id, {"card": "777"})
        assert scene.connector.get(vendor_id).fields["card"] == "777"

    def test_points_are_added_and_subtracted_once(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        self.update(scene, vendor_id, {"points": "50"})
        current = scene.connector.get(vendor_id)
        change = Change("update", {"points": "20"}, vendor_id, current, key="op-9")
        assert scene.connector.steps(change) == ("points",)
        for _ in range(2):
            carry_out(scene.connector, change)
        assert scene.connector.get(vendor_id).fields["points"] == "20"
        sent = [entry.body for entry in scene.writes()[-2:]]
        assert sent == [{"points": 30, "type": "syncd", "external_id": "op-9"}] * 2

    @pytest.mark.parametrize("points", ["many", "1.5"])
    def test_points_that_are_no_whole_number_are_refused_here(self, scene: Scene, points: str) -> None:
        vendor_id = self.create(scene)
        with pytest.raises(Rejected) as error:
            self.update(scene, vendor_id, {"points": points})
        assert error.value.fields.keys() == {"points"}

    # listing

    def test_a_listing_that_ignores_the_sorting_is_read_to_its_end(self, scene: Scene) -> None:
        stamps = [START + timedelta(days=day) for day in (1, 9, 2)]
        rows = [_row(number, stamp.isoformat()) for number, stamp in enumerate(stamps)]
        scene.vendor.faults.answer(200, _document(rows, page=1, last=2), kind="list", count=1)
        scene.vendor.faults.answer(200, _document(rows[:1], page=2, last=2), kind="list", count=1)
        some = pages(
            scene.connector, Pass(full=False, cursor={"since": (START + timedelta(days=5)).isoformat()})
        )
        assert [page.last for page in some] == [False, True]

    def test_a_stamp_from_the_future_does_not_move_the_mark_there(self, scene: Scene) -> None:
        rows = [_row(1, "2099-01-01T00:00:00Z"), _row(2, "2026-11-01T00:00:00Z")]
        scene.vendor.faults.answer(200, _document(rows), kind="list")
        cursor = pages(scene.connector)[-1].cursor
        assert cursor is not None
        assert cursor["mark"] < "2026-11-03"

    def test_a_bad_row_is_set_aside_and_the_others_go_on(self, scene: Scene) -> None:
        rows = [
            _row(1),
            {"type": "customers"},
            "row",
            _row(2, name="\\ud83d"),
            {"id": "x@example.com"},
            _row(3),
        ]
        text = _document(rows).decode().replace("\\\\ud83d", "\\ud83d")
        scene.vendor.faults.answer(200, text, kind="list")
        page = pages(scene.connector)[0]
        assert [item.vendor_id for item in page.items] == ["p1@example.com", "p3@example.com"]
        assert [poison.vendor_id for poison in page.poison] == ["?", "?", "p2@example.com", "x@example.com"]

    @pytest.mark.parametrize(
        "body", ["[]", "{}", '{"data": []}', '{"data": {}, "meta": {"page": {}}}', "null", "7"]
    )
    def test_what_is_no_page_is_no_empty_listing(self, scene: Scene, body: str) -> None:
        scene.vendor.faults.answer(200, body, kind="list")
        with pytest.raises(Malformed):
            pages(scene.connector)

    def test_a_wrong_address_is_no_missing_record(self, scene: Scene) -> None:
        with pytest.raises(Malformed, match="404"):
            pages(scene.again(base_url="https://vendor.example/v9"))

    # other forms

    def test_the_older_host_takes_no_account(self, scene: Scene) -> None:
        scene.vendor.switches.old_host = True
        self.create(scene)
        old = scene.again(base_url="https://myshop.example/api/v1", options={})
        assert list(pull(old)) == [self.sample["email"]]

    def test_null_or_nothing_clears_as_the_settings_say(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        current = scene.connector.get(vendor_id)
        for word, sent in (("null", None), ("empty", "")):
            connector = scene.again(options={**self.options, "clear_with": word})
            connector.write("customer", Change("update", {"phone": ""}, vendor_id, current))
            assert scene.writes()[-1].body["data"]["attributes"] == {"phone": sent}

    def test_a_birthday_is_written_only_where_the_settings_ask_for_it(self, scene: Scene) -> None:
        assert scene.connector.fields["birth_date"].writable == "never"
        scene.vendor.switches.birthday_by_patch = "accept"
        vendor_id = self.create(scene)
        writer = scene.again(fields={"birth_date": "both"})
        change = Change("update", {"birth_date": "1990-05-01"}, vendor_id, scene.connector.get(vendor_id))
        carry_out(writer, change)
        assert scene.connector.get(vendor_id).fields["birth_date"] == "1990-05-01"

    # webhooks

    def test_a_signed_webhook_names_a_customer(self, scene: Scene) -> None:
        body = b'{"event": "customer.updated", "data": {"customer_id": "lan@example.com"}}'
        stamp = str(int(START.timestamp()))
        right = {"X-Omniwallet-Timestamp": stamp, "X-Omniwallet-Signature": _signed(stamp, body)}
        assert scene.connector.hint(right, body, "hush", START) == ("lan@example.com",)
        wrong = [
            ({**right, "X-Omniwallet-Signature": "0" * 64}, START),
            ({**right, "X-Omniwallet-Signature": "tokén"}, START),
            ({"X-Omniwallet-Timestamp": stamp}, START),
            ({}, START),
            (right, START + timedelta(minutes=6)),
            (right, START - timedelta(minutes=6)),
        ]
        for headers, at in wrong:
            with pytest.raises(Forbidden):
                scene.connector.hint(headers, body, "hush", at)
        assert (
            scene.connector.hint(
                {**right, "X-Omniwallet-Signature": _signed(stamp, b"no")}, b"no", "hush", START
            )
            == ()
        )

    @pytest.mark.parametrize("form", ["jsonapi", "message", "error"])
    @pytest.mark.parametrize("status", [409, 422])
    def test_a_taken_address_stops_only_the_rename(self, scene: Scene, status: int, form: str) -> None:
        scene.vendor.switches.duplicate, scene.vendor.switches.error_form = status, form
        scene.vendor.human_create(name="An", email="an@example.com")
        old = self.create(scene)
        with pytest.raises(Rejected) as refused:
            self.update(scene, old, {"email": "an@example.com", "phone": "+4911111"})
        assert set(refused.value.fields) == {"email"}
        with pytest.raises(AlreadyThere):
            self.create(scene, {**self.sample, "email": "an@example.com"})

    def test_a_new_card_is_given_only_when_asked_for(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        assert isinstance(scene.connector, GivesCards)
        old = scene.connector.get(vendor_id).fields["card"]
        shown = scene.connector.new_card(vendor_id)
        assert shown.fields["card"] not in (None, old)
        assert shown.fields == scene.connector.get(vendor_id).fields
        scene.vendor.switches.empty_card = "keep"
        with pytest.raises(Rejected):
            scene.connector.new_card(vendor_id)

    def test_points_that_arrived_before_are_not_refused(self, scene: Scene) -> None:
        scene.vendor.switches.duplicate_transaction = "refuse"
        vendor_id = self.create(scene)
        change = Change("update", {"points": "9"}, vendor_id, scene.connector.get(vendor_id), key="op-7")
        scene.vendor.faults.drop(processed=True, kind="points")
        with pytest.raises(Unanswered):
            scene.connector.write("points", change)
        assert scene.connector.write("points", change).vendor_id == vendor_id
        assert scene.connector.get(vendor_id).fields["points"] == "9"

    def test_a_short_word_for_not_there_is_enough(self, scene: Scene) -> None:
        scene.vendor.faults.answer(404, {"errors": [{"status": "404"}]}, kind="get")
        with pytest.raises(Missing):
            scene.connector.get("an@example.com")
        scene.vendor.faults.clear()
        scene.vendor.faults.answer(404, {"message": ""}, kind="get")
        with pytest.raises(Malformed):
            scene.connector.get("an@example.com")


def _signed(stamp: str, body: bytes) -> str:
    return hmac.new(b"hush", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _row(number: int, updated: str = "2026-11-01T00:00:00Z", name: str = "Ann") -> dict[str, Any]:
    attributes = {"name": name, "createdAt": updated, "updatedAt": updated}
    return {"type": "customers", "id": f"p{number}@example.com", "attributes": attributes}


def _document(rows: list[Any], page: int = 1, last: int = 1) -> bytes:
    meta = {"page": {"currentPage": page, "lastPage": last, "perPage": 100, "total": len(rows) * last}}
    return orjson.dumps({"meta": meta, "data": rows})
