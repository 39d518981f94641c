"""Updates under way, half done or not known to be done: what was written is ours, never somebody's edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.values import Record
from tests.crash.scenarios import settled
from tests.simulation.places import FilePlace
from tests.simulation.trial import Trial

FAILURES: dict[str, dict[str, Any]] = {
    "not now": {"status": 429, "headers": {"Retry-After": "300"}},
    "refused, by its name": {
        "status": 422,
        "body": {"status": False, "error": {"address": "It is ugly."}},
    },
    "refused": {"status": 422, "body": {"status": False, "message": "No."}},
    "not there": {"status": 404, "body": {"status": False, "message": "No data were found"}},
}


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A name and a street are typed into the shop: for the CRM two requests, of which it upper-cases the first one's value."""
    made = Trial(FilePlace(tmp_path))
    settled(made)
    made.sandbox.perfex.switches.mangle = {"contact.firstname": ["upper"]}
    shop = made.sandbox.kiotviet
    ann = next(key for key, row in shop.snapshot().items() if row["name"] == "Ann Peeters")
    shop.human_edit(ann, name="Anna Peeters", address="Meir 1")
    made.clock.forward(600)
    yield made
    made.end()


def _ann(trial: Trial) -> tuple[Record, dict[str, str]]:
    """Return her record at the CRM and her golden values."""
    assert trial.app is not None
    with trial.app.store.look() as tx:
        record = tx.records.one("crm", "1")
        assert record is not None
        assert record.customer is not None
        customer = tx.customers.load([record.customer])[record.customer]
    return record, customer.values()


SHORT = ("not now", "refused")
each_failure = pytest.mark.parametrize(
    "failure",
    [*SHORT, *(pytest.param(name, marks=pytest.mark.long) for name in FAILURES if name not in SHORT)],
)


@each_failure
def test_what_the_first_step_wrote_is_nobodys_edit(trial: Trial, failure: str) -> None:
    crm = trial.sandbox.perfex
    crm.faults.answer(kind="update", **FAILURES[failure])
    trial.sync()
    assert crm.snapshot()["1"]["contacts"][0]["firstname"] == "ANNA"
    trial.drain(full=True)
    record, golden = _ann(trial)
    assert golden["full_name"] == "Anna Peeters"
    assert record.shadow.stated["name"].kind == "initial"
    assert record.shadow.acked["first_name"] == "Anna"
    assert all(doubt.settle is None for doubt in record.shadow.doubtful.values())
    if failure.startswith("refused"):
        assert record.shadow.refused.keys() == {"street1"}
    else:
        assert crm.snapshot()["1"]["address"] == "Meir 1"


@pytest.mark.parametrize("event", [pytest.param("push.answered", marks=pytest.mark.long), "push.looked"])
def test_what_is_read_by_hand_while_it_is_written_is_nobodys_edit(trial: Trial, event: str) -> None:
    seen: list[str] = []
    crm = trial.sandbox.perfex

    def look(reached: str) -> None:
        written = crm.snapshot()["1"]["contacts"][0]["firstname"] == "ANNA"
        if reached == event and written and not seen:
            assert trial.app is not None
            seen.append(trial.app.pull_one("crm", "1")["fields"]["first_name"])

    with trial.counted(look):
        trial.sync()
    assert seen == ["ANNA"]
    trial.drain(full=True)
    record, golden = _ann(trial)
    assert golden["full_name"] == "Anna Peeters"
    assert record.shadow.stated["name"].kind == "initial"
    assert record.shadow.acked["first_name"] == "Anna"
