"""Records that share nothing say nothing of each other: judging them group by group is judging them all at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from hypothesis import given, settings

from syncd.rules.identity import Candidate, Decided, Identified, identify
from syncd.sync.linking import Groups
from syncd.values import RecordKey
from tests.laws.test_identity import MATCH, decided_crowds


def grouped(crowd: list[Candidate], decided: Decided) -> list[list[Candidate]]:
    """Part a crowd by what its records share: a key, a customer, or a person's word that they are the same."""
    groups = Groups()
    sharing: dict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(crowd):
        said = [pair for pair in decided.same if one.key in pair]
        marks: list[Hashable] = [one.key, *one.keys, *said, *([one.customer] if one.customer else [])]
        for mark in marks:
            sharing[mark].append(number)
    for numbers in sharing.values():
        groups.join(numbers)
    return [[crowd[number] for number in numbers] for numbers in groups.batches(1)]


def outcome(*parts: Identified) -> tuple[set[object], set[object], dict[RecordKey, str]]:
    """Return what identifying gave, in no order."""
    clusters = {(each.members, each.customer, each.rule) for part in parts for each in part.clusters}
    reviews = {(each.kind, each.subject, repr(each.evidence)) for part in parts for each in part.reviews}
    return set(clusters), set(reviews), {key: why for part in parts for key, why in part.uncertain.items()}


@settings(max_examples=200)
@given(decided_crowds())
def test_each_group_by_itself_gives_what_all_together_give(case: tuple[list[Candidate], Decided]) -> None:
    crowd, decided = case
    whole = identify(crowd, match=MATCH, decided=decided)
    parts = [identify(group, match=MATCH, decided=decided) for group in grouped(crowd, decided)]
    assert outcome(*parts) == outcome(whole)
