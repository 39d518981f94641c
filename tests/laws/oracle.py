"""The promises, judged from outside: by what stands at the vendors, what people wrote, and what syncd shows an admin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from syncd.customer import (
    NAME,
    NO,
    SLOTS,
    YES,
    base_of,
    clean,
    elements,
    fold,
    is_element,
    slot_of,
    squash,
    tokens,
)
from syncd.rules.sets import spelled
from syncd.rules.target import wanted
from syncd.store import Reading
from syncd.sync.scene import targets
from syncd.values import Customer, Held, Record
from tests.laws.accounts import Row, Word
from tests.laws.simulated import REMOVALS
from tests.laws.world import World

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What syncd knows and shows: customers, their records, holds, and everything an admin can read."""

    customers: dict[str, Customer]
    records: dict[str, list[Record]]
    held: list[Held]
    waiting: set[tuple[str, str | None]]  # (connection, vendor id) of operations that wait for approval
    papers: str

    def holds(self, record: Record, name: str) -> bool:
        """Tell whether a field of a record is held, or what it says there waits for a person."""
        golden = self.customers[record.customer or ""].golden.get(slot_of(name))
        if golden is not None and any(one.record == record.key for one in golden.conflict):
            return True
        if record.key in self.waiting or slot_of(name) in record.shadow.withheld:
            return True
        return any(
            one.connection == record.connection
            and one.customer == record.customer
            and (one.vendor_id in (None, record.vendor_id))
            and one.field in ("", name)
            for one in self.held
        )


def picture(world: World) -> Picture:
    """Look at the store."""
    with world.store.look() as tx:
        customers = {one.id: one for one in tx.customers.list(limit=10_000)}
        records = tx.records.of_customers(list(customers))
        held = list(tx.holds.list(limit=10_000))
        waiting = {
            (one.draft.connection, one.draft.vendor_id)
            for one in tx.operations.list(states=("waiting",), limit=10_000)
        }
        return Picture(customers, records, held, waiting, _papers(tx, customers))


def _papers(tx: Reading, customers: dict[str, Customer]) -> str:
    """Return as one text all that golden values, the journal and the open reviews say."""
    told = [dict(slot.value) for one in customers.values() for slot in one.golden.values()]
    for customer in [each for one in customers for each in (one, *tx.customers.aliases(one))]:
        for row in tx.journal.of(customer):
            told += [dict(row.before), dict(row.after), *({"beaten": str(one)} for one in row.beaten)]
    told += [{"review": str(dict(review.evidence))} for review in tx.reviews.list(limit=10_000)]
    return orjson.dumps(told).decode().lower()


# --- quiet ---------------------------------------------------------------------------------------


def settle(world: World, *, smooth: bool) -> Iterator[str]:
    """Let everything come to rest and yield what is wrong with that: too many writing runs, or writes without end."""
    for connector in world.connectors.values():
        connector.down, connector.faults, connector.interrupt = False, [], None
    writing = 0
    for _ in range(4 if smooth else 6):
        world.clock.wait(HOUR / 6)
        before, waited = world.writes(), _waits(world)
        world.sync()
        writing += world.writes() > before and not waited
        if world.writes() == before and not _waits(world):
            break  # what would come of more such runs, the later ones show
    if smooth and writing > 2:
        yield f"quiet: {writing} runs wrote after the last edit"
    # that a record is gone takes two passes an hour apart; then others are to follow, and what one that is made again there
    # did not keep is written once more
    for _ in range(2 if world.deleted else 0):
        world.clock.wait(HOUR * 2)
        world.sync()
    for _ in range(2):
        world.clock.wait(HOUR * 2)
        before = world.writes()
        world.sync()
        if world.writes() > before:
            yield f"quiet: a later run still wrote {world.writes() - before} times"


def _waits(world: World) -> bool:
    """Tell whether something waits for a look or for its settle time, so that the next run may have to write."""
    with world.store.look() as tx:
        return any(one.waits in ("look", "settle", "stamp") for one in tx.holds.list(limit=10_000))


# --- the promises --------------------------------------------------------------------------------


def violations(world: World) -> list[str]:
    """Return every promise that is broken once all is quiet."""
    seen = picture(world)
    return [
        *_disagreements(world, seen),
        *_losses(world, seen),
        *_inventions(world),
        *_evictions(world),
        *_removals(world, seen),
        *_doubles(world, seen),
        *_strays(world, seen),
        *_wrong_merges(world, seen),
        *_unapproved(world),
    ]


