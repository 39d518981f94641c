"""Access tokens for client credentials, as KiotViet and Pexip Engage (Keycloak) hand them out: short-lived JWTs."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from syncd.sandbox.wire import Json


@dataclass(frozen=True)
class Grant:
    """What a token allows, and until when."""

    until: datetime
    scopes: frozenset[str]


@dataclass
class TokenDesk:
    """Hands out tokens and knows those it handed out."""

    client_id: str
    client_secret: str
    granted: dict[str, Grant] = field(default_factory=dict)
    issued: int = 0
    refuses: bool = False
    """The client was removed or its secret changed: no new tokens."""

    def knows(self, client_id: str, client_secret: str) -> bool:
        """Whether the credentials are right and still stand."""
        right = hmac.compare_digest(
            f"{client_id}\0{client_secret}".encode(), f"{self.client_id}\0{self.client_secret}".encode()
        )
        return right and not self.refuses

    def issue(self, at: datetime, seconds: int, scopes: frozenset[str], claims: Json) -> str:
        """A new token with these claims."""
        self.issued += 1
        until = at + timedelta(seconds=seconds)
        token = jwt({**claims, "jti": str(self.issued), "exp": int(until.timestamp())}, self.client_secret)
        self.granted[token] = Grant(until, scopes)
        return token

    def grant(self, token: str, at: datetime) -> Grant | None:
        """What the token allows now; None when it is unknown, expired or revoked."""
        grant = self.granted.get(token)
        return grant if grant and at < grant.until else None

    def revoke(self) -> None:
        """Makes every token that was handed out invalid."""
        self.granted.clear()


def jwt(claims: Json, key: str) -> str:
    """A JSON Web Token signed with HS256."""
    head = b".".join(_segment(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return b".".join((head, _segment(hmac.digest(key.encode(), head, hashlib.sha256)))).decode()


def _segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
