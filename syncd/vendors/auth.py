"""Who we are at a vendor: OAuth2 client credentials, with one token shared by all threads.

A token is taken when the first request needs it, obeyed to its stated end, renewed a little before, and renewed once
when the vendor answers 401. Threads that find it stale at the same moment share one renewal. On a shelf it outlives
the process, under a name that holds for these credentials only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from syncd.errors import Malformed, Refused, Unanswered, Unreachable
from syncd.vendors.http import Http
from syncd.vendors.reply import Reply
from syncd.vendors.shelf import Shelf

EARLY = timedelta(seconds=60)
DEFAULT_LIFETIME = 300.0  # seconds: Keycloak's own default, where a reply does not say


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends; `begun` is when it was asked for."""

    value: str = field(repr=False)
    begun: datetime
    ends: datetime

    def fresh(self, now: datetime) -> bool:
        """Tell whether the token is good for a request that begins now."""
        return self.begun <= now < self.ends - min(EARLY, (self.ends - self.begun) / 5)


class ClientCredentials:
    """OAuth2 client credentials; `form` holds everything but the grant type."""

    def __init__(
        self,
        http: Http,
        form: Mapping[str, str],
        *,
        clock: Callable[[], datetime],
        shelf: Shelf | None = None,
    ) -> None:
        self._http = http
        self._form = {"grant_type": "client_credentials", **form}
        self._clock = clock
        self._shelf = shelf
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._loaded = False
        self._given: deque[str] = deque(maxlen=4)  # tokens that requests under way may still carry

    @property
    def requests(self) -> int:
        return self._http.requests

    @property
    def secrets(self) -> Sequence[str]:
        return tuple(self._given)

    def headers(self) -> Mapping[str, str]:
        token = self._token
        if token is None or not token.fresh(self._clock()):
            token = self._fresh()
        return self._hand_out(token)

    def renew(self, stale: Mapping[str, str]) -> None:
        with self._lock:
            if self._token is not None and _bearer(self._token) == stale:
                self._take()

    def close(self) -> None:
        self._http.close()

    def _hand_out(self, token: Token) -> Mapping[str, str]:
        if token.value not in self._given:
            self._given.append(token.value)
        return _bearer(token)

    def _fresh(self) -> Token:
        with self._lock:
            if self._shelf is not None and not self._loaded:
                self._token, self._loaded = _resting(self._shelf.get(self._place)), True
            if self._token is not None and self._token.fresh(self._clock()):
                return self._token
            return self._take()

    def _take(self) -> Token:
        self._token = token = self._ask()
        if self._shelf is not None:
            self._shelf.update(
                self._place, lambda _: _laid(token), (token.ends - token.begun).total_seconds()
            )
        return token

    @property
    def _place(self) -> str:
        told = orjson.dumps([self._http.base_url, sorted(self._form.items())])
        return f"token {self._http.name} {blake2b(told, digest_size=16).hexdigest()}"

    def _ask(self) -> Token:
        try:
            reply = self._http.send("POST", "", form=self._form, kind="token")
            return _token(reply)
        except (Unanswered, Malformed) as error:
            # Whatever was asked of the vendor itself has certainly not been sent.
            raise Unreachable(
                f"{self._http.name}: the token address gives no usable answer. {error.what}",
                error.next_step or "Check token_url.",
                status=error.status,
            ) from error


def _laid(token: Token) -> str:
    return orjson.dumps([token.value, token.begun, token.ends]).decode()


def _resting(text: str | None) -> Token | None:
    if text is None:
        return None
    value, begun, ends = orjson.loads(text)
    return Token(value, datetime.fromisoformat(begun), datetime.fromisoformat(ends))


def _bearer(token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _token(reply: Reply) -> Token:
    if not reply.ok:
        raise Refused(
            f"{reply.source} was refused ({reply.status}): {_reason(reply.words())}.",
            "Check client_id, client_secret and token_url, and that the API is switched on for this account.",
            status=reply.status,
        )
    document = reply.json()
    if not isinstance(document, dict) or not isinstance(document.get("access_token"), str):
        raise Malformed(f"{reply.source} was answered without an access_token.", "Check token_url.")
    if not document["access_token"].isascii() or not document["access_token"].isprintable():
        raise Malformed(
            f"{reply.source} was answered with a token that no header can carry.", "Check token_url."
        )
    life = timedelta(seconds=_lifetime(document.get("expires_in")))
    return Token(document["access_token"], reply.started, reply.started + life)


def _lifetime(shown: Any) -> float:
    try:
        seconds = float(shown)
    except (TypeError, ValueError):
        return DEFAULT_LIFETIME
    return min(seconds, 10 * 365 * 86400.0) if seconds > 0 else DEFAULT_LIFETIME


def _reason(document: Any) -> str:
    """Return OAuth's own word for a refusal; its description may quote the client id and is left out."""
    word = document.get("error") if isinstance(document, dict) else None
    return word if isinstance(word, str) and word.replace("_", "").isalnum() else "no reason given"
