"""The addresses of Perfex's REST module, and the shapes in which its two families answer.

2.x answers every list as one bare array; 3.x pages, and may still answer an array [Perfex module source, and its
OpenAPI document]. So every list is read by its shape, not by its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, BinaryIO
from urllib.parse import quote

from syncd.errors import Malformed, Unanswered, VendorError
from syncd.vendors.call import Expect
from syncd.vendors.http import Http, segment
from syncd.vendors.perfex.replies import is_empty, is_unchanged, lacks_endpoint, refusal, succeeded
from syncd.vendors.reply import Reply, unusable
from syncd.vendors.table import whole, yes

PAGE_SIZE = 100  # the most that 3.x gives [Perfex OpenAPI 3.1]
MOST_PAGES = 100_000
SORTED = ("sort", "userid")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """One answered list: its rows, whether more follow, and the total where one is announced.

    The rows of a large one are in `stream` only, and can be read once.
    """

    rows: list[Any]
    started: datetime
    more: bool = False
    total: int | None = None
    paged: bool = False
    suspect: bool = False
    stream: Iterator[Any] | None = None
    file: BinaryIO | None = None  # in which the stream is

    def close(self) -> None:
        """Let go of a stream that is not read to its end."""
        if self.file is not None:
            self.file.close()

    def each(self) -> Iterator[Any]:
        """Yield the rows, letting go of those that were taken."""
        if self.stream is not None:
            yield from self.stream
        self.rows.reverse()
        while self.rows:
            yield self.rows.pop()

    def bad(self, row: object) -> str:
        """Return why a row cannot be used, "" where it can."""
        if not isinstance(row, Mapping):
            return "is not an object"
        return unusable(row) if self.suspect else ""


class Api:
    """One installation's REST module."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._version: tuple[int, ...] | None = None
        self._limited = False  # rate headers were seen, which only 3.x sends
        self._bare = False  # a page of customers was asked for, and all of them came
        self._sorts = True

    # --- reading

    def customers(self, number: int, sort: str = "userid") -> Rows:
        """Read one page of the customers, all of them where the module does not page; none is no error."""
        query = [("page", str(number)), ("per_page", str(PAGE_SIZE))]
        reply = self.get("customers", [*query, *([("sort", sort)] if self._sorts else [])], expect="rows")
        if self._sorts and reply.status in (400, 422):
            # A column that this build cannot sort by is a bad filter [Perfex module source].
            self._sorts = False
            reply = self.get("customers", query, expect="rows")
        rows = self.rows(reply)
        self._bare = reply.ok and not rows.paged
        return rows

    def customer(self, userid: str) -> tuple[Row, datetime]:
        """Read one customer. Raises Missing."""
        reply = self.expect(self.get(f"customers/{segment(userid)}"))
        document = _single(reply.json())
        rows = document if isinstance(document, list) else [document]
        if len(rows) != 1 or not isinstance(rows[0], Mapping) or str(rows[0].get("userid")) != userid:
            raise Malformed(
                f"{reply.source} was not answered by that customer.", "Look at the record in Perfex."
            )
        if reply.suspect and (reason := unusable(rows[0])):
            raise Malformed(f"Perfex customer {userid} {reason}.", "Correct the record in Perfex.")
        return rows[0], reply.started

    def search(self, kind: str, term: str) -> Rows | None:
        """Search customers or contacts, all pages; None where this build cannot search for that."""
        return _joined(self._found(kind, term))

    def search_many(self, kind: str, term: str) -> Rows | None:
        """Search for what finds very many, whose good rows are handed on as they come."""
        return _chained(self._found(kind, term))

    def _found(self, kind: str, term: str) -> Iterator[Rows | None]:
        if self.version() >= (3,):
            return self._all(f"{kind}/search", [("q", term)])
        return self._all(f"{kind}/search/{quote(term, safe='')}", [])

    def contacts(self) -> Rows | None:
        """Read all contacts; None where this build has no such list, which is documented from 3.1 on."""
        if self.version() < (3, 1):
            return None
        return _chained(self._all("contacts", [("per_page", str(PAGE_SIZE)), SORTED], paged=True))

    def contacts_of(self, userid: str) -> Rows | None:
        """Read a customer's active contacts, primary first; None where the address takes a contact's own number."""
        reply = self.get(f"contacts/{segment(userid)}")
        document = reply.words() if reply.ok else None
        if isinstance(document, Mapping) and "userid" in document:
            return None  # one contact, whosever it is [Perfex OpenAPI 3.1]
        rows = self.rows(reply)
        owners = {str(row.get("userid")) for row in rows.rows if isinstance(row, Mapping)}
        return rows if not owners or userid in owners else None

    def contact(self, number: str) -> tuple[Row, datetime]:
        """Read a contact by its own number; an empty row where this build shows none at that address."""
        reply = self.get(f"contacts/{segment(number)}")
        document = reply.words() if reply.ok else None
        row = document[0] if isinstance(document, list) and len(document) == 1 else document
        if not isinstance(row, Mapping) or str(row.get("id")) != number or (reply.suspect and unusable(row)):
            row = {}
        return row, reply.started

    def custom_fields(self) -> list[Any]:
        """Read the custom fields of customers with their numbers."""
        return self.rows(self.get("custom_fields/customers")).rows

    def version(self) -> tuple[int, ...]:
        """Return the module's version, as far as it tells: 3.x shows it in a document that needs no token.

        One that pages nothing and sends no rate headers is 2.x, and is not asked.
        """
        if self._version is None:
            is_old = self._bare and not self._limited
            told = None if is_old else _version(self._openapi())
            self._version = told or ((3, 0) if self._limited else (2, 0))
        return self._version

    def _openapi(self) -> Any:
        """Return the document that describes the API, None where this installation has none at that address."""
        try:
            reply = self.get("openapi")
        except (Unanswered, Malformed) as error:
            if error.status is None:
                raise
            return (
                None  # a server error or a redirect to a login page: whatever stands there, it is no document
            )
        return reply.words() if reply.ok else None

    # --- sending

    def get(self, path: str, query: Sequence[tuple[str, str]] = (), expect: Expect = "json") -> Reply:
        expected: Expect = "nothing" if path == "openapi" else expect
        reply = self.http.send("GET", f"api/{path}", query=query, expect=expected)
        if "X-RateLimit-Limit" in reply.headers:
            self._limited = True
        return reply

    def post(self, path: str, form: Sequence[tuple[str, str]], key: str) -> Row:
        """Send a create as a form. Raises what the refusal stands for.

        3.x answers a key that it has seen with the stored answer, refusals included [Perfex module documentation]. A
        stored refusal proves that nothing was processed and may be out of date, so it is asked once more afresh.
        """
        reply = self._post(path, form, key)
        if not succeeded(reply) and reply.headers.get("Idempotency-Replayed", "").lower() == "true":
            reply = self._post(path, form, f"{key}-{int(reply.started.timestamp() * 1000)}")
        document = self.expect(reply).words()
        return document if isinstance(document, Mapping) else {}

    def _post(self, path: str, form: Sequence[tuple[str, str]], key: str) -> Reply:
        headers = {"Idempotency-Key": key[:191]} if key else {}
        return self.http.send("POST", f"api/{path}", form=form, headers=headers, kind="write")

    def put(self, path: str, document: Row) -> bool:
        """Send an update as JSON, the only form that is read, and return whether it changed anything."""
        reply = self.http.send("PUT", f"api/{path}", json=document, kind="write")
        if is_unchanged(reply):
            return False
        self.expect(reply)
        return True

    def delete(self, path: str) -> None:
        """Send a delete."""
        self.expect(self.http.send("DELETE", f"api/{path}", kind="write"))

    def expect(self, reply: Reply) -> Reply:
        """Return a success. Raises what the refusal stands for."""
        if not succeeded(reply):
            raise self.refusal(reply)
        return reply

    def refusal(self, reply: Reply) -> VendorError:
        return refusal(reply, self.http.clean)

    # --- lists

    def rows(self, reply: Reply) -> Rows:
        """Read a list of either shape. Raises Malformed where it is none, and what a refusal stands for."""
        if reply.status == 404 and is_empty(reply):
            return Rows([], reply.started)
        if reply.ok and reply.is_large_array:
            return Rows([], reply.started, suspect=True, stream=reply.elements(), file=reply.file)
        document = self.expect(reply).json()
        if isinstance(document, list):
            return Rows(document, reply.started, suspect=reply.suspect)
        if isinstance(document, Mapping) and isinstance(document.get("data"), list):
            return _enveloped(document, reply)
        raise Malformed(
            f"{reply.source} was answered by something that is not a list.",
            "Check base_url, and which REST module answers there.",
        )

    def _all(
        self, path: str, query: Sequence[tuple[str, str]], *, paged: bool = False
    ) -> Iterator[Rows | None]:
        """Yield the pages of a list; None at once where this build does not have it."""
        number, before = 1, None
        while True:
            asked = [*query, ("page", str(number))] if paged or number > 1 else query
            reply = self.get(path, asked, expect="rows")
            if reply.status == 422 and SORTED in query:
                query = [pair for pair in query if pair != SORTED]
                continue
            if lacks_endpoint(reply):
                yield None
                return
            page = self.rows(reply)
            first = _number_of_first(page)
            yield page
            if not page.more or first == before or number >= MOST_PAGES:
                return
            number, before = number + 1, first


