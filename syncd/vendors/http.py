"""The only way to a vendor: one request, its deadline, its retries, and what its failure proves.

What matters most is whether a write can have happened. A connection that was never made, and an answer that says
"not now", prove that it did not; everything else after the first byte (silence, a reset, a server error, an answer
that cannot be read) proves nothing and is `Unanswered`: nobody here sends a write again after that. Reads are tried
again a few times. Statuses that only the vendor's own words explain (400 to 499) are returned to the connector.

Nothing of the environment takes part: no proxy variables, no .netrc, no cookies, and no redirects, because custom
key headers and bodies would follow them to another host [measured with requests 2.34].
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, nullcontext
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter as Adapter
from requests.models import PreparedRequest, Response
from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
)
from urllib3.exceptions import HTTPError

from syncd.errors import (
    Busy,
    Malformed,
    Refused,
    Throttled,
    Unanswered,
    Unreachable,
    VendorError,
)
from syncd.vendors.again import pause, worth_another_try
from syncd.vendors.budget import REMAINING, Budget, Kind, Ration, Rationed
from syncd.vendors.call import Call, Expect, Pairs, checked_host, content_of, masked, segment
from syncd.vendors.leave import write_in_hand
from syncd.vendors.prepare import Preparer
from syncd.vendors.reply import Reply
from syncd.vendors.wire import DeadlineAdapter, never_sent, reason_of

__all__ = ["Adapter", "Auth", "Http", "Observe", "segment"]

PATIENCE = 60.0  # seconds: how long one request waits for its turn in the budget
TRIES = 3
CHUNK = 1 << 18
LARGE = 8 << 20  # bytes of a list from which on it goes into a file
CONNECT_TIMEOUT = 10.0


class Auth(Protocol):
    """What makes a request ours, where that changes while we run."""

    @property
    def requests(self) -> int:
        """Return how many requests were sent for this."""

    @property
    def secrets(self) -> Sequence[str]:
        """Return what a vendor may repeat of it and nobody may read."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers to send. Raises Refused, Unreachable, Throttled."""

    def renew(self, stale: Mapping[str, str]) -> None:
        """Replace credentials that the vendor has just refused, once for all threads."""

    def close(self) -> None:
        """Let go of the connections."""


Observe = Callable[[str, int | None, float], None]  # kind, status (None: no answer), seconds


