"""A labelled population: who is who is known, so that identity can be judged: `python -m tests.laws.population`.

People stand in some of four vendors, under their names as clerks write them. Identity is compared with what is usual
elsewhere, to take equal e-mails for one person. Wrong merges count customers that hold more than one person; split
people are those whose records ended in several customers, of which only those are avoidable whose records share an
e-mail. A review about that e-mail tells a person of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from syncd.customer import fold
from syncd.rules.identity import Candidate, identify
from syncd.values import RecordKey

VENDORS: Mapping[str, float] = {"crm": 0.7, "shop": 0.7, "loyalty": 0.5, "booking": 0.4}  # who is there
FAMILY_ADDRESS, TWICE, NO_EMAIL = 0.06, 0.03, 0.15
NO_MARKS, INITIALS, ONE_WORD, OTHER_ORDER = 0.25, 0.03, 0.03, 0.1

VIETNAMESE = (
    ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi", "Đỗ"),
    ("Văn", "Thị", "Minh", "Thanh", "Đức", "Ngọc", ""),
    ("An", "Anh", "Bình", "Châu", "Dũng", "Hà", "Hạnh", "Hùng", "Lan", "Linh", "Mai", "Nam", "Phúc", "Thảo"),
)
EUROPEAN = (
    ("Janssens", "de Smet", "Müller", "García", "O'Brien", "Peeters", "van den Berg", "Søndergaard"),
    ("", "", "", "Maria"),
    (
        "Jan",
        "Zoë",
        "José",
        "Ann",
        "Anna",
        "Søren",
        "Élise",
        "Tom",
        "Thomas",
        "Eva",
        "Lucas",
        "Noor",
        "Jef",
        "Mia",
    ),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody real: the parts of the name, the order in which it is usually written, and the e-mail."""

    number: int
    family: str
    middle: str
    given: str
    family_first: bool
    email: str


@dataclass(frozen=True, slots=True)
class Score:
    """How an assignment of records to customers compares with the truth."""

    customers: int
    wrong_merges: int  # customers that hold records of several people
    merged_people: int  # people who share such a customer
    split: int  # people whose records are in several customers
    avoidable: int  # of them those two of whose records share an e-mail and are apart
    unseen: int  # of these those about whose e-mail nobody is asked
    reviews: int


# --- drawing -------------------------------------------------------------------------------------


def people(rng: Random, count: int) -> list[Person]:
    """Draw people; some of them use the e-mail of somebody of their family."""
    found: list[Person] = []
    while len(found) < count:
        relative = found[-1] if found and rng.random() < FAMILY_ADDRESS / 2 else None
        found.append(_relative(rng, relative) if relative else _person(rng, len(found)))
    return found


def _person(rng: Random, number: int) -> Person:
    vietnamese = rng.random() < 0.6
    families, middles, givens = VIETNAMESE if vietnamese else EUROPEAN
    family, given = rng.choice(families), rng.choice(givens)
    email = f"{fold(given)}.{fold(family).replace(' ', '')}{number}@example.com"
    return Person(number, family, rng.choice(middles), given, vietnamese, email)


def _relative(rng: Random, other: Person) -> Person:
    _, middles, givens = VIETNAMESE if other.family_first else EUROPEAN
    given = rng.choice([name for name in givens if name != other.given])
    return Person(other.number + 1, other.family, rng.choice(middles), given, other.family_first, other.email)


def records(rng: Random, someone: Person) -> list[Candidate]:
    """Draw the records of a person: in some vendors, now and then two in one."""
    there = [vendor for vendor, share in VENDORS.items() if rng.random() < share]
    there = there or [rng.choice(list(VENDORS))]
    there += [vendor for vendor in there if rng.random() < TWICE]
    return [_record(rng, someone, vendor, place) for place, vendor in enumerate(there)]


def _record(rng: Random, someone: Person, vendor: str, place: int) -> Candidate:
    keys = {("email", someone.email)} if rng.random() >= NO_EMAIL else set()
    name = _whole(rng, someone) if vendor == "shop" else _in_parts(rng, someone)
    return Candidate((vendor, f"{someone.number * 10 + place}"), name, frozenset(keys))


def _in_parts(rng: Random, someone: Person) -> dict[str, str]:
    given = f"{someone.middle} {someone.given}".strip() if someone.family_first else someone.given
    family = someone.family if someone.family_first else f"{someone.middle} {someone.family}".strip()
    written = [_written(rng, given), _written(rng, family)]
    if rng.random() < INITIALS:
        written[0] = f"{someone.given[0]}."
    if rng.random() < OTHER_ORDER:
        written.reverse()
    return {"first_name": written[0], "last_name": "" if rng.random() < ONE_WORD else written[1]}


