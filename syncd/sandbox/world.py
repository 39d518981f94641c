"""Which person is a customer where, and how each vendor's staff wrote it down.

Everybody is known at one to four vendors. On purpose there are shared family e-mails, people without e-mail,
duplicates within a vendor, telephone numbers in every form and some that differ, names in the vendor's own order
and without accents, and appointments that carry the CRM's id as external id.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syncd.sandbox.kiotviet import KiotViet
from syncd.sandbox.omniwallet import Omniwallet
from syncd.sandbox.people import Person, plain, population
from syncd.sandbox.perfex import COUNTRY_IDS, Perfex
from syncd.sandbox.pexip_engage import PexipEngage
from syncd.sandbox.wire import Json

_CODES = {"VN": "84", "BE": "32", "ES": "34", "US": "1"}
_ZONES = {"VN": "Asia/Ho_Chi_Minh", "BE": "Europe/Brussels", "ES": "Europe/Madrid", "US": "America/New_York"}
_WHERE = {
    "vi": {"perfex": 0.35, "kiotviet": 0.85, "omniwallet": 0.45, "pexip_engage": 0.3},
    "nl": {"perfex": 0.8, "kiotviet": 0.08, "omniwallet": 0.4, "pexip_engage": 0.6},
    "fr": {"perfex": 0.75, "kiotviet": 0.05, "omniwallet": 0.4, "pexip_engage": 0.6},
    "es": {"perfex": 0.5, "kiotviet": 0.08, "omniwallet": 0.8, "pexip_engage": 0.4},
    "en": {"perfex": 0.7, "kiotviet": 0.15, "omniwallet": 0.5, "pexip_engage": 0.4},
}
_EDGE_EMAILS = (
    "o'brien+shop@example.com",
    "first.middle.last+tag@mail.example.com",
    f"{'long' * 15}@example.org",
    "x@example.net",
    "UPPER.CASE@EXAMPLE.COM",
)


@dataclass
class World:
    """The vendors while people move in."""

    perfex: Perfex
    kiotviet: KiotViet
    omniwallet: Omniwallet
    pexip_engage: PexipEngage
    dice: random.Random
    userids: dict[int, str] = field(default_factory=dict)

    def settle(self, person: Person) -> None:
        """Makes a person a customer of some vendors, each at a time of its own."""
        chances = _WHERE[person.culture.code]
        places = [name for name, chance in chances.items() if self.dice.random() < chance]
        for name in places or [self.dice.choice(list(chances))]:
            self.join(name, person)

    def join(self, vendor: str, person: Person) -> None:
        """Makes a person a customer of one vendor; who cannot be one there is not."""
        joins: dict[str, Callable[[Person], None]] = {
            "perfex": self._join_perfex,
            "kiotviet": self._join_kiotviet,
            "omniwallet": self._join_omniwallet,
            "pexip_engage": self._join_pexip,
        }
        joins[vendor](person)

    def _join_perfex(self, person: Person) -> None:
        email = person.email
        if email and self.perfex.email_taken(email):
            email = ""
        columns = {
            "company": person.company or (" " if self.dice.random() < 0.1 else person.full_name),
            "phonenumber": self._phone(person),
            "address": person.street,
            "city": person.city,
            "state": person.state,
            "zip": person.postal_code,
            "country": COUNTRY_IDS[person.culture.country],
            "default_language": person.culture.language,
            "vat": f"{person.culture.country}{self.dice.randrange(10**9, 10**10)}" if person.company else "",
        }
        contact = {"firstname": person.first_name, "lastname": person.family, "email": email}
        contact |= {"phonenumber": columns["phonenumber"], "title": "Owner" if person.company else ""}
        with self.perfex.at(self._then()):
            if email:
                userid = self.perfex.human_create(**columns, contact=contact)
            else:
                userid = self.perfex.human_create(**columns)
        self.userids[person.number] = userid

    def _join_kiotviet(self, person: Person) -> None:
        fields: Json = {
            "name": self._spelt(person.full_name, 0.08),
            "contactNumber": self._phone(person),
            "gender": person.male if self.dice.random() < 0.7 else None,
            "birthDate": f"{person.born}T00:00:00" if self.dice.random() < 0.5 else None,
            "address": person.street,
            "locationName": f"{person.city} - {person.district}" if person.district else person.city,
            "organization": person.company or None,
            "type": 1 if person.company else 0,
            "groupIds": self._groups((11, 12, 13)),
            "email": person.email if person.email and self.dice.random() < 0.8 else None,
            "rewardPoint": self.dice.randrange(0, 900, 10),
        }
        with self.kiotviet.at(self._then()):
            self.kiotviet.human_create(**fields)

    def _join_omniwallet(self, person: Person) -> None:
        if not person.email or self.omniwallet.key(person.email) in self.omniwallet.state.customers:
            return
        fields: Json = {
            "name": self._spelt(person.first_name, 0.15),
            "last_name": self._spelt(person.family, 0.15),
            "email": person.email,
            "phone": self._phone(person),
            "points": self.dice.randrange(0, 2000, 5),
            "level": self.dice.choice(("bronze", "silver", "gold")),
            "birthday": f"{person.born}" if self.dice.random() < 0.4 else None,
        }
        with self.omniwallet.at(self._then()):
            self.omniwallet.human_create(**fields)

    def _join_pexip(self, person: Person) -> None:
        userid = self.userids.get(person.number)
        known = userid if self.dice.random() < 0.45 else None
        stranger = known and self.dice.random() < 0.5
        fields: Json = {
            "firstName": self._spelt(person.first_name, 0.15),
            "lastName": self._spelt(person.family, 0.15),
            "email": self.dice.choice((None, f"private.{person.email}"))
            if stranger
            else person.email or None,
            "phoneNumber": self._number(person),
            "externalId": known,
            "company": person.company or None,
            "language": person.culture.code if person.culture.code != "vi" else "en",
            "timeZone": _ZONES[person.culture.country],
            "existing": known is not None,
            "location": _location(person) if self.dice.random() < 0.6 else None,
        }
        with self.pexip_engage.at(self._then()):
            self.pexip_engage.human_create(**fields)

    def _then(self) -> datetime:
        return self.perfex.clock() - timedelta(
            days=self.dice.randrange(1, 700), seconds=self.dice.randrange(86_400)
        )

    def _number(self, person: Person) -> str:
        """Mostly the person's number, now and then an older one that differs in its last digits."""
        return (
            person.phone
            if self.dice.random() < 0.9
            else f"{person.phone[:-2]}{(int(person.phone[-2:]) + 7) % 100:02d}"
        )

    def _phone(self, person: Person) -> str:
        """The number as somebody typed it."""
        number, code = self._number(person), _CODES[person.culture.country]
        rest = number[1 + len(code) :]
        trunk = "" if code in ("1", "34") else "0"
        local = f"{trunk}{rest}"
        spaced = f"{local[:-6]} {local[-6:-3]} {local[-3:]}"
        forms = (number, f"+{code} {rest}", f"00{code}{rest}", local, spaced, spaced.replace(" ", "."))
        weights = (3, 2, 0 if code == "1" else 1, 3, 2, 1)
        return self.dice.choices(forms, weights)[0]

    def _spelt(self, name: str, chance: float) -> str:
        return plain(name) if self.dice.random() < chance else name

    def _groups(self, known: tuple[int, ...]) -> list[int]:
        return sorted(self.dice.sample(known, self.dice.choice((0, 0, 1, 2))))


