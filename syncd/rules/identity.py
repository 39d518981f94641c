"""Identify: which unlinked records are of which customer.

Prefer a missed match to a wrong merge: a missed match is one review away from right, a wrong merge writes one
person's data over another's. Evidence is taken tier by tier: a person's decision, the existing link, an external
id, the same e-mail with names that agree, and, where the admin asks for it, the same phone with names that agree.
The result depends neither on the order of the records nor on that of the keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from syncd.customer import name_is_empty, names_agree, tokens
from syncd.values import RecordKey, Review

Key = tuple[str, str]
TIERS = ("external_id", "email", "phone")
TWO_OF_ONE = "two records of one connection"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record as identity sees it: its evidence, and the customer that it is linked to, if any."""

    key: RecordKey
    name: Mapping[str, str]
    keys: frozenset[Key]
    customer: str | None = None
    company: str = ""
    created: datetime | None = None

    @property
    def seniority(self) -> tuple[Any, ...]:
        """Order records of one vendor, the oldest first: by the vendor's creation time, then by the lowest id."""
        number = int(self.key[1]) if self.key[1].isdigit() else 0
        when = self.created.timestamp() if self.created else float("inf")
        return (when, self.key[0], number, self.key[1])


@dataclass(frozen=True, slots=True)
class Cluster:
    """Records that are one customer; `customer` is the existing one, None for a new one; `rule` says why."""

    members: tuple[RecordKey, ...]
    customer: str | None
    rule: str


@dataclass(slots=True)
class Identified:
    """The outcome: a cluster for every unlinked record, and what only a person should decide."""

    clusters: list[Cluster] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    uncertain: dict[RecordKey, str] = field(default_factory=dict)  # why nothing may be created for it yet


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided of pairs: the same, or not the same; it outranks every rule for ever."""

    same: frozenset[frozenset[RecordKey]] = frozenset()
    different: frozenset[frozenset[RecordKey]] = frozenset()


class _Unions:
    """Union-find over records, where two groups that each hold a primary of one connection do not join."""

    def __init__(self, candidates: Iterable[Candidate], decided: Decided) -> None:
        self.parent: dict[RecordKey, RecordKey] = {}
        self.members: dict[RecordKey, list[Candidate]] = {}
        self.customers: dict[RecordKey, set[str]] = {}
        self.rule: dict[RecordKey, str] = {}
        self.decided = decided
        for one in candidates:
            self.parent[one.key] = one.key
            self.members[one.key] = [one]
            self.customers[one.key] = {one.customer} if one.customer else set()

    def root(self, key: RecordKey) -> RecordKey:
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def group(self, key: RecordKey) -> list[Candidate]:
        return self.members[self.root(key)]

    def refusal(self, one: RecordKey, other: RecordKey, direct: frozenset[RecordKey]) -> str:
        """Return why two groups must not join, "" where they may.

        `direct` are the records that share the evidence at hand: two of one connection may join only if both do.
        """
        a, b = self.root(one), self.root(other)
        if len(self.customers[a] | self.customers[b]) > 1:
            return "two customers"
        if self._forbidden(a, b):
            return "marked as different"
        return "" if self._primaries_agree(a, b, direct) else TWO_OF_ONE

    def names_contradict(self, one: RecordKey, other: RecordKey) -> bool:
        """Tell whether both groups have names and none of the one agrees with any of the other."""
        named = [[each for each in self.group(key) if not name_is_empty(each.name)] for key in (one, other)]
        return all(named) and not any(_agree(here, there) for here in named[0] for there in named[1])

    def _forbidden(self, a: RecordKey, b: RecordKey) -> bool:
        if not self.decided.different:
            return False
        pairs = (frozenset((x.key, y.key)) for x in self.members[a] for y in self.members[b])
        return any(pair in self.decided.different for pair in pairs)

    def _primaries_agree(self, a: RecordKey, b: RecordKey, direct: frozenset[RecordKey]) -> bool:
        there: dict[str, list[Candidate]] = defaultdict(list)
        for one in self.members[b]:
            there[one.key[0]].append(one)
        return all(
            one.key in direct and other.key in direct
            for one in self.members[a]
            for other in there.get(one.key[0], ())
        )

    def join(self, one: RecordKey, other: RecordKey, rule: str) -> None:
        a, b = self.root(one), self.root(other)
        if a == b:
            return
        if len(self.members[a]) < len(self.members[b]):
            a, b = b, a
        self.parent[b] = a
        self.members[a].extend(self.members.pop(b))
        self.customers[a] |= self.customers.pop(b)
        self.rule[a] = self._first_evidence(a, b) or rule

    def _first_evidence(self, a: RecordKey, b: RecordKey) -> str:
        return next((self.rule[key] for key in (a, b) if self.rule.get(key, "linked") != "linked"), "")


def identify(
    candidates: Collection[Candidate],
    *,
    match: Sequence[str] = ("external_id", "email"),
    decided: Decided | None = None,
    priority: Callable[[str], int] = lambda _: 0,
) -> Identified:
    """Assign every unlinked candidate to an existing customer or to a new one.

    `candidates` are the unlinked records and all linked ones that share a key with them.
    """
    decided = decided or Decided()
    result = Identified()
    unions = _Unions(sorted(candidates, key=lambda one: one.key), decided)
    _join_linked(unions, candidates)
    _join_decided(unions, decided, {one.key for one in candidates})
    groups = _key_groups(candidates)
    for tier in [name for name in TIERS if name in match]:
        for key in sorted(group for group in groups if _tier_of(group) == tier):
            _join_group(unions, tier, key, groups[key], result)
    _collect(unions, result)
    _report_duplicates(unions, result, priority)
    return result


def _tier_of(key: Key) -> str:
    return "external_id" if key[0].startswith("id:") else key[0]


def _key_groups(candidates: Iterable[Candidate]) -> dict[Key, list[Candidate]]:
    groups: dict[Key, list[Candidate]] = defaultdict(list)
    for one in candidates:
        for key in one.keys:
            groups[key].append(one)
    return {
        key: sorted(members, key=lambda one: one.seniority)
        for key, members in groups.items()
        if len(members) > 1
    }


def _join_linked(unions: _Unions, candidates: Iterable[Candidate]) -> None:
    """Put each customer's records together: an existing link always wins."""
    first: dict[str, RecordKey] = {}
    for one in sorted(candidates, key=lambda each: each.key):
        if one.customer is not None:
            unions.join(first.setdefault(one.customer, one.key), one.key, "linked")


