"""Golden: which value is right, per slot, and why; a pure function of statements, policy, pins and decisions.

Golden moves only because of a new statement, a person's decision or a changed policy. It is chosen from one set:
the statement that holds it, those in an open conflict, and the new ones. A statement that a later one knew of is
superseded for ever. The `rule` of a decision is the name of a function in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from syncd.rules.units import agree, compatible, is_empty, merged
from syncd.values import Golden, Statement

Rank = Callable[[Statement], tuple[Any, ...]]
EVERYBODY = "*"
LONG_INTERVAL = timedelta(days=1)  # beyond it a midpoint says nothing: a person decides


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of a slot; `skew` is how far two vendors' clocks may differ.

    `owner` is the connection that alone speaks of it; "*" says of a field that needs an owner that every one does.
    """

    conflict: Literal["newest", "priority", "review"] = "newest"
    on_clear: Literal["ignore", "propagate", "review"] = "ignore"
    owner: str | None = None
    skew: timedelta = timedelta(seconds=60)

    def hears(self, connection: str) -> bool:
        """Tell whether a connection may say what golden is."""
        return self.owner in (None, EVERYBODY, connection)


@dataclass(slots=True)
class Asked:
    """One question to the golden rule.

    `rank` orders statements, the most trusted first. `number` is the journal number that a change would get.
    `regions` maps a connection to the region of its phone numbers. `chosen` is a person's decision on an open
    conflict, as the number of the statement that is right.
    """

    slot: str
    before: Golden | None
    new: Sequence[Statement]
    policy: Policy
    rank: Rank
    number: int
    regions: Mapping[str, str | None]
    pin: Mapping[str, str] | None = None
    chosen: int | None = None


@dataclass(slots=True)
class Answer:
    """The slot's golden value after the question, and what the journal says of it.

    `changed` tells whether the value moved; `beaten` are the statements that lost against it.
    """

    golden: Golden | None
    rule: str
    changed: bool
    beaten: tuple[Statement, ...] = ()
    note: str = ""

    @property
    def journalled(self) -> bool:
        return self.changed or bool(self.beaten) or bool(self.note)


def decide(asked: Asked) -> Answer:
    """Return the golden value of one slot after its new statements."""
    if asked.pin is not None:
        return pinned(asked)
    pool = _pool(asked)
    if not pool:
        return Answer(asked.before, "", changed=False)
    edits = [statement for statement in pool if statement.kind != "initial"]
    return _among_edits(asked, edits, pool) if edits else initial_priority(asked, pool)


def first_word(one: Statement, number: int) -> Answer:
    """Return what `decide` says of the only initial value of a slot of which nobody spoke before."""
    golden = Golden(one.value, number, "initial_priority", holder=one)
    return Answer(golden, "initial_priority", changed=not is_empty(one.value))


def _pool(asked: Asked) -> list[Statement]:
    """Return the holder, the open conflict and the new statements, each once, as the policy lets them speak."""
    before = asked.before
    if before is None and len(asked.new) == 1:
        return [one for one in asked.new if asked.policy.hears(one.connection)]
    held = [*([before.holder] if before and before.holder else []), *(before.conflict if before else ())]
    seen: dict[tuple[str, str, int], Statement] = {}
    for statement in [*held, *asked.new]:
        if asked.policy.hears(statement.connection):
            seen[(*statement.record, statement.number)] = statement
    return sorted(seen.values(), key=lambda statement: statement.number)


def pinned(asked: Asked) -> Answer:
    """An admin's pin wins over every statement."""
    value = {**(asked.before.value if asked.before else {}), **(asked.pin or {})}
    waiting = asked.before.conflict if asked.before else ()
    beaten = (*waiting, *(one for one in asked.new if one not in waiting))
    return _settled(asked, None, value, "pinned", beaten=beaten)


def initial_priority(asked: Asked, pool: Sequence[Statement]) -> Answer:
    """Among initial values the most trusted connection's non-empty one wins; others fill what it leaves empty."""
    if asked.before is None and len(pool) == 1:
        return first_word(pool[0], asked.number)
    ranked = sorted(pool, key=lambda statement: (is_empty(statement.value), asked.rank(statement)))
    winner = ranked[0]
    value = dict(winner.value)
    for other in ranked[1:]:
        _fill(asked.slot, value, other.value)
    if asked.before and asked.before.holder is not None and asked.before.holder.kind == "initial":
        _fill(asked.slot, value, asked.before.value)
    beaten = tuple(other for other in ranked[1:] if _differs(asked, other, value, winner))
    return _settled(asked, winner, value, "initial_priority", beaten=_fresh(asked, beaten))


