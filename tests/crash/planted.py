"""Bugs to plant, one at a time: what stands in the code, what a careless hand would write, and the gate that sees it.

A gate that stays green with its bug planted proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

SWEEP = "tests/crash/test_sweep.py"
TWICE = "tests/crash/test_twice.py"


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
        "        if ours or gone:\n",
        "        if False:\n",
        f"{SWEEP}::test_a_crash_changes_nothing[lost answers]",
    ),
    Planted(
        "the intent is not committed before the request",
        "syncd/sync/push.py",
        "        begun = self._read_again(group)\n",
        "        for task in group:\n"
        "            task.operation.steps = task.operation.steps or self.sender.steps(task)\n"
        "            task.operation.intent_at = self.scene.clock()\n"
        "        self.each(group, self.sender.send)\n"
        "        begun = self._read_again(group)\n",
        f"{SWEEP}::test_a_crash_changes_nothing[first sync]",
    ),
    Planted(
        "the old value is taken for a rendering",
        "syncd/rules/absorb.py",
        "        not is_old and renders(name, doubt.sent, raw, ground.region)\n",
        "        renders(name, doubt.sent, raw, ground.region)\n",
        f"{SWEEP}::test_a_crash_changes_nothing[renames]",
    ),
    Planted(
        "what a dead process sent is forgotten",
        "syncd/sync/settle.py",
        "        stranded = tx.operations.stranded(tx.now)\n",
        "        stranded = tx.operations.stranded(tx.now)[:0]\n",
        f"{SWEEP}::test_a_crash_changes_nothing[first sync]",
    ),
    Planted(
        "what a dead process claimed stays claimed",
        "syncd/sync/settle.py",
        "        tx.operations.release(None)\n",
        "",
        "tests/crash/test_settle.py",
    ),
    Planted(
        "a record that was missing is not planned again",
        "syncd/sync/page.py",
        "absorbed.changed or item.deleted or was_missing",
        "absorbed.changed or item.deleted",
        "tests/crash/test_settle.py",
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
    Planted(
        "a unit that is done twice goes on from what its first try changed",
        "syncd/sync/tasks.py",
        "task.record = records.get(_target(task.operation))",
        "task.record = task.record or records.get(_target(task.operation))",
        TWICE,
    ),
    Planted(
        "a unit that is done twice does what its first try has done",
        "syncd/sync/tasks.py",
        "if stored.get(task.operation.id) in states\n",
        "if task.operation.id in stored\n",
        TWICE,
    ),
    Planted(
        "a created record that somebody deleted is forgotten",
        "syncd/sync/settle.py",
        "                gone.append(record)\n",
        "                pass\n",
        TWICE,
    ),
    Planted(
        "a stopped holder writes on when it wakes up",
        "syncd/sync/sending.py",
        "        self.watch.hold()\n",
        "",
        "tests/crash/test_taken_over.py",
    ),
    Planted(
        "an intent that waited too long is sent all the same",
        "syncd/sync/sending.py",
        "        if self.scene.clock() - operation.intent_at > self.scene.safety.settle / 2:\n",
        "        if False:\n",
        "tests/crash/test_overdue.py",
    ),
    Planted(
        "nobody asks for leave to write once a write is in hand",
        "syncd/vendors/http.py",
        "            began, status = time.monotonic(), None\n"
        "            try:\n"
        '                with write_in_hand() if call.kind == "write" else nullcontext():\n',
        "            began, status = time.monotonic(), None\n"
        "            try:\n"
        "                with nullcontext():\n",
        "tests/vendors/test_leave.py",
    ),
    Planted(
        "headers and body of a write leave apart",
        "syncd/vendors/wire.py",
        "            self._parts.append(data)\n",
        "            super().send(data)\n",
        "tests/vendors/test_leave.py",
    ),
    Planted(
        "two units of PostgreSQL read and write the same row",
        "syncd/store/store.py",
        "            number = tx.wait_for_turn()\n",
        "            number = None\n",
        "tests/store/test_units.py",
    ),
    Planted(
        "what was committed without an answer is done again",
        "syncd/store/store.py",
        "                if tx.has_committed(earlier):\n",
        "                if False:\n",
        "tests/crash/test_database.py::test_a_deed_whose_commit_went_unanswered_is_done_once",
    ),
    Planted(
        "the cursor is later than what was seen",
        "syncd/vendors/kiotviet/listing.py",
        "local_text(when - OVERLAP)",
        "local_text(when + OVERLAP)",
        "tests/vendors/test_kiotviet_reading.py",
    ),
    Planted(
        "the cursor is saved before the rows",
        "syncd/sync/pull.py",
        "    renames = {new: old for page, _ in rest for new, old in renamed(store, walk.source, page).items()}\n",
        "    renames = {new: old for page, _ in rest for new, old in renamed(store, walk.source, page).items()}\n"
        "    page = pages[-1]\n"
        "    walk.state.cursor = dict(page.cursor) if page.cursor else walk.state.cursor\n"
        "    store.do(lambda tx: tx.connections.save(walk.state), epoch=epoch)\n",
        f"{SWEEP}::test_a_crash_changes_nothing[edits both ways]",
    ),
    Planted(
        "the cursor is our own clock's",
        "syncd/vendors/kiotviet/listing.py",
        'moment_of(mapping_of(reply.json()).get("timestamp")) or reply.server_date\n',
        "reply.started\n",
        "tests/vendors/test_kiotviet_reading.py",
    ),
    Planted(
        "nobody waits for the settle time",
        "syncd/sync/push.py",
        "operation.settle_at = now + self.scene.safety.settle\n",
        "operation.settle_at = now\n",
        "tests/crash/test_settle.py",
    ),
    Planted(
        "what is shown is compared with what was sent",
        "syncd/rules/absorb.py",
        "elif not same(name, shadow.seen[name], raw, ground.region):",
        "elif not same(name, shadow.acked.get(name), raw, ground.region):",
        f"{SWEEP}::test_a_crash_changes_nothing[mangling vendors]",
    ),
    Planted(
        "absent once is gone",
        "syncd/sync/absence.py",
        "        elif started - record.absent_since >= scene.safety.absence:\n",
        "        elif True:\n",
        "tests/crash/test_settle.py",
    ),
    Planted(
        "the brake is off",
        "syncd/rules/guard.py",
        "        if count > limit.allows(records)\n",
        "        if False\n",
        "tests/laws/test_guard.py",
    ),
    Planted(
        "a redirect is an answer",
        "syncd/vendors/http.py",
        "        if 300 <= reply.status < 400:\n",
        "        if False:\n",
        "tests/vendors/test_http.py",
    ),
    Planted(
        "a secret shows in its repr",
        "syncd/config/secret.py",
        'return f"Secret({self.reference!r})"',
        'return f"Secret({self._value!r})"',
        "tests/config/test_secrets.py",
    ),
    Planted(
        "a page that is repeated is read for ever",
        "syncd/vendors/kiotviet/listing.py",
        "    if len(sheet.ids) > 1 and sheet.ids == before:\n",
        "    if False:\n",
        "tests/vendors/test_kiotviet.py",
    ),
    Planted(
        "one row that no database takes ends the batch of its page",
        "syncd/vendors/table.py",
        '    reason = unusable(row) if suspect else ""\n',
        '    reason = ""\n',
        "tests/sync/test_unstorable.py",
    ),
    Planted(
        "a schedule is in the machine's own time",
        "syncd/daemon/timetable.py",
        "CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(zone))",
        "CronTrigger.from_crontab(schedule.cron)",
        "tests/daemon/test_parts.py",
    ),
    Planted(
        "a write that nobody answered is sent again at once",
        "syncd/vendors/again.py",
        '(Busy, Throttled) if kind == "write" else',
        '(Busy, Throttled) if kind == "token" else',
        "tests/vendors/test_http.py",
    ),
    Planted(
        "what a listing showed of a lost create is forgotten once its e-mail changes",
        "syncd/sync/made.py",
        "    return is_noted(operation, record) or shares(operation, record)\n",
        "    return shares(operation, record)\n",
        "tests/sync/test_found.py::test_a_lost_create_that_a_listing_has_shown_is_known_by_another_email_too",
    ),
    Planted(
        "a writer that was stopped within a pipeline keeps its turn",
        "syncd/store/store.py",
        "                kept_out = is_kept_out(error)\n",
        "",
        "tests/store/test_lease.py::test_whoever_waits_for_a_turn_that_somebody_silent_keeps_gets_it",
    ),
    Planted(
        "a long run gives way to nobody",
        "syncd/sync/pull.py",
        "(watch.gives_way() and _leave_for_later(store, walk, page, epoch))",
        "False",
        "tests/daemon/test_waiting.py",
    ),
    Planted(
        "a listing that gave way begins anew",
        "syncd/sync/pull.py",
        "        state.resume = {**point, GAVE_WAY: True}\n",
        "        state.resume = None\n",
        "tests/daemon/test_waiting.py",
    ),
    Planted(
        "what was given up after it was sent is spared by the limits",
        "syncd/store/parts/operations.py",
        "        recent = (_c.state.in_(_EXECUTED) | given_up)",
        "        recent = _c.state.in_(_EXECUTED)",
        "tests/store/test_operations.py",
    ),
    Planted(
        "a waiting edit is journalled under its own number",
        "syncd/sync/journal.py",
        '    return _unmoved_row(customer, statement, value, number, run, now, "duplicate_edited", note)\n',
        "    number = statement.number\n"
        '    return _unmoved_row(customer, statement, value, number, run, now, "duplicate_edited", note)\n',
        "tests/cases/test_cases.py::test_it_ends_as_it_says[duplicate_edited_and_parted]",
    ),
    Planted(
        "e-mails are folded, not lower-cased",
        "syncd/customer/email.py",
        'return f"{local.lower()}@',
        'return f"{local.casefold()}@',
        "tests/laws/test_clean_forms.py",
    ),
    Planted(
        "Retry-After is ignored",
        "syncd/vendors/http.py",
        "        wait = reply.retry_after\n",
        "        wait = None\n",
        "tests/vendors/test_http.py",
    ),
    Planted(
        "foreign keys are on in a migration",
        "syncd/store/database.py",
        "{'OFF' if migrates else 'ON'}",
        "ON",
        "tests/store/test_migrations.py",
    ),
    Planted(
        "what an admin did is noted outside the transaction of the deed",
        "syncd/store/parts/audit.py",
        "        self._tx.execute(\n            audit.insert()",
        "        with self._tx.connection.engine.begin() as apart: apart.execute(\n            audit.insert()",
        "tests/store/test_units.py",
    ),
    Planted(
        "a signature is compared as text",
        "syncd/vendors/omniwallet/words.py",
        'hmac.compare_digest(right.encode(), shown.encode("utf-8", "replace"))',
        "hmac.compare_digest(right, shown)",
        "tests/vendors/test_omniwallet.py",
    ),
)
