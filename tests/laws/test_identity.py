"""Identity would rather miss a match than merge two people, and the order of things never matters to it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, count
from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import name_is_empty, names_agree
from syncd.rules.identity import Candidate, Decided, Identified, identify
from syncd.values import RecordKey

CONNECTIONS = ("crm", "shop", "loyalty")
NAMES: tuple[dict[str, str], ...] = (
    {},
    {"first_name": "An", "last_name": "Nguyễn"},
    {"full_name": "Nguyen An"},
    {"full_name": "An"},
    {"first_name": "Bình", "last_name": "Nguyễn"},
    {"full_name": "Jan Smet"},
)
KEYS = (
    ("email", "an@example.com"),
    ("email", "info@example.com"),
    ("email", "jan@example.com"),
    ("phone", "+84912345678"),
    ("id:crm", "1"),
    ("id:crm", "2"),
)
MATCH = ("external_id", "email", "phone")


@st.composite
def crowds(draw: st.DrawFn, *, linked: bool = True) -> list[Candidate]:
    """Draw records of three connections; some of them linked, never two primaries' worth of one customer mixed up."""
    number = count(1)
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(CONNECTIONS),
                st.sampled_from(NAMES),
                st.sets(st.sampled_from(KEYS), max_size=2),
                st.sampled_from((None, None, "one", "two")) if linked else st.none(),
                st.sampled_from((None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))),
            ),
            max_size=7,
        )
    )
    return [
        Candidate((connection, str(next(number))), name, frozenset(keys), customer, created=created)
        for connection, name, keys, customer, created in drawn
    ]


@st.composite
def verdicts(draw: st.DrawFn, crowd: Sequence[Candidate]) -> Decided:
    """Draw what people may have decided of some pairs of a crowd."""
    pairs = [frozenset((one.key, other.key)) for one, other in combinations(crowd, 2)]
    if not pairs:
        return Decided()
    same = draw(st.sets(st.sampled_from(pairs), max_size=2))
    different = draw(st.sets(st.sampled_from(pairs), max_size=2))
    return Decided(frozenset(same - different), frozenset(different))


@st.composite
def decided_crowds(draw: st.DrawFn) -> tuple[list[Candidate], Decided]:
    crowd = draw(crowds())
    return crowd, draw(verdicts(crowd))


def people(crowd: Collection[Candidate], outcome: Identified) -> list[list[Candidate]]:
    """Return the records of each customer after identifying."""
    by_key = {one.key: one for one in crowd}
    groups: list[list[Candidate]] = []
    for cluster in outcome.clusters:
        joining = [by_key[key] for key in cluster.members]
        groups.append(
            [*joining, *(one for one in crowd if cluster.customer and one.customer == cluster.customer)]
        )
    return groups


def together(crowd: Collection[Candidate], outcome: Identified) -> set[frozenset[RecordKey]]:
    """Return the pairs of records that are one customer, at least one of them newly linked."""
    return {
        frozenset((one.key, other.key))
        for group in people(crowd, outcome)
        for one, other in combinations(group, 2)
        if one.customer is None or other.customer is None
    }


def evident(one: Candidate, other: Candidate, decided: Decided) -> bool:
    """Tell whether two records may be joined directly: a decision, an id, or a shared key and names that allow it."""
    if frozenset((one.key, other.key)) in decided.same:
        return True
    shared = one.keys & other.keys
    if any(kind.startswith("id:") for kind, _ in shared):
        return True
    fits = name_is_empty(one.name) or name_is_empty(other.name) or names_agree(one.name, other.name)
    return bool(shared) and fits


def reachable(group: Sequence[Candidate], decided: Decided) -> bool:
    """Tell whether evidence leads from every record of a group to every other; one customer's records stand together."""
    left = list(group[1:])
    reached = [group[0]]
    while grown := [
        one
        for one in left
        if any(
            evident(one, other, decided) or (one.customer is not None and one.customer == other.customer)
            for other in reached
        )
    ]:
        reached += grown
        left = [one for one in left if one not in grown]
    return not left


@given(decided_crowds(), st.randoms(use_true_random=False))
def test_order_never_matters(drawn: tuple[list[Candidate], Decided], shuffler: Random) -> None:
    crowd, decided = drawn
    shuffled = list(crowd)
    shuffler.shuffle(shuffled)
    assert identify(shuffled, match=MATCH, decided=decided) == identify(crowd, match=MATCH, decided=decided)