def _join_decided(unions: _Unions, decided: Decided, known: Collection[RecordKey]) -> None:
    """Join what a person called the same, two records of one connection included."""
    for pair in sorted(decided.same, key=sorted):
        one, other = sorted(pair)
        if one not in known or other not in known:
            continue
        if unions.refusal(one, other, frozenset(pair)) in ("", TWO_OF_ONE):
            unions.join(one, other, "decided_by_a_person")


def _join_group(
    unions: _Unions, tier: str, key: Key, members: Sequence[Candidate], result: Identified
) -> None:
    """Join the records of one key that agree; records whose names disagree make the key a shared one."""
    if not any(one.customer is None for one in members):
        return
    classes, doubtful = [list(members)], list[Candidate]()
    if tier != "external_id":
        classes, doubtful = agreeing(members)
    shared = len([group for group in classes if not all(name_is_empty(one.name) for one in group)]) > 1
    for group in classes:
        _join_class(unions, tier, group, result)
    if shared or doubtful:
        _report_shared(unions, tier, key, members, doubtful, result)


def agreeing(members: Sequence[Candidate]) -> tuple[list[list[Candidate]], list[Candidate]]:
    """Part the holders of one e-mail or phone into people, by name; return the classes and the undecidable.

    A record without a name belongs to the only class there is. One that agrees with two classes which disagree
    with each other, or has no name among several classes, is undecidable.
    """
    named = [one for one in members if not name_is_empty(one.name)]
    nameless = [one for one in members if name_is_empty(one.name)]
    # the longest names first: they part the classes, shorter ones then fit one of them or several
    classes: list[list[Candidate]] = []
    doubtful: list[Candidate] = []
    for one in sorted(named, key=lambda each: (-len(tokens(" ".join(each.name.values()))), each.seniority)):
        fitting = [group for group in classes if all(_agree(one, other) for other in group)]
        if len(fitting) > 1 or (
            not fitting and any(_agree(one, other) for group in classes for other in group)
        ):
            doubtful.append(one)
        elif fitting:
            fitting[0].append(one)
        else:
            classes.append([one])
    if len(classes) <= 1 and not doubtful:
        return [[*(classes[0] if classes else []), *nameless]], []
    return classes, doubtful + nameless


