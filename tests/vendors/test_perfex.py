"""Perfex: the contract, on three generations of its REST module, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from syncd.errors import (
    ConfigError,
    Malformed,
)
from syncd.sandbox.perfex import Perfex as Sandbox
from syncd.values import Item
from syncd.vendors.perfex.codes import COUNTRIES, FOLDERS, LANGUAGES
from tests.vendors.contract import VendorContract
from tests.vendors.perfex_crm import ANNA, TOKEN, connect, everything


class TestPerfex(VendorContract):
    """The fork of 3.0, which always answers pages."""

    vendor = "perfex"
    by_number = True
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
