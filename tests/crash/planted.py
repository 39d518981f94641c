"""Bugs to plant, one at a time: what stands in the code, what a careless hand would write, and the gate that sees it.

A gate that stays green with its bug planted proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

SWEEP = "tests/crash/test_sweep.py"
HISTORIES = "tests/simulation/test_histories.py"


@dataclass(frozen=True, slots=True)
class Planted:
    """One bug: in which file which words become which others, and which tests are to fail then."""

    name: str
    path: str
    sound: str
    broken: str
    gate: str


PLANTED = (
    Planted(
        "a lost create is sent again without a look",
        "syncd/sync/settle.py",
        "        if not ours:\n",
        "        if True:\n",
        f"{SWEEP}::test_a_crash_changes_nothing[lost answers]",
    ),
    Planted(
        "the intent is not committed before the request",
        "syncd/sync/push.py",
        '            self._mark_newest(tx, tasks)\n            for task in tasks:\n                task.operation.state, task.operation.intent_at = "sent", now\n',
        '            self._mark_newest(tx, tasks)\n            for task in tasks:\n                task.operation.state, task.operation.intent_at = "claimed", now\n',
        f"{SWEEP}::test_a_crash_at_every_event_changes_nothing[first sync]",
    ),
    Planted(
        "the old value is taken for a rendering",
        "syncd/rules/absorb.py",
        "        not is_old and renders(name, doubt.sent, raw, ground.region)\n",
        "        renders(name, doubt.sent, raw, ground.region)\n",
        f"{SWEEP}::test_a_crash_at_every_event_changes_nothing[renames]",
    ),
    Planted(
        "a half-made record is not recognised",
        "syncd/sync/settle.py",
        "    return not telling or (is_newer and ",
        "    return not telling or (False and ",
        f"{SWEEP}::test_a_crash_changes_nothing[lost answers]",
    ),
    Planted(
        "what a dead process sent is forgotten",
        "syncd/sync/settle.py",
        "        stranded = tx.operations.stranded(tx.now)\n",
        "        stranded = tx.operations.stranded(tx.now)[:0]\n",
        f"{SWEEP}::test_a_crash_at_every_event_changes_nothing[first sync]",
    ),
    Planted(
        "what a dead process claimed stays claimed",
        "syncd/sync/settle.py",
        "        tx.operations.release(None)\n",
        "",
        f"{SWEEP}::test_a_crash_at_every_event_changes_nothing[first sync]",
    ),
    Planted(
        "a record that was missing is not planned again",
        "syncd/sync/page.py",
        "absorbed.changed or item.deleted or was_missing",
        "absorbed.changed or item.deleted",
        f"{HISTORIES}::test_a_thousand_histories_keep_every_promise",
    ),
    Planted(
        "a unit without a transaction of its own lock",
        "syncd/store/database.py",
        '"BEGIN IMMEDIATE" if writes',
        '"BEGIN" if writes',
        "tests/store/test_units.py",
    ),
    Planted(
        "the epoch is not checked",
        "syncd/store/lease.py",
        "    if row is None or row[0] != epoch:\n        raise lost()\n\n\ndef extend",
        "    if row is None:\n        raise lost()\n\n\ndef extend",
        "tests/store/test_lease.py",
    ),
)
