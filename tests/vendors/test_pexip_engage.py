"""Pexip Engage: the contract, and what only it has."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import pytest

from syncd.errors import AlreadyThere, Busy, ConfigError, Forbidden, Refused, Rejected, Unsearchable
from syncd.values import Change
from syncd.vendors.base import Keys
from tests.vendors.contract import START, Scene, VendorContract, carry_out, pages, pull


class TestPexipEngage(VendorContract):
    vendor = "pexip_engage"
    options: ClassVar = {
        "enterprise": "acme",
        "token_url": "https://vendor.example/realms/acme/protocol/openid-connect/token",
        "language": "nl",
    }
    secrets: ClassVar = {"client_id": "PEXIP_ID", "client_secret": "PEXIP_SECRET"}
    sample: ClassVar = {
        "email": "els@example.com",
        "first_name": "Els",
        "last_name": "Peeters",
        "company": "Bakkerij Peeters",
        "phone": "+32470123456",
        "notes": "Komt graag om 9 uur",
        "language": "nl",
        "time_zone": "Europe/Brussels",
        "external_id": "41",
        "customer_number": "K-41",
        "street1": "Veldstraat 1",
        "street2": "Bus 3",
        "city": "Gent",
        "state": "Oost-Vlaanderen",
        "postal_code": "9000",
        "country": "BE",
    }
    other: ClassVar = {
        "email": "els.peeters@example.com",
        "first_name": "Elsje",
        "last_name": "Pieters",
        "company": "Brood & Zo",
        "phone": "+32470654321",
        "notes": "Liever 's avonds",
        "language": "fr",
        "time_zone": "Europe/Paris",
        "external_id": "42",
        "customer_number": "K-42",
        "street1": "Korenmarkt 2",
        "street2": "2de verdieping",
        "city": "Brugge",
        "state": "West-Vlaanderen",
        "postal_code": "8000",
        "country": "NL",
    }

    def person(self, number: int) -> Mapping[str, Any]:
        return {"firstName": "Ann", "lastName": f"{number}", "email": f"ann{number}@example.com"}

    def phone(self, text: str) -> Mapping[str, Any]:
        return {"phoneNumber": text}

    # addresses

    def test_a_changed_text_keeps_only_its_language_and_the_others_keep_all(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1), location=_location())
        self.update(scene, vendor_id, {"street1": "Korenmarkt 2"})
        stored = scene.vendor.snapshot()[vendor_id]["location"]
        assert stored["translations"]["street1"] == [{"language": "nl", "value": "Korenmarkt 2"}]
        assert stored["translations"]["city"] == _location()["translations"]["city"]
        assert scene.writes()[-1].body["location"]["geolocation"] is None

    def test_an_address_that_stays_in_its_place_keeps_its_coordinates(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1), location=_location())
        self.update(scene, vendor_id, {"street2": "Bus 3"})
        stored = scene.vendor.snapshot()[vendor_id]["location"]
        assert stored["geolocation"] == _location()["geolocation"]
        assert stored["translations"]["street1"] == _location()["translations"]["street1"]

    def test_a_change_of_something_else_does_not_touch_the_address(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1), location=_location())
        self.update(scene, vendor_id, {"notes": "Belt eerst"})
        assert scene.writes()[-1].body == {"notes": "Belt eerst"}

    @pytest.mark.parametrize("way", ["replace", "merge"])
    def test_a_cleared_text_is_gone_whether_a_write_replaces_or_merges(self, scene: Scene, way: str) -> None:
        scene.vendor.switches.location_patch = way
        vendor_id = self.create(scene)
        self.update(scene, vendor_id, {"street2": "", "state": "", "postal_code": ""})
        shown = scene.connector.get(vendor_id).fields
        assert [shown[name] for name in ("street2", "state", "postal_code")] == [None, None, None]
        assert shown["street1"] == self.sample["street1"]

    def test_an_address_of_nothing_is_null(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        address = ("street1", "street2", "city", "state", "postal_code", "country")
        self.update(scene, vendor_id, dict.fromkeys(address, ""))
        assert scene.vendor.snapshot()[vendor_id]["location"] is None
        shown = scene.connector.get(vendor_id).fields
        assert {shown[name] for name in address} == {None}

    def test_half_an_address_is_refused_before_anything_is_sent(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1))
        current = scene.connector.get(vendor_id)
        sent = scene.connector.requests
        with pytest.raises(Rejected) as error:
            carry_out(scene.connector, Change("update", {"city": "Gent"}, vendor_id, current))
        assert error.value.fields.keys() == {"street1", "country"}
        assert scene.connector.requests == sent

    def test_a_carried_part_goes_as_it_was_given(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1), location=_location(street="VELDSTRAAT 1"))
        self.update(scene, vendor_id, {"street2": "Bus 3"}, given={"street1": "Veldstraat 1"})
        sent = scene.writes()[-1].body["location"]["translations"]
        assert sent["street1"] == [
            {"language": "nl", "value": "Veldstraat 1"},
            {"language": "fr", "value": "Rue des Champs 1"},
        ]

    def test_texts_are_read_in_the_enterprises_language_else_in_any(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1), location=_location())
        assert scene.connector.get(vendor_id).fields["city"] == "Gent"
        for language, city in (("fr", "Gand"), ("", "Gent"), ("pl", "Gent")):
            other = scene.again(options={**self.options, "language": language})
            assert other.get(vendor_id).fields["city"] == city

    # forms

    def test_every_request_asks_for_any_language_and_can_be_traced(self, scene: Scene) -> None:
        self.create(scene)
        written = scene.writes()[-1]
        headers = {key.lower(): value for key, value in written.headers.items()}
        assert headers["accept-language"] == "nl *"
        assert headers["x-correlation-id"] == "run-1 op-1"
        assert written.body["existing"] is True

    def test_a_create_carries_the_stamp_and_the_settings_time_zone(self, scene: Scene) -> None:
        connector = scene.again(options={**self.options, "time_zone": "Europe/Madrid"})
        carry_out(connector, Change("create", {"first_name": "Eva"}, stamp="c-7"))
        assert scene.writes()[-1].body == {
            "firstName": "Eva",
            "externalId": "c-7",
            "timeZone": "Europe/Madrid",
            "existing": True,
        }
        assert [shown.fields["first_name"] for shown in connector.find(Keys(stamp="c-7"))] == ["Eva"]

    def test_external_ids_may_stand_in_the_customer_number(self, scene: Scene) -> None:
        connector = scene.again(external_id_field="customerNumber")
        carry_out(connector, Change("create", {"first_name": "Eva", "external_id": "9"}))
        assert scene.writes()[-1].body["customerNumber"] == "9"
        assert "customer_number" not in connector.fields
        assert connector.abilities.finds == {"email"}
        with pytest.raises(ConfigError, match="external_id_field"):
            scene.again(external_id_field="nickname")

    def test_a_tombstone_is_an_item_that_is_deleted(self, scene: Scene) -> None:
        scene.vendor.switches.list_includes_deleted = True
        vendor_id = self.create(scene)
        scene.vendor.human_delete(vendor_id)
        assert [item.deleted for item in pages(scene.connector)[0].items] == [True]
        assert scene.connector.find(Keys(email=self.sample["email"])) == ()

    def test_a_smaller_page_is_asked_for_where_a_large_one_is_refused(self, scene: Scene) -> None:
        scene.vendor.switches.largest_page = 25
        people = {scene.vendor.human_create(**self.person(number)) for number in range(60)}
        assert pull(scene.connector).keys() == people
        limits = [entry.query["limit"] for entry in scene.vendor.ledger if entry.kind == "list"]
        assert [str(each).strip("[]'") for each in limits] == ["100", "25", "25", "25"]

    # refusals

    def test_a_concurrent_operation_is_tried_again(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        scene.vendor.faults.answer(409, _errors("concurrent_operation"), kind="update", count=1)
        self.update(scene, vendor_id, {"notes": "x"})
        assert scene.connector.get(vendor_id).fields["notes"] == "x"
        scene.vendor.faults.answer(409, _errors("concurrent_operation"), kind="update", count=None)
        with pytest.raises(Busy):
            self.update(scene, vendor_id, {"notes": "y"})

    @pytest.mark.parametrize(
        "words", ["The customer is already being updated", "Another operation exists for this resource"]
    )
    def test_another_operation_under_way_is_no_taken_value(self, scene: Scene, words: str) -> None:
        vendor_id = self.create(scene)
        body = _errors("conflict")
        body["errors"][0]["message"] = words
        scene.vendor.faults.answer(409, body, kind="update|create", count=1)
        assert self.update(scene, vendor_id, {"phone": self.other["phone"]}) == vendor_id
        scene.vendor.faults.answer(409, body, kind="update|create", count=1)
        assert self.create(scene, {**self.sample, "email": "new@example.com"}) != vendor_id

    def test_a_taken_value_is_no_passing_conflict(self, scene: Scene) -> None:
        body = _errors("email_already_exists")
        body["errors"][0]["message"] = "This e-mail is already being used by another customer"
        scene.vendor.faults.answer(409, body, kind="create", count=None)
        with pytest.raises(AlreadyThere):
            self.create(scene)
        assert len([entry for entry in scene.vendor.ledger if entry.kind == "create"]) == 1

    @pytest.mark.parametrize("field", ["email", "external_id"])
    def test_a_clash_on_a_create_is_a_discovery(self, scene: Scene, field: str) -> None:
        scene.vendor.switches.unique_email = scene.vendor.switches.unique_external_id = True
        self.create(scene)
        with pytest.raises(AlreadyThere):
            self.create(scene, {"first_name": "Els", field: self.sample[field]})

    def test_a_refused_value_is_told_in_the_vendors_words(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        with pytest.raises(Rejected) as error:
            self.update(scene, vendor_id, {"time_zone": "Mars/Base"})
        assert "IANA" in error.value.words

    def test_a_client_without_the_scope_is_refused_on_reading_and_forbidden_on_writing(
        self, scene: Scene
    ) -> None:
        none = scene.again(options={**self.options, "scope": "engage:webhooks:readOnly"})
        with pytest.raises(Refused, match="403"):
            pages(none)
        reader = scene.again(options={**self.options, "scope": "engage:customers:readOnly"})
        assert pages(reader)[-1].last
        with pytest.raises(Forbidden):
            carry_out(reader, Change("create", {"first_name": "Eva"}))

    def test_a_filter_that_does_not_narrow_is_not_believed(self, scene: Scene) -> None:
        for number in range(230):
            scene.vendor.human_create(**self.person(number))
        rows = [{"id": str(number), "email": f"p{number}@example.com"} for number in range(100)]
        scene.vendor.faults.answer(
            200, orjson.dumps({"data": rows, "meta": {"totalCount": 230}}), kind="list|search"
        )
        with pytest.raises(Unsearchable):
            scene.connector.find(Keys(email="ann1@example.com"))

    def test_a_filter_that_is_refused_leaves_the_others(self, scene: Scene) -> None:
        scene.vendor.switches.external_id_filter = "reference[]"
        scene.vendor.human_create(**self.person(1))
        found = scene.connector.find(Keys(stamp="7", email="ann1@example.com"))
        assert len(found) == 1
        with pytest.raises(Unsearchable):
            scene.connector.find(Keys(stamp="7"))

    # tokens

    def test_a_token_that_ends_in_the_middle_is_renewed_once(self, scene: Scene) -> None:
        for number in range(230):
            scene.vendor.human_create(**self.person(number))
        scene.vendor.faults.add("revoke", kind="list", nth=2)
        assert len(pull(scene.connector)) == 230
        assert len([entry for entry in scene.vendor.ledger if entry.kind == "token"]) == 2

    def test_an_expired_token_is_not_used(self, scene: Scene) -> None:
        pages(scene.connector)
        scene.clock.advance(301)
        pages(scene.connector)
        assert [entry.status for entry in scene.vendor.ledger if entry.kind == "list"] == [200, 200]

    def test_many_threads_share_four_places_and_one_token(self, scene: Scene) -> None:
        scene.vendor.switches.latency = 0.01
        vendor_id = scene.vendor.human_create(**self.person(1))
        threads = [threading.Thread(target=scene.connector.get, args=(vendor_id,)) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kinds = [(entry.kind, entry.status) for entry in scene.vendor.ledger if entry.by == "api"]
        assert sorted(kinds) == [("get", 200)] * 24 + [("token", 200)]

    def test_there_are_no_webhooks(self, scene: Scene) -> None:
        with pytest.raises(Forbidden):
            scene.connector.hint({}, b"{}", "hush", START)


def _location(street: str = "Veldstraat 1") -> dict[str, Any]:
    return {
        "countryCode": "BE",
        "postalCode": "9000",
        "geolocation": {"latitude": 51.05, "longitude": 3.72},
        "translations": {
            "street1": [{"language": "nl", "value": street}, {"language": "fr", "value": "Rue des Champs 1"}],
            "city": [{"language": "nl", "value": "Gent"}, {"language": "fr", "value": "Gand"}],
        },
    }


def _errors(code: str) -> dict[str, Any]:
    return {"errors": [{"message": "no", "code": code, "type": "conflict", "statusCode": "409"}]}