def populate(
    perfex: Perfex, kiotviet: KiotViet, omniwallet: Omniwallet, pexip_engage: PexipEngage, seed: int
) -> None:
    """Fills the four vendors; the same people stand in the same places for the same seed."""
    dice = random.Random(seed + 1)  # noqa: S311 - the same world for the same seed
    world = World(perfex, kiotviet, omniwallet, pexip_engage, dice)
    people = population(seed)
    _change_some(people)
    for person in people:
        world.settle(person)
    _repeat_some(world, people)
    _write_differently(world, people)


def _change_some(people: list[Person]) -> None:
    """Families that share an address, shops that share info@, people without e-mail, awkward addresses."""
    for first in range(0, 24, 4):
        for member in (first + 1, first + 2):
            people[member] = replace(people[member], email=people[first].email, family=people[first].family)
    for number in range(30, 33):
        people[number] = replace(people[number], email="info@example.com", company=f"Branch {number} Ltd")
    for number in range(40, len(people), 9):
        people[number] = replace(people[number], email="")
    for number, email in enumerate(_EDGE_EMAILS, 33):
        people[number] = replace(people[number], email=email)
    people[38] = replace(people[38], email="test@example.com")


def _repeat_some(world: World, people: list[Person]) -> None:
    """The same person twice in one vendor, as tills and appointment books collect them."""
    for person in people[60:66]:
        world.join("kiotviet", person)
        world.join("kiotviet", person)
    for person in people[66:69]:
        world.join("pexip_engage", person)
        world.join("pexip_engage", replace(person, phone=person.phone))


def _write_differently(world: World, people: list[Person]) -> None:
    """One e-mail whose case differs between vendors, one name in decomposed Unicode, one person known to all four."""
    known = next(person for person in people[100:] if person.culture.code == "vi" and person.email)
    name, _, domain = known.email.partition("@")
    shouted = replace(known, number=len(people), email=f"{name.title()}@{domain.title()}")
    fresh = replace(shouted, email=f"case.{shouted.email}")
    world.join("perfex", fresh)
    world.join("kiotviet", replace(fresh, email=fresh.email.lower()))
    world.join("omniwallet", replace(fresh, email=fresh.email.lower()))
    world.join("pexip_engage", replace(fresh, given=unicodedata.normalize("NFD", fresh.given)))


def _location(person: Person) -> Json:
    language = person.culture.code if person.culture.code != "vi" else "en"
    texts = {"city": person.city, "state": person.state, "street1": person.street}
    translations = {name: [{"language": language, "value": value}] for name, value in texts.items()}
    place = {"postalCode": person.postal_code, "countryCode": person.culture.country}
    return {**place, "translations": translations}