def _fill(slot: str, value: dict[str, str], other: Mapping[str, str]) -> None:
    """Fill the empty parts of a unit from another initial value that can be of the same name or address."""
    if not compatible(slot, value, other):
        return
    for name, text in other.items():
        if text and not value.get(name):
            value[name] = text


def _differs(asked: Asked, other: Statement, value: Mapping[str, str], winner: Statement) -> bool:
    regions = (asked.regions.get(winner.connection), asked.regions.get(other.connection))
    speaks = other.kind != "initial" or not is_empty(other.value)  # who empties a field says something by it
    return speaks and not agree(asked.slot, value, other.value, regions)


def _fresh(asked: Asked, beaten: Sequence[Statement]) -> tuple[Statement, ...]:
    """Keep the losers that lose now: the holder that is replaced, the sides of an open conflict, and the new ones."""
    before = asked.before
    losing = [*asked.new, *(before.conflict if before else ()), before.holder if before else None]
    return tuple(one for one in beaten if one in losing)


def _among_edits(asked: Asked, edits: Sequence[Statement], pool: Sequence[Statement]) -> Answer:
    leading = [one for one in edits if not any(_beats(other, one) for other in edits if other is not one)]
    if asked.chosen is not None and any(one.number == asked.chosen for one in leading):
        winner = next(one for one in leading if one.number == asked.chosen)
        return _won(asked, winner, pool, "decided_by_a_person")
    if _all_agree(asked, leading):
        return _won(
            asked, _holder_or_last(asked, leading), pool, "agreed" if len(leading) > 1 else "latest_edit"
        )
    return _conflict(asked, leading, pool)


def follows(later: Statement, earlier: Statement) -> bool:
    """Tell whether whoever made the later statement had been given the earlier one, or made both in one record."""
    if later.record == earlier.record:
        return later.number > earlier.number
    return later.knew >= earlier.number


def wholly_later(later: Statement, earlier: Statement) -> bool:
    """Tell whether the later record still showed its old value after the pull that first saw the earlier one."""
    return (
        later.old_seen is not None and earlier.pull_ended is not None and later.old_seen > earlier.pull_ended
    )


def _beats(later: Statement, earlier: Statement) -> bool:
    """Tell whether one statement drops another; by the order of their numbers, so that no circle drops them all."""
    return later.number > earlier.number and (follows(later, earlier) or wholly_later(later, earlier))


def _all_agree(asked: Asked, statements: Sequence[Statement]) -> bool:
    first = statements[0]
    return all(
        agree(
            asked.slot,
            first.value,
            other.value,
            (asked.regions.get(first.connection), asked.regions.get(other.connection)),
        )
        for other in statements[1:]
    )


def _holder_or_last(asked: Asked, leading: Sequence[Statement]) -> Statement:
    holder = asked.before.holder if asked.before else None
    return holder if holder is not None and holder in leading else leading[-1]


def _won(asked: Asked, winner: Statement, pool: Sequence[Statement], rule: str, note: str = "") -> Answer:
    before = asked.before
    if before is not None and before.holder == winner:
        value, held = dict(before.value), before.held_parts
    else:
        value, held = merged(asked.slot, before.value if before else {}, winner.value)
    losers = [other for other in pool if other != winner and _differs(asked, other, winner.value, winner)]
    return _settled(asked, winner, value, rule, beaten=_fresh(asked, losers), note=note, held=held)


def _settled(
    asked: Asked,
    winner: Statement | None,
    value: Mapping[str, str],
    rule: str,
    *,
    beaten: tuple[Statement, ...] = (),
    note: str = "",
    held: tuple[str, ...] = (),
) -> Answer:
    before = asked.before
    unmoved = before is not None and dict(before.value) == dict(value)
    if before is not None and (unmoved or _means_the_same(asked, winner, value)):
        holder = winner or before.holder
        # a number without its country is read in the region of whoever holds it
        kept = value if asked.slot == "phone" else before.value
        golden = replace(
            before, value=kept, holder=holder, conflict=(), rule=before.rule if unmoved else rule
        )
        return Answer(golden, rule, changed=False, beaten=beaten, note=note)
    golden = Golden(value, asked.number, rule, holder=winner, held_parts=held)
    return Answer(golden, rule, changed=before is not None or not is_empty(value), beaten=beaten, note=note)


