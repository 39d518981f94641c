"""The demo's people: the same for the same seed, plausible, and awkward on purpose."""

from collections import Counter

import phonenumbers
import pytest

from syncd.sandbox import Sandbox
from syncd.sandbox.people import population
from tests.sandbox.callers import Clock


@pytest.fixture(scope="module")
def demo() -> Sandbox:
    return Sandbox.demo(Clock())


def perfex_emails(demo: Sandbox) -> list[str]:
    people = [contact for row in demo.perfex.snapshot().values() for contact in row["contacts"]]
    return [str(contact["email"]) for contact in people]


def test_the_same_seed_makes_the_same_world(demo: Sandbox) -> None:
    again, other = Sandbox.demo(Clock()), Sandbox.demo(Clock(), seed=1)
    assert [vendor.snapshot() for vendor in again.vendors.values()] == [
        vendor.snapshot() for vendor in demo.vendors.values()
    ]
    assert other.perfex.snapshot() != demo.perfex.snapshot()


def test_every_vendor_has_a_share(demo: Sandbox) -> None:
    counts = {name: len(vendor.snapshot()) for name, vendor in demo.vendors.items()}
    assert all(80 < count < 260 for count in counts.values()), counts
    assert 290 <= len(population()) <= 320


def test_numbers_are_valid_and_addresses_are_nobodys() -> None:
    for person in population():
        assert phonenumbers.is_valid_number(phonenumbers.parse(person.phone)), person.phone
        assert person.email.rpartition("@")[2].endswith(("example.com", "example.org", "example.net"))


def test_numbers_stand_there_in_many_forms_that_all_mean_something(demo: Sandbox) -> None:
    regions = {"22": "BE", "209": "ES", "236": "US", "243": "VN"}
    forms: Counter[str] = Counter()
    for row in demo.perfex.snapshot().values():
        number = str(row["phonenumber"])
        assert phonenumbers.is_valid_number(phonenumbers.parse(number, regions[str(row["country"])])), number
        forms["+" if number.startswith("+") else "00" if number.startswith("00") else "local"] += 1
    assert set(forms) == {"+", "00", "local"}


def test_duplicates_shared_addresses_and_people_without_one(demo: Sandbox) -> None:
    shop = [row["email"] for row in demo.kiotviet.snapshot().values()]
    booked = [row["email"] for row in demo.pexip_engage.snapshot().values()]
    assert shop.count(None) > 10
    assert max(Counter(email for email in shop if email).values()) > 1
    assert max(Counter(email for email in booked if email).values()) > 1
    assert any(not row["contacts"] for row in demo.perfex.snapshot().values())


def test_people_are_known_in_more_than_one_place(demo: Sandbox) -> None:
    crm = {email.lower() for email in perfex_emails(demo)}
    loyal = {email.lower() for email in demo.omniwallet.snapshot()}
    booked = {str(row["email"]).lower() for row in demo.pexip_engage.snapshot().values()}
    assert len(crm & loyal) > 30
    assert len(crm & booked) > 30
    assert any(email != email.lower() for email in perfex_emails(demo))


def test_external_ids_lead_to_the_crm_also_where_the_email_does_not(demo: Sandbox) -> None:
    crm = demo.perfex.snapshot()
    known = [row for row in demo.pexip_engage.snapshot().values() if row["externalId"]]
    assert len(known) > 20
    assert all(row["externalId"] in crm for row in known)
    emails = {key: {contact["email"] for contact in row["contacts"]} for key, row in crm.items()}
    assert sum(row["email"] not in emails[row["externalId"]] for row in known) > 5


def test_nobody_in_the_crm_is_in_a_group_and_nobody_was_welcomed(demo: Sandbox) -> None:
    assert not any(row["groups"] for row in demo.perfex.snapshot().values())
    assert demo.perfex.welcome_mails == []


def test_vietnamese_names_stand_in_their_own_order(demo: Sandbox) -> None:
    names = [str(row["name"]) for row in demo.kiotviet.snapshot().values()]
    assert sum(name.startswith(("Nguyễn ", "Trần ", "Lê ", "Phạm ")) for name in names) > 10
