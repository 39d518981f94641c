"""A mass change is an error with a name: nothing above a limit goes out, and nothing above it becomes golden."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.rules.guard import (
    Approve,
    Limit,
    Limits,
    Verdict,
    counted,
    inbound,
    judge,
    mass_change,
    over_limits,
)
from syncd.values import Draft, OperationKind, Statement, StatementKind

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw one operation on notes and phone."""
    fields = draw(
        st.dictionaries(
            st.sampled_from(("notes", "phone")),
            st.tuples(st.sampled_from(("", "old")), st.sampled_from(("", "new"))),
            min_size=1,
        )
    )
    kind: OperationKind = draw(st.sampled_from(("create", "update", "update", "archive", "delete")))
    return Draft("shop", kind, "c-1", fields, {}, "because", "1")


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Draw one statement that came in."""
    kinds: tuple[StatementKind, ...] = ("initial", "edit", "clear")
    kind = draw(st.sampled_from(kinds))
    text = "" if kind == "clear" else "new"
    return Statement("shop", "1", draw(st.sampled_from(("notes", "phone"))), {"notes": text}, kind, 1)


limits = st.builds(Limit, st.integers(0, 6), st.sampled_from((0.0, 10.0, 100.0)))
all_limits = st.builds(Limits, limits, limits, limits, limits, limits)


@given(limits, st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_limit_allows_no_less_where_there_are_more_records(limit: Limit, few: int, more: int) -> None:
    low, high = sorted((few, more))
    assert limit.number <= limit.allows(low) <= limit.allows(high)


@given(st.lists(drafts(), max_size=8), all_limits, st.integers(0, 50))
def test_every_count_above_its_limit_is_named(plan: list[Draft], allowed: Limits, records: int) -> None:
    updates = [draft for draft in plan if draft.kind == "update"]
    counts = {
        "creates": (sum(draft.kind == "create" for draft in plan), allowed.creates),
        "updates": (len(updates), allowed.updates),
        "cleared": (sum(b != "" and a == "" for d in updates for b, a in d.fields.values()), allowed.clears),
        "deletions": (sum(draft.kind in ("archive", "delete") for draft in plan), allowed.deletes),
    }
    told = " ".join(over_limits(counted(plan), records, allowed))
    for what, (count, limit) in counts.items():
        assert (what in told) == (count > limit.allows(records))


@given(st.lists(drafts(), max_size=8), drafts(), all_limits, st.integers(0, 50))
def test_one_more_operation_never_lets_anything_through(
    plan: list[Draft], more: Draft, allowed: Limits, records: int
) -> None:
    before = over_limits(counted(plan), records, allowed)
    after = over_limits(counted([*plan, more]), records, allowed)
    assert len(after) >= len(before)


@given(st.lists(drafts(), min_size=1, max_size=6), st.lists(drafts(), max_size=6), all_limits)
def test_what_went_out_in_the_last_day_counts_too(
    plan: list[Draft], earlier: list[Draft], allowed: Limits
) -> None:
    together = over_limits(counted(plan, counted(earlier)), 10, allowed)
    assert together == over_limits(counted([*earlier, *plan]), 10, allowed)


def verdict(plan: list[Draft], allowed: Limits, approve: Approve, **said: bool) -> Verdict:
    """Judge a plan of a connection with ten records."""
    return judge(
        approve=approve,
        load=counted(plan),
        records=10,
        limits=allowed,
        approved_connection=said.get("approved", True),
        mapping_changed=said.get("changed", False),
    )


@given(st.lists(drafts(), min_size=1, max_size=6), all_limits, st.booleans(), st.booleans())
def test_nothing_above_the_limits_goes_unapproved(
    plan: list[Draft], allowed: Limits, approved: bool, changed: bool
) -> None:
    above = bool(over_limits(counted(plan), 10, allowed))
    deletes = any(draft.kind in ("archive", "delete") for draft in plan)
    asking: tuple[Approve, ...] = ("first", "over_limits", "always")
    for approve in asking:
        said = verdict(plan, allowed, approve, approved=approved, changed=changed)
        stops = above or deletes or changed or approve == "always" or (approve == "first" and not approved)
        assert said.go == (not stops)
        assert said.go or (said.reasons and said.kind)


@given(st.lists(drafts(), max_size=6), all_limits, st.booleans())
def test_never_is_a_standing_yes(plan: list[Draft], allowed: Limits, approved: bool) -> None:
    assert verdict(plan, allowed, "never", approved=approved).go


@pytest.mark.parametrize("approve", ["first", "always", "over_limits", "never"])
def test_nothing_to_do_needs_nobody(approve: Approve) -> None:
    none = Limit(0, 0)
    assert verdict([], Limits(none, none, none, none, none), approve, approved=False, changed=True).go


@given(st.lists(statements(), max_size=8), all_limits, st.integers(0, 20))
def test_what_comes_in_is_held_to_the_same_limits(
    came: list[Statement], allowed: Limits, records: int
) -> None:
    said = [one for one in came if one.kind != "initial"]
    fields = {slot: sum(one.slot == slot for one in said) for slot in ("notes", "phone")}
    clears = sum(one.kind == "clear" for one in said)
    above = clears > allowed.clears.allows(records) or any(
        count > allowed.same_field.allows(records) for count in fields.values()
    )
    load = inbound(came)
    assert bool(mass_change(load, records, allowed, "first")) == above
    assert not mass_change(load, records, allowed, "never")