def _agree(one: Candidate, other: Candidate) -> bool:
    return one.name == other.name or names_agree(one.name, other.name)


def _join_class(unions: _Unions, tier: str, group: Sequence[Candidate], result: Identified) -> None:
    """Join one class of agreeing records; where it touches two customers, the unlinked ones are for a person."""
    customers = sorted({c for one in group for c in unions.customers[unions.root(one.key)]})
    direct = frozenset(one.key for one in group)
    if len(customers) > 1:
        for one in group:
            if not unions.customers[unions.root(one.key)]:
                _doubt(result, one, f"it matches {len(customers)} customers by {tier}")
                result.reviews.append(_possible(tier, one, group, "two customers"))
        return
    first = next((one for one in group if unions.customers[unions.root(one.key)]), group[0])
    for one in group:
        if unions.root(one.key) == unions.root(first.key):
            continue
        refusal = unions.refusal(first.key, one.key, direct)
        if not refusal and tier != "external_id" and unions.names_contradict(first.key, one.key):
            refusal = "names that differ"
        if not refusal:
            unions.join(first.key, one.key, tier)
        elif refusal != "marked as different":
            _doubt(result, one, f"it may be another record's person, by {tier}")
            result.reviews.append(_possible(tier, one, group, refusal))


def _doubt(result: Identified, one: Candidate, why: str) -> None:
    result.uncertain.setdefault(one.key, why)


def _possible(tier: str, one: Candidate, group: Sequence[Candidate], why: str) -> Review:
    others = sorted(other.key for other in group if other.key != one.key)
    return Review(
        kind="possible_same",
        subject=f"{one.key[0]}/{one.key[1]}",
        evidence={"by": tier, "record": list(one.key), "others": [list(key) for key in others], "why": why},
        choices=("same", "different"),
        connection=one.key[0],
    )


def _report_shared(
    unions: _Unions,
    tier: str,
    key: Key,
    members: Sequence[Candidate],
    doubtful: Sequence[Candidate],
    result: Identified,
) -> None:
    for one in doubtful:
        if one.customer is None and len(unions.group(one.key)) == 1:
            _doubt(result, one, f"its {tier} is shared by people of different names")
    result.reviews.append(
        Review(
            kind=f"shared_{tier}",
            subject=f"{key[0]}:{key[1]}",
            evidence={"by": tier, "records": sorted(list(one.key) for one in members)},
            choices=("shared", "same"),
        )
    )


def _collect(unions: _Unions, result: Identified) -> None:
    for root, members in sorted(unions.members.items()):
        unlinked = [one for one in members if one.customer is None]
        if not unlinked:
            continue
        customers = sorted(unions.customers[root])
        keys = tuple(sorted(one.key for one in unlinked))
        result.clusters.append(
            Cluster(keys, customers[0] if customers else None, unions.rule.get(root, "alone"))
        )


def _report_duplicates(unions: _Unions, result: Identified, priority: Callable[[str], int]) -> None:
    """Report records of one connection that are one customer: one is primary, the others only read."""
    for members in unions.members.values():
        if not any(one.customer is None for one in members):
            continue
        for _, group in sorted(_by_connection(members).items(), key=lambda pair: priority(pair[0])):
            if len(group) > 1:
                first, *rest = sorted(group, key=lambda one: one.seniority)
                result.reviews.extend(duplicate_review(first.key, other.key) for other in rest)


def _by_connection(members: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for one in members:
        groups[one.key[0]].append(one)
    return groups


def duplicate_review(primary: RecordKey, duplicate: RecordKey, customer: str | None = None) -> Review:
    """Return the question what a second record of one customer at a connection is."""
    return Review(
        kind="duplicate",
        subject="/".join(duplicate),
        evidence={"primary": list(primary), "duplicate": list(duplicate)},
        choices=("keep", "different", "make_primary"),
        connection=duplicate[0],
        customer=customer,
    )
