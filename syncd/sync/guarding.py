"""The guard at work: each connection's planned operations go, or wait for a person.

What is judged is the whole of a day, so that many small runs are no way around a limit; what a person approved counts
no more. There may be an operation for every customer, so they are looked at page by page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from syncd.rules.guard import Load, Verdict, judge
from syncd.store import ConnectionState, Writing
from syncd.sync.scene import Scene
from syncd.values import Operation, Review

DAY = timedelta(days=1)
PAGE = 1_000


def guard(
    tx: Writing, scene: Scene, *, run: str, yes: bool, by: str, named: Collection[str] = ()
) -> dict[str, Verdict]:
    """Let each connection's planned operations go, or have them wait for a person; return the verdicts.

    A `yes` is said of this run's own plan, and of what waits at the connections it was asked for; not of anything else.
    """
    states = tx.connections.all()
    verdicts: dict[str, Verdict] = {}
    for name, source in scene.sources.items():
        asking = _hear(tx, name, run, yes=yes, whole=not named or name in named, by=by)
        if not asking.operations:
            continue
        state = states.get(name) or ConnectionState(name, source.connector.vendor)
        verdict = _judge(tx, scene, state, source.mapping, asking)
        if asking.waits or not verdict.go:
            for operations in _pages(tx, name):
                _apply(tx, operations, verdict)
        verdicts[name] = verdict
        if verdict.go:
            _remember_go(tx, scene, state, source.mapping, yes=yes and asking.heard > 0)
        else:
            tx.reviews.open([_limits_review(name, verdict, asking.operations)], run)
    return verdicts


def _pages(tx: Writing, name: str) -> Iterator[list[Operation]]:
    """Yield what is planned for a connection or waits there, some at a time: there may be one for every customer."""
    after = ""
    while page := tx.operations.list(connection=name, states=("planned", "waiting"), after=after, limit=PAGE):
        yield page
        after = page[-1].id


@dataclass(slots=True)
class _Asking:
    """What wants to be done at one connection: how many operations, how many heard a yes and how many none, what waits."""

    operations: int = 0
    waits: int = 0
    heard: int = 0
    unapproved: int = 0
    waiting: Load = field(default_factory=Load)


def _hear(tx: Writing, name: str, run: str, *, yes: bool, whole: bool, by: str) -> _Asking:
    """Note on each operation whether a person approved its content, and weigh the others."""
    asking = _Asking()
    for operations in _pages(tx, name):
        contents = [op.content for op in operations]
        meant = {op.content for op in operations if yes and (whole or op.run == run)}
        tx.operations.approve(sorted(meant), by)
        said = tx.operations.verdicts(contents)
        heard = [op for op in operations if said.get(op.content) == "approved" and not op.approved_by]
        for op in heard:
            op.approved_by = by if op.content in meant else "a person"
        tx.operations.save(heard)
        unapproved = [op for op in operations if not op.approved_by]
        for op in unapproved:
            if op.state == "waiting":
                asking.waiting.add(op.draft)
        asking.operations += len(operations)
        asking.waits += sum(op.state == "waiting" for op in operations)
        asking.heard += len(meant)
        asking.unapproved += len(unapproved)
    return asking


def _judge(tx: Writing, scene: Scene, state: ConnectionState, mapping: str, asking: _Asking) -> Verdict:
    # nobody asks then what the last day weighs: it is read draft by draft
    if not asking.unapproved or scene.safety.approve == "never":
        return Verdict(go=True)
    return judge(
        approve=scene.safety.approve,
        load=_of_the_last_day(tx.operations.counts(state.name, tx.now - DAY), asking.waiting),
        records=state.records,
        limits=scene.safety.limits,
        approved_connection=state.approved,
        mapping_changed=state.approved and state.mapping != mapping,
    )


def _of_the_last_day(counts: Mapping[str, int], waiting: Load) -> Load:
    """Return what counts against the limits: the last day's unapproved operations, with those that wait."""
    fields = {key.removeprefix("field:"): n for key, n in counts.items() if key.startswith("field:")}
    kinds = {kind: counts.get(kind, 0) for kind in ("create", "update", "archive", "delete")}
    return Load(
        Counter(kinds) + waiting.kinds,
        counts.get("clear", 0) + waiting.clears,
        Counter(fields) + waiting.fields,
    )


def _apply(tx: Writing, operations: Sequence[Operation], verdict: Verdict) -> None:
    changed: list[Operation] = []
    for op in operations:
        state = "planned" if verdict.go or op.approved_by else "waiting"
        if state != op.state:
            op.state = state
            changed.append(op)
    tx.operations.save(changed)


def _remember_go(tx: Writing, scene: Scene, state: ConnectionState, mapping: str, *, yes: bool) -> None:
    """Remember under which mapping a connection is written, and that a person let it be written at all."""
    approved = state.approved or yes or scene.safety.approve in ("never", "over_limits")
    if state.mapping != mapping or approved != state.approved:
        state.mapping, state.approved = mapping, approved
        tx.connections.save(state)
    tx.reviews.close("limits", [state.name], "the operations may go")


def _limits_review(name: str, verdict: Verdict, operations: int) -> Review:
    return Review(
        kind="limits",
        subject=name,
        evidence={"why": verdict.kind, "reasons": list(verdict.reasons), "operations": operations},
        choices=("approve", "discard"),
        connection=name,
    )
