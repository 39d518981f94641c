"""Pexip Engage: the contract, and what only it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.vendors.contract import VendorContract

HERE = {
    "translations": {
        "street1": [{"language": "nl", "value": "Veldstraat 1"}],
        "city": [{"language": "nl", "value": "Gent"}],
    }
}


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
