"""A review as the page shows it: what is asked, the evidence side by side, and the choices in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from syncd.customer import FIELDS, fold
from syncd.store import Reading
from syncd.values import Record, Review
from syncd.web.show.words import Word, field_word, value_words

# kind: what is asked, and what it is about
_KINDS = {
    "duplicate": ("Duplicate in one connection", "Two records of one connection look like the same person. One is written to, the other only read."),
    "possible_same": ("Possibly the same person", "These records share something, but not enough to link them without asking."),
    "shared_email": ("E-mail shared by different names", "Records of different people carry this e-mail. Until you decide it is no evidence of identity."),
    "shared_phone": ("Phone shared by different names", "Records of different people carry this number. Until you decide it is no evidence of identity."),
    "shared_external_id": ("External id shared by different names", "Records of different people carry this id."),
    "conflict": ("Two edits that did not know of each other", "The value stays as it is until you say which edit is right."),
    "deletion": ("Many records are missing", "A full pass did not show them. Nothing is unlinked before you decide."),
    "limits": ("Operations over the limits", "More would be written than the limits allow in a day, so nothing of it is."),
    "first_write": ("First write into a connection", "Nothing was ever written there. Look at the plan before it is."),
    "mass_change": ("Mass change coming in", "More changed in one connection than the limits allow, so it is not made golden yet."),
    "unknown_outcome": ("A write whose outcome nobody knows", "The answer was lost and the vendor cannot be searched. Look there, then say what you found."),
    "clear": ("A field was emptied", "Somebody emptied it in one connection. Should the others follow?"),
    "duplicate_edit": ("A duplicate was edited", "The record is only read, but somebody edited it. Should it be the one that is written to?"),
    "bounce": ("Two systems fight over a field", "Each writes its own value again after the other's. Nothing more is written to it until you say so."),
    "stamp": ("An external id was changed by hand", "syncd wrote this id when it created the record, and somebody changed it."),
    "promotion": ("The record that was written to is gone", "A duplicate of it is still there. Should that one be written to?"),
    "deleted_and_edited": ("Deleted in one place, edited in another", "The edit lives on. Should the customer be created again where it was deleted?"),
    "same_email": ("The new e-mail belongs to another customer", "Same person, or a shared address?"),
    "email_taken": ("The new e-mail belongs to another customer", "Same person, or a shared address?"),
}  # fmt: skip
_CHOICES = {
    "same": ("The same person", "Link them into one customer."),
    "different": ("Different people", "Never ask again, and never link them."),
    "shared": ("A shared address", "Keep it as data of each, but never as evidence."),
    "keep": ("Keep as it is", "The first one stays primary, the other is only read."),
    "make_primary": ("Make it the primary", "Write to this one from now on, and only read the other."),
    "gone": ("They are really gone", "Treat them as deleted there; what follows is the connection's on_delete."),
    "accept": ("Accept the change", "Make it golden and let the other connections follow."),
    "refuse": ("Refuse the change", "Leave golden as it is."),
    "release": ("Write it again", "The other records get the golden value once more."),
    "stay_frozen": ("Leave it frozen", "Golden goes on following edits, and nothing is written. A pin releases it."),
    "leave": ("Leave it", "Nothing happens anywhere else."),
    "restore": ("Create it again", "The customer is created there again, with the values of today."),
    "clear_everywhere": ("Empty it everywhere", "The other connections follow."),
    "put_back": ("Put the value back", "Write the value before into that connection again."),
    "approve": ("Approve", "Write what waits."),
    "discard": ("Discard", "Do not write it; it stays held until the values change."),
}  # fmt: skip
_DANGEROUS = frozenset({"gone", "clear_everywhere", "discard", "accept"})
_STATES = {
    "open": Word("Open", "warn"),
    "resolved": Word("Decided", "good"),
    "closed": Word("No longer asked", "off"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One column of evidence."""

    title: str
    under: str
    href: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One field across all sides."""

    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Evidence side by side."""

    sides: tuple[Side, ...]
    rows: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One button."""

    value: str
    word: str
    explained: str
    tone: str


@dataclass(frozen=True, slots=True)
class ReviewShown:
    """One review for a list or its own page."""

    id: int
    title: str
    explained: str
    about: str
    who: str
    word: str
    tone: str
    open: bool
    connection: str
    customer: str
    run: str
    opened_at: datetime | None
    table: Table | None
    facts: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    outcome: str


def review_title(review: Review) -> str:
    """Return what is asked, in a few words."""
    kind = _KINDS.get(review.kind, (review.kind.replace("_", " ").capitalize(), ""))[0]
    slot = review.evidence.get("slot")
    return f"{kind}: {field_word(slot).lower()}" if isinstance(slot, str) else kind


def review_shown(tx: Reading, review: Review, *, whole: bool = False) -> ReviewShown:
    """Return a review as it is shown; `whole` looks up the records it is about."""
    outcome = tx.reviews.outcome(review.id or 0)
    state = _STATES.get(review.state, Word(review.state))
    return ReviewShown(
        id=review.id or 0,
        title=review_title(review),
        explained=_KINDS.get(review.kind, ("", ""))[1],
        about=_about(review),
        who=next(iter(tx.customers.labels({review.customer}).values()), "") if review.customer else "",
        word=state.word,
        tone=state.tone,
        open=review.state == "open",
        connection=review.connection or "",
        customer=review.customer or "",
        run=str(outcome.get("run") or ""),
        opened_at=outcome.get("opened_at"),
        table=_table(_sides(tx, review)) if whole else None,
        facts=_facts(review.evidence) if whole else (),
        choices=tuple(_choice(review, value) for value in review.choices),
        outcome=_outcome(review, outcome),
    )


def _about(review: Review) -> str:
    """Return what a review is about, without the word that its title says already."""
    kind, colon, rest = review.subject.partition(":")
    return rest if colon and review.kind == f"shared_{kind}" else review.subject


def _outcome(review: Review, outcome: Mapping[str, Any]) -> str:
    if review.state == "resolved":
        return f"{outcome.get('by')} decided: {_choice(review, str(outcome.get('choice'))).word}."
    return f"No longer asked: {outcome.get('why')}." if review.state == "closed" else ""


def _choice(review: Review, value: str) -> Choice:
    for side in review.evidence.get("sides", ()) if review.kind == "conflict" else ():
        if str(side.get("number")) == value:
            return Choice(
                value,
                f"{side['connection']}: {value_words(side['value'])}",
                "This edit is right; it goes everywhere.",
                "",
            )
    word, explained = _CHOICES.get(value, (value.replace("_", " ").capitalize(), ""))
    return Choice(value, word, explained, "danger" if value in _DANGEROUS else "")


def _sides(tx: Reading, review: Review) -> list[Side]:
    evidence = review.evidence
    if review.kind == "conflict":
        golden = Side("Golden now", "", "", evidence.get("golden", {}))
        return [
            golden,
            *(
                Side(one["connection"], _said_where(tx, evidence, one), "", one["value"])
                for one in evidence.get("sides", ())
            ),
        ]
    if review.kind == "bounce":
        writers = [Side(name, "writes", "", said) for name, said in evidence.get("sides", {}).items()]
        return [Side("Golden now", "", "", evidence.get("golden", {})), *writers]
    keys = [*evidence.get("records", ()), *(evidence.get("others", ()))]
    keys = [evidence[name] for name in ("primary", "record", "duplicate") if name in evidence] + keys
    sides = [_record_side(tx, str(key[0]), str(key[1])) for key in keys[:8]]
    return sides or _subject_sides(tx, review)


def _said_where(tx: Reading, evidence: Mapping[str, Any], side: Mapping[str, Any]) -> str:
    """Return which record said a side of a conflict, and when."""
    record = tx.records.one(str(side["connection"]), str(side["vendor_id"]))
    said = record.shadow.stated.get(str(evidence.get("slot"))) if record else None
    when = (said.modified or said.new_seen) if said and said.number == side["number"] else None
    return f"{side['vendor_id']}, {when:%Y-%m-%d %H:%M:%SZ}" if when else str(side["vendor_id"])


def _subject_sides(tx: Reading, review: Review) -> list[Side]:
    """Return the customer's golden values where the evidence names no record."""
    if not review.customer:
        return []
    customer = tx.customers.load([review.customer]).get(review.customer)
    return (
        [Side("Golden now", "", f"/customers/{quote(customer.id, safe='')}", customer.values())]
        if customer
        else []
    )