def _number_of_first(page: Rows) -> str:
    """Return the number of a page's first row, by which a page that repeats is known."""
    row = page.rows[0] if page.rows else None
    return str(row.get("id", row.get("userid"))) if isinstance(row, Mapping) else ""


def _single(document: Any) -> Any:
    """Return the record in an answer; 3.x puts lists into `data`, and may do so with one record."""
    inner = document.get("data") if isinstance(document, Mapping) and "userid" not in document else None
    return document if inner is None else inner


def _version(document: object) -> tuple[int, ...] | None:
    if not isinstance(document, Mapping) or "openapi" not in document:
        return None
    info = document.get("info")
    text = str(info.get("version", "")) if isinstance(info, Mapping) else ""
    numbers = tuple(int(part) for part in text.split(".") if part.isascii() and part.isdecimal())
    return numbers if numbers >= (3,) else (3, 0)


def _enveloped(document: Row, reply: Reply) -> Rows:
    meta = document.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    page = whole(meta.get("page", meta.get("current_page")))
    total, size = whole(meta.get("total")), whole(meta.get("per_page"))
    last = whole(meta.get("total_pages", meta.get("last_page")))
    if last is None and total is not None and size:
        last = -(-total // size)
    more = yes(meta.get("has_more"))
    if more is None:
        if page is None or last is None:
            raise Malformed(
                f"{reply.source} was answered by a page that does not say whether it is the last."
            )
        more = page < last
    return Rows(document["data"], reply.started, more, total, True, reply.suspect)


def _joined(pages: Iterator[Rows | None]) -> Rows | None:
    found = _chained(pages)
    return Rows(list(found.each()), found.started) if found is not None else None


def _chained(pages: Iterator[Rows | None]) -> Rows | None:
    """Return the good rows of all pages, which are asked for as they are wanted; None where there is no such list."""
    first = next(pages, None)
    if first is None:
        return None
    return Rows([], first.started, stream=_good_rows(first, pages))


def _good_rows(first: Rows, others: Iterator[Rows | None]) -> Iterator[Any]:
    for page in chain([first], others):
        if page is not None:
            yield from (row for row in page.each() if not page.bad(row))