class Http:
    """One connection's requests; safe for any number of threads.

    `headers` go with every request, `busy` tells which refusals the vendor documents as "not processed, try again".
    `redact` are the secrets that must not show in an error even if the vendor repeats them.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Callable[[], datetime],
        name: str = "",
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        auth: Auth | None = None,
        budget: Budget | None = None,
        timeout: float = 30.0,
        allow_http: bool = False,
        max_body: int = 32 << 20,
        concurrency: int = 8,
        busy: Callable[[Reply], bool] = lambda _: False,
        adapter: Adapter | None = None,
        stop: threading.Event | None = None,
        redact: Sequence[str] = (),
        observe: Observe | None = None,
    ) -> None:
        self.host = checked_host(base_url, name, allow_http=allow_http)
        self.name = name or self.host
        self.base_url = base_url.rstrip("/")
        self._preparer = Preparer(self.base_url, self.name, self.host, headers or {})
        self._auth = auth
        self._stop = stop or threading.Event()
        self._budget: Budget = budget or Rationed(Ration(self.host, concurrency=concurrency), stop=self._stop)
        self._timeout = timeout
        self._max_body = max_body
        self._busy = busy
        self._clock = clock
        self._adapter = adapter or DeadlineAdapter(connections=concurrency)
        self._redact = tuple(sorted((secret for secret in redact if secret), key=len, reverse=True))
        self._observe = observe
        self._sent = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Return how many requests were sent, those for tokens included."""
        return self._sent + (self._auth.requests if self._auth else 0)

    def close(self) -> None:
        """Let go of the connections."""
        self._adapter.close()
        self._budget.close()
        if self._auth is not None:
            self._auth.close()

    def at_once(self, most: int) -> int:
        """Return how many requests to have under way for one purpose that would like `most` of them."""
        return min(most, self._budget.at_once)

    def hold(self, seconds: float) -> None:
        """Send nothing more for so long: the vendor asked for it in words of its own."""
        self._budget.hold(seconds)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | None = None,
        json: Any = None,
        form: Mapping[str, str] | Pairs | None = None,
        headers: Mapping[str, str] | None = None,
        kind: Kind = "read",
        expect: Expect = "json",
        tries: int = TRIES,
    ) -> Reply:
        """Send one request and return its answer: a 2xx that is JSON (if expected; 204 has none), or a 4xx for the connector.

        `path` stands under the base address; build it from `segment`. `query` and `form` are pairs, `json` any
        document. Raises Unreachable, Refused (401 with `auth`), Throttled, Busy, Unanswered, Malformed.
        """
        content, body = content_of(json, form)
        call = Call(method, path, query, headers or {}, content, body, kind, expect)
        trying = Retrying(
            stop=stop_after_attempt(tries) | stop_when_event_set(self._stop),
            wait=pause,
            retry=retry_if_exception(worth_another_try(kind)),
            sleep=sleep_using_event(self._stop),
            reraise=True,
        )
        return trying(self._once, call)

    def clean(self, words: object) -> str:
        """Return a vendor's own words fit for an error: one line, short, without our secrets."""
        text = " ".join(str(words).split())
        for secret in (*self._redact, *(self._auth.secrets if self._auth else ())):
            text = text.replace(secret, "•••")
        return text if len(text) <= 300 else text[:299] + "…"

    def _once(self, call: Call) -> Reply:
        if self._stop.is_set():
            raise Busy("syncd is stopping; nothing was sent.")
        if self._auth is None:
            return self._judged(call, self._exchange(call, {}))
        credentials = self._auth.headers()
        reply = self._exchange(call, credentials)
        if reply.status == 401:
            self._auth.renew(credentials)
            reply = self._exchange(call, self._auth.headers())
        if reply.status == 401:
            raise Refused(
                f"{self.name}: {self.host} does not accept a fresh access token.",
                "Check client_id, client_secret and what this account may do.",
                status=401,
            )
        return self._judged(call, reply)

    def _exchange(self, call: Call, credentials: Mapping[str, str]) -> Reply:
        request = self._preparer.prepared(call, credentials)
        with self._budget.slot(PATIENCE):
            if call.kind != "token":
                self._budget.acquire(call.kind, PATIENCE, call.path)
            began, status = time.monotonic(), None
            try:
                with write_in_hand() if call.kind == "write" else nullcontext():
                    reply = self._over_the_wire(call, request, began + self._timeout)
                status = reply.status
            finally:
                if self._observe is not None:
                    self._observe(call.kind, status, time.monotonic() - began)
            if REMAINING in reply.headers:
                self._budget.told(reply.headers, reply.server_date or reply.started, call.path)
        return reply

    def _over_the_wire(self, call: Call, request: PreparedRequest, deadline: float) -> Reply:
        limits = (min(CONNECT_TIMEOUT, self._timeout), self._timeout)
        with self._lock:
            self._sent += 1
        started = self._clock()
        try:
            response = self._adapter.send(request, stream=True, timeout=limits, verify=True)
            with closing(response):
                body, file = self._body(call, response, deadline)
        except (requests.RequestException, HTTPError, OSError) as error:
            # `from None`: the library's words hold the whole address, with customers' data in it.
            raise self._broken(call, error) from None
        return Reply(response.status_code, response.headers, body, started, self._source(call), file)

    def _body(self, call: Call, response: Response, deadline: float) -> tuple[bytes, BinaryIO | None]:
        """Return the body, or its beginning and a file with all of it where it is a large list."""
        parts: list[bytes] = []
        size = 0
        with ExitStack() as open_file:
            file: BinaryIO | None = None
            for part in response.iter_content(CHUNK):
                size += len(part)
                self._must_fit(call, response, size)
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout
                if file is None and call.expect == "rows" and size > LARGE:
                    file = open_file.enter_context(TemporaryFile())  # without a name by which it could stay
                    file.writelines(parts)
                    parts = parts[:1]
                (parts.append if file is None else file.write)(part)
            open_file.pop_all()
        return b"".join(parts), file

    def _must_fit(self, call: Call, response: Response, size: int) -> None:
        if size > self._max_body:
            raise self._unreadable(call, f"sent more than {self._max_body >> 20} MiB", response.status_code)

    def _broken(self, call: Call, error: Exception) -> VendorError:
        if never_sent(error):
            return Unreachable(
                f"{self.name}: cannot connect to {self.host} ({reason_of(error)}).",
                "Check base_url, the network, and the vendor's certificate.",
            )
        return Unanswered(
            f"{self._source(call)} got no whole answer within {self._timeout:g} s ({reason_of(error)}).",
            "Nothing to do: what was written is looked up before anything is sent again."
            if call.kind == "write"
            else "Nothing to do unless it stays; then check the network, and ask the vendor.",
        )

    def _unreadable(self, call: Call, what: str, status: int) -> VendorError:
        kind = Unanswered if call.kind == "write" else Malformed
        return kind(
            f"{self._source(call)} {what}.",
            "Check base_url, and what stands between syncd and the vendor.",
            status=status,
        )

    def _judged(self, call: Call, reply: Reply) -> Reply:
        """Return what the connector can use, and raise what has one meaning at every vendor."""
        if reply.status < 200:
            raise self._unreadable(call, f"was never answered ({reply.status})", reply.status)
        if 300 <= reply.status < 400:
            target = urlsplit(reply.headers.get("Location", "")).hostname or self.host
            raise self._unreadable(call, f"was redirected to {target}, which is never followed", reply.status)
        if reply.status == 429 or (
            reply.status == 503 and call.kind != "write" and reply.retry_after is not None
        ):
            raise self._throttled(call, reply)
        if self._busy(reply):
            raise Busy(
                f"{self._source(call)} was refused for a moment ({reply.status}).", status=reply.status
            )
        if reply.status >= 500 or reply.status == 408:
            raise Unanswered(
                f"{self._source(call)} failed at the vendor ({reply.status}).",
                "Nothing to do unless it stays; then ask the vendor.",
                status=reply.status,
            )
        if reply.ok and reply.status != 204 and call.expect != "nothing" and reply.file is None:
            self._must_be_json(call, reply)
        return reply

    def _must_be_json(self, call: Call, reply: Reply) -> None:
        try:
            reply.json()
        except Malformed as error:
            if call.kind != "write":
                raise
            raise Unanswered(error.what, error.next_step, status=reply.status) from error

    def _throttled(self, call: Call, reply: Reply) -> Throttled:
        wait = reply.retry_after
        if wait is not None:
            self._budget.hold(wait)
        return Throttled(
            f"{self._source(call)} came too soon for the vendor ({reply.status}).",
            "Nothing to do: it goes on by itself. If it stays, lengthen the schedule.",
            wait=wait,
            status=reply.status,
        )

    def _source(self, call: Call) -> str:
        return f"{self.name}: {call.method} {masked(call.path) or self.host}"