def _means_the_same(asked: Asked, winner: Statement | None, value: Mapping[str, str]) -> bool:
    """Tell whether the value says what golden says already, part by part, so that nothing moves."""
    before = asked.before
    if before is None or winner is None or before.holder is None or before.value.keys() != value.keys():
        return False
    regions = (asked.regions.get(before.holder.connection), asked.regions.get(winner.connection))
    return agree(asked.slot, before.value, value, regions)


def _conflict(asked: Asked, leading: Sequence[Statement], pool: Sequence[Statement]) -> Answer:
    """Decide several edits that knew nothing of each other, by the field's policy, over the whole set."""
    winner, rule, note = _RESOLVE[asked.policy.conflict](asked, leading)
    if winner is not None:
        return _won(asked, winner, pool, rule, note)
    before = asked.before
    fallback = min(pool, key=lambda statement: (statement.kind != "initial", asked.rank(statement)))
    golden = before or Golden(dict(fallback.value), asked.number, "review", holder=fallback)
    opened = replace(golden, conflict=tuple(leading))
    losers = _fresh(asked, [one for one in pool if one not in leading and _loses(asked, one, golden)])
    known = {one.number for one in before.conflict} if before else set()
    news = known != {one.number for one in leading}
    said = note or "a person decides" if news else ""
    return Answer(opened, "review", changed=before is None, beaten=losers, note=said)


def _loses(asked: Asked, one: Statement, golden: Golden) -> bool:
    """Tell whether a statement that is no side of a conflict is not what golden says meanwhile either."""
    return one != golden.holder and _differs(asked, one, golden.value, golden.holder or one)


Resolved = tuple[Statement | None, str, str]


def newest(asked: Asked, leading: Sequence[Statement]) -> Resolved:
    """The newest edit wins: by the vendors' own times where they tell, else by when each was first seen."""
    times = [one.modified for one in leading if one.modified is not None]
    best = leading[times.index(max(times))] if len(times) == len(leading) else None
    if best is not None and _leads(asked, best, leading):
        return best, "newest", ""
    return newest_guess(asked, leading)


def _leads(asked: Asked, best: Statement, leading: Sequence[Statement]) -> bool:
    rivals = [one for one in leading if not agree(asked.slot, one.value, best.value)]
    return all(
        best.modified is not None
        and one.modified is not None
        and best.modified - one.modified > asked.policy.skew
        for one in rivals
    )


def newest_guess(asked: Asked, leading: Sequence[Statement]) -> Resolved:
    """Without usable times the edit whose interval has the later middle wins; a long interval is for a person."""
    if any(_interval(one) is None for one in leading):
        return None, "review", "nobody can tell which edit is newer"
    middles = {id(one): _middle(one) for one in leading}
    latest = max(middles.values())
    tied = [one for one in leading if middles[id(one)] == latest]
    if len(tied) > 1:
        return priority(asked, tied)
    return tied[0], "newest_guess", "guessed from when each edit was first seen"


def _interval(one: Statement) -> tuple[datetime, datetime] | None:
    if one.old_seen is None or one.new_seen is None or one.new_seen - one.old_seen > LONG_INTERVAL:
        return None
    return one.old_seen, one.new_seen


def _middle(one: Statement) -> datetime:
    interval = _interval(one)
    assert interval is not None
    return interval[0] + (interval[1] - interval[0]) / 2


def priority(asked: Asked, leading: Sequence[Statement]) -> Resolved:
    """The most trusted connection's edit wins."""
    return min(leading, key=asked.rank), "priority", ""


def review(asked: Asked, leading: Sequence[Statement]) -> Resolved:  # noqa: ARG001 - one signature for all policies
    """A person decides; until then the last golden value stays."""
    return None, "review", ""


_RESOLVE: Mapping[str, Callable[[Asked, Sequence[Statement]], Resolved]] = {
    "newest": newest,
    "priority": priority,
    "review": review,
}
