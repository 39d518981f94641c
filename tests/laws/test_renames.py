"""A record that goes by another id is still the one that golden names."""

from collections.abc import Iterator

import pytest

from tests.laws.accounts import Traits
from tests.laws.oracle import picture
from tests.laws.world import Member, World

FIELDS = ("email", "first_name", "last_name", "phone")


@pytest.fixture
def world() -> Iterator[World]:
    """A CRM, and a loyalty programme whose ids are e-mails."""
    business = World([Member("crm", Traits(FIELDS)), Member("loyalty", Traits(FIELDS, keyed=True))])
    yield business
    business.close()


def test_golden_follows_a_rename(world: World) -> None:
    known = {"email": "an@example.com", "first_name": "An", "last_name": "Nguyễn"}
    world.create("loyalty", known, {})
    world.sync()
    world.clock.wait(300)
    world.write("loyalty", "an@example.com", "phone", "0912345678")
    world.sync()
    world.clock.wait(300)
    world.rename("loyalty", "an@example.com", "an.nguyen@example.com")
    world.sync()
    (customer,) = picture(world).customers.values()
    holders = {slot: golden.holder.record for slot, golden in customer.golden.items() if golden.holder}
    assert set(holders.values()) == {("loyalty", "an.nguyen@example.com")}
    assert customer.values()["phone"] == "0912345678"
