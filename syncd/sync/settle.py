"""Settle: what becomes of operations whose outcome nobody knows.

After the settle time a look decides: a create that is found is adopted, one that is not is planned anew; where a
vendor cannot be searched a later listing or a person decides. Nothing is ever created a second time unlooked.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from syncd.errors import Busy, Missing, Refused, Throttled, Unreachable, Unsearchable, VendorError
from syncd.failpoints import failpoint
from syncd.logs import Logger
from syncd.rules.absorb import absorb
from syncd.store import Store, Writing
from syncd.sync.attempt import Attempt
from syncd.sync.made import is_noted, shares
from syncd.sync.outcome import Concluding, drop, suspect
from syncd.sync.scene import Scene, Source, record_keys
from syncd.sync.search import can_find, find, lag_of
from syncd.sync.taking import grounds
from syncd.values import NOTED, Operation, Record, Review, Shadow, Shown, Tally

NOT_NOW = (Unreachable, Refused, Throttled, Busy)  # what says nothing of the one record that was asked for
log = Logger(__name__)


def recover(store: Store, scene: Scene, *, epoch: int) -> int:
    """Take up what a process that is gone left behind; return how many outcomes are not known.

    What was claimed was not sent. What was sent may have been processed: it is unknown until its settle time.
    """

    def unit(tx: Writing) -> int:
        tx.operations.release(None)
        stranded = tx.operations.stranded(tx.now)
        for operation in stranded:
            operation.state = "unknown"
            operation.settle_at = (operation.intent_at or tx.now) + scene.safety.settle
            operation.error = "syncd ended before the answer came; a look after the settle time decides"
            if operation.draft.kind == "update":
                _doubt_update(tx, scene, operation)
        tx.operations.save(stranded)
        return len(stranded)

    stranded = store.do(unit, epoch=epoch)
    failpoint("settle.recovered")
    return stranded


def _doubt_update(tx: Writing, scene: Scene, operation: Operation) -> None:
    source = scene.sources.get(operation.draft.connection)
    vendor_id = operation.draft.vendor_id
    if source is None or vendor_id is None:
        return
    record = tx.records.load(source.name, [vendor_id]).get(vendor_id)
    if record is None:
        return
    attempt = Attempt(began=operation.intent_at)
    tally = Tally()
    ground = grounds(tx, scene, source, None, 1)
    Concluding(tx, scene, source, operation, record, attempt, tally, operation.run).unknown(
        ground(), operation.error
    )


def settle(store: Store, scene: Scene, source: Source, *, run: str, epoch: int, tally: Tally) -> None:
    """Look at what became of one connection's operations of unknown outcome whose settle time is over."""
    with store.look() as tx:
        due = tx.operations.unknown_due(source.name, tx.now)
    before = source.connector.requests
    for operation in due:
        try:
            settler = _Settler(store, scene, source, operation, run, epoch, tally)
            settler.decide()
            failpoint("settle.decided")
        except VendorError as error:
            log.warning(
                "An outcome could not be looked at.", operation=operation.id, reason=type(error).__name__
            )
            tally.error = tally.error or str(error)
            if isinstance(error, NOT_NOW):
                break  # the others would fare no better
    tally.requests += source.connector.requests - before


