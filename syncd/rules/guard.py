"""Guard: a mass change is an error with a name, not a sync.

Limits are a number and a percent of the connection's records, whichever allows more, counted over the unapproved
operations of a rolling day. Over a limit nothing of that connection is executed. A first write into a connection,
or one under a changed mapping, wants a person's approval. What came in is held to the same limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from syncd.customer import base_of, says_something
from syncd.values import Draft, Statement

Approve = Literal["first", "always", "over_limits", "never"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many are allowed: a number, or a percent of the records, whichever is more."""

    number: int
    percent: float

    def allows(self, records: int) -> int:
        """Return the greatest count that is still within the limit."""
        return max(self.number, int(records * self.percent / 100))


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one connection."""

    creates: Limit
    updates: Limit
    clears: Limit
    deletes: Limit
    same_field: Limit


@dataclass(slots=True)
class Load:
    """What is counted against the limits: operations by kind, cleared fields, and changes of each field."""

    kinds: Counter[str] = field(default_factory=Counter)
    clears: int = 0
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, draft: Draft) -> None:
        """Count one operation."""
        self.kinds[draft.kind] += 1
        if draft.kind != "update":
            return
        for name, (before, after) in draft.fields.items():
            stood = says_something(name, before)
            self.fields[base_of(name)] += stood
            self.clears += stood and not says_something(name, after)


def counted(drafts: Iterable[Draft], already: Load | None = None) -> Load:
    """Return the load of drafts on top of what the last day counted already."""
    load = already or Load()
    for draft in drafts:
        load.add(draft)
    return load


def over_limits(load: Load, records: int, limits: Limits) -> list[str]:
    """Return each limit that is passed, in words."""
    checks = [
        ("creates", load.kinds["create"], limits.creates),
        ("updates", load.kinds["update"], limits.updates),
        ("cleared fields", load.clears, limits.clears),
        ("deletions", load.kinds["delete"] + load.kinds["archive"], limits.deletes),
        *(
            (f"changes of {name.replace('_', ' ')}", count, limits.same_field)
            for name, count in load.fields.items()
        ),
    ]
    return [
        f"{count} {what}, more than {limit.allows(records)}"
        for what, count, limit in checks
        if count > limit.allows(records)
    ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a connection's operations may be executed, and why not."""

    go: bool
    reasons: tuple[str, ...] = ()
    kind: Literal["", "first_write", "mapping", "always", "limits", "deletes"] = ""


def judge(
    *,
    approve: Approve,
    load: Load,
    records: int,
    limits: Limits,
    approved_connection: bool,
    mapping_changed: bool,
) -> Verdict:
    """Decide whether the unapproved operations of one connection may go out."""
    if approve == "never" or not load.kinds:
        return Verdict(go=True)
    passed = over_limits(load, records, limits)
    if approve == "first" and not approved_connection:
        return Verdict(False, ("it is the first time that syncd writes there", *passed), "first_write")
    if approve == "always":
        return Verdict(False, ("every plan is approved by a person", *passed), "always")
    if passed:
        return Verdict(False, tuple(passed), "limits")
    if load.kinds["delete"] + load.kinds["archive"]:
        return Verdict(False, ("a deletion is always approved by a person",), "deletes")
    if mapping_changed:
        return Verdict(False, ("the mapping was changed since the last write",), "mapping")
    return Verdict(go=True)


def inbound(statements: Iterable[Statement], already: Load | None = None) -> Load:
    """Return the load of what came in from one connection on top of what was counted already."""
    load = already or Load()
    for statement in statements:
        if statement.kind == "initial":
            continue
        load.kinds["update"] += 1
        load.fields[base_of(statement.slot)] += 1
        load.clears += statement.kind == "clear"
    return load


def mass_change(load: Load, records: int, limits: Limits, approve: Approve) -> list[str]:
    """Return why what came in must not become golden before a person approved it; nothing where all is well."""
    if approve == "never":
        return []
    clears = load.clears > limits.clears.allows(records)
    fields: Mapping[str, int] = load.fields
    found = (
        [f"{load.clears} fields were emptied, more than {limits.clears.allows(records)}"] if clears else []
    )
    allowed = limits.same_field.allows(records)
    return found + [
        f"{slot.replace('_', ' ')} changed in {count} records, more than {allowed}"
        for slot, count in fields.items()
        if count > allowed
    ]
