"""People at four vendors' screens: whom they add, what they change, and what of it must be found again at the end.

Every value that a person types is typed once, so that wherever it stands later, it is known who wrote it and when.
Only what the vendors agree on is edited here: a phone, a company and an e-mail-less new customer among them.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.trial import Trial

GIVEN = (
    "Ann",
    "Bram",
    "Chi",
    "Dora",
    "Eli",
    "Femke",
    "Gia",
    "Huy",
    "Ines",
    "Joos",
    "Kim",
    "Lan",
    "Mai",
    "Nora",
)


@dataclass(frozen=True, slots=True)
class Typed:
    """One value as a person typed it, in a period between two syncs that both went well."""

    vendor: str
    value: str
    period: int


@dataclass(slots=True)
class Person:
    """Somebody who is a customer: the e-mail that says who it is, and every phone ever typed for them."""

    number: int
    first: str
    last: str
    email: str
    phones: list[Typed] = field(default_factory=list)
    at: set[str] = field(default_factory=set)

    def acceptable(self) -> set[str]:
        """Return the phones that may stand at the end: the last one typed, and what was typed in the same period."""
        return {typed.value for typed in self.phones if typed.period == self.phones[-1].period}


class Crowd:
    """The people of one history, moved by its dice."""

    def __init__(self, trial: Trial, dice: random.Random) -> None:
        self.trial, self.dice = trial, dice
        self.people: list[Person] = []
        self.period = 0
        self._typed = 0
        self.edits: dict[str, int] = defaultdict(int)

    def act(self) -> None:
        """One person does one thing at one vendor's screen."""
        known = [person for person in self.people if person.at]
        if not known or self.dice.random() < 0.3:
            self.arrive()
        else:
            self.call(self.dice.choice(known))

    def arrive(self) -> None:
        """Somebody becomes a customer of one vendor, or of two on the same day."""
        number = len(self.people)
        first = GIVEN[number % len(GIVEN)]
        person = Person(number, first, f"Tester{_letters(number)}", f"p{number}@example.com")
        self.people.append(person)
        phone = self._new_phone()
        for vendor in self.dice.sample(sorted(self.trial.vendors), self.dice.choice((1, 1, 2))):
            self._add(person, vendor, phone)
            person.at.add(vendor)
            person.phones.append(Typed(vendor, phone, self.period))
        self.edits["arrivals"] += 1

    def call(self, person: Person) -> None:
        """Somebody tells one vendor another phone number."""
        vendor = self.dice.choice(sorted(self.at_now(person)))
        key = self._key(person, vendor)
        if key is None:
            return
        phone = self._new_phone()
        fields: dict[str, dict[str, Any]] = {
            "perfex": {"contact": {"phonenumber": phone}},
            "kiotviet": {"contactNumber": phone},
            "omniwallet": {"phone": phone},
            "pexip_engage": {"phoneNumber": phone},
        }
        self.trial.vendors[vendor].human_edit(key, **fields[vendor])
        person.phones.append(Typed(vendor, phone, self.period))
        self.edits["calls"] += 1

    def at_now(self, person: Person) -> set[str]:
        """Return the vendors that a person is a customer of by now, through syncd too."""
        return {vendor for vendor in self.trial.vendors if self._key(person, vendor) is not None}

    def phone_at(self, person: Person, vendor: str) -> str | None:
        """Return the phone that a vendor holds for a person, None where it does not know them."""
        key = self._key(person, vendor)
        if key is None:
            return None
        row = self.trial.vendors[vendor].snapshot()[key]
        if vendor == "perfex":
            return str(row["contacts"][0]["phonenumber"])
        name = {"kiotviet": "contactNumber", "omniwallet": "phone", "pexip_engage": "phoneNumber"}[vendor]
        return str(row.get(name) or "")

    def keys(self, person: Person, vendor: str) -> list[str]:
        """Return the customers of a vendor that are this person."""
        rows = self.trial.vendors[vendor].snapshot()
        return [key for key, row in rows.items() if _email(row) == person.email or _is_half(row, person)]

    def _key(self, person: Person, vendor: str) -> str | None:
        rows = self.trial.vendors[vendor].snapshot()
        return next((key for key, row in rows.items() if _email(row) == person.email), None)

    def _add(self, person: Person, vendor: str, phone: str) -> None:
        whole = f"{person.first} {person.last}"
        contact = {
            "firstname": person.first,
            "lastname": person.last,
            "email": person.email,
            "phonenumber": phone,
        }
        fields: dict[str, dict[str, Any]] = {
            "perfex": {"company": whole, "contact": contact},
            "kiotviet": {"name": whole, "email": person.email, "contactNumber": phone},
            "omniwallet": {
                "name": person.first,
                "last_name": person.last,
                "email": person.email,
                "phone": phone,
            },
            "pexip_engage": {
                "firstName": person.first,
                "lastName": person.last,
                "email": person.email,
                "phoneNumber": phone,
            },
        }
        self.trial.vendors[vendor].human_create(**fields[vendor])

    def _new_phone(self) -> str:
        self._typed += 1
        return f"+3247{self._typed:07d}"


def _letters(number: int) -> str:
    """Return a number in letters, since a name with digits in it is none."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _email(row: dict[str, object]) -> str:
    contacts = row.get("contacts")
    if isinstance(contacts, list):
        return str(contacts[0]["email"]) if contacts else ""
    return str(row.get("email") or "")


def _is_half(row: dict[str, object], person: Person) -> bool:
    return row.get("contacts") == [] and row.get("company") == f"{person.first} {person.last}"