class _Settler:
    """One operation whose settle time is over."""

    def __init__(
        self,
        store: Store,
        scene: Scene,
        source: Source,
        operation: Operation,
        run: str,
        epoch: int,
        tally: Tally,
    ) -> None:
        self.store, self.scene, self.source = store, scene, source
        self.operation, self.run, self.epoch, self.tally = operation, run, epoch, tally

    def decide(self) -> None:
        """Look at what became of the operation, each kind in its own way."""
        ways = {"update": self.update, "create": self.create}
        ways.get(self.operation.draft.kind, self.removal)()

    def removal(self) -> None:
        """Look whether the record that was to be removed is still there."""
        vendor_id = self.operation.draft.vendor_id or ""
        shown = self._get(vendor_id)
        failpoint("settle.looked")
        self.store.do(
            lambda tx: self._decide_removal(tx, vendor_id, there=shown is not None), epoch=self.epoch
        )

    def _decide_removal(self, tx: Writing, vendor_id: str, *, there: bool) -> None:
        operation = self._still_unknown(tx)
        record = tx.records.load(self.source.name, [vendor_id]).get(vendor_id)
        if operation is None or record is None or there:
            if operation is not None:
                drop(tx, operation, "the record is still there; planned anew")
            return
        record.state, operation.state, operation.error = "gone", "confirmed", ""
        tx.records.save([record])
        tx.operations.save([operation])
        tx.customers.mark_due([operation.draft.customer])

    def update(self) -> None:
        """Read the record: its shadow decides each field that is in doubt."""
        vendor_id = str(self.operation.progress.get("vendor_id") or self.operation.draft.vendor_id)
        shown = self._get(vendor_id)
        failpoint("settle.looked")
        self.store.do(lambda tx: self._decide_update(tx, vendor_id, shown), epoch=self.epoch)

    def _still_unknown(self, tx: Writing) -> Operation | None:
        """Return the operation as it is stored, None where an earlier try or a person has decided it."""
        stored = tx.operations.get(self.operation.id)
        return stored if stored is not None and stored.state == "unknown" else None

    def _decide_update(self, tx: Writing, vendor_id: str, shown: Shown | None) -> None:
        operation = self._still_unknown(tx)
        if operation is None:
            return
        record = tx.records.load(self.source.name, [vendor_id]).get(vendor_id)
        if record is None or shown is None:
            if record is not None:
                suspect(tx, record)
            drop(tx, operation, "the record is not there any more")
            return
        ground = grounds(tx, self.scene, self.source, tx.connections.load(self.source.name), 1)
        absorb(record, shown, ground())
        record.digest, record.keys = b"", record_keys(record, self.source, self.scene)
        tx.records.save([record])
        concluding = Concluding(tx, self.scene, self.source, operation, record, Attempt(), Tally(), self.run)
        concluding.settle_update(record)

    def create(self) -> None:
        """Look for what a create may have made: by its id, its keys, or in a listing that began after the settle time."""
        began = self.scene.clock() - lag_of(self.source)
        named = self.operation.progress.get("vendor_id")
        found = () if named else self._found()
        if found is None:
            self._ask_a_person()
            return
        again, gone = self._look_at([self._named(str(named))] if named else self._remembered(found))
        failpoint("settle.looked")
        self.tally.created += self.store.do(
            lambda tx: self._decide_create(tx, [*found, *again], gone, began), epoch=self.epoch
        )

    def _found(self) -> Sequence[Shown] | None:
        """Return the records that a search gives, None where nobody can tell yet."""
        if can_find(self.source, self.operation):
            with suppress(Unsearchable):
                return find(self.source, self.operation)
        return () if self._is_listed() else None

    def _is_listed(self) -> bool:
        """Tell whether a listing began after the settle time: what it showed is remembered."""
        with self.store.look() as tx:
            state = tx.connections.load(self.source.name)
        settled = self.operation.settle_at
        looked = state.looked_started if state else None
        return looked is not None and not (settled and looked < settled)

    def _look_at(self, records: Sequence[Record]) -> tuple[list[Shown], list[Record]]:
        """Return the records that are there, and those that are not any more: ours, and deleted by a person since."""
        there: list[Shown] = []
        gone: list[Record] = []
        for record in records:
            shown = self._get(record.vendor_id)
            if shown is None:
                gone.append(record)
            else:
                there.append(shown)
        return there, gone

    def _get(self, vendor_id: str) -> Shown | None:
        """Read a record, None where its vendor does not know it or says that it is deleted."""
        try:
            shown = self.source.connector.get(vendor_id)
        except Missing:
            return None
        return None if shown.deleted else shown

    def _named(self, vendor_id: str) -> Record:
        """Return the record that the vendor itself named when it was made, as far as it is known."""
        with self.store.look() as tx:
            known = tx.records.one(self.source.name, vendor_id)
        made = self.operation.intent_at
        return known or Record(self.source.name, vendor_id, Shadow(), first_seen=made, observed=made)

    def _remembered(self, found: Sequence[Shown]) -> list[Record]:
        """Return what listings have shown since the intent and a search does not: unlinked, and sharing what was sent.

        What shares nothing any more, and is only noted, counts where nothing else is there.
        """
        since = self.operation.intent_at and self.operation.intent_at - lag_of(self.source)
        seen = {shown.vendor_id for shown in found}
        with self.store.look() as tx:
            unlinked = [r for r in tx.records.fresh_unlinked(0, 100_000) if r.connection == self.source.name]
        known = [
            record
            for record in unlinked
            if record.vendor_id not in seen
            and not (since and record.first_seen and record.first_seen < since)
        ]
        sharing = [record for record in known if shares(self.operation, record)]
        noted = () if found or sharing else (one for one in known if is_noted(self.operation, one))
        return [*sharing, *noted]

    def _ask_a_person(self) -> None:
        if (
            self.source.connector.abilities.incremental
            or self.source.connector.abilities.page_size is not None
        ):
            return  # the next listing tells
        review = Review(
            kind="unknown_outcome",
            subject=self.operation.id,
            evidence={"operation": self.operation.id},
            choices=("created", "not_created"),
            connection=self.source.name,
            customer=self.operation.draft.customer,
        )
        self.store.do(lambda tx: tx.reviews.open([review], self.run), epoch=self.epoch)

    def _decide_create(
        self, tx: Writing, found: Sequence[Shown], gone: Sequence[Record], began: datetime
    ) -> bool:
        """Adopt what the create made, or plan it anew; tell whether it was made."""
        operation = self._still_unknown(tx)
        if operation is None:
            decided = tx.operations.get(self.operation.id)
            return decided is not None and decided.state == "confirmed"
        operation.progress = {name: value for name, value in operation.progress.items() if name != NOTED}
        ours = [shown for shown in found if self._is_free(tx, shown.vendor_id)]
        if ours or gone:
            shown = min(
                ours or map(_as_remembered, gone), key=lambda one: (not self._is_stamped(one), one.vendor_id)
            )
            self._adopt(tx, operation, shown)
            self._part_with(tx, gone)
            return True
        customer = tx.customers.load([operation.draft.customer])[operation.draft.customer]
        customer.looked[self.source.name] = began
        tx.customers.save([customer])
        drop(tx, operation, "it was looked for and is not there; planned anew")
        return False

    def _adopt(self, tx: Writing, operation: Operation, shown: Shown) -> None:
        ground = grounds(tx, self.scene, self.source, tx.connections.load(self.source.name), 1)
        attempt = Attempt(began=operation.intent_at)
        concluding = Concluding(tx, self.scene, self.source, operation, None, attempt, Tally(), self.run)
        concluding.link(shown, ground(), answered=False)

    def _part_with(self, tx: Writing, gone: Sequence[Record]) -> None:
        """Suspect what somebody deleted before it could be adopted; its values are ours, never that person's words."""
        for vendor_id in [record.vendor_id for record in gone]:
            record = tx.records.one(self.source.name, vendor_id)
            if record is not None:
                record.fresh, record.shadow.ours = False, True
                suspect(tx, record)

    def _is_free(self, tx: Writing, vendor_id: str) -> bool:
        record = tx.records.one(self.source.name, vendor_id)
        return record is None or record.customer in (None, self.operation.draft.customer)

    def _is_stamped(self, shown: Shown) -> bool:
        stamp = self.operation.draft.stamp
        return bool(stamp) and shown.fields.get("external_id") == stamp


def _as_remembered(record: Record) -> Shown:
    """Return a record that is not there any more as it was shown last."""
    at = record.observed or record.first_seen
    assert at is not None
    return Shown(record.vendor_id, record.shadow.seen, record.payload, at, record.created)