def _record_side(tx: Reading, connection: str, vendor_id: str) -> Side:
    record = tx.records.one(connection, vendor_id)
    if record is None:
        return Side(connection, f"{vendor_id} (no longer there)", "", {})
    href = f"/customers/{quote(record.customer, safe='')}" if record.customer else ""
    return Side(connection, vendor_id, href, _shown_values(record))


def _shown_values(record: Record) -> dict[str, str]:
    values = {name: record.value(name) for name in FIELDS if record.value(name)}
    if record.created:
        values["created"] = record.created.strftime("%Y-%m-%d %H:%M")
    return values


def _table(sides: Sequence[Side]) -> Table | None:
    if not sides:
        return None
    names = [name for name in (*FIELDS, "created") if any(side.values.get(name) for side in sides)]
    rows = [_line(name, [side.values.get(name, "") for side in sides]) for name in names]
    return Table(tuple(sides), tuple(rows))


def _line(name: str, values: Sequence[str]) -> Line:
    return Line(
        "Created" if name == "created" else field_word(name),
        tuple(values),
        len({fold(value) for value in values if value}) > 1,
    )


_TABLED = frozenset(
    {"records", "others", "primary", "record", "duplicate", "sides", "golden", "slot", "numbers", "number"}
)
_FACTS = {
    "by": "Found by",
    "why": "Why it was not linked",
    "absent": "Missing",
    "records": "Of",
    "examples": "For example",
    "reasons": "Limits",
}


def _facts(evidence: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = []
    for name, value in evidence.items():
        if name not in _TABLED or (name == "records" and isinstance(value, int)):
            rows.append((_FACTS.get(name, name.replace("_", " ").capitalize()), _fact(value)))
    return tuple(rows)


def _fact(value: Any) -> str:
    match value:
        case str():
            return value
        case list() | tuple():
            return "; ".join(_fact(one) for one in value)
        case Mapping():
            return value_words({str(name): str(one) for name, one in value.items()})
    return f"{value:,}" if isinstance(value, int) else str(value)
