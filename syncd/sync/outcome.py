"""Outcomes: what an operation's end means for its record, its customer and the report.

Confirmed, refused, or unknown; an unknown outcome is decided by a later look (`settle.py`), never by sending again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from syncd.customer import base_of, slot_of
from syncd.errors import Missing, Rejected, VendorError
from syncd.rules.absorb import absorb
from syncd.rules.ground import Ground
from syncd.rules.identity import duplicate_review
from syncd.rules.written import Sent, adopt, read_back, write_again
from syncd.store import Writing
from syncd.sync.attempt import Attempt
from syncd.sync.ended import Ended, Update, take_back_strange
from syncd.sync.erase import without_erased
from syncd.sync.renames import rename
from syncd.sync.scene import EVIDENCE, Scene, Source, record_keys
from syncd.values import FieldSpec, Operation, Record, Shadow, Shown, Statement, Tally

_IN_PART = "nobody knows of one of its requests; planned anew"
_OLD_VALUE = "the vendor still showed the old value; the next look after the settle time decides"


def drop(tx: Writing, operation: Operation, reason: str) -> None:
    """Give up an operation that was not sent; its customer is planned anew."""
    operation.state, operation.error = "dropped", reason
    tx.operations.save([operation])
    tx.customers.mark_due([operation.draft.customer])


def suspect(tx: Writing, record: Record) -> None:
    """Mark a record that its vendor does not know any more; full passes decide whether it is gone."""
    record.state, record.absent_since, record.digest = "suspect", record.absent_since or tx.now, b""
    tx.records.save([record])


def _heard(record: Record, shown: Shown, ground: Ground) -> dict[str, Statement]:
    """Return what people changed in a record of our making between a listing that showed it and its adoption."""
    if not record.shadow.seen:
        return {}
    absorb(record, shown, ground)
    return {slot: one for slot, one in record.shadow.stated.items() if one.kind == "edit"}


@dataclass(frozen=True, slots=True)
class Concluding:
    """One operation's end, in one transaction."""

    tx: Writing
    scene: Scene
    source: Source
    operation: Operation
    record: Record | None
    attempt: Attempt
    tally: Tally
    run: str
    ended: Ended | None = None  # where updates are to be added that need not be written at once

    # --- confirmed -------------------------------------------------------------------------------

    def confirm(self, ground: Ground) -> None:
        """Take a write that was answered with success."""
        if self.operation.draft.kind == "create":
            self._confirm_create(ground)
        elif self.operation.draft.kind == "update":
            self._confirm_update(ground)
        else:
            self._confirm_removal()

    def _confirm_update(self, ground: Ground) -> None:
        assert self.record is not None
        back = read_back(self.record, self.attempt.shown, self._sent(answered=True), ground)
        if back.doubtful or back.absorbed.changed:
            self._finish_update(_OLD_VALUE if back.doubtful else "")
        else:
            self._finish_update("", back.moved)
        self.tally.updated += 1

    def _finish_update(self, doubt: str, moved: Set[str] | None = None) -> None:
        """Write an update's end down: confirmed, or unknown for the reason given; `moved` as in `Update`."""
        record, operation = self.record, self.operation
        assert record is not None
        record.digest = b""
        if moved is None or EVIDENCE & moved:
            record.keys = record_keys(record, self.source, self.scene)
        record.shadow.refused = {
            name: said for name, said in record.shadow.refused.items() if name not in operation.draft.fields
        }
        renamed = self._rename(record)
        operation.state, operation.error = "unknown" if doubt else "confirmed", doubt
        ended = self.ended or Ended(self.tx)
        ended.add(Update(record, operation, None if renamed else moved))
        if renamed or self.ended is None:
            ended.save()

    def _rename(self, record: Record) -> bool:
        """Follow a vendor whose ids are e-mails when our write changed the e-mail; tell whether it did."""
        new = str(self.operation.progress.get("vendor_id") or record.vendor_id)
        if new == record.vendor_id:
            return False
        rename(self.tx, record.connection, record.vendor_id, new)
        record.vendor_id = new
        stated = record.shadow.stated
        record.shadow.stated = {slot: replace(one, vendor_id=new) for slot, one in stated.items()}
        return True

    def _confirm_create(self, ground: Ground) -> None:
        vendor_id = self.operation.progress.get("vendor_id")
        if not vendor_id:
            self.unknown(
                ground, "the vendor did not name the new record; it is looked for after the settle time"
            )
            return
        if self.attempt.shown is None:
            self._link_unseen(str(vendor_id))
        else:
            self.link(self.attempt.shown, ground)
        self.tally.created += 1

    def link(self, shown: Shown, ground: Ground, *, answered: bool = True) -> None:
        """Link a record that our create made, or that is taken for it."""
        record = self._existing(shown.vendor_id)
        heard = _heard(record, shown, ground)
        record.shadow = Shadow()
        adopted = adopt(record, shown, self._sent(answered=answered), ground)
        record.shadow.stated = {**heard, **record.shadow.stated}
        self._bind(record)
        if adopted.statements or heard:
            record.considered, record.fresh = 0, True
        record.keys = record_keys(record, self.source, self.scene)
        self.tx.records.save([record])
        self._close("confirmed")

    def _link_unseen(self, vendor_id: str) -> None:
        """Link a created record that could not be read back: its next observation is the first."""
        record = self._existing(vendor_id)
        record.shadow.ours = True
        sent = self._sent(answered=True)
        for name, value in sent.fields.items():
            record.shadow.acked[name] = value
            record.shadow.given.add(name)
        record.shadow.knew.update(sent.numbers)
        self._bind(record)
        self.tx.records.save([record])
        self._close("confirmed")

    def _existing(self, vendor_id: str) -> Record:
        known = self.tx.records.load(self.source.name, [vendor_id]).get(vendor_id)
        return known or Record(self.source.name, vendor_id, Shadow(), first_seen=self.tx.now)

    def _bind(self, record: Record) -> None:
        record.customer = self.operation.draft.customer
        record.role, record.state = "primary", "live"
        self._give_way(record, record.customer)
        record.linked_at, record.fresh, record.digest = self.tx.meta.numbers(1), False, b""
        record.considered = record.linked_at
        if self.operation.draft.stamp:
            customer = self.tx.customers.load([record.customer])[record.customer]
            customer.stamps[self.source.name] = self.operation.draft.stamp
            self.tx.customers.save([customer])

    def _give_way(self, record: Record, customer: str) -> None:
        """Make the record a duplicate where a person's own was linked in its place while the outcome was not known."""
        there = self.tx.records.primary_of(customer, record.connection)
        if there is None or there == record.vendor_id:
            return
        record.role = "duplicate"
        review = duplicate_review((record.connection, there), record.key, customer)
        self.tx.reviews.open([review], self.run)

    def _confirm_removal(self) -> None:
        assert self.record is not None
        self.record.state = "gone"
        self.tx.records.save([self.record])
        if self.operation.draft.kind == "delete":
            self.tally.deleted += 1
        else:
            self.tally.archived += 1
        self._close("confirmed")

    def _close(self, state: str, error: str = "") -> None:
        self.operation.state, self.operation.error = state, error
        self.tx.operations.save([self.operation])
        now = self.record.customer if self.record else None  # a person may have moved the record meanwhile
        self.tx.customers.mark_due({self.operation.draft.customer, now or self.operation.draft.customer})

    def _sent(self, *, answered: bool) -> Sent:
        draft = self.operation.draft
        began = self.attempt.began or self.operation.intent_at or self.tx.now
        return Sent(
            fields={name: after for name, (_, after) in draft.fields.items()},
            numbers={slot_of(name): draft.numbers.get(slot_of(name), 0) for name in draft.fields},
            began=began,
            answered=answered,
            settle=began + self.scene.safety.settle,
            carried=self._carried(),
        )

    def _carried(self) -> dict[str, str]:
        """Return what went along unchanged, where this vendor's write replaces the whole."""
        if self.record is None or not self.source.connector.abilities.replaces:
            return {}
        shadow = self.record.shadow
        return {
            name: shadow.acked[name] if name in shadow.given else (shadow.seen[name] or "")
            for name in shadow.seen
            if name not in self.operation.draft.fields and name in shadow.acked
        }

    # --- unknown ---------------------------------------------------------------------------------

    def unknown(self, ground: Ground, why: str) -> None:
        """Take a write of which nobody knows whether it was processed."""
        if self.operation.draft.kind == "update" and self.record is not None:
            sent = self._sent(answered=False)
            back = read_back(self.record, self.attempt.shown, sent, ground)
            if not back.doubtful and self._lacks_an_answer():
                write_again(self.record.shadow, sent)
                self._finish_update("")
                self._close("dropped", _IN_PART)
                return
            self._finish_update(why if back.doubtful else "")
            self.tally.updated += not back.doubtful
            return
        self._close("unknown", why)

    def settle_update(self, record: Record) -> None:
        """End an update of unknown outcome whose record was looked at after the settle time."""
        shadow = record.shadow
        if self._lacks_an_answer():
            write_again(shadow, self._sent(answered=False))
            self.tx.records.save([record])
            self._close("dropped", _IN_PART)
            return
        there = all(
            shadow.acked.get(name) == after and name not in shadow.doubtful
            for name, (_, after) in self.operation.draft.fields.items()
            if name not in shadow.not_kept
        )
        take_back_strange(self.tx, [Update(record, self.operation)])  # of what arrived, be it only a part
        if there:
            self._close("confirmed")
        else:
            self._close("dropped", "it had not arrived; planned anew")

    def _lacks_an_answer(self) -> bool:
        """Tell whether one of several requests was not answered: what it carries may not show in any field."""
        return 1 < len(self.operation.steps) > self.operation.step

    def discover(self, found: Sequence[Shown], ground: Callable[..., Ground]) -> None:
        """Take records that were there already: a person's own, whose values are initial and which are identified."""
        for shown in found:
            record = self._existing(shown.vendor_id)
            record.fresh = record.fresh or record.customer is None
            absorb(record, shown, ground())
            record.keys = record_keys(record, self.source, self.scene)
            self.tx.records.save(without_erased(self.tx, [record]))
        self._close("dropped", "the vendor has such a record already; it was read")
        if not any(self._is_free(shown.vendor_id) for shown in found):
            customer = self.tx.customers.load([self.operation.draft.customer])[self.operation.draft.customer]
            customer.refused[self.source.name] = "the record that is there belongs to another customer"
            self.tx.customers.save([customer])

    def _is_free(self, vendor_id: str) -> bool:
        record = self.tx.records.one(self.source.name, vendor_id)
        return record is not None and record.customer in (None, self.operation.draft.customer)

    # --- refused ---------------------------------------------------------------------------------

    def refuse(self, problem: VendorError, ground: Callable[..., Ground]) -> None:
        """Take a refusal: the fields it names are held with the vendor's own words, the rest goes on."""
        self.tally.failed += 1
        self._take_earlier_steps(ground)
        if isinstance(problem, Missing) and self.record is not None:
            suspect(self.tx, self.record)
        elif self.operation.draft.kind == "create":
            self._refuse_create(problem)
        elif self.record is not None:
            self._refuse_fields(self.record, problem)
        self._close("unknown" if self._is_half_done() else "rejected", _told(problem))

    def _take_earlier_steps(self, ground: Callable[..., Ground]) -> None:
        """Take what earlier steps of an update wrote, as far as it is shown: it is ours, and nobody's edit."""
        if self.operation.step and self.operation.draft.kind == "update" and self.record is not None:
            read_back(self.record, self.attempt.shown, self._sent(answered=False), ground())
            self._finish_update("")

    def _is_half_done(self) -> bool:
        """Tell whether a look has to decide what became of the steps before the one that was refused."""
        draft = self.operation.draft
        if draft.kind == "create":
            return bool(self.operation.progress.get("vendor_id"))
        in_doubt = self.record.shadow.doubtful if self.record is not None else {}
        return bool(self.operation.step and draft.fields.keys() & in_doubt.keys())

    def _refuse_fields(self, record: Record, problem: VendorError) -> None:
        draft, shadow = self.operation.draft, record.shadow
        told = self._fields_named_by(problem)
        in_doubt = draft.fields.keys() & shadow.doubtful if self.operation.step else draft.fields
        for name in told or in_doubt:
            words = told.get(name) or problem.words or problem.what
            shadow.refused[name] = (draft.fields[name][1], words)
        shadow.doubtful = {name: doubt for name, doubt in shadow.doubtful.items() if name not in told}
        self.tx.records.save([record])

    def _fields_named_by(self, problem: VendorError) -> dict[str, str]:
        """Return what a refusal says of which of the fields that were to be written."""
        named = problem.fields if isinstance(problem, Rejected) else {}
        table = self.source.connector.fields
        return {
            name: words
            for said, words in named.items()
            for name in self.operation.draft.fields
            if _means(said.lower(), name, table)
        }

    def _refuse_create(self, problem: VendorError) -> None:
        customer = self.tx.customers.load([self.operation.draft.customer])[self.operation.draft.customer]
        customer.refused[self.source.name] = problem.words or problem.what
        self.tx.customers.save([customer])


def _means(said: str, name: str, table: Mapping[str, FieldSpec]) -> bool:
    """Tell whether a refusal means a field: by its name, the vendor's own name, or one element of a set by itself."""
    spec = table.get(base_of(name))
    return spec is not None and said in (name.lower(), spec.name, spec.wire.lower())


def described(operation: Operation) -> dict[str, Any]:
    """Return an operation as reports show it."""
    draft = operation.draft
    return {
        "operation": operation.id,
        "connection": draft.connection,
        "kind": draft.kind,
        "vendor_id": draft.vendor_id,
        "customer": draft.customer,
        "fields": {name: list(pair) for name, pair in draft.fields.items()},
        "reason": draft.reason,
    }


def _told(problem: VendorError) -> str:
    """Return what an operation keeps of a refusal: what was refused, the vendor's own words, and the next step."""
    words = problem.words.strip().rstrip(".")
    if not words or words in problem.what:
        return str(problem)
    return f"{problem.what} {words}. {problem.next_step}".strip()
