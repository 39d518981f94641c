"""People at four vendors' screens: whom they add, what they change, whom they delete, and what must be found at the end.

Every value that a person types is typed once, so that wherever it stands later, it is known who wrote it and when.
A customer is known by the surname, which nobody changes; all else is edited, the e-mail included.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.trial import NAMES, Trial

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

# Where each vendor shows what is edited; a Perfex customer's words stand in its contact.
PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "phone": {
        "perfex": ("contact", "phonenumber"),
        "kiotviet": ("contactNumber",),
        "omniwallet": ("phone",),
        "pexip_engage": ("phoneNumber",),
    },
    "email": {
        "perfex": ("contact", "email"),
        "kiotviet": ("email",),
        "omniwallet": ("email",),
        "pexip_engage": ("email",),
    },
    "given": {
        "perfex": ("contact", "firstname"),
        "omniwallet": ("name",),
        "pexip_engage": ("firstName",),
    },
    "notes": {"kiotviet": ("comments",), "pexip_engage": ("notes",)},
}
SURNAME = {"omniwallet": "last_name", "pexip_engage": "lastName"}


@dataclass(frozen=True, slots=True)
class Typed:
    """One value as a person typed it, in a period between two syncs that both went well."""

    vendor: str
    value: str
    period: int


@dataclass(slots=True)
class Person:
    """Somebody who is a customer, and every word ever typed for them, by field.

    `left` are the vendors where a person deleted them, with whether syncd knew them there; `returned` tells that a
    person entered them there again; `loose` are fields whose last word may have gone with a deleted record.
    """

    number: int
    first: str
    last: str
    words: dict[str, list[Typed]] = field(default_factory=lambda: defaultdict(list))
    left: dict[str, bool] = field(default_factory=dict)
    returned: bool = False
    loose: set[str] = field(default_factory=set)

    @property
    def email(self) -> str:
        return self.words["email"][-1].value

    def acceptable(self, name: str) -> set[str]:
        """Return what may stand in a field at the end: the last word, and those of the same period."""
        words = self.words[name]
        if name in self.loose or not words:
            return {"", *(plain(word.value) for word in words)}
        return {plain(word.value) for word in words if word.period == words[-1].period}


def plain(text: str) -> str:
    """Return letters and digits only, as vendors that reformat leave them."""
    return "".join(each for each in text.lower() if each.isalnum())


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
        known = [person for person in self.people if self.at_now(person)]
        chance = self.dice.random()
        if not known or chance < 0.25:
            self.arrive()
        elif chance < 0.32:
            self.leave(self.dice.choice(known))
        elif chance < 0.36:
            self.come_back(self.dice.choice(known))
        else:
            self.edit(
                self.dice.choice(known), self.dice.choice(("phone", "phone", "given", "notes", "email"))
            )

    def arrive(self) -> None:
        """Somebody becomes a customer of one vendor, or of two on the same day."""
        number = len(self.people)
        person = Person(number, GIVEN[number % len(GIVEN)], f"Tester{_letters(number)}")
        self.people.append(person)
        words = {
            "email": f"p{number}@example.com",
            "given": person.first,
            "phone": self._new("phone", person),
        }
        for vendor in self.dice.sample(sorted(self.trial.vendors), self.dice.choice((1, 1, 2))):
            self._add(person, vendor, words)
        self.edits["arrivals"] += 1

    def edit(self, person: Person, name: str) -> None:
        """Somebody tells one vendor something new."""
        # the loyalty programme knows its customers by e-mail: at its screen nobody changes that
        able = [
            vendor
            for vendor in sorted(self.at_now(person))
            if vendor in PLACES[name] and (name, vendor) != ("email", "omniwallet")
        ]
        if not able:
            return
        vendor = self.dice.choice(able)
        if name in ("email", "given") and not self._is_one(person):
            return  # nothing would be left by which anybody could tell that they are the same
        key, value, path = self._key(person, vendor), self._new(name, person), PLACES[name][vendor]
        fields: dict[str, Any] = {path[-1]: value} if len(path) == 1 else {path[0]: {path[1]: value}}
        if key is None or (
            path[0] == "contact" and not self.trial.vendors[vendor].snapshot()[key]["contacts"]
        ):
            return
        if name == "notes" and not self._is_linked(vendor, key):
            person.loose.add(
                name
            )  # in a record of ours that was never read, it looks as if its vendor had put it there
        self.trial.vendors[vendor].human_edit(key, **fields)
        person.words[name].append(Typed(vendor, value, self.period))
        self.edits[name] += 1

    def leave(self, person: Person) -> None:
        """Somebody deletes a customer at one of several vendors."""
        at = sorted(self.at_now(person))
        if len(at) < 2 or person.left:
            return
        vendor = self.dice.choice(at)
        key = self._key(person, vendor)
        assert key is not None
        person.left[vendor] = self._is_linked(vendor, key)
        self.trial.vendors[vendor].human_delete(key)
        recent = [name for name, words in person.words.items() if words[-1].period == self.period]
        person.loose.update(recent)
        self.edits["deletions"] += 1

    def come_back(self, person: Person) -> None:
        """Somebody enters a customer again where another deleted them, by an e-mail that others know."""
        if "email" in person.loose:
            return
        for vendor in person.left:
            if self._key(person, vendor) is None and not person.returned:
                person.returned = True
                words = {"email": person.email, "given": person.first, "phone": self._new("phone", person)}
                self._add(person, vendor, words)
                self.edits["returns"] += 1

    def _is_linked(self, vendor: str, key: str) -> bool:
        """Tell whether syncd knows a vendor's customer, and whose it is."""
        return self._customer(vendor, key) is not None

    def _is_one(self, person: Person) -> bool:
        """Tell whether syncd knows all of a person's records as one customer, if there are several."""
        places = [(vendor, key) for vendor in self.trial.vendors for key in self.keys(person, vendor)]
        known = {self._customer(vendor, key) for vendor, key in places}
        return len(places) < 2 or (len(known) == 1 and None not in known)

    def _customer(self, vendor: str, key: str) -> str | None:
        """Return whose record syncd takes a vendor's customer for, None where it does not know yet."""
        if self.trial.app is None:
            return None
        with self.trial.app.store.look() as tx:
            record = tx.records.one(NAMES[vendor], key)
        return record.customer if record is not None else None

    # --- what stands where -----------------------------------------------------------------------

    def at_now(self, person: Person) -> set[str]:
        """Return the vendors that a person is a customer of by now, through syncd too."""
        return {vendor for vendor in self.trial.vendors if self._key(person, vendor) is not None}

    def value_at(self, person: Person, name: str, vendor: str) -> str | None:
        """Return what a vendor holds for a person in plain form, None where it does not know them or the field."""
        key = self._key(person, vendor)
        if key is None or vendor not in PLACES[name]:
            return None
        row, path = self.trial.vendors[vendor].snapshot()[key], PLACES[name][vendor]
        if path[0] == "contact":
            row = row["contacts"][0] if row["contacts"] else {}
        return plain(str(row.get(path[-1]) or ""))

    def keys(self, person: Person, vendor: str) -> list[str]:
        """Return the customers of a vendor that are this person."""
        rows = standing(self.trial.vendors[vendor])
        return [key for key, row in rows.items() if _surname(vendor, row).lower() == person.last.lower()]

    def _key(self, person: Person, vendor: str) -> str | None:
        return next(iter(self.keys(person, vendor)), None)

    def _add(self, person: Person, vendor: str, words: dict[str, str]) -> None:
        whole = f"{words['given']} {person.last}"
        given, email, phone = words["given"], words["email"], words["phone"]
        contact = {"firstname": given, "lastname": person.last, "email": email, "phonenumber": phone}
        fields: dict[str, dict[str, Any]] = {
            "perfex": {"company": whole, "contact": contact},
            "kiotviet": {"name": whole, "email": email, "contactNumber": phone},
            "omniwallet": {"name": given, "last_name": person.last, "email": email, "phone": phone},
            "pexip_engage": {
                "firstName": given,
                "lastName": person.last,
                "email": email,
                "phoneNumber": phone,
            },
        }
        self.trial.vendors[vendor].human_create(**fields[vendor])
        for name, value in words.items():
            person.words[name].append(Typed(vendor, value, self.period))

    def _new(self, name: str, person: Person) -> str:
        self._typed += 1
        made = {
            "phone": f"+3247{self._typed:07d}",
            "email": f"p{person.number}.{self._typed}@example.com",
            "given": f"{person.first}{_letters(self._typed)}",
            "notes": f"note {self._typed}",
        }
        return made[name]


def standing(vendor: Any) -> dict[str, Any]:
    """Return the customers that a vendor shows: Pexip Engage keeps those that were deleted, and lists them no more."""
    return {key: row for key, row in vendor.snapshot().items() if not row.get("deletedAt")}


def _letters(number: int) -> str:
    """Return a number in letters, since a name with digits in it is none."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _surname(vendor: str, row: dict[str, Any]) -> str:
    """Return the surname under which a customer stands; that of a half-made one of Perfex is in its company."""
    if vendor == "perfex":
        contacts = row["contacts"]
        return str(contacts[0]["lastname"] if contacts else str(row["company"]).rpartition(" ")[2])
    if vendor == "kiotviet":
        return str(row["name"]).rpartition(" ")[2]
    return str(row.get(SURNAME[vendor]) or "")