def _whole(rng: Random, someone: Person) -> dict[str, str]:
    words = [someone.family, someone.middle, someone.given]
    if rng.random() < INITIALS:
        words[1:] = [f"{word[0]}." for word in words[1:] if word]
    if someone.family_first == (rng.random() < OTHER_ORDER):
        words = [*words[1:], words[0]]
    if rng.random() < ONE_WORD:
        words = [someone.given]
    return {"full_name": _written(rng, " ".join(word for word in words if word))}


def _written(rng: Random, text: str) -> str:
    text = fold(text).title() if rng.random() < NO_MARKS else text
    return rng.choice((text, text, text, text.upper(), text.lower()))


def population(rng: Random, count: int) -> tuple[list[Candidate], dict[RecordKey, int]]:
    """Draw a population; return its records, shuffled, and who each of them is."""
    drawn = [(someone.number, one) for someone in people(rng, count) for one in records(rng, someone)]
    rng.shuffle(drawn)
    return [one for _, one in drawn], {one.key: number for number, one in drawn}


# --- judging -------------------------------------------------------------------------------------


def by_rules(crowd: Sequence[Candidate]) -> tuple[dict[RecordKey, int], list[str]]:
    """Return record → customer as the rules say, and what they ask reviews about."""
    outcome = identify(crowd)
    homes = {key: place for place, cluster in enumerate(outcome.clusters) for key in cluster.members}
    return homes, [review.subject for review in outcome.reviews]


def by_email(crowd: Iterable[Candidate]) -> tuple[dict[RecordKey, int], list[str]]:
    """Return record → customer where everybody with the same e-mail is one; nobody is asked."""
    first: dict[str, int] = {}
    homes: dict[RecordKey, int] = {}
    for place, one in enumerate(crowd):
        address = next((value for _, value in one.keys), "")
        homes[one.key] = first.setdefault(address, place) if address else place
    return homes, []


def score(
    crowd: Sequence[Candidate],
    truth: Mapping[RecordKey, int],
    homes: Mapping[RecordKey, int],
    asked: Sequence[str],
) -> Score:
    """Compare an assignment with the truth."""
    holds: dict[int, set[int]] = defaultdict(set)
    stands: dict[int, set[int]] = defaultdict(set)
    by_address: dict[tuple[int, str], set[int]] = defaultdict(set)
    for one in crowd:
        holds[homes[one.key]].add(truth[one.key])
        stands[truth[one.key]].add(homes[one.key])
        for _, address in one.keys:
            by_address[truth[one.key], address].add(homes[one.key])
    apart = [key for key, places in by_address.items() if len(places) > 1]
    mixed = [held for held in holds.values() if len(held) > 1]
    return Score(
        customers=len(holds),
        wrong_merges=len(mixed),
        merged_people=len(set().union(*mixed)),
        split=sum(len(places) > 1 for places in stands.values()),
        avoidable=len({person for person, _ in apart}),
        unseen=len({person for person, address in apart if f"email:{address}" not in asked}),
        reviews=len(asked),
    )


def compare(seed: int, count: int) -> tuple[int, dict[str, Score]]:
    """Draw a population; return how many records it has and how the rules and e-mail-only closure do on it."""
    crowd, truth = population(Random(seed), count)
    return len(crowd), {
        "rules.identity": score(crowd, truth, *by_rules(crowd)),
        "e-mail only": score(crowd, truth, *by_email(crowd)),
    }


def main() -> int:
    """Print the comparison."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    begun = time.process_time()
    size, scores = compare(options.seed, options.people)
    print(f"{options.people} people, {size} records in {len(VENDORS)} vendors")
    columns = {
        "customers": "customers",
        "wrong_merges": "wrong merges",
        "merged_people": "people in them",
        "split": "people split",
        "avoidable": "avoidably",
        "unseen": "unseen",
        "reviews": "reviews",
    }
    print(f"{'':14}", *(f"{title:>16}" for title in columns.values()), sep="")
    for name, one in scores.items():
        print(f"{name:14}", *(f"{getattr(one, column):16}" for column in columns), sep="")
    print(f"{time.process_time() - begun:.1f} s of CPU, drawing included")
    return 0


if __name__ == "__main__":
    sys.exit(main())
