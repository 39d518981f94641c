"""Looking before a create: whether the customer is at that vendor already, since a person may have entered them.

The cheapest way that the vendor allows: what changed since the last pass, the whole listing, or one search a customer.
Whoever was looked for and is not there may be created; nobody is created unlooked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syncd.customer import email_key, phone_key
from syncd.errors import Unsearchable, VendorError
from syncd.failpoints import failpoint
from syncd.rules.absorb import absorb
from syncd.store import ConnectionState, Store, Writing
from syncd.sync.erase import without_erased
from syncd.sync.progress import Watch
from syncd.sync.pull import pull
from syncd.sync.scene import Scene, Source, record_keys
from syncd.sync.search import found_by, lag_of
from syncd.sync.taking import grounds, under_way
from syncd.values import Customer, Record, Shadow, Shown, Tally
from syncd.vendors.base import Keys


def look(
    store: Store,
    scene: Scene,
    looks: dict[str, list[str]],
    *,
    run: str,
    epoch: int,
    tallies: dict[str, Tally],
    watch: Watch,
) -> bool:
    """Look for the customers that are to be created, by connection; return whether anything was looked at."""
    looked = False
    for name, customers in sorted(looks.items()):
        source = scene.sources[name]
        with store.look() as tx:
            state = tx.connections.load(name)
        if state is None or state.full_started is None or state.state != "ok":
            continue
        looked = True
        full = not source.connector.abilities.incremental
        searching = full and not _listing_is_cheaper(source, state, len(customers))
        if not (
            searching and _search_each(store, scene, source, customers, epoch=epoch, tally=tallies[name])
        ):
            again = Tally()
            pull(store, scene, source, run=run, epoch=epoch, full=full, tally=again, watch=watch)
            _add_look(tallies[name], again)
    return looked


def _add_look(tally: Tally, again: Tally) -> None:
    """Add what a second look found to the report; the customers that it only read again count once."""
    for name in ("new", "changed", "gone", "failed", "requests"):
        setattr(tally, name, getattr(tally, name) + getattr(again, name))
    tally.pulled += again.new
    tally.error, tally.problem = tally.error or again.error, tally.problem or again.problem


def _listing_is_cheaper(source: Source, state: ConnectionState, customers: int) -> bool:
    size = source.connector.abilities.page_size
    searchable = bool({"email", "external_id"} & source.connector.abilities.finds)
    return not searchable or (state.records // size if size else 0) < customers


def _search_each(
    store: Store, scene: Scene, source: Source, customers: Sequence[str], *, epoch: int, tally: Tally
) -> bool:
    """Search once for each customer; False where the vendor does not take the search, so that its listing must tell."""
    before, searchable = source.connector.requests, True
    for customer_id in dict.fromkeys(customers):
        began = scene.clock() - lag_of(source)
        with store.look() as tx:
            customer = tx.customers.load([customer_id])[customer_id]
            records = tx.records.of_customers([customer.id]).get(customer.id, [])
        try:
            found = found_by(source, _customer_keys(customer, records, source))
        except Unsearchable:
            searchable = False
            break
        except VendorError as error:
            tally.error = tally.error or str(error)
            break
        failpoint("look.found")
        _store_look(store, scene, source, customer_id, found, began, epoch)
        failpoint("look.stored")
    tally.requests += source.connector.requests - before
    return searchable


def _customer_keys(customer: Customer, records: Sequence[Record], source: Source) -> Keys:
    values = customer.values()
    linked = next((record.vendor_id for record in records if record.connection == source.external_id), None)
    return Keys(
        external_id=linked,
        email=email_key(values.get("email", "")) or None,
        phone=phone_key(values.get("phone", ""), source.region) or None,
    )


def _store_look(
    store: Store,
    scene: Scene,
    source: Source,
    customer: str,
    found: Sequence[Shown],
    began: datetime,
    epoch: int,
) -> None:
    store.do(lambda tx: _note_look(tx, scene, source, customer, found, began), epoch=epoch)


def _note_look(
    tx: Writing, scene: Scene, source: Source, customer_id: str, found: Sequence[Shown], began: datetime
) -> None:
    ground = grounds(tx, scene, source, tx.connections.load(source.name), len(found))
    ids = [shown.vendor_id for shown in found]
    known, busy = tx.records.load(source.name, ids), under_way(tx, source.name, ids)
    for shown in found:
        record = known.get(shown.vendor_id) or Record(
            source.name, shown.vendor_id, Shadow(), first_seen=shown.started, fresh=True
        )
        if not absorb(record, shown, ground(busy.get(shown.vendor_id, frozenset()))).dropped:
            record.keys = record_keys(record, source, scene)
            record.digest = b""
            tx.records.save(without_erased(tx, [record]))
    customer = tx.customers.load([customer_id])[customer_id]
    customer.looked[source.name] = began
    tx.customers.save([customer])
