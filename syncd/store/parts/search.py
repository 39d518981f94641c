"""Finding customers by what an admin types: the beginning of an e-mail, of a phone number, of words of a name, an id.

Every source is read through an index and only so far (`_ENOUGH`): on a million records an answer takes
milliseconds, and who types one letter is not shown everything but asked, by the page, for more letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from syncd.customer import tidy, tokens
from syncd.store.transaction import Row, Transaction

# How many entries of an index are looked at for one source.
_ENOUGH: Final = 2_000
# Past every character that can follow a prefix.
_LAST: Final = "\U0010ffff"

_BY_KEY: Final = (
    "SELECT records.customer FROM (SELECT record FROM keys WHERE kind = ? AND value >= ? AND value < ? "
    "ORDER BY value LIMIT ?) AS found JOIN records ON records.id = found.record WHERE records.customer IS NOT NULL"
)
_BY_VENDOR_ID: Final = (
    "SELECT customer FROM records WHERE connection = ? AND vendor_id >= ? AND vendor_id < ? "
    "AND customer IS NOT NULL ORDER BY vendor_id LIMIT ?"
)
_BY_WORD: Final = (
    "SELECT found.customer, customers.words FROM (SELECT customer FROM words WHERE word >= ? AND word < ? "
    "ORDER BY word LIMIT ?) AS found JOIN customers ON customers.id = found.customer"
)
_WORDS_MET: Final = "SELECT count(*) FROM (SELECT 1 FROM words WHERE word >= ? AND word < ? LIMIT ?) AS met"


def find_customers(tx: Transaction, text: str, limit: int, after: str) -> list[str]:
    """Return the ids of customers that fit `text`, past `after`, by id."""
    typed = tidy(text)
    if not typed:
        return []
    found = set(chain(_by_key(tx, typed), _by_id(tx, typed), _by_words(tx, tokens(typed))))
    return sorted(customer for customer in found if customer > after)[:limit]


def _by_key(tx: Transaction, typed: str) -> Iterator[str]:
    beginnings = {typed, typed.lower(), *_as_numbers(typed)}
    for kind in _steps(tx, "SELECT min(kind) FROM keys WHERE kind > ?"):
        for beginning in beginnings:
            yield from _ids(tx.rows(_BY_KEY, kind, beginning, beginning + _LAST, _ENOUGH))


def _as_numbers(typed: str) -> set[str]:
    """Return the ways in which the beginning of a phone number may be stored: its digits, with a plus or after 00."""
    if not all(c.isdigit() or c in "+-. ()/" for c in typed):
        return set()
    digits = "".join(c for c in typed if c.isdigit())
    return {f"+{digits}", f"+{digits.removeprefix('00')}"} if len(digits) > 2 else set()


def _by_id(tx: Transaction, typed: str) -> Iterator[str]:
    for connection in _steps(tx, "SELECT min(connection) FROM records WHERE connection > ?"):
        yield from _ids(tx.rows(_BY_VENDOR_ID, connection, typed, typed + _LAST, _ENOUGH))
    own = "SELECT id, alias_of FROM customers WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    for customer, survivor in tx.rows(own, typed, typed + _LAST, _ENOUGH):
        yield survivor or customer


def _by_words(tx: Transaction, words: tuple[str, ...]) -> Iterator[str]:
    """Yield customers whose name has a word that begins like each of these, looked up by the rarest."""
    if not words:
        return
    rarest = min(words, key=lambda word: _met(tx, word))
    for customer, known in tx.rows(_BY_WORD, rarest, rarest + _LAST, _ENOUGH):
        if all(any(each.startswith(word) for each in known.split()) for word in words):
            yield customer


def _met(tx: Transaction, word: str) -> int:
    row = tx.row(_WORDS_MET, word, word + _LAST, _ENOUGH)
    return int(row[0]) if row else 0


def _steps(tx: Transaction, sql: str) -> Iterator[str]:
    """Yield the different values of an index's first column, one step each and not one row each."""
    value = ""
    while (row := tx.row(sql, value)) and row[0] is not None:
        value = row[0]
        yield value


def _ids(rows: Sequence[Row]) -> Iterator[str]:
    return (row[0] for row in rows)
