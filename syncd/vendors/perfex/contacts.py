"""Finding the contacts of customers with as few requests as the build allows.

Three ways, the cheapest that works: the list of all contacts (3.1), a search for "@" that finds every contact of
every active customer (most builds; nobody documents it, it follows from the source), or one request per customer.
What a cheap way cannot show (contacts of inactive customers, and customers newer than its answer) is asked singly.
That the search really shows everybody is tried once a pass, with the first customer who seems to have no contact.
A search joins two tables that both have a phone number; that it shows the contact's is seen from the first one that
is not the customer's, or else tried with a few customers: a build that shows the other one is not searched again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from syncd.errors import Forbidden, Malformed, Unanswered, Unsearchable
from syncd.vendors.perfex.api import Api, Row, Rows
from syncd.vendors.perfex.fields import LAST, contact_payload, number_of, primary, rank_of, text_of

Contact = dict[str, Any] | None

AT_ONCE = 4
MOST_TRIED = 3  # customers who are asked for singly, to see whose phone number a search shows
# A term without "@", which CodeIgniter may refuse in a path; it finds most addresses, and the rest is asked singly.
PARTIAL_TERM = ".co"
_PLAIN = re.compile(r"\w(?:[\w ]*\w)?")


@dataclass
class Everyone:
    """The primary contacts of many customers at one time, packed, because they are kept for a whole pass.

    `complete` tells that an active customer up to number `newest` who is not in it has no contact; `doubtful` that
    this is still to be tried; `searched` that its rows are joined from two tables.
    """

    packed: Mapping[str, bytes]
    complete: bool
    started: datetime | None = None
    newest: int = 0
    inactive_too: bool = False
    doubtful: bool = False
    searched: bool = False

    def knows(self, row: Row) -> bool:
        """Tell whether this answers for a customer."""
        userid = text_of(row.get("userid"))
        if userid in self.packed:
            return True
        return self.covers(row) and number_of(userid) <= self.newest

    def covers(self, row: Row) -> bool:
        """Tell whether a customer who is not in it, and was there at its time, has no contact."""
        return self.complete and (self.inactive_too or text_of(row.get("active", "1")) != "0")

    def of(self, userid: str) -> Contact:
        """Return a customer's primary contact."""
        packed = self.packed.get(userid)
        return orjson.loads(packed) if packed is not None else None