@given(decided_crowds())
def test_every_unlinked_record_ends_in_exactly_one_cluster(drawn: tuple[list[Candidate], Decided]) -> None:
    crowd, decided = drawn
    outcome = identify(crowd, match=MATCH, decided=decided)
    placed = sorted(key for cluster in outcome.clusters for key in cluster.members)
    assert placed == sorted(one.key for one in crowd if one.customer is None)
    existing = [cluster.customer for cluster in outcome.clusters if cluster.customer]
    assert len(existing) == len(set(existing))


@given(decided_crowds())
def test_nobody_is_joined_without_evidence(drawn: tuple[list[Candidate], Decided]) -> None:
    crowd, decided = drawn
    for group in people(crowd, identify(crowd, match=MATCH, decided=decided)):
        assert reachable(group, decided)


@given(decided_crowds())
def test_two_records_of_one_connection_are_one_person_only_by_their_own_evidence(
    drawn: tuple[list[Candidate], Decided],
) -> None:
    crowd, decided = drawn
    by_key = {one.key: one for one in crowd}
    for pair in together(crowd, identify(crowd, match=MATCH, decided=decided)):
        one, other = (by_key[key] for key in sorted(pair))
        linked = [each for each in (one, other) if each.customer]
        if one.key[0] == other.key[0] and not linked and not decided.same:
            assert evident(one, other, decided)


@given(decided_crowds())
def test_a_decision_of_difference_outranks_every_rule(drawn: tuple[list[Candidate], Decided]) -> None:
    crowd, decided = drawn
    outcome = identify(crowd, match=MATCH, decided=decided)
    assert not together(crowd, outcome) & decided.different


@given(crowds(linked=False), st.data())
def test_a_decision_of_sameness_outranks_every_rule(crowd: list[Candidate], data: st.DataObject) -> None:
    pairs = [frozenset((one.key, other.key)) for one, other in combinations(crowd, 2)]
    same = frozenset(data.draw(st.sets(st.sampled_from(pairs), max_size=3))) if pairs else frozenset()
    outcome = identify(crowd, match=MATCH, decided=Decided(same=same))
    assert same <= together(crowd, outcome)


@given(crowds(linked=False))
@example(
    [
        Candidate(("crm", "1"), {}, frozenset({("email", "an@example.com"), ("email", "jan@example.com")})),
        Candidate(("shop", "2"), {"full_name": "An Nguyễn"}, frozenset({("email", "an@example.com")})),
        Candidate(("loyalty", "3"), {"full_name": "Jan Smet"}, frozenset({("email", "jan@example.com")})),
    ]
)
def test_people_of_different_names_behind_one_address_stay_apart(crowd: list[Candidate]) -> None:
    """Family addresses and info@: without an id, nobody whose name contradicts is joined, not even step by step."""
    bare = [replace(one, keys=frozenset(key for key in one.keys if key[0] == "email")) for one in crowd]
    for group in people(bare, identify(bare, match=MATCH)):
        named = [one for one in group if not name_is_empty(one.name)]
        assert all(
            any(names_agree(one.name, o.name) for o in named if o is not one)
            for one in named
            if len(named) > 1
        )
        addresses = {key for one in group for key in one.keys}
        if len(addresses) <= 1:
            assert all(names_agree(one.name, other.name) for one, other in combinations(named, 2))


@given(decided_crowds(), st.sampled_from(CONNECTIONS))
def test_a_stranger_changes_nothing(drawn: tuple[list[Candidate], Decided], connection: str) -> None:
    crowd, decided = drawn
    stranger = Candidate(
        (connection, "999"), {"full_name": "An"}, frozenset({("email", "stranger@example.com")})
    )
    before = identify(crowd, match=MATCH, decided=decided)
    after = identify([*crowd, stranger], match=MATCH, decided=decided)
    assert [cluster for cluster in after.clusters if cluster.members != (stranger.key,)] == before.clusters
    assert after.reviews == before.reviews
    assert after.uncertain == before.uncertain


@given(decided_crowds())
def test_who_is_linked_stays_linked_and_is_not_identified_again(
    drawn: tuple[list[Candidate], Decided],
) -> None:
    crowd, decided = drawn
    outcome = identify(crowd, match=MATCH, decided=decided)
    homes = {
        key: cluster.customer or f"new-{place}"
        for place, cluster in enumerate(outcome.clusters)
        for key in cluster.members
    }
    settled = [replace(one, customer=one.customer or homes[one.key]) for one in crowd]
    assert identify(settled, match=MATCH, decided=decided) == Identified()


@given(crowds())
def test_a_tier_that_is_not_asked_for_proves_nothing(crowd: list[Candidate]) -> None:
    only_phones = [
        replace(one, keys=frozenset(key for key in one.keys if key[0] == "phone")) for one in crowd
    ]
    outcome = identify(only_phones)
    assert all(len(cluster.members) == 1 and cluster.customer is None for cluster in outcome.clusters)
