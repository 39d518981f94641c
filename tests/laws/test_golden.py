"""Golden moves by who knew what: edits beat initials, what was superseded stays so, and every loser is told of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal

from hypothesis import assume, given
from hypothesis import strategies as st

from syncd.rules.golden import Answer, Asked, Policy, decide, follows, wholly_later
from syncd.rules.units import merged
from syncd.values import Golden, Statement, StatementKind

CONNECTIONS = ("crm", "shop", "loyalty")
START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rank(one: Statement) -> tuple[int, str]:
    """Trust the connections in their order."""
    return CONNECTIONS.index(one.connection), one.vendor_id


def asked(
    new: Sequence[Statement],
    before: Golden | None = None,
    policy: Policy | None = None,
    *,
    pin: dict[str, str] | None = None,
    chosen: int | None = None,
    number: int = 1_000,
) -> Asked:
    """Return the question what golden is after new statements on notes."""
    return Asked(
        "notes",
        before,
        new,
        policy or Policy(),
        rank,
        number,
        dict.fromkeys(CONNECTIONS),
        pin=pin,
        chosen=chosen,
    )


@st.composite
def statements(
    draw: st.DrawFn, *, kinds: Sequence[StatementKind] = ("initial", "edit", "edit", "clear")
) -> Statement:
    """Draw one statement on notes; what it knew, and its interval, are such as can be."""
    number = draw(st.integers(1, 40))
    kind = draw(st.sampled_from(kinds))
    text = "" if kind == "clear" else draw(st.sampled_from(("one", "two", "three", " one ", "")))
    new_seen = START + draw(st.integers(0, 30)) * MINUTE
    old_seen = draw(st.none() | st.integers(1, 20).map(lambda n: new_seen - n * MINUTE))
    return Statement(
        connection=draw(st.sampled_from(CONNECTIONS)),
        vendor_id="1",
        slot="notes",
        value={"notes": text},
        kind=kind,
        number=number,
        knew=draw(st.integers(0, number - 1)),
        old_seen=None if kind == "initial" else old_seen,
        new_seen=new_seen,
        pull_ended=new_seen + MINUTE,
        modified=draw(st.none() | st.just(new_seen - MINUTE)),
    )


def crowds(*, least: int = 1, **options: Sequence[StatementKind]) -> st.SearchStrategy[list[Statement]]:
    """Draw some statements, at most one of each record, as a reconcile meets them."""
    return st.lists(
        statements(**options),
        min_size=least,
        max_size=3,
        unique_by=(lambda s: s.connection, lambda s: s.number),
    )


policies = st.builds(
    Policy, conflict=st.sampled_from(("newest", "priority", "review")), on_clear=st.just("propagate")
)


def told(answer: Answer) -> set[tuple[str, int]]:
    """Return the statements that an answer accounts for: its holder, its losers, and those that wait for a person."""
    golden = answer.golden
    named = [*answer.beaten, *(golden.conflict if golden else ())]
    named += [golden.holder] if golden and golden.holder else []
    return {(one.connection, one.number) for one in named}


@given(crowds(), policies, st.randoms(use_true_random=False))
def test_order_never_matters(new: list[Statement], policy: Policy, chance: Random) -> None:
    shuffled = list(new)
    chance.shuffle(shuffled)
    assert decide(asked(shuffled, policy=policy)) == decide(asked(new, policy=policy))


@given(crowds(), crowds(), policies)
def test_golden_is_somebodys_word(first: list[Statement], then: list[Statement], policy: Policy) -> None:
    then = [replace(s, number=s.number + 100) for s in then]
    before = decide(asked(first, policy=policy)).golden
    after = decide(asked(then, before, policy, number=2_000)).golden
    assert after is not None
    assert after.value["notes"] in {s.value["notes"] for s in [*first, *then]}


@given(crowds(), policies)
def test_an_edit_beats_every_initial_value(new: list[Statement], policy: Policy) -> None:
    edits = [s for s in new if s.kind != "initial"]
    assume(edits)
    answer = decide(asked(new, policy=policy))
    assert answer.golden is not None
    if not answer.golden.conflict:
        assert answer.golden.holder in edits


@given(crowds(kinds=("initial",)), policies)
def test_an_empty_initial_value_never_wins_over_a_full_one(new: list[Statement], policy: Policy) -> None:
    golden = decide(asked(new, policy=policy)).golden
    assert golden is not None
    full = [s for s in new if s.value["notes"].strip()]
    if full:
        assert golden.value["notes"] == min(full, key=rank).value["notes"]


@given(crowds(), crowds(), policies)
def test_every_loser_is_told_of(first: list[Statement], then: list[Statement], policy: Policy) -> None:
    then = [replace(s, number=s.number + 100) for s in then]
    before = decide(asked(first, policy=policy)).golden
    answer = decide(asked(then, before, policy, number=2_000))
    assert answer.golden is not None
    waited = before.conflict if before else ()
    for one in [*then, *waited]:
        differs = one.value["notes"].strip() != answer.golden.value["notes"].strip()
        empty_initial = one.kind == "initial" and not one.value["notes"].strip()
        if differs and not empty_initial:
            assert (one.connection, one.number) in told(answer)


@given(st.lists(statements(), min_size=2, max_size=6, unique_by=lambda s: s.number), policies)
def test_what_was_superseded_never_returns(history: list[Statement], policy: Policy) -> None:
    """Statement by statement, as run by run: once a later word knew of one, nothing brings that one back."""
    golden: Golden | None = None
    superseded: set[int] = set()
    for number, one in enumerate(sorted(history, key=lambda s: s.number), 100):
        holder = golden.holder if golden else None
        golden = decide(asked([one], golden, policy, number=number)).golden
        assert golden is not None
        if holder is not None and one.kind != "initial" and follows(one, holder):
            superseded.add(holder.number)
        if not golden.conflict:  # while a conflict waits, golden keeps the last value it had
            assert golden.holder is None or golden.holder.number not in superseded
        assert not superseded & {each.number for each in golden.conflict}


@given(statements(), statements(kinds=("edit",)), policies)
def test_whoever_knew_golden_has_the_last_word(first: Statement, later: Statement, policy: Policy) -> None:
    before = decide(asked([first], policy=policy, number=50)).golden
    assert before is not None
    knowing = replace(later, number=60, knew=before.number)
    after = decide(asked([knowing], before, policy)).golden
    assert after is not None
    assert after.value["notes"].strip() == later.value["notes"].strip()
    assert not after.conflict


@given(crowds(least=2, kinds=("edit",)), st.sampled_from(("newest", "priority", "review")))
def test_a_conflict_is_decided_by_its_policy(
    new: list[Statement], conflict: Literal["newest", "priority", "review"]
) -> None:
    strangers = [
        replace(s, knew=0, old_seen=None, number=n, value={"notes": f"word {n}"})
        for n, s in enumerate(new, 1)
    ]
    assume(len(strangers) > 1)
    before = Golden({"notes": "before"}, 5, "initial_priority")
    answer = decide(asked(strangers, before, Policy(conflict=conflict)))
    assert answer.golden is not None
    if conflict == "priority":
        assert answer.golden.holder == min(strangers, key=rank)
        assert answer.rule == "priority"
    elif conflict == "review":
        assert answer.golden.value == before.value
        assert list(answer.golden.conflict) == strangers
    elif answer.rule == "newest":
        winner = answer.golden.holder
        assert winner is not None
        assert all(s.modified and winner.modified and s.modified <= winner.modified for s in strangers)
    else:  # without usable times nobody can tell
        assert answer.rule == "review"


@given(crowds(least=2, kinds=("edit",)), st.data())
def test_a_person_decides_an_open_conflict(new: list[Statement], data: st.DataObject) -> None:
    policy = Policy(conflict="review")
    strangers = [replace(s, knew=0, old_seen=None, value={"notes": f"word {s.number}"}) for s in new]
    before = decide(asked(strangers, Golden({"notes": "before"}, 5, "initial_priority"), policy)).golden
    assert before is not None
    assume(before.conflict)
    choice = data.draw(st.sampled_from(before.conflict))
    answer = decide(asked([], before, policy, chosen=choice.number, number=2_000))
    assert answer.golden is not None
    assert answer.golden.value == choice.value
    assert not answer.golden.conflict
    assert answer.rule == "decided_by_a_person"


@given(crowds(), policies, st.sampled_from(("pinned", "")))
def test_a_pin_wins_over_everything(new: list[Statement], policy: Policy, text: str) -> None:
    answer = decide(asked(new, policy=policy, pin={"notes": text}))
    assert answer.golden is not None
    assert answer.golden.value == {"notes": text}
    assert sorted(answer.beaten, key=rank) == sorted(new, key=rank)


@given(crowds(), policies)
def test_asking_again_with_nothing_new_changes_nothing(new: list[Statement], policy: Policy) -> None:
    before = decide(asked(new, policy=policy)).golden
    again = decide(asked([], before, policy, number=2_000))
    assert not again.changed
    assert again.golden is not None
    assert before is not None
    assert (again.golden.value, again.golden.number) == (before.value, before.number)


@given(crowds(), policies)
def test_only_an_owner_speaks_of_an_owned_field(new: list[Statement], policy: Policy) -> None:
    owned = Policy(conflict=policy.conflict, owner="shop")
    golden = decide(asked(new, policy=owned)).golden
    assert golden is None or (golden.holder is not None and golden.holder.connection == "shop")


@given(statements(kinds=("edit",)), statements(kinds=("edit",)))
def test_later_is_never_both_ways(one: Statement, other: Statement) -> None:
    assume(one.connection != other.connection)
    if one.new_seen and other.new_seen and one.old_seen and other.old_seen:
        assert not (wholly_later(one, other) and wholly_later(other, one))


addresses = st.fixed_dictionaries(
    {
        "street1": st.sampled_from(("Main St 1", "Rue 2", "")),
        "city": st.sampled_from(("Gent", "Huế", "gent ")),
    },
    optional={"postal_code": st.sampled_from(("9000", "49000")), "country": st.sampled_from(("BE", "VN"))},
)


@given(addresses, addresses)
def test_an_address_keeps_what_is_not_spoken_of_unless_it_moved(
    before: dict[str, str], stated: dict[str, str]
) -> None:
    value, held = merged("address", before, stated)
    assert {name: value[name] for name in stated} == stated
    silent = {name for name in before if name not in stated and before[name]}
    assert all(value[name] == before[name] for name in silent)
    moved = any(
        name in stated and before.get(name, "").strip().lower() != stated[name].strip().lower()
        for name in ("city", "country")
    )
    if not moved:
        assert held == ()
    assert set(held) <= silent


def test_no_circle_of_words_that_knew_of_each_other_drops_them_all() -> None:
    """Clocks that were set back can make each of three edits look later than the next; one of them still wins."""
    hours = [START + timedelta(hours=n) for n in range(3)]
    circle = [
        Statement("crm", "1", "notes", {"notes": "one"}, "edit", 1, 0, hours[1], hours[1], hours[1]),
        Statement("shop", "1", "notes", {"notes": "two"}, "edit", 2, 0, hours[2], hours[2], hours[0]),
        Statement("loyalty", "1", "notes", {"notes": "three"}, "edit", 3, 0, hours[1], hours[1], hours[0]),
    ]
    answer = decide(asked(circle, policy=Policy(conflict="priority")))
    assert answer.golden is not None
    assert answer.golden.holder in circle
