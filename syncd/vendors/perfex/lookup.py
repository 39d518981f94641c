"""Finding a customer by e-mail, company or an id of ours.

Searches match anywhere in many columns and show active customers only; what they return is looked at again, first in
the rows, then in the record itself. Where a build cannot search customers, the list of the newest ones serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from syncd.customer import clean, fold
from syncd.errors import Forbidden, Missing, VendorError
from syncd.values import Shown
from syncd.vendors.base import Keys
from syncd.vendors.perfex.api import Api, Row
from syncd.vendors.perfex.contacts import Contacts, plain_term
from syncd.vendors.perfex.fields import number_of, text_of
from syncd.vendors.perfex.table import Mapped

Get = Callable[[str], Shown]


def find(keys: Keys, api: Api, contacts: Contacts, table: Mapped, get: Get) -> Sequence[Shown]:
    """Return the records that carry one of the keys, oldest first."""
    oldest = number_of(keys.newer_than) if keys.newer_than else 0
    ids = frozenset(key for key in (keys.external_id, keys.stamp) if key and "external_id" in table.custom)
    userids = contacts.having(keys.email) if keys.email else set()
    for term in filter(None, (keys.company, *ids)):
        userids |= {
            text_of(row.get("userid")) for row in _rows(term, oldest, api) if _carries(row, keys, ids)
        }
    newer = sorted((userid for userid in userids if number_of(userid) > oldest), key=number_of)
    found = (_if_there(userid, get) for userid in newer)
    return tuple(shown for shown in found if shown is not None and _proves(shown, keys, ids))


def _rows(term: str, oldest: int, api: Api) -> Iterable[Row]:
    """Return customers in which a term may stand; without a search, all that are newer."""
    try:
        rows = api.search("customers", plain_term(term) or term)
    except VendorError as error:
        if error.status is None or (error.status < 500 and not isinstance(error, Forbidden)):
            raise
        # Some 3.x builds fail at every search of customers, and a token may not be allowed to [Perfex module source].
        rows = None
    if rows is None:
        return _newest(oldest, api)
    return [row for row in rows.rows if isinstance(row, Mapping)]


def _newest(oldest: int, api: Api) -> Iterator[Row]:
    """Yield customers, the newest first where the build sorts, until a page holds none that is newer."""
    number, more = 1, True
    while more:
        page = api.customers(number, "-userid")
        rows = [row for row in page.rows if isinstance(row, Mapping)]
        numbers = [number_of(row.get("userid")) for row in rows]
        yield from rows
        past_it = numbers == sorted(numbers, reverse=True) and bool(numbers) and numbers[-1] <= oldest
        number, more = number + 1, page.more and not past_it


def _carries(row: Row, keys: Keys, ids: frozenset[str]) -> bool:
    """Tell whether a customer's own row carries the company or an id."""
    if keys.company and fold(text_of(row.get("company"))) == fold(keys.company):
        return True
    extra = row.get("customfields")
    values = (
        extra.values()
        if isinstance(extra, Mapping)
        else [e.get("value") for e in extra or () if isinstance(e, Mapping)]
    )
    return any(text_of(value) in ids for value in values)


def _if_there(userid: str, get: Get) -> Shown | None:
    try:
        return get(userid)
    except Missing:
        return None


def _proves(shown: Shown, keys: Keys, ids: frozenset[str]) -> bool:
    if keys.email and clean("email", shown.fields.get("email")) == clean("email", keys.email):
        return True
    if shown.fields.get("external_id") in ids:
        return True
    company = text_of(shown.payload["customer"].get("company"))
    return bool(keys.company) and fold(company) == fold(keys.company or "")
