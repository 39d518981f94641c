"""The demo's population: some three hundred people who do not exist, the same ones for the same seed.

Names are drawn from common ones of Vietnam, Flanders, Wallonia, Spain and the United States; e-mails are under the
domains that are reserved for examples; telephone numbers have the shape of real ones.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")


@dataclass(frozen=True)
class Culture:
    """Where names, places and numbers come from."""

    code: str
    country: str
    language: str
    family: tuple[str, ...]
    men: tuple[str, ...]
    women: tuple[str, ...]
    streets: tuple[str, ...]
    places: tuple[tuple[str, str, str, str], ...]
    """City, state or province, postal code, district."""
    mobile: tuple[str, ...]
    """Country code and first digits of mobile numbers."""
    digits: int
    """How many digits follow."""


@dataclass(frozen=True)
class Person:
    """Somebody, apart from how any vendor writes it down."""

    number: int
    culture: Culture
    given: str
    middle: str
    family: str
    male: bool
    born: date
    email: str
    phone: str
    street: str
    city: str
    state: str
    postal_code: str
    district: str
    company: str

    @property
    def full_name(self) -> str:
        """The name in the order of its own culture."""
        if self.culture.code == "vi":
            return " ".join(part for part in (self.family, self.middle, self.given) if part)
        return f"{self.given} {self.family}"

    @property
    def first_name(self) -> str:
        """What stands before the family name on a form with two fields."""
        return " ".join(part for part in (self.middle, self.given) if part)


CULTURES = {
    "vi": Culture(
        "vi",
        "VN",
        "vietnamese",
        (
            "Nguyễn",
            "Trần",
            "Lê",
            "Phạm",
            "Hoàng",
            "Huỳnh",
            "Phan",
            "Vũ",
            "Võ",
            "Đặng",
            "Bùi",
            "Đỗ",
            "Hồ",
            "Ngô",
            "Dương",
        ),
        (
            "An",
            "Bình",
            "Cường",
            "Dũng",
            "Đức",
            "Hải",
            "Hùng",
            "Khoa",
            "Long",
            "Minh",
            "Nam",
            "Phúc",
            "Quân",
            "Sơn",
            "Tuấn",
        ),
        (
            "Anh",
            "Chi",
            "Dung",
            "Hà",
            "Hạnh",
            "Hoa",
            "Hương",
            "Lan",
            "Linh",
            "Mai",
            "Ngọc",
            "Phương",
            "Thảo",
            "Trang",
            "Yến",
        ),
        ("Lê Lợi", "Trần Hưng Đạo", "Hai Bà Trưng", "Nguyễn Huệ", "Lý Thường Kiệt", "Phan Chu Trinh"),
        (
            ("Hà Nội", "Hà Nội", "100000", "Quận Ba Đình"),
            ("Hồ Chí Minh", "Hồ Chí Minh", "700000", "Quận 1"),
            ("Đà Nẵng", "Đà Nẵng", "550000", "Quận Hải Châu"),
            ("Cần Thơ", "Cần Thơ", "900000", "Quận Ninh Kiều"),
        ),
        ("8490", "8491", "8493", "8497", "8498", "8486", "8435", "8477"),
        7,
    ),
    "nl": Culture(
        "nl",
        "BE",
        "dutch",
        (
            "Peeters",
            "Janssens",
            "Maes",
            "Jacobs",
            "Mertens",
            "Willems",
            "Claes",
            "Goossens",
            "Wouters",
            "De Smet",
            "Van den Broeck",
        ),
        ("Jan", "Pieter", "Bart", "Wouter", "Tom", "Koen", "Joris", "Stijn", "Dries", "Lars"),
        ("Els", "An", "Katrien", "Lotte", "Sofie", "Griet", "Hanne", "Femke", "Marijke", "Noor"),
        ("Kerkstraat", "Stationsstraat", "Dorpsstraat", "Molenstraat", "Nieuwstraat"),
        (
            ("Gent", "Oost-Vlaanderen", "9000", ""),
            ("Antwerpen", "Antwerpen", "2000", ""),
            ("Leuven", "Vlaams-Brabant", "3000", ""),
            ("Brugge", "West-Vlaanderen", "8000", ""),
        ),
        ("32470", "32475", "32478", "32485", "32494", "32498"),
        6,
    ),
    "fr": Culture(
        "fr",
        "BE",
        "french",
        (
            "Dubois",
            "Lambert",
            "Dupont",
            "Martin",
            "Simon",
            "Laurent",
            "Leclercq",
            "Renard",
            "Lemaître",
            "Noël",
        ),
        ("Luc", "Michel", "Benoît", "François", "Thierry", "Jérôme", "Nicolas", "Étienne"),
        ("Marie", "Hélène", "Céline", "Chloé", "Sophie", "Zoé", "Amélie", "Françoise"),
        ("Rue de la Loi", "Avenue Louise", "Rue Haute", "Place Saint-Lambert"),
        (
            ("Bruxelles", "Bruxelles-Capitale", "1000", ""),
            ("Liège", "Liège", "4000", ""),
            ("Namur", "Namur", "5000", ""),
        ),
        ("32471", "32476", "32486", "32495"),
        6,
    ),
    "es": Culture(
        "es",
        "ES",
        "spanish",
        (
            "García López",
            "Martínez Ruiz",
            "Rodríguez Peña",
            "Fernández Núñez",
            "Sánchez Muñoz",
            "Gómez Ibáñez",
            "Jiménez Vega",
        ),
        ("José", "Andrés", "Iñaki", "Javier", "Raúl", "Óscar", "Álvaro", "Sergio"),
        ("María", "Lucía", "Begoña", "Inés", "Marta", "Ángela", "Nuria", "Elena"),
        ("Calle Mayor", "Avenida de la Constitución", "Calle del Prado", "Plaza de España"),
        (
            ("Madrid", "Madrid", "28013", ""),
            ("València", "Valencia", "46002", ""),
            ("Sevilla", "Sevilla", "41001", ""),
            ("Bilbao", "Bizkaia", "48001", ""),
        ),
        ("3461", "3462", "3465", "3466"),
        7,
    ),
    "en": Culture(
        "en",
        "US",
        "english",
        (
            "Smith",
            "Johnson",
            "O'Brien",
            "Davis",
            "Miller",
            "Garcia",
            "Nguyen",
            "Clark",
            "Lewis",
            "Walker",
            "Smith-Jones",
        ),
        ("James", "Robert", "Michael", "David", "Daniel", "Paul", "Mark", "Kevin"),
        ("Mary", "Linda", "Susan", "Karen", "Nancy", "Emily", "Grace", "Olivia"),
        ("Main Street", "Oak Avenue", "Maple Drive", "Elm Street"),
        (
            ("New York", "NY", "10001", ""),
            ("Chicago", "IL", "60601", ""),
            ("San Francisco", "CA", "94103", ""),
            ("Austin", "TX", "78701", ""),
        ),
        ("121255501", "131255501", "141555501", "151255501"),
        2,
    ),
}
_SHARES = {"vi": 120, "nl": 50, "fr": 30, "es": 55, "en": 50}
_TRADES = ("Bakery", "Studio", "Garage", "Florist", "Books", "Dental", "Travel", "Optics")


def population(seed: int = 0) -> list[Person]:
    """All people, in an order that mixes the cultures."""
    dice = random.Random(seed)  # noqa: S311 - the same people for the same seed
    codes = [code for code, count in _SHARES.items() for _ in range(count)]
    dice.shuffle(codes)
    used: set[str] = set()
    return [_person(dice, number, CULTURES[code], used) for number, code in enumerate(codes)]


def plain(text: str) -> str:
    """Text without accents, as people type names on a keyboard that has none."""
    parts = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(part for part in parts if not unicodedata.combining(part))


def _person(dice: random.Random, number: int, culture: Culture, used: set[str]) -> Person:
    male = dice.random() < 0.5
    given = dice.choice(culture.men if male else culture.women)
    family = dice.choice(culture.family)
    city, state, postal_code, district = dice.choice(culture.places)
    return Person(
        number=number,
        culture=culture,
        given=given,
        middle=dice.choice(("Văn", "Hữu", "Quang") if male else ("Thị", "Thu", "Ngọc"))
        if culture.code == "vi"
        else "",
        family=family,
        male=male,
        born=date(1950, 1, 1) + timedelta(days=dice.randrange(20_000)),
        email=_email(dice, given, family, used),
        phone=_phone(dice, culture, used),
        street=_street(dice, culture),
        city=city,
        state=state,
        postal_code=postal_code,
        district=district,
        company=f"{plain(family).split()[0]} {dice.choice(_TRADES)}" if dice.random() < 0.2 else "",
    )


def _email(dice: random.Random, given: str, family: str, used: set[str]) -> str:
    name = f"{plain(given)}.{plain(family).split()[-1]}".lower().replace("'", "")
    number = 0
    domain = dice.choice(DOMAINS)
    while (email := f"{name}{number or ''}@{domain}") in used:
        number += 1
    used.add(email)
    return email


def _phone(dice: random.Random, culture: Culture, used: set[str]) -> str:
    while True:
        rest = "".join(str(dice.randrange(10)) for _ in range(culture.digits))
        phone = f"+{dice.choice(culture.mobile)}{rest}"
        if phone not in used:
            used.add(phone)
            return phone


def _street(dice: random.Random, culture: Culture) -> str:
    name, number = dice.choice(culture.streets), dice.randrange(1, 240)
    return f"{number} {name}" if culture.code in ("vi", "en") else f"{name} {number}"
