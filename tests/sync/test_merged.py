"""What a merge asks, and what becomes of the questions when it is taken back."""

from __future__ import annotations

from tests.sync.test_cases import JAN
from tests.sync.world import World


def test_a_merge_that_is_taken_back_takes_its_questions_back(world: World) -> None:
    first = world.vendor("crm").human_create(**JAN)
    second = world.vendor("crm").human_create(
        company="", contact={"firstname": "Eva", "lastname": "Maes", "email": "eva@example.com"}
    )
    world.quiet()
    ids = {
        record.vendor_id: one.id
        for one, records in world.customers()
        for record in records
        if record.connection == "crm"
    }
    world.app.merge(ids[str(first)], ids[str(second)], "anna")
    with world.app.store.look() as tx:
        asked = {review.subject: review.evidence for review in tx.reviews.list(kind="duplicate")}
        leaving = [
            record.key
            for record in tx.records.of_customers([ids[str(first)]])[ids[str(first)]]
            if record.role == "duplicate"
        ]
    assert len(asked) == 4
    assert asked[f"crm/{second}"]["primary"] == ["crm", str(first)]
    world.app.split(ids[str(first)], leaving, "anna")
    assert not world.reviews()