def _disagreements(world: World, seen: Picture) -> Iterator[str]:
    """Agreement: every primary record's field that is not held shows its vendor's rendering of golden."""
    with world.store.look() as tx:
        states = tx.connections.all()
    by_name = {target.name: target for target in targets(world.scene, states)}
    for customer in seen.customers.values():
        for record in seen.records.get(customer.id, ()):
            account, target = world.accounts[record.connection], by_name[record.connection]
            row = account.row(record.vendor_id)
            if record.role != "primary" or record.state != "live" or row is None:
                continue
            for name, spec in spelled(target, customer):
                if spec.writable != "always" or "update" not in target.push or seen.holds(record, name):
                    continue
                if account.exposed(record.vendor_id, name):
                    continue
                desired = wanted(customer, name, target, world.scene.regions)
                shown = value_of(row, name)
                if not _shows(world, record, name, desired, shown, customer):
                    yield (
                        f"agreement: {record.connection}/{record.vendor_id} {name} shows {shown!r}, "
                        f"golden is {desired!r}"
                    )


def _shows(
    world: World, record: Record, name: str, desired: str | None, shown: str, customer: Customer
) -> bool:
    if not desired:
        golden = customer.golden.get(slot_of(name))
        # what a vendor fills into a record of our making is its own doing, never a statement
        filled_in = record.shadow.ours and name not in record.shadow.given
        return not shown or filled_in or (name in NAME and bool(golden and any(golden.value.values())))
    if name == "full_name":
        return sorted(tokens(shown)) == sorted(tokens(_stored(world, record, name, desired)))
    source = world.scene.sources[record.connection]
    return clean(name, shown, source.region) == clean(
        name, _stored(world, record, name, desired), source.region
    ) or squash(shown) == squash(desired)


def value_of(row: Row, name: str) -> str:
    """Return what a row shows in a field, or whether it shows an element of a set."""
    if not is_element(name):
        return row.get(name) or ""
    return YES if name.partition(":")[2] in elements(row.get(base_of(name))) else NO


def _stored(world: World, record: Record, name: str, text: str) -> str:
    return world.accounts[record.connection].traits.mangled(name, text) or ""


def _losses(world: World, seen: Picture) -> Iterator[str]:
    """Nothing lost: every word is golden, or visibly beaten, or waiting for a person."""
    for word in world.words:
        if word.gone == "lost":
            yield f"lost: {word.account}/{word.vendor_id} {word.field} {word.text!r} was overwritten unread"
        if not word.token or word.gone or not word.read or _taken_for_ours(world, seen, word):
            continue
        if not _is_heard(world, word):
            continue
        if word.token.lower() not in seen.papers and not _kept_there(
            world, word.account, word.vendor_id, word.token
        ):
            yield f"lost: {word.account}/{word.vendor_id} {word.field} {word.text!r} is nowhere to be found"


def _is_heard(world: World, word: Word) -> bool:
    """Tell whether a field goes anywhere from where it was written; one without an owner is only shown."""
    slot = slot_of(word.field)
    return slot in world.scene.slots and world.scene.policy(slot).hears(word.account)


def _taken_for_ours(world: World, seen: Picture, word: Word) -> bool:
    """Tell whether a person's record was adopted as one that a lost create of ours had made.

    A vendor without stamps gives no way to tell them apart, and what a vendor fills in is never a statement.
    """
    key = (word.account, word.vendor_id)
    records = (record for group in seen.records.values() for record in group if record.key == key)
    return any(
        record.shadow.ours and word.vendor_id not in world.accounts[word.account].made for record in records
    )


def _kept_there(world: World, account: str, vendor_id: str, token: str) -> bool:
    """Tell whether a word still stands where it was written: held there, or in a record read but never merged."""
    row = world.accounts[account].row(vendor_id) or {}
    return any(token in fold(text or "") for text in row.values())


def _inventions(world: World) -> Iterator[str]:
    """Nothing invented: every value that syncd wrote was written by a person, and every blank is a person's clear."""
    written: dict[str, set[str]] = {slot: set() for slot in SLOTS}
    for name, text in [*((word.field, word.text) for word in world.words), *world.said]:
        written[slot_of(name)] |= _forms(name, text)
    for name, text in _by_strangers(world):
        written[slot_of(name)] |= _forms(name, text)
    for entry in (entry for account in world.accounts.values() for entry in account.ledger):
        for name, text in entry.fields.items():
            known_as = {entry.vendor_id, world.accounts[entry.account].former.get(entry.vendor_id)}
            taken_back = not text and any((entry.account, one) in world.taken_back for one in known_as)
            if not taken_back and not _forms(name, text) <= written[slot_of(name)]:
                yield f"invented: {entry.account}/{entry.vendor_id} {name} {text!r}"


def _evictions(world: World) -> Iterator[str]:
    """Nothing invented either: nobody is taken out of a group that no person ever took anybody out of."""
    for account in world.accounts.values():
        for entry in [one for one in account.ledger if one.kind == "update" and "groups" in one.fields]:
            past = [v.row or {} for v in account.history[entry.vendor_id] if v.since <= entry.at]
            gone = set(elements(past[-2].get("groups"))) - set(elements(past[-1].get("groups")))
            if gone - world.left and (entry.account, entry.vendor_id) not in world.taken_back:
                yield f"invented: {entry.account}/{entry.vendor_id} left {sorted(gone - world.left)}"


