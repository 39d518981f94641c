"""How a history ended: what the vendors hold and what syncd knows, without the ids and times that chance gave."""

from __future__ import annotations

from collections import Counter
from typing import Any

from syncd.store import Store
from tests.simulation.trial import Trial

# Given by the vendor, so that two histories with the same outcome differ in them.
GIVEN = frozenset(
    {
        "id",
        "userid",
        "code",
        "card",
        "createdDate",
        "modifiedDate",
        "createdAt",
        "updatedAt",
        "datecreated",
        "customer_number",
        "external_id",
    }
)

Ending = dict[str, Any]


def ending(trial: Trial) -> Ending:
    """Return what two histories with the same outcome have in common."""
    assert trial.app is not None
    return {
        "vendors": {name: _customers(trial, name) for name in trial.vendors},
        "creates": creates(trial),
        "known": _known(trial.app.store),
    }


def doubles(trial: Trial) -> dict[str, list[str]]:
    """Return the names that stand more than once at a vendor, where everybody has a name of their own."""
    found: dict[str, list[str]] = {}
    for vendor in trial.vendors:
        names = Counter(_title(row) for row in trial.vendors[vendor].snapshot().values())
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            found[vendor] = twice
    return found


def _title(row: dict[str, Any]) -> str:
    if row.get("company") and "contacts" in row:
        return str(row["company"]).lower()
    parts = (row.get("firstName") or row.get("name"), row.get("lastName") or row.get("last_name"))
    return " ".join(str(part) for part in parts if part).lower()


def creates(trial: Trial) -> dict[str, int]:
    """Return how many customers syncd made at each vendor, those made late included."""
    return {
        name: sum(entry.kind == "create" for entry in vendor.ledger.writes())
        for name, vendor in trial.vendors.items()
    }


def _customers(trial: Trial, vendor: str) -> list[str]:
    rows = trial.vendors[vendor].snapshot().values()
    people = _people_by_userid(trial)
    return sorted(repr(_without_chance(row, people)) for row in rows)


def _people_by_userid(trial: Trial) -> dict[str, str]:
    """Return whom an external id means: the CRM's customer numbers differ between histories."""
    rows = trial.vendors["perfex"].snapshot()
    return {userid: _name_of(row) for userid, row in rows.items()}


def _name_of(row: dict[str, Any]) -> str:
    contacts = row["contacts"]
    return str(contacts[0]["email"] if contacts else row["company"])


def _without_chance(value: Any, people: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: people.get(str(inner), inner) if name == "externalId" else _without_chance(inner, people)
            for name, inner in sorted(value.items())
            if name not in GIVEN and inner not in (None, "", [], False)
        }
    return [_without_chance(each, people) for each in value] if isinstance(value, list) else value


def _known(store: Store) -> dict[str, Any]:
    with store.look() as tx:
        customers = tx.customers.list(limit=100_000)
        records = tx.records.of_customers([customer.id for customer in customers])
        reviews = Counter(review.kind for review in tx.reviews.list(limit=10_000))
        unfinished = Counter(
            (operation.draft.connection, operation.draft.kind, operation.state)
            for operation in tx.operations.list(states=("planned", "waiting", "claimed", "sent", "unknown"))
        )
    return {
        "customers": sorted(
            repr((_values(customer.values()), _links(records.get(customer.id, [])))) for customer in customers
        ),
        "reviews": dict(reviews),
        "unfinished": dict(unfinished),
    }


def _values(values: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in sorted(values.items()) if name not in GIVEN}


def _links(records: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((record.connection, record.role, record.state) for record in records)
