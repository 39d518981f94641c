"""Habits: what each vendor makes of values is remembered per connection and field, and told before more is written.

Only what a field does is kept ("cuts", to which length), never a value. It is learnt from writes that were answered
with success and read back at once, and saved only where it is news.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from syncd.rules.fidelity import Habit, foreseen, learnt, read_habit
from syncd.store import ConnectionState, Writing
from syncd.sync.scene import Source
from syncd.values import Draft, Shown


def learn_habits(
    tx: Writing, source: Source, state: ConnectionState, draft: Draft, shown: Shown, doubtful: Container[str]
) -> None:
    """Learn from one write that was read back; the store is touched only where a habit is new or has ended.

    A field that is in doubt shows its old value still, which tells of nothing that became of the new one.
    """
    sent = {name: after for name, (_, after) in draft.fields.items() if name not in doubtful}
    told = {name: _learnt(state, name, after, shown, source.region) for name, after in sent.items()}
    news = {name: habit for name, habit in told.items() if habit is not None}
    if not news:
        return
    stored = tx.connections.load(state.name)
    if stored is not None:
        kept = {name: one for name, one in stored.fidelity.items() if name not in news}
        stored.fidelity = {**kept, **{name: _stored(habit) for name, habit in news.items() if habit.does}}
        state.fidelity = stored.fidelity
        tx.connections.save(stored)


def _learnt(state: ConnectionState, name: str, sent: str, shown: Shown, region: str | None) -> Habit | None:
    """Return what is now known of a field, None where that is no news."""
    if name not in shown.fields or (name not in state.fidelity and shown.fields[name] == sent):
        return None
    before = read_habit(state.fidelity.get(name, {}))
    after = learnt(before, name, sent, shown.fields[name], region)
    return after if (after.does, after.length) != (before.does, before.length) else None


def _stored(habit: Habit) -> dict[str, Any]:
    return {"does": habit.does, **({"length": habit.length} if habit.length else {})}


def preview(draft: Draft, fidelity: Mapping[str, Any]) -> dict[str, str]:
    """Return field → what the vendor will show, where that differs from what is sent."""
    told = {
        name: foreseen(read_habit(fidelity[name]), after)
        for name, (_, after) in draft.fields.items()
        if name in fidelity
    }
    return {name: text for name, text in told.items() if text != draft.fields[name][1]}
