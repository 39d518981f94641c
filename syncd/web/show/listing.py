"""The list of customers: which are on a page of it, by a search or a tab, and why each is in its tab."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncd.store import Reading
from syncd.values import Customer, Operation, Record
from syncd.web.show.customers import Mark, Row
from syncd.web.show.reviews import review_title
from syncd.web.show.words import field_word

# tab: its word, and what to say where nobody is in it
TABS: Mapping[str, tuple[str, str, str]] = {
    "": ("All", "No customer yet.", "Customers appear with the first run."),
    "synced": ("In sync", "Nobody is in sync yet.", "Run a sync, and approve its plan."),
    "pending": ("Pending", "Nothing is pending.", "No operation waits to be written."),
    "conflict": ("To decide", "Nothing is to be decided.", "No review is open about a customer."),
    "held": ("Held", "Nothing is held.", "Everything that is due can be written."),
    "excluded": (
        "Excluded",
        "Nobody is excluded.",
        "A connection's setting `only` says which customers are created and updated there.",
    ),
    "aside": ("Set aside", "No record is set aside.", "Every record could be read."),
    "unlinked": ("Unlinked", "Every record belongs to a customer.", "Records are linked by the run that reads them."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: what was typed, or else a tab."""

    q: str = ""
    show: str = ""

    def page(self, tx: Reading, after: str, size: int) -> list[Customer]:
        """Return the next customers, by id."""
        if self.q:
            return _in_order(tx, tx.records.search(self.q, size, after))
        if self.show:
            return _in_order(tx, tx.tabs.page(self.show, after, size))
        return tx.customers.list(after, size)


def _in_order(tx: Reading, ids: Sequence[str]) -> list[Customer]:
    found = tx.customers.load(ids)
    return list({found[one].id: found[one] for one in ids if one in found}.values())


def reasons(tx: Reading, show: str, ids: Sequence[str]) -> dict[str, str]:
    """Return why these customers are in a tab."""
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for customer, why in _said(tx, show, ids):
        said[customer][why] = None
    return {customer: "; ".join(list(whys)[:3]) for customer, whys in said.items()}


def _said(tx: Reading, show: str, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    match show:
        case "held" | "excluded":
            yield from _held(tx, ids, parked=show == "excluded")
        case "pending":
            yield from _pending(tx.operations.open_of(ids).values())
        case "conflict":
            reviews = (review for customer in ids for review in tx.reviews.list(customer=customer))
            yield from ((str(review.customer), review_title(review)) for review in reviews)
        case "aside":
            yield from _problems(tx.records.of_customers(ids).values())


def _held(tx: Reading, ids: Sequence[str], *, parked: bool) -> Iterator[tuple[str, str]]:
    """Yield why fields are held, those together that are held in one connection for the same reason."""
    fields: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for held in tx.holds.of(ids):
        if held.reason.startswith("parked") == parked:
            fields[held.customer, held.connection, held.reason].append(field_word(held.field).lower())
    for (customer, connection, reason), names in fields.items():
        yield customer, f"{connection} {', '.join(names)}".strip() + f": {reason}"


def _pending(groups: Iterable[Sequence[Operation]]) -> Iterator[tuple[str, str]]:
    for one in (one for group in groups for one in group):
        yield one.draft.customer, f"{one.draft.kind} in {one.draft.connection} ({one.state})"


def _problems(groups: Iterable[Sequence[Record]]) -> Iterator[tuple[str, str]]:
    for record in (record for group in groups for record in group):
        if record.problem and record.customer:
            yield record.customer, f"{record.connection} {record.vendor_id}: {record.problem}"


def unlinked_shown(tx: Reading, records: Sequence[Record]) -> list[Row]:
    """Return records of nobody as rows: what they show, and why nobody's."""
    asked = {review.subject: review.id for review in tx.reviews.list(kind="possible_same", limit=1_000)}
    return [_unlinked(record, asked.get("/".join(record.key))) for record in records]


def _unlinked(record: Record, review: int | None) -> Row:
    name = record.value("full_name") or f"{record.value('first_name')} {record.value('last_name')}".strip()
    label = name or record.value("company") or record.value("email") or record.vendor_id
    why = record.problem or (f"review {review} asks whose it is" if review else "the next run matches it")
    mark = Mark(record.connection, f" {record.vendor_id}", "", "a record that belongs to no customer yet")
    return Row("", label, record.value("email"), record.value("phone"), (mark,), why)