def _removals(world: World, seen: Picture) -> Iterator[str]:
    """Deletion needs evidence: syncd removes only who was deleted by a person elsewhere, where the settings say so."""
    homes = {record.key: customer for customer, group in seen.records.items() for record in group}
    asking = {member.name for member in world.members if member.on_delete in REMOVALS}
    mourned = {homes.get(key) for key in world.deleted if key[0] in asking}
    for account in world.accounts.values():
        for entry in [one for one in account.ledger if one.kind in REMOVALS]:
            key = (entry.account, entry.vendor_id)
            if homes.get(key) not in mourned and key not in world.by_hand:
                yield f"deletion without evidence: {entry.account}/{entry.vendor_id} {entry.kind}"


def _by_strangers(world: World) -> Iterator[tuple[str, str]]:
    """Yield what stands in records of our making that nobody can know for ours any more: they pass for a person's own.

    The answer to their create was lost, and a person gave them another e-mail or phone before they were looked for.
    """
    for account in world.accounts.values():
        for vendor_id in account.strangers:
            rows = [version.row for version in account.history[vendor_id] if version.row is not None]
            yield from ((name, text) for row in rows for name, text in row.items() if text)


def _forms(name: str, text: str) -> set[str]:
    """Return what makes a value somebody's: its words for a name, its clean form otherwise."""
    if name in NAME and text:
        return set(text.split())
    if name == "groups":
        return set(elements(text))
    return {clean(name, text, "VN")}


def _doubles(world: World, seen: Picture) -> Iterator[str]:
    """Nothing twice: at most one create per customer and connection."""
    homes = {record.key: customer for customer, group in seen.records.items() for record in group}
    restoring = {member.name for member in world.members if member.on_delete == "restore"}
    for name, account in world.accounts.items():
        # a person may delete a record of our making before it was ever shown to us, or so that it is made again
        told = [one for one in account.made if account.row(one) is not None or (name, one) in homes]
        again = set(told) if name in restoring else {one for there, one in world.restored if there == name}
        told = [one for one in told if account.row(one) is not None or one not in again]
        told = [one for one in told if (name, one) not in world.by_hand]
        made = Counter(homes.get((name, vendor_id), f"nobody ({vendor_id})") for vendor_id in told)
        yield from (f"twice: {count} creates in {name} for {who}" for who, count in made.items() if count > 1)
        yield from (f"twice: a create in {name} is {who}'s" for who in made if who.startswith("nobody"))


def _strays(world: World, seen: Picture) -> Iterator[str]:
    """At most one primary record for each customer and connection, and every record linked."""
    for customer, group in seen.records.items():
        primary = Counter(
            record.connection for record in group if record.role == "primary" and record.state != "gone"
        )
        yield from (f"two primaries of {name}: {customer}" for name, n in primary.items() if n > 1)
    known = {record.key for group in seen.records.values() for record in group}
    for name, account in world.accounts.items():
        for vendor_id in account.live():
            if (name, vendor_id) not in known:
                yield f"not linked: {name}/{vendor_id}"


def _wrong_merges(world: World, seen: Picture) -> Iterator[str]:
    """Nobody is somebody else: the records of a customer are joined by e-mails that they have or had, or by our creates."""
    for customer, group in seen.records.items():
        left = [one for one in group if not _is_ours(world, one)]
        if not left or any(one.key in world.by_hand for one in group):
            continue
        reached = set(_emails(world, left.pop(0)))
        while joined := [one for one in left if _emails(world, one) & reached]:
            reached |= {email for one in joined for email in _emails(world, one)}
            left = [one for one in left if one not in joined]
        yield from (f"wrong merge: {'/'.join(one.key)} is {customer}'s" for one in left)


def _is_ours(world: World, record: Record) -> bool:
    return record.vendor_id in world.accounts[record.connection].made or record.shadow.ours


def _emails(world: World, record: Record) -> set[str]:
    """Return every e-mail that a record ever had."""
    account = world.accounts[record.connection]
    rows: list[Row] = []
    vendor_id: str | None = record.vendor_id
    while vendor_id is not None:
        rows += [version.row for version in account.history.get(vendor_id, ()) if version.row is not None]
        vendor_id = account.former.get(vendor_id)
    return {clean("email", row.get("email")) for row in rows} - {""}


def _unapproved(world: World) -> Iterator[str]:
    """Guards hold: the vendors processed no more unapproved operations of a kind in a day than the limits allow."""
    if world.approve == "never":
        return
    with world.store.look() as tx:
        sent = [one for one in tx.operations.list(limit=10_000) if one.intent_at and one.approved_by]
    approved: Counter[tuple[str, str]] = Counter((one.draft.connection, one.draft.kind) for one in sent)
    done: Counter[tuple[str, str]] = Counter(
        (one.account, one.kind) for account in world.accounts.values() for one in account.ledger
    )
    for (name, kind), count in done.items():
        if count - approved[name, kind] > world.most.number:
            yield f"unapproved: {count - approved[name, kind]} of {kind} in {name}"
