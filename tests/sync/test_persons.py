"""A person whose company at the CRM only repeats the name: no system learns of a company that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.world import World

EMAIL = "lan@example.com"


@pytest.mark.parametrize("groups", ["hold", "unused"])
def test_an_old_name_never_becomes_a_company(tmp_path: Path, groups: str) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/syncd.db")
    world.path.write_text(world.path.read_text().replace('groups = "unused"', f'groups = "{groups}"'))
    world.restart()
    contact = {"firstname": "Lan", "lastname": "Nguyen", "email": EMAIL}
    world.vendor("crm").human_create(company="Lan Nguyen", contact=contact)
    world.vendor("loyalty").human_create(name="Lan", last_name="Nguyen", email=EMAIL)
    world.sync()
    world.vendor("loyalty").human_edit(EMAIL, last_name="Tran", phone="+34600000001")
    for _ in range(3):
        world.clock.forward(minutes=10)
        world.sync()
    (at_booking,) = world.vendor("booking").snapshot().values()
    assert (at_booking["lastName"], at_booking["company"]) == ("Tran", None)
    (at_crm,) = world.vendor("crm").snapshot().values()
    (person,) = at_crm["contacts"]
    assert person["phonenumber"].endswith("600000001")
    name = "Nguyen" if groups == "hold" else "Tran"
    assert (person["lastname"], at_crm["company"]) == (name, f"Lan {name}")
    world.app.close()