class Contacts:
    """The contacts of one installation."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._listed: bool | None = (
            None  # whether this build lists all contacts; then an address takes their own id
        )
        self._shows_own: bool | None = None  # whether a search shows a contact's own phone number
        self._tried = 0
        self._finds_companies = False  # until a search for a company has shown a contact of it
        self._takes_at = True  # until a search for "@" is refused

    def everyone(self) -> Everyone:
        """Read as many primary contacts as one way shows."""
        rows = self._list()
        if rows is not None:
            return _everyone(rows, complete=True, inactive_too=True)
        if self._shows_own is False:
            return Everyone({}, complete=False)
        rows = self._search_all("@") if self._takes_at else None
        self._takes_at = rows is not None
        if rows is not None:
            return _everyone(rows, complete=True, doubtful=True, searched=True)
        rows = self._search_all(PARTIAL_TERM)
        return _everyone(rows, complete=False, searched=True) if rows is not None else Everyone({}, False)

    def beside(self, customers: Iterable[Row], everyone: Everyone) -> dict[str, Contact]:
        """Return userid → primary contact of these customers, asking singly where `everyone` does not know."""
        known = {text_of(row["userid"]): row for row in customers}
        self._try_phones(known, everyone)
        self._try(known, everyone)
        asked = {userid: row for userid, row in known.items() if not everyone.knows(row)}
        found = {userid: everyone.of(userid) for userid in known.keys() - asked.keys()}
        return found | dict(zip(asked, self._each(list(asked.values())), strict=True))

    def _each(self, customers: list[Row]) -> list[Contact]:
        width = min(self.api.http.at_once(AT_ONCE), len(customers))
        if width < 2:
            return [self.of(row) for row in customers]
        with ThreadPoolExecutor(width) as threads:
            return list(threads.map(self.of, customers))

    def _try(self, customers: Mapping[str, Row], everyone: Everyone) -> None:
        """Ask singly for the first customer who seems to have no contact; one is enough to disprove a search."""
        if not everyone.doubtful:
            return
        for userid, row in customers.items():
            if userid not in everyone.packed and everyone.knows(row):
                everyone.doubtful, everyone.complete = False, self.of(row) is None
                return

    def _try_phones(self, customers: Mapping[str, Row], everyone: Everyone) -> None:
        """Tell whose phone numbers a search shows, by a customer whose own number is another one."""
        if not everyone.searched or self._shows_own is not None or self._tried >= MOST_TRIED:
            return
        alike = None
        for userid, row in customers.items():
            contact = everyone.of(userid)
            if contact is not None and _phone_of(contact) != _phone_of(row):
                self._shows_own = True
                return
            alike = alike or (contact and row)
        if alike:
            self._tried += 1
            single = self.of(alike)
            if single is not None and _phone_of(single) != _phone_of(alike):
                self._shows_own = False
                everyone.packed, everyone.complete = {}, False

    def of(self, customer: Row) -> Contact:
        """Return a customer's primary contact as it is now."""
        return self.seen(customer)[0]

    def seen(self, customer: Row, known: Row | None = None) -> tuple[Contact, datetime]:
        """Return a customer's primary contact, and when the request that showed it began; `known` is who it was."""
        userid = text_of(customer["userid"])
        if not self._lists():
            own = self.api.contacts_of(userid)
            if own is not None:
                self._listed = False if own.rows else self._listed
                return _primary_of(userid, own.rows), own.started
            self._listed = True
        # Where all contacts are listed, an address takes the contact's own number, not the customer's [OpenAPI 3.1].
        return (
            self._still_primary(userid, known)
            or self._by_company(customer, userid)
            or self._among_all(customer, userid)
        )

    def _still_primary(self, userid: str, known: Row | None) -> tuple[Contact, datetime] | None:
        """Read the contact that was the primary one; None where it is not any more."""
        number = text_of(known.get("id")) if known else ""
        row, started = self.api.contact(number) if number else ({}, None)
        is_theirs = text_of(row.get("userid")) == userid and rank_of(row) == (0, number_of(number))
        return (contact_payload(row), started) if started and is_theirs else None

    def _by_company(self, customer: Row, userid: str) -> tuple[Contact, datetime] | None:
        """Search by the company; None: nothing is known.

        That a search for contacts looks at companies is seen in the source of one build only, so that finding none
        counts where it has found another one.
        """
        term = plain_term(text_of(customer.get("company")))
        rows = self._search(term) if term and text_of(customer.get("active", "1")) != "0" else None
        found = _primary_of(userid, rows.rows) if rows is not None else None
        self._finds_companies = self._finds_companies or found is not None
        return (found, rows.started) if rows is not None and self._finds_companies else None

    def _among_all(self, customer: Row, userid: str) -> tuple[Contact, datetime]:
        everyone = self.everyone()  # asked for after the customer was read, so that it is not too new for it
        if everyone.started is None or not (userid in everyone.packed or everyone.covers(customer)):
            raise Malformed(
                "This Perfex shows no way to the contact of a customer.",
                "Let the API token read and search contacts.",
            )
        return everyone.of(userid), everyone.started

    def having(self, email: str) -> set[str]:
        """Return the userids of customers who may have a contact with this e-mail. Raises Unsearchable."""
        rows = self._search(email) or self._search(plain_term(email.partition("@")[0])) or self._list()
        if rows is None:
            raise Unsearchable("This Perfex does not take searches for contacts.", "Its listing tells.")
        return {
            text_of(row.get("userid"))
            for row in rows.each()
            if isinstance(row, Mapping) and text_of(row.get("email")).lower() == email.lower()
        }

    def _lists(self) -> bool:
        if self._listed is None:
            self._list()
        return bool(self._listed)

    def _list(self) -> Rows | None:
        if self._listed is False:
            return None
        rows = self.api.contacts()
        if rows is None:  # this build has no such list
            self._listed = bool(self._listed)
            return None
        each = rows.each()
        first = next(each, None)
        if first is not None:
            self._listed = True
            rows = replace(rows, stream=chain([first], each))
        # An empty list decides nothing: a build without it may say the same of an address without a number.
        return rows if self._listed else None

    def _search(self, term: str) -> Rows | None:
        return self._answered(self.api.search, term) if term else None

    def _search_all(self, term: str) -> Rows | None:
        return self._answered(self.api.search_many, term)

    @staticmethod
    def _answered(search: Callable[[str, str], Rows | None], term: str) -> Rows | None:
        try:
            return search("contacts", term)
        except Forbidden:
            return (
                None  # a token that may not search has another way; one that may not read fails there as well
            )
        except Unanswered as error:
            if error.status is None:
                raise
            return None  # a build whose search fails with a database error; there is another way


def _everyone(
    rows: Rows,
    *,
    complete: bool,
    inactive_too: bool = False,
    doubtful: bool = False,
    searched: bool = False,
) -> Everyone:
    best: dict[str, tuple[int, int]] = {}
    packed: dict[str, bytes] = {}
    newest = 0
    for row in rows.each():
        userid, rank = text_of(row.get("userid")), rank_of(row)
        newest = max(newest, number_of(userid))
        # Without all of them, an unmarked contact may not be the one that speaks for its customer.
        if rank is not None and (complete or rank[0] == 0) and rank < best.get(userid, LAST):
            best[userid], packed[userid] = rank, _packed(contact_payload(row))
    return Everyone(packed, complete, rows.started, newest, inactive_too, doubtful, searched)


def _phone_of(row: Row) -> str:
    return text_of(row.get("phonenumber"))


def _packed(contact: Row) -> bytes:
    """Return a contact in as few bytes as it takes; orjson's own answer holds on to a whole page of memory [measured]."""
    return bytes(memoryview(orjson.dumps(contact)))


def _primary_of(userid: str, rows: Iterable[Any]) -> Contact:
    return primary(row for row in rows if isinstance(row, Mapping) and text_of(row.get("userid")) == userid)


def plain_term(text: str) -> str:
    """Return the longest part of a text that any build can search for: letters, digits and spaces only."""
    return max(_PLAIN.findall(text), key=len, default="")
